#include "cdc/descend.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/refetch_log.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/value.h"

static bool is_backend(const struct mapping_table *table,
		       const struct fk_action *action)
{
	if (strcmp(table->entity_type, action->entity_type) != 0)
		return false;
	if (!action->backends)
		return true;
	for (char **name = action->backends; *name; name++)
		if (strcmp(*name, table->backend) == 0)
			return true;
	return false;
}

/* Values are found by their entity, not by their store or attribute. */
static bool is_narrow(const struct mapping_table *table,
		      const struct fk_action *action)
{
	return table->kind != TABLE_EAV ||
	       (action->kind == ACTION_VALUES && action->columns == 1 &&
		strcmp(action->child->columns[action->child_column[0]].name,
		       "entity_id") == 0);
}

/* "parent_id=5"; false: not known, or no integer. */
static bool select_children(const struct fk_action *action,
			    const struct value *parent, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < action->columns; i++) {
		struct value v = parent[action->parent_column[i]];
		const char *name =
			action->child->columns[action->child_column[i]].name;
		int64_t number;

		if (v.kind != VALUE_TEXT ||
		    !str_to_i64((struct str){ v.at, v.n }, &number))
			return false;
		n += (size_t)snprintf(text + n, size - n, "%s%s=%.*s",
				      i ? "," : "", name, (int)v.n, v.at);
		if (n >= size)
			return false;
	}
	return true;
}

static void ask(struct refetch_log *log, const struct mapping_table *table,
		const struct fk_action *action, const struct value *parent)
{
	char text[REFETCH_SELECTION_MAX];
	struct value selection = { .at = text, .kind = VALUE_TEXT };

	if (!is_narrow(table, action) ||
	    !select_children(action, parent, text, sizeof(text))) {
		refetch_log_add(log, table, NULL);
		return;
	}
	selection.n = (uint32_t)strlen(text);
	refetch_log_add(log, table, &selection);
}

void descend(struct refetch_log *log, const struct fk_graph *graph,
	     const struct target_table *table, const struct value *values)
{
	const struct mapping *mapping = log->mapping;
	const struct fk_action *actions;
	size_t count = 0;

	if (!graph)
		return;
	actions = fk_actions(graph, table, &count);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < mapping->table_count; j++) {
			const struct mapping_table *child = &mapping->tables[j];

			if (child->target == actions[i].child &&
			    (child->kind != TABLE_EAV ||
			     is_backend(child, &actions[i])))
				ask(log, child, &actions[i], values);
		}
}
