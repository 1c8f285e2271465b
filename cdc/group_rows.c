#include "cdc/group_rows.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/value.h"
#include "cdc/group.h"
#include "cdc/held.h"
#include "cdc/tables.h"
#include "transform/fk_watch.h"
#include "transform/transform.h"

struct group_rows {
	struct transform *transform;   /* borrowed */
	const struct group_sink *sink; /* borrowed */
	struct held *held;	       /* borrowed */
	struct arena arena;	       /* of one row */
	struct value_sink values;
	struct value *before, *after; /* owned; room for the widest table */
	size_t room;
};

struct group_rows *group_rows_new(struct transform *transform,
				  const struct group_sink *sink,
				  struct held *held, uint64_t max_value)
{
	struct group_rows *group = mem_zalloc(sizeof(*group));

	group->transform = transform;
	group->sink = sink;
	group->held = held;
	arena_init(&group->arena);
	group->values.arena = &group->arena;
	group->values.max = max_value;
	return group;
}

void group_rows_free(struct group_rows *group)
{
	if (!group)
		return;
	arena_done(&group->arena);
	free(group->before);
	free(group->after);
	free(group);
}

static void make_room(struct group_rows *group, size_t columns)
{
	if (columns <= group->room)
		return;
	group->room = columns;
	group->before =
		mem_realloc(group->before, columns * sizeof(struct value));
	group->after =
		mem_realloc(group->after, columns * sizeof(struct value));
}

/* Design section 2.4. Checks off means that no action ran, whoever would have
 * logged it. */
static enum row_actions actions_of(const struct rows *rows)
{
	if (rows->flags & ROWS_NO_FOREIGN_KEY_CHECKS)
		return ROW_ACTIONS_NONE;
	return rows->flags & ROWS_SQL_FOREIGN_KEY ? ROW_ACTIONS_LOGGED
						  : ROW_ACTIONS_SILENT;
}

static int hand_on(struct group_rows *group, struct table *table,
		   const struct row_change *change, struct err *err)
{
	if (held_is_open(group->held))
		return held_row(group->held, table, change, err);
	return transform_row(group->transform, table->binding, change,
			     &group->arena, group->sink->change,
			     group->sink->change_user, err);
}

static int feed_all(struct group_rows *group, struct table *table,
		    struct rows *rows, uint64_t *count, struct err *err)
{
	const struct row_plan *plan =
		rows_is_full(rows) ? table->plan : tables_plan_too(table);
	struct row_change change = {
		.op = rows->op,
		.actions = actions_of(rows),
		.incomplete = !rows_is_full(rows),
		.columns = row_plan_count(table->plan),
		.before = rows->op == ROW_INSERT ? NULL : group->before,
		.after = rows->op == ROW_DELETE ? NULL : group->after,
	};

	for (;;) {
		int fail, more = rows_next(rows, plan, &group->values,
					   group->before, group->after, err);

		if (more <= 0)
			return more;
		++*count;
		fail = hand_on(group, table, &change, err);
		if (group->arena.used > 0)
			arena_reset(&group->arena);
		if (fail)
			return fail;
	}
}

int group_rows_feed(struct group_rows *group, struct table *table,
		    struct rows *rows, uint64_t *count, struct err *err)
{
	make_room(group, row_plan_count(table->plan));
	return feed_all(group, table, rows, count, err);
}

int group_rows_watched(struct group_rows *group, const struct table *table,
		       const struct rows *rows, struct err *err)
{
	bool acts = rows->op == ROW_DELETE ||
		    (rows->op == ROW_UPDATE && table->watched->updates);

	if (!acts || actions_of(rows) != ROW_ACTIONS_SILENT)
		return 0;
	return transform_watched_rows(group->transform, table->watched,
				      group->sink->change,
				      group->sink->change_user, err);
}
