#include "cdc/descend.h"

#include "base/defs.h"
#include "base/err.h"
#include "cdc/refetch_log.h"
#include "transform/fk.h"
#include "transform/fk_children.h"
#include "transform/value.h"

static int ask(void *user, const struct mapping_table *child,
	       const struct value *selection, struct err *err)
{
	(void)err;
	refetch_log_add(user, child, selection);
	return 0;
}

void descend(struct refetch_log *log, const struct fk_graph *graph,
	     const struct target_table *table, const struct value *values)
{
	const struct fk_action *actions;
	struct err err = { 0 };
	size_t count = 0;

	if (!graph)
		return;
	actions = fk_actions(graph, table, &count);
	for (size_t i = 0; i < count; i++)
		(void)!fk_children(log->mapping, &actions[i], values, ask, log,
				   &err);
}
