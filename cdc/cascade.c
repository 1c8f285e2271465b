#include "cdc/cascade.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "cdc/descend.h"
#include "cdc/refetch_log.h"
#include "cdc/sweep.h"
#include "transform/fk.h"
#include "transform/mapping.h"

enum {
	CHUNK = 1000,	/* rows fetched at a time */
	DEPTH_MAX = 16, /* InnoDB itself refuses chains over 15 */
	SQL_MAX = 1024 * 1024,
};

static int delete_children(struct cascade *c, const struct fk_action *action,
			   const struct gone *parents);

static int match_action(struct cascade *c, struct match *match,
			const struct fk_action *action,
			const struct gone *parents)
{
	*match = (struct match){ .columns = action->columns };
	if (match_init(match, action->child, action->child_column,
		       action->parent_column, parents) < 0)
		return err_set(c->err, ERR_TARGET,
			       "foreign key of %s on %s: the parent's column "
			       "does not fit the child's",
			       action->child->name, parents->table->name);
	return 0;
}

/* One statement; its rows count. */
static int run_sql(struct cascade *c, struct buf *sql,
		   const struct match *match, struct pg_result **ret)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	assert(!sql->failed);
	if (pg_query(c->pg, buf_str(sql), match->params, match->columns, &r,
		     c->err) < 0)
		return c->err->code;
	c->rows += pg_affected(r);
	if (ret)
		*ret = TAKE(r);
	return 0;
}

/* --- the actions --- */

static void sweep_match(struct sweep *sweep, const struct fk_action *action,
			const struct match *match)
{
	match_sql(&sweep->where, action->child, action->child_column,
		  action->columns);
	memcpy(sweep->params, match->params,
	       match->columns * sizeof(*match->params));
	sweep->param_count = match->columns;
}

static int run_sweep(struct cascade *c, struct sweep *sweep)
{
	return sweep_run(sweep, c->pg, &c->rows, c->err);
}

static int set_null(struct cascade *c, const struct fk_action *action,
		    const struct match *match)
{
	const struct target_table *child = action->child;
	CLEANUP(sweep_done) struct sweep sweep;

	sweep_init(&sweep, &c->shapes[child->index], "update ");
	for (size_t i = 0; i < action->nulls; i++) {
		buf_adds(&sweep.head, i ? ", " : " set ");
		pg_quote_name(&sweep.head,
			      child->columns[action->null_column[i]].name);
		buf_adds(&sweep.head, " = null");
	}
	sweep_match(&sweep, action, match);
	return run_sweep(c, &sweep);
}

static int delete_leaves(struct cascade *c, const struct fk_action *action,
			 const struct match *match)
{
	CLEANUP(sweep_done) struct sweep sweep;

	sweep_init(&sweep, &c->shapes[action->child->index], "delete from ");
	sweep_match(&sweep, action, match);
	return run_sweep(c, &sweep);
}

static void add_names_list(struct array *array, char *const *names)
{
	array_init(array);
	array_start(array, ARRAY_TEXT);
	for (; *names; names++)
		array_add_text(array, str_of(*names));
}

static void add_json_name(struct cascade *c, struct buf *sql,
			  const struct target_table *table)
{
	const struct target_shape *shape = &c->shapes[table->index];

	pg_quote_name(sql, table->columns[shape->json].name);
}

/* Takes attributes away. without: "c.attributes - …", of the documents that
 * `where` finds; a row that is left without any goes. */
static int take_away(struct cascade *c, struct sweep *sweep,
		     const struct buf *where, const struct buf *without)
{
	buf_adds(&sweep->where, buf_str(where));
	buf_adds(&sweep->where, " and ");
	buf_adds(&sweep->where, buf_str(without));
	buf_adds(&sweep->where, " = '{}'");
	if (run_sweep(c, sweep) < 0)
		return c->err->code;

	sweep_again(sweep, "update ");
	buf_adds(&sweep->head, " set ");
	add_json_name(c, &sweep->head, sweep->shape->table);
	buf_adds(&sweep->head, " = ");
	buf_adds(&sweep->head, buf_str(without));
	buf_adds(&sweep->where, buf_str(where));
	return run_sweep(c, sweep);
}

static void add_minus(struct cascade *c, struct buf *sql,
		      const struct target_table *table)
{
	buf_adds(sql, "c.");
	add_json_name(c, sql, table);
	buf_adds(sql, " - ");
}

/* Of the values of an entity or a store only the attributes of some backends
 * go. */
static int delete_some_values(struct cascade *c, const struct fk_action *action,
			      const struct match *match)
{
	const struct target_table *child = action->child;
	CLEANUP(array_done) struct array backends;
	CLEANUP(buf_done) struct buf where, without;
	CLEANUP(sweep_done) struct sweep sweep;

	buf_init(&where, SQL_MAX);
	buf_init(&without, SQL_MAX);
	add_names_list(&backends, action->backends);
	sweep_init(&sweep, &c->shapes[child->index], "delete from ");
	sweep_match(&sweep, action, match);
	buf_adds(&where, buf_str(&sweep.where));
	buf_reset(&sweep.where, SQL_MAX);
	sweep.params[sweep.param_count++] = array_param(&backends);

	add_minus(c, &without, child);
	buf_addf(&without,
		 "coalesce((select array_agg(a.attribute_code::text)"
		 " from attributes a join entity_types t"
		 " using (entity_type_id) where a.backend_type = any($%zu"
		 "::text[]) and t.entity_type_code = ",
		 sweep.param_count);
	pg_quote_text(&without, str_of(action->entity_type));
	buf_adds(&without, "), '{}')");
	return take_away(c, &sweep, &where, &without);
}

static int find_column(const struct target_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

static bool names_backend(const struct fk_action *action, struct value backend)
{
	struct str text = { backend.at, backend.n };

	if (!action->backends)
		return true;
	for (char **name = action->backends; *name; name++)
		if (str_eqs(text, *name))
			return true;
	return false;
}

static bool is_entity_type(const struct cascade *c, struct value id,
			   const char *code)
{
	const struct pg_result *types = c->entity_types;

	for (size_t i = 0; i < pg_rows(types); i++)
		if (str_eq(pg_value(types, i, 0),
			   (struct str){ id.at, id.n }) &&
		    str_eqs(pg_value(types, i, 1), code))
			return true;
	return false;
}

/* The codes of those deleted attributes whose values stand in that table. */
static void add_codes(const struct cascade *c, const struct fk_action *action,
		      const struct gone *parents, struct array *codes)
{
	int code = find_column(parents->table, "attribute_code");
	int type = find_column(parents->table, "entity_type_id");
	int backend = find_column(parents->table, "backend_type");

	array_init(codes);
	array_start(codes, ARRAY_TEXT);
	if (code < 0 || type < 0 || backend < 0)
		return;
	for (size_t i = 0; i < parents->count; i++) {
		const struct value *row = parents->rows[i].values;

		if (value_has(row[code]) &&
		    is_entity_type(c, row[type], action->entity_type) &&
		    names_backend(action, row[backend]))
			array_add_text(codes, (struct str){ row[code].at,
							    row[code].n });
	}
}

static int delete_attributes(struct cascade *c, const struct fk_action *action,
			     const struct gone *parents)
{
	const struct target_table *child = action->child;
	CLEANUP(array_done) struct array codes;
	CLEANUP(buf_done) struct buf where, without;
	CLEANUP(sweep_done) struct sweep sweep;

	buf_init(&where, SQL_MAX);
	buf_init(&without, SQL_MAX);
	sweep_init(&sweep, &c->shapes[child->index], "delete from ");
	add_codes(c, action, parents, &codes);
	if (codes.count == 0)
		return 0;
	sweep.whole = true;
	sweep.params[sweep.param_count++] = array_param(&codes);
	buf_adds(&where, " where c.");
	add_json_name(c, &where, child);
	buf_adds(&where, " ?| $1::text[]");
	add_minus(c, &without, child);
	buf_adds(&without, "$1::text[]");
	return take_away(c, &sweep, &where, &without);
}

/* --- transitively --- */

static void ask_for_all(struct refetch_log *log,
			const struct target_table *target)
{
	const struct mapping *mapping = log->mapping;

	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].target == target)
			refetch_log_add(log, &mapping->tables[i], NULL);
}

static int run_action(struct cascade *c, const struct fk_action *action,
		      const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };

	if (action->kind == ACTION_READ) {
		ask_for_all(c->doubt->log, action->child);
		return 0;
	}
	if (action->kind == ACTION_ATTRIBUTE)
		return delete_attributes(c, action, parents);
	if (action->kind == ACTION_DELETE ||
	    (action->kind == ACTION_VALUES && !action->backends))
		return delete_children(c, action, parents);
	if (match_action(c, &match, action, parents) < 0)
		return c->err->code;
	if (match.rows == 0)
		return 0;
	return action->kind == ACTION_SET_NULL
		       ? set_null(c, action, &match)
		       : delete_some_values(c, action, &match);
}

int cascade_run(struct cascade *c, const struct gone *parents)
{
	size_t count = 0;
	const struct fk_action *actions =
		fk_actions(c->graph, parents->table, &count);

	if (parents->depth > DEPTH_MAX)
		return err_set(c->err, ERR_CORRUPT,
			       "foreign keys of %s cascade deeper than the "
			       "source allows",
			       parents->table->name);
	for (size_t i = 0; i < count && parents->count > 0; i++)
		if (run_action(c, &actions[i], parents) < 0)
			return err_wrap(c->err, "foreign-key action of %s",
					parents->table->name);
	return 0;
}

/* Rows of a result that returns all columns, in the caller's arena. */
void cascade_take_rows(struct arena *arena, const struct pg_result *r,
		       const struct target_table *table, struct gone *ret)
{
	struct gone_row *rows = arena_array(arena, struct gone_row, pg_rows(r));

	for (size_t i = 0; i < pg_rows(r); i++) {
		struct value *row =
			arena_array(arena, struct value, table->count);

		for (size_t j = 0; j < table->count; j++) {
			struct str text = pg_value(r, i, j);

			row[j].kind = VALUE_NULL;
			if (!pg_null(r, i, j))
				row[j] = (struct value){ text.at,
							 (uint32_t)text.n,
							 VALUE_TEXT };
		}
		rows[i].values = row;
	}
	ret->rows = rows;
	ret->count = pg_rows(r);
}

static bool is_metadata(const struct mapping *mapping,
			const struct target_table *table)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].target == table)
			return mapping->tables[i].domain == DOMAIN_METADATA;
	return false;
}

/* May rows have gone that the source kept? */
static bool doubts(const struct cascade *c, const struct target_table *table)
{
	return c->doubt->rows && (c->doubt->metadata ||
				  !is_metadata(c->doubt->log->mapping, table));
}

static int ask_for_children(const struct cascade *c, const struct gone *gone)
{
	for (size_t i = 0; i < gone->count; i++)
		descend(c->doubt->log, c->graph, gone->table,
			gone->rows[i].values);
	return 0;
}

/* Children with children of their own: CHUNK rows after the other go away and
 * their own actions run before the next. */
static int delete_chunks(struct cascade *c, const struct fk_action *action,
			 const struct match *match, int depth)
{
	const struct target_table *child = action->child;
	struct gone gone = { .table = child, .depth = depth };
	CLEANUP(buf_done) struct buf sql;
	bool ask = doubts(c, child);
	int rc = 0;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "with doomed as (select c.ctid as at from ");
	pg_quote_name(&sql, child->name);
	buf_adds(&sql, " as c");
	match_sql(&sql, child, action->child_column, action->columns);
	buf_addf(&sql, " limit %d) delete from ", CHUNK);
	pg_quote_name(&sql, child->name);
	buf_adds(&sql, " as c using doomed where c.ctid = doomed.at"
		       " returning ");
	match_columns(&sql, child);
	do {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		struct arena arena;

		if (run_sql(c, &sql, match, &r) < 0)
			return c->err->code;
		arena_init(&arena);
		cascade_take_rows(&arena, r, child, &gone);
		rc = ask ? ask_for_children(c, &gone) : cascade_run(c, &gone);
		arena_done(&arena);
	} while (rc == 0 && gone.count == CHUNK);
	return rc;
}

static int delete_children(struct cascade *c, const struct fk_action *action,
			   const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };
	size_t grandchildren = 0;

	if (match_action(c, &match, action, parents) < 0)
		return c->err->code;
	if (match.rows == 0)
		return 0;
	fk_actions(c->graph, action->child, &grandchildren);
	return grandchildren > 0
		       ? delete_chunks(c, action, &match, parents->depth + 1)
		       : delete_leaves(c, action, &match);
}

/* --- the parents --- */

static bool absent(const struct value *row, int column)
{
	return column >= 0 && row[column].kind == VALUE_ABSENT;
}

/* Did the row image leave out what an action needs? */
static bool lacks(const struct target_table *table,
		  const struct fk_action *action, const struct value *row)
{
	if (action->kind == ACTION_ATTRIBUTE)
		return absent(row, find_column(table, "attribute_code")) ||
		       absent(row, find_column(table, "entity_type_id")) ||
		       absent(row, find_column(table, "backend_type"));
	for (size_t i = 0; i < action->columns; i++)
		if (absent(row, (int)action->parent_column[i]))
			return true;
	return false;
}

static bool any_lacks(const struct cascade *c, const struct gone *parents)
{
	size_t count = 0;
	const struct fk_action *actions =
		fk_actions(c->graph, parents->table, &count);

	for (size_t row = 0; row < parents->count; row++)
		for (size_t i = 0; i < count; i++)
			if (lacks(parents->table, &actions[i],
				  parents->rows[row].values))
				return true;
	return false;
}

/* *ret: the rows as the target had them, when that is needed. */
int cascade_delete(struct cascade *c, const struct gone *parents,
		   struct pg_result **ret)
{
	const struct target_table *table = parents->table;
	const struct target_shape *shape = &c->shapes[table->index];
	CLEANUP(match_done)
	struct match match = { .columns = shape->key_count };
	CLEANUP(buf_done) struct buf sql;
	bool returning = any_lacks(c, parents);

	buf_init(&sql, SQL_MAX);
	if (match_init(&match, table, shape->key, shape->key, parents) < 0)
		return err_set(c->err, ERR_TARGET,
			       "%s: a deleted row's key does not fit",
			       table->name);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, table->name);
	buf_adds(&sql, " as c");
	match_sql(&sql, table, shape->key, shape->key_count);
	if (returning) {
		buf_adds(&sql, " returning ");
		match_columns(&sql, table);
	}
	return run_sql(c, &sql, &match, returning ? ret : NULL);
}

int cascade_read_types(struct cascade *c)
{
	return pg_query(c->pg,
			"select entity_type_id, entity_type_code"
			" from entity_types",
			NULL, 0, &c->entity_types, c->err);
}
