#include "cdc/cascade.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "cdc/descend.h"
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

/* One statement; its rows count. extra: a parameter behind the match's. */
static int run_sql(struct cascade *c, struct buf *sql,
		   const struct match *match, const struct pg_param *extra,
		   struct pg_result **ret)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct pg_param params[TARGET_KEY_MAX + 1];
	size_t n = match->columns;

	if (n > 0)
		memcpy(params, match->params, n * sizeof(*params));
	if (extra)
		params[n++] = *extra;
	assert(!sql->failed);
	if (pg_query(c->pg, buf_str(sql), params, n, &r, c->err) < 0)
		return c->err->code;
	c->rows += pg_affected(r);
	if (ret)
		*ret = TAKE(r);
	return 0;
}

/* --- the actions --- */

static int set_null(struct cascade *c, const struct fk_action *action,
		    const struct match *match)
{
	const struct target_table *child = action->child;
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "update ");
	pg_quote_name(&sql, child->name);
	for (size_t i = 0; i < action->columns; i++) {
		buf_adds(&sql, i ? ", " : " as c set ");
		pg_quote_name(&sql,
			      child->columns[action->child_column[i]].name);
		buf_adds(&sql, " = null");
	}
	match_sql(&sql, child, action->child_column, action->columns);
	return run_sql(c, &sql, match, NULL, NULL);
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

/* " and c.attributes = '{}'" */
static void add_empty(struct cascade *c, struct buf *sql,
		      const struct target_table *table)
{
	buf_adds(sql, "c.");
	add_json_name(c, sql, table);
	buf_adds(sql, " = '{}'");
}

/* Of the values of an entity or a store only the attributes of some backends
 * go; rows without any left go too. */
static int delete_some_values(struct cascade *c, const struct fk_action *action,
			      const struct match *match)
{
	const struct target_table *child = action->child;
	CLEANUP(array_done) struct array backends;
	CLEANUP(buf_done) struct buf sql, purge;

	buf_init(&sql, SQL_MAX);
	buf_init(&purge, SQL_MAX);
	add_names_list(&backends, action->backends);
	const struct pg_param extra = array_param(&backends);

	buf_adds(&sql, "update ");
	pg_quote_name(&sql, child->name);
	buf_adds(&sql, " as c set ");
	add_json_name(c, &sql, child);
	buf_adds(&sql, " = c.");
	add_json_name(c, &sql, child);
	buf_addf(&sql,
		 " - coalesce((select array_agg(a.attribute_code::text)"
		 " from attributes a join entity_types t"
		 " using (entity_type_id) where a.backend_type = any($%zu"
		 "::text[]) and t.entity_type_code = ",
		 match->columns + 1);
	pg_quote_text(&sql, str_of(action->entity_type));
	buf_adds(&sql, "), '{}')");
	match_sql(&sql, child, action->child_column, action->columns);
	if (run_sql(c, &sql, match, &extra, NULL) < 0)
		return c->err->code;

	buf_adds(&purge, "delete from ");
	pg_quote_name(&purge, child->name);
	buf_adds(&purge, " as c");
	match_sql(&purge, child, action->child_column, action->columns);
	buf_adds(&purge, " and ");
	add_empty(c, &purge, child);
	return run_sql(c, &purge, match, NULL, NULL);
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
	const struct match none = { 0 };
	CLEANUP(array_done) struct array codes;
	CLEANUP(buf_done) struct buf sql, purge;

	buf_init(&sql, SQL_MAX);
	buf_init(&purge, SQL_MAX);
	add_codes(c, action, parents, &codes);
	if (codes.count == 0)
		return 0;
	const struct pg_param extra = array_param(&codes);

	buf_adds(&sql, "update ");
	pg_quote_name(&sql, action->child->name);
	buf_adds(&sql, " as c set ");
	add_json_name(c, &sql, action->child);
	buf_adds(&sql, " = c.");
	add_json_name(c, &sql, action->child);
	buf_adds(&sql, " - $1::text[] where c.");
	add_json_name(c, &sql, action->child);
	buf_adds(&sql, " ?| $1::text[]");
	if (run_sql(c, &sql, &none, &extra, NULL) < 0)
		return c->err->code;

	buf_adds(&purge, "delete from ");
	pg_quote_name(&purge, action->child->name);
	buf_adds(&purge, " as c where ");
	add_empty(c, &purge, action->child);
	return run_sql(c, &purge, &none, NULL, NULL);
}

/* --- transitively --- */

static int run_action(struct cascade *c, const struct fk_action *action,
		      const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };

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

static void add_columns(struct buf *sql, const struct target_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		buf_adds(sql, i ? ",c." : "c.");
		pg_quote_name(sql, table->columns[i].name);
	}
}

/* Children with children of their own: CHUNK rows after the other go away and
 * their own actions run before the next. */
static int delete_chunks(struct cascade *c, const struct fk_action *action,
			 const struct match *match, int depth)
{
	const struct target_table *child = action->child;
	struct gone gone = { .table = child, .depth = depth };
	CLEANUP(buf_done) struct buf sql;
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
	add_columns(&sql, child);
	do {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		struct arena arena;

		if (run_sql(c, &sql, match, NULL, &r) < 0)
			return c->err->code;
		arena_init(&arena);
		cascade_take_rows(&arena, r, child, &gone);
		for (size_t i = 0; c->log && i < gone.count; i++)
			descend(c->log, c->graph, child, gone.rows[i].values);
		rc = cascade_run(c, &gone);
		arena_done(&arena);
	} while (rc == 0 && gone.count == CHUNK);
	return rc;
}

static int delete_children(struct cascade *c, const struct fk_action *action,
			   const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };
	CLEANUP(buf_done) struct buf sql;
	size_t grandchildren = 0;

	buf_init(&sql, SQL_MAX);
	if (match_action(c, &match, action, parents) < 0)
		return c->err->code;
	if (match.rows == 0)
		return 0;
	fk_actions(c->graph, action->child, &grandchildren);
	if (grandchildren > 0)
		return delete_chunks(c, action, &match, parents->depth + 1);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, action->child->name);
	buf_adds(&sql, " as c");
	match_sql(&sql, action->child, action->child_column, action->columns);
	return run_sql(c, &sql, &match, NULL, NULL);
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
		add_columns(&sql, table);
	}
	return run_sql(c, &sql, &match, NULL, returning ? ret : NULL);
}

int cascade_read_types(struct cascade *c)
{
	return pg_query(c->pg,
			"select entity_type_id, entity_type_code"
			" from entity_types",
			NULL, 0, &c->entity_types, c->err);
}
