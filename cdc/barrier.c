#include "cdc/barrier.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/target_sql.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum {
	CHUNK = 1000,	/* rows fetched at a time */
	DEPTH_MAX = 16, /* InnoDB itself refuses chains over 15 */
	SQL_MAX = 1024 * 1024,
};

struct barrier {
	struct arena arena;
	const struct target_shape *shapes;
	size_t shape_count;
	const struct target_table *table;
	const struct value **rows; /* owned array; rows in the arena */
	size_t count, size;
	/* EAV: entity type codes to their ids, read before rows go away. */
	struct pg_result *entity_types;
};

/* Rows of one table that went away, and how deep we are. */
struct gone {
	const struct target_table *table;
	const struct value *const *rows; /* by target column */
	size_t count;
	int depth;
};

/* What all steps of a run share. */
struct run {
	struct barrier *barrier;
	struct pg *pg;
	const struct fk_graph *graph;
	uint64_t rows;
	struct err *err;
};

static int delete_children(struct run *run, const struct fk_action *action,
			   const struct gone *parents);

struct barrier *barrier_new(const struct target_shape *shapes, size_t count)
{
	struct barrier *barrier = mem_zalloc(sizeof(*barrier));

	arena_init(&barrier->arena);
	barrier->shapes = shapes;
	barrier->shape_count = count;
	return barrier;
}

void barrier_free(struct barrier *barrier)
{
	if (!barrier)
		return;
	barrier_reset(barrier);
	arena_done(&barrier->arena);
	free(barrier->rows);
	free(barrier);
}

void barrier_reset(struct barrier *barrier)
{
	arena_reset(&barrier->arena);
	barrier->table = NULL;
	barrier->count = 0;
	pg_result_free(TAKE(barrier->entity_types));
}

const struct target_table *barrier_table(const struct barrier *barrier)
{
	return barrier->table;
}

size_t barrier_bytes(const struct barrier *barrier)
{
	return barrier->arena.used + barrier->count * sizeof(*barrier->rows);
}

void barrier_add(struct barrier *barrier, const struct record_change *change)
{
	size_t n = change->table->count;
	struct value *copy = arena_array(&barrier->arena, struct value, n);

	assert(!barrier->table || barrier->table == change->table);
	barrier->table = change->table;
	for (size_t i = 0; i < n; i++) {
		copy[i] = change->values[i];
		if (value_has(copy[i]))
			copy[i].at = arena_memdup(&barrier->arena, copy[i].at,
						  copy[i].n);
	}
	if (barrier->count == barrier->size) {
		barrier->size = barrier->size ? barrier->size * 2 : 64;
		barrier->rows = mem_realloc(
			barrier->rows, barrier->size * sizeof(*barrier->rows));
	}
	barrier->rows[barrier->count++] = copy;
}

/* --- matching children by the columns of parents --- */

/* " where c."a" = any($1::bigint[])", or for several columns a row of the
 * parameters that equals. */
static void add_match(struct buf *sql, const struct target_table *child,
		      const size_t *columns, size_t count)
{
	buf_adds(sql, " where ");
	if (count > 1)
		buf_adds(sql, "exists (select 1 from unnest(");
	for (size_t i = 0; i < count; i++) {
		const struct target_column *c = &child->columns[columns[i]];
		enum array_type type = target_array_type(c->type);

		if (count == 1) {
			buf_adds(sql, "c.");
			pg_quote_name(sql, c->name);
			buf_addf(sql, " = any($1::%s", target_array_name(type));
			if (type == ARRAY_TEXT)
				buf_addf(sql, "::%s[]", c->type);
			buf_addc(sql, ')');
			return;
		}
		buf_addf(sql, "%s$%zu::%s", i ? "," : "", i + 1,
			 target_array_name(type));
	}
	buf_adds(sql, ") as u(");
	for (size_t i = 0; i < count; i++)
		buf_addf(sql, "%sc%zu", i ? "," : "", i + 1);
	for (size_t i = 0; i < count; i++) {
		const struct target_column *c = &child->columns[columns[i]];

		buf_adds(sql, i ? " and c." : ") where c.");
		pg_quote_name(sql, c->name);
		buf_addf(sql, " = u.c%zu::%s", i + 1, c->type);
	}
	buf_addc(sql, ')');
}

/* Parameters for add_match(): the parents' columns, typed as the child's.
 * A parent with a NULL among them has no children. */
struct match {
	struct array arrays[TARGET_KEY_MAX];
	struct pg_param params[TARGET_KEY_MAX];
	size_t columns, rows;
};

static void match_done(struct match *match)
{
	for (size_t i = 0; i < match->columns; i++)
		array_done(&match->arrays[i]);
}

static bool complete(const struct value *row, const size_t *columns,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!value_has(row[columns[i]]))
			return false;
	return true;
}

static int match_init(struct match *match, const struct target_table *child,
		      const size_t *child_columns, const size_t *parent_columns,
		      const struct gone *parents)
{
	for (size_t i = 0; i < match->columns; i++) {
		array_init(&match->arrays[i]);
		array_start(&match->arrays[i],
			    target_array_type(
				    child->columns[child_columns[i]].type));
	}
	for (size_t row = 0; row < parents->count; row++) {
		const struct value *values = parents->rows[row];

		if (!complete(values, parent_columns, match->columns))
			continue;
		match->rows++;
		for (size_t i = 0; i < match->columns; i++)
			if (!array_add(&match->arrays[i],
				       values[parent_columns[i]]))
				return -1;
	}
	for (size_t i = 0; i < match->columns; i++)
		match->params[i] = array_param(&match->arrays[i]);
	return 0;
}

static int match_action(struct run *run, struct match *match,
			const struct fk_action *action,
			const struct gone *parents)
{
	*match = (struct match){ .columns = action->columns };
	if (match_init(match, action->child, action->child_column,
		       action->parent_column, parents) < 0)
		return err_set(run->err, ERR_TARGET,
			       "foreign key of %s on %s: the parent's column "
			       "does not fit the child's",
			       action->child->name, parents->table->name);
	return 0;
}

/* One statement; its rows count. extra: a parameter behind the match's. */
static int run_sql(struct run *run, struct buf *sql, const struct match *match,
		   const struct pg_param *extra, struct pg_result **ret)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct pg_param params[TARGET_KEY_MAX + 1];
	size_t n = match->columns;

	if (n > 0)
		memcpy(params, match->params, n * sizeof(*params));
	if (extra)
		params[n++] = *extra;
	assert(!sql->failed);
	if (pg_query(run->pg, buf_str(sql), params, n, &r, run->err) < 0)
		return run->err->code;
	run->rows += pg_affected(r);
	if (ret)
		*ret = TAKE(r);
	return 0;
}

/* --- the actions --- */

static int set_null(struct run *run, const struct fk_action *action,
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
	add_match(&sql, child, action->child_column, action->columns);
	return run_sql(run, &sql, match, NULL, NULL);
}

static void add_names_list(struct array *array, char *const *names)
{
	array_init(array);
	array_start(array, ARRAY_TEXT);
	for (; *names; names++)
		array_add_text(array, str_of(*names));
}

static void add_json_name(struct run *run, struct buf *sql,
			  const struct target_table *table)
{
	const struct target_shape *shape = &run->barrier->shapes[table->index];

	pg_quote_name(sql, table->columns[shape->json].name);
}

/* " and c.attributes = '{}'" */
static void add_empty(struct run *run, struct buf *sql,
		      const struct target_table *table)
{
	buf_adds(sql, "c.");
	add_json_name(run, sql, table);
	buf_adds(sql, " = '{}'");
}

/* Of the values of an entity or a store only the attributes of some backends
 * go; rows without any left go too. */
static int delete_some_values(struct run *run, const struct fk_action *action,
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
	add_json_name(run, &sql, child);
	buf_adds(&sql, " = c.");
	add_json_name(run, &sql, child);
	buf_addf(&sql,
		 " - coalesce((select array_agg(a.attribute_code::text)"
		 " from attributes a join entity_types t"
		 " using (entity_type_id) where a.backend_type = any($%zu"
		 "::text[]) and t.entity_type_code = ",
		 match->columns + 1);
	pg_quote_text(&sql, str_of(action->entity_type));
	buf_adds(&sql, "), '{}')");
	add_match(&sql, child, action->child_column, action->columns);
	if (run_sql(run, &sql, match, &extra, NULL) < 0)
		return run->err->code;

	buf_adds(&purge, "delete from ");
	pg_quote_name(&purge, child->name);
	buf_adds(&purge, " as c");
	add_match(&purge, child, action->child_column, action->columns);
	buf_adds(&purge, " and ");
	add_empty(run, &purge, child);
	return run_sql(run, &purge, match, NULL, NULL);
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

static bool is_entity_type(const struct run *run, struct value id,
			   const char *code)
{
	const struct pg_result *types = run->barrier->entity_types;

	for (size_t i = 0; i < pg_rows(types); i++)
		if (str_eq(pg_value(types, i, 0),
			   (struct str){ id.at, id.n }) &&
		    str_eqs(pg_value(types, i, 1), code))
			return true;
	return false;
}

/* The codes of those deleted attributes whose values stand in that table. */
static void add_codes(const struct run *run, const struct fk_action *action,
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
		const struct value *row = parents->rows[i];

		if (value_has(row[code]) &&
		    is_entity_type(run, row[type], action->entity_type) &&
		    names_backend(action, row[backend]))
			array_add_text(codes, (struct str){ row[code].at,
							    row[code].n });
	}
}

static int delete_attributes(struct run *run, const struct fk_action *action,
			     const struct gone *parents)
{
	const struct match none = { 0 };
	CLEANUP(array_done) struct array codes;
	CLEANUP(buf_done) struct buf sql, purge;

	buf_init(&sql, SQL_MAX);
	buf_init(&purge, SQL_MAX);
	add_codes(run, action, parents, &codes);
	if (codes.count == 0)
		return 0;
	const struct pg_param extra = array_param(&codes);

	buf_adds(&sql, "update ");
	pg_quote_name(&sql, action->child->name);
	buf_adds(&sql, " as c set ");
	add_json_name(run, &sql, action->child);
	buf_adds(&sql, " = c.");
	add_json_name(run, &sql, action->child);
	buf_adds(&sql, " - $1::text[] where c.");
	add_json_name(run, &sql, action->child);
	buf_adds(&sql, " ?| $1::text[]");
	if (run_sql(run, &sql, &none, &extra, NULL) < 0)
		return run->err->code;

	buf_adds(&purge, "delete from ");
	pg_quote_name(&purge, action->child->name);
	buf_adds(&purge, " as c where ");
	add_empty(run, &purge, action->child);
	return run_sql(run, &purge, &none, NULL, NULL);
}

/* --- transitively --- */

static int run_action(struct run *run, const struct fk_action *action,
		      const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };

	if (action->kind == ACTION_ATTRIBUTE)
		return delete_attributes(run, action, parents);
	if (action->kind == ACTION_DELETE ||
	    (action->kind == ACTION_VALUES && !action->backends))
		return delete_children(run, action, parents);
	if (match_action(run, &match, action, parents) < 0)
		return run->err->code;
	if (match.rows == 0)
		return 0;
	return action->kind == ACTION_SET_NULL
		       ? set_null(run, action, &match)
		       : delete_some_values(run, action, &match);
}

static int run_actions(struct run *run, const struct gone *parents)
{
	size_t count = 0;
	const struct fk_action *actions =
		fk_actions(run->graph, parents->table, &count);

	if (parents->depth > DEPTH_MAX)
		return err_set(run->err, ERR_CORRUPT,
			       "foreign keys of %s cascade deeper than the "
			       "source allows",
			       parents->table->name);
	for (size_t i = 0; i < count && parents->count > 0; i++)
		if (run_action(run, &actions[i], parents) < 0)
			return err_wrap(run->err, "foreign-key action of %s",
					parents->table->name);
	return 0;
}

/* Rows of a result that returns all columns, in the caller's arena. */
static void take_rows(struct arena *arena, const struct pg_result *r,
		      const struct target_table *table, struct gone *ret)
{
	const struct value **rows =
		arena_array(arena, const struct value *, pg_rows(r));

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
		rows[i] = row;
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
static int delete_chunks(struct run *run, const struct fk_action *action,
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
	add_match(&sql, child, action->child_column, action->columns);
	buf_addf(&sql, " limit %d) delete from ", CHUNK);
	pg_quote_name(&sql, child->name);
	buf_adds(&sql, " as c using doomed where c.ctid = doomed.at"
		       " returning ");
	add_columns(&sql, child);
	do {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		struct arena arena;

		if (run_sql(run, &sql, match, NULL, &r) < 0)
			return run->err->code;
		arena_init(&arena);
		take_rows(&arena, r, child, &gone);
		rc = run_actions(run, &gone);
		arena_done(&arena);
	} while (rc == 0 && gone.count == CHUNK);
	return rc;
}

static int delete_children(struct run *run, const struct fk_action *action,
			   const struct gone *parents)
{
	CLEANUP(match_done) struct match match = { 0 };
	CLEANUP(buf_done) struct buf sql;
	size_t grandchildren = 0;

	buf_init(&sql, SQL_MAX);
	if (match_action(run, &match, action, parents) < 0)
		return run->err->code;
	if (match.rows == 0)
		return 0;
	fk_actions(run->graph, action->child, &grandchildren);
	if (grandchildren > 0)
		return delete_chunks(run, action, &match, parents->depth + 1);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, action->child->name);
	buf_adds(&sql, " as c");
	add_match(&sql, action->child, action->child_column, action->columns);
	return run_sql(run, &sql, &match, NULL, NULL);
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

static bool any_lacks(const struct run *run, const struct gone *parents)
{
	size_t count = 0;
	const struct fk_action *actions =
		fk_actions(run->graph, parents->table, &count);

	for (size_t row = 0; row < parents->count; row++)
		for (size_t i = 0; i < count; i++)
			if (lacks(parents->table, &actions[i],
				  parents->rows[row]))
				return true;
	return false;
}

/* *ret: the rows as the target had them, when that is needed. */
static int delete_parents(struct run *run, const struct gone *parents,
			  struct pg_result **ret)
{
	const struct target_table *table = parents->table;
	const struct target_shape *shape = &run->barrier->shapes[table->index];
	CLEANUP(match_done)
	struct match match = { .columns = shape->key_count };
	CLEANUP(buf_done) struct buf sql;
	bool returning = any_lacks(run, parents);

	buf_init(&sql, SQL_MAX);
	if (match_init(&match, table, shape->key, shape->key, parents) < 0)
		return err_set(run->err, ERR_TARGET,
			       "%s: a deleted row's key does not fit",
			       table->name);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, table->name);
	buf_adds(&sql, " as c");
	add_match(&sql, table, shape->key, shape->key_count);
	if (returning) {
		buf_adds(&sql, " returning ");
		add_columns(&sql, table);
	}
	return run_sql(run, &sql, &match, NULL, returning ? ret : NULL);
}

/* Entity types, before a cascade takes them away. */
static int read_entity_types(struct run *run)
{
	return pg_query(run->pg,
			"select entity_type_id, entity_type_code"
			" from entity_types",
			NULL, 0, &run->barrier->entity_types, run->err);
}

static bool needs_entity_types(const struct barrier *barrier)
{
	return find_column(barrier->table, "entity_type_id") >= 0;
}

static int run_all(struct run *run, const struct gone *parents)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct gone old = { .table = parents->table };

	if (needs_entity_types(run->barrier) && read_entity_types(run) < 0)
		return run->err->code;
	if (delete_parents(run, parents, &r) < 0)
		return run->err->code;
	run->rows = 0;
	if (run_actions(run, parents) < 0)
		return run->err->code;
	if (!r)
		return 0;
	take_rows(&run->barrier->arena, r, parents->table, &old);
	return run_actions(run, &old);
}

int barrier_run(struct barrier *barrier, struct pg *pg,
		const struct fk_graph *graph, uint64_t *ret_rows,
		struct err *err)
{
	struct run run = { barrier, pg, graph, 0, err };
	const struct gone parents = {
		.table = barrier->table,
		.rows = barrier->rows,
		.count = barrier->count,
	};
	int rc = run_all(&run, &parents);

	barrier_reset(barrier);
	if (rc == 0)
		*ret_rows = run.rows;
	/* Nothing here can be set aside like a refused row. */
	else if (rc == ERR_DATA)
		rc = err->code = ERR_TARGET;
	return rc;
}
