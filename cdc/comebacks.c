#include "cdc/comebacks.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/batch.h"
#include "cdc/cascade.h"
#include "cdc/descend.h"
#include "cdc/match.h"
#include "cdc/target_sql.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum { SQL_MAX = 64 * 1024 };

struct comeback {
	struct comeback *next;
	const struct target_table *table;
	const struct value *values; /* its key */
	bool settled;
};

void comebacks_init(struct comebacks *comebacks,
		    const struct target_shape *shapes, size_t count)
{
	*comebacks = (struct comebacks){ .shapes = shapes, .count = count };
	arena_init(&comebacks->arena);
	comebacks->watched = mem_array(count, sizeof(bool));
}

void comebacks_done(struct comebacks *comebacks)
{
	arena_done(&comebacks->arena);
	free(comebacks->watched);
}

void comebacks_reset(struct comebacks *comebacks)
{
	if (!comebacks->first)
		return;
	arena_reset(&comebacks->arena);
	comebacks->first = NULL;
}

/* --- which tables */

static bool has_children(const struct fk_graph *graph,
			 const struct target_table *table)
{
	size_t count = 0;

	if (graph)
		fk_actions(graph, table, &count);
	return count > 0;
}

void comebacks_watch(struct comebacks *comebacks, const struct fk_graph *graph,
		     const struct target_table *table)
{
	size_t count = 0;
	const struct fk_action *actions = fk_actions(graph, table, &count);

	comebacks->any = true;
	for (size_t i = 0; i < count; i++) {
		const struct target_table *child = actions[i].child;

		if (actions[i].kind != ACTION_DELETE ||
		    comebacks->watched[child->index])
			continue;
		comebacks->watched[child->index] = true;
		comebacks_watch(comebacks, graph, child);
	}
}

void comebacks_watch_all(struct comebacks *comebacks)
{
	memset(comebacks->watched, true, comebacks->count);
	comebacks->any = true;
}

void comebacks_watch_none(struct comebacks *comebacks)
{
	memset(comebacks->watched, false, comebacks->count);
	comebacks->any = false;
	comebacks_reset(comebacks);
}

/* --- which rows */

static void keep(struct comebacks *comebacks,
		 const struct record_change *change)
{
	const struct target_table *table = change->table;
	const struct target_shape *shape = &comebacks->shapes[table->index];
	struct comeback *one = arena_new(&comebacks->arena, struct comeback);
	struct value *values =
		arena_array(&comebacks->arena, struct value, table->count);

	for (size_t i = 0; i < shape->key_count; i++) {
		size_t at = shape->key[i];
		struct value v = change->values[at];

		v.at = arena_memdup(&comebacks->arena, v.at, v.n);
		values[at] = v;
	}
	one->table = table;
	one->values = values;
	one->next = comebacks->first;
	comebacks->first = one;
}

void comebacks_add(struct comebacks *comebacks,
		   const struct record_change *change,
		   const struct batch *batch, const struct fk_graph *graph,
		   struct refetch_log *log)
{
	if (!comebacks->any || !comebacks->watched[change->table->index] ||
	    !has_children(graph, change->table))
		return;
	switch (batch_look(batch, change)) {
	case BATCH_SAYS_GONE: /* by an event of its own */
		return;
	case BATCH_SAYS_THERE:
		descend(log, graph, change->table, change->values);
		return;
	case BATCH_SAYS_NOTHING:
		keep(comebacks, change);
	}
}

/* --- are they there? */

/* The rows of the first one's table; they are settled by that. */
static struct gone gather(struct comebacks *comebacks, struct comeback *first)
{
	struct gone rows = { .table = first->table };
	struct gone_row *list;

	for (struct comeback *c = first; c; c = c->next)
		rows.count += c->table == first->table;
	list = arena_array(&comebacks->arena, struct gone_row, rows.count);
	rows.rows = list;
	for (struct comeback *c = first; c; c = c->next) {
		if (c->table != first->table)
			continue;
		(list++)->values = c->values;
		c->settled = true;
	}
	return rows;
}

/* As the copy has them. */
static int find(struct pg *pg, const struct target_shape *shape,
		const struct gone *rows, struct pg_result **ret,
		struct err *err)
{
	CLEANUP(match_done)
	struct match match = { .columns = shape->key_count };
	CLEANUP(buf_done) struct buf sql;

	if (match_init(&match, shape->table, shape->key, shape->key, rows) < 0)
		return err_set(err, ERR_TARGET,
			       "%s: a key does not fit its columns",
			       shape->table->name);
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select ");
	match_columns(&sql, shape->table);
	buf_adds(&sql, " from ");
	pg_quote_name(&sql, shape->table->name);
	buf_adds(&sql, " as c");
	match_sql(&sql, shape->table, shape->key, shape->key_count);
	return pg_query(pg, buf_str(&sql), match.params, match.columns, ret,
			err);
}

int comebacks_settle(struct comebacks *comebacks, struct pg *pg,
		     const struct fk_graph *graph, struct refetch_log *log,
		     struct err *err)
{
	for (struct comeback *c = comebacks->first; c; c = c->next) {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		struct gone rows;

		if (c->settled)
			continue;
		rows = gather(comebacks, c);
		if (find(pg, &comebacks->shapes[c->table->index], &rows, &r,
			 err) < 0)
			return err_wrap(err, "rows of %s that come back",
					c->table->name);
		cascade_take_rows(&comebacks->arena, r, c->table, &rows);
		for (size_t i = 0; i < rows.count; i++)
			descend(log, graph, c->table, rows.rows[i].values);
	}
	comebacks_reset(comebacks);
	return 0;
}
