#include "router/read/serialise.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_tree.h"
#include "router/pg_pool.h"
#include "router/pg_rows.h"
#include "router/read/entity.h"
#include "router/read/plan.h"

/* Statements are sorted by root: one pass over each serves all roots. */
struct range {
	size_t from, to;
};

struct writer {
	struct json json;
	const struct plan_kind *plan;
	const struct pg_rows *const *rows;
	struct range ranges[PG_POOL_STEPS_MAX]; /* of the current root */
	struct arena *arena;
	struct err *err;
};

static int64_t root_of(const struct pg_rows *rows, size_t row)
{
	int64_t id = 0;

	(void)str_to_i64(pg_rows_value(rows, row, 0), &id);
	return id;
}

/* An attribute map that is no JSON can't come out of jsonb. */
static int write_field(struct writer *w, const struct entity *entity,
		       const struct field *field, struct str text)
{
	struct field_value value = { .text = text };
	struct json_node *node = NULL;

	if (field->cast == FIELD_ATTRIBUTES && text.at) {
		if (json_tree_parse(w->arena, text, &node, w->err) < 0)
			return err_wrap(w->err, "%s.%s", entity->statement,
					field->json);
		value.node = node;
	}
	field_write(&w->json, field->cast, value, entity->hidden, w->arena);
	return 0;
}

static int write_fields(struct writer *w, const struct entity *entity,
			const struct pg_rows *rows, size_t row)
{
	for (size_t i = 0; i < entity->field_count; i++) {
		const struct field *field = &entity->fields[i];
		struct str text =
			pg_rows_value(rows, row, i + PLAN_CHILD_FIELDS);

		json_key(&w->json, field->json);
		if (write_field(w, entity, field, text) < 0)
			return w->err->code;
	}
	return 0;
}

static int write_object(struct writer *w, const struct entity *entity,
			const struct pg_rows *rows, size_t row)
{
	json_begin_object(&w->json);
	if (write_fields(w, entity, rows, row) < 0)
		return w->err->code;
	json_end_object(&w->json);
	return 0;
}

static int write_member(struct writer *w, const struct entity_child *child,
			const struct pg_rows *rows, size_t row)
{
	if (child->shape != ENTITY_VALUES)
		return write_object(w, child->entity, rows, row);
	return write_field(w, child->entity, &child->entity->fields[0],
			   pg_rows_value(rows, row, PLAN_CHILD_FIELDS));
}

static int write_child(struct writer *w, const struct entity_child *child,
		       size_t step)
{
	const struct pg_rows *rows = w->rows[step];
	bool one = child->shape == ENTITY_ONE;
	size_t written = 0;

	json_key(&w->json, child->json);
	if (!one)
		json_begin_array(&w->json);
	for (size_t i = w->ranges[step].from; i < w->ranges[step].to; i++) {
		if (one && written)
			break;
		if (child->sort &&
		    !str_eqs(pg_rows_value(rows, i, 1), child->sort))
			continue;
		if (write_member(w, child, rows, i) < 0)
			return w->err->code;
		written++;
	}
	if (!one)
		json_end_array(&w->json);
	else if (!written)
		json_null(&w->json);
	return 0;
}

/* Moves each statement's range on to the rows of this root. */
static void seek(struct writer *w, int64_t root)
{
	for (size_t step = PLAN_CHILDREN; step < w->plan->count; step++) {
		const struct pg_rows *rows = w->rows[step];
		size_t n = pg_rows_count(rows);
		size_t i = w->ranges[step].to;

		if (step == w->plan->total)
			continue;
		while (i < n && root_of(rows, i) < root)
			i++;
		w->ranges[step].from = i;
		while (i < n && root_of(rows, i) == root)
			i++;
		w->ranges[step].to = i;
	}
}

static int write_root(struct writer *w, size_t row)
{
	const struct entity *entity = w->plan->entity;
	const struct pg_rows *rows = w->rows[PLAN_ROOT];

	seek(w, root_of(rows, row));
	json_begin_object(&w->json);
	if (write_fields(w, entity, rows, row) < 0)
		return w->err->code;
	for (size_t i = 0; i < entity->child_count; i++)
		if (w->plan->child[i] &&
		    write_child(w, &entity->children[i], w->plan->child[i]) < 0)
			return w->err->code;
	json_end_object(&w->json);
	return 0;
}

static int write_list(struct writer *w, const struct read_request *request)
{
	size_t n = pg_rows_count(w->rows[PLAN_ROOT]);
	int64_t total = 0;

	(void)str_to_i64(pg_rows_value(w->rows[w->plan->total], 0, 0), &total);
	json_begin_object(&w->json);
	json_key(&w->json, "items");
	json_begin_array(&w->json);
	for (size_t i = 0; i < n; i++)
		if (write_root(w, i) < 0)
			return w->err->code;
	json_end_array(&w->json);
	json_key(&w->json, "page");
	json_int(&w->json, request->page);
	json_key(&w->json, "limit");
	json_int(&w->json, request->limit);
	json_key(&w->json, "total");
	json_int(&w->json, total);
	json_end_object(&w->json);
	return 0;
}

int serialise_rows(const struct plan_kind *plan,
		   const struct read_request *request,
		   const struct pg_rows *const *rows, struct arena *arena,
		   struct buf *out, struct err *err)
{
	struct writer w = {
		.plan = plan, .rows = rows, .arena = arena, .err = err
	};
	int code;

	json_init(&w.json, out, JSON_PLAIN);
	code = plan->total ? write_list(&w, request) : write_root(&w, 0);
	if (code == 0 && out->failed)
		code = err_set(err, ERR_LIMIT,
			       "the answer is larger than %zu bytes", out->max);
	return code;
}
