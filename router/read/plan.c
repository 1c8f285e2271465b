#include "router/read/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { SQL_MAX = 64 * 1024 };

/* A missing file is found by the first test that opens a service. */
static const char *file_text(const char *name)
{
	for (const struct plan_sql *sql = plan_sql; sql->name; sql++)
		if (strcmp(sql->name, name) == 0)
			return sql->text;
	abort();
}

static void add_columns(struct buf *out, const struct entity *entity)
{
	for (size_t i = 0; i < entity->field_count; i++) {
		buf_adds(out, i ? ", " : "");
		buf_adds(out, entity->fields[i].sql);
	}
}

struct filling {
	const struct entity *entity; /* whose columns */
	const struct entity *root;
};

static const char *keys_file(enum read_kind kind)
{
	if (read_kind_is_list(kind))
		return "keys_of_page";
	return kind == READ_PRODUCT_BY_SKU ? "keys_by_sku" : "keys_by_id";
}

static void add_filled(struct buf *out, const char *text,
		       const struct filling *with)
{
	for (; *text; text++) {
		if (strncmp(text, ":columns", 8) == 0) {
			add_columns(out, with->entity);
			text += 7;
		} else if (strncmp(text, ":table", 6) == 0) {
			buf_adds(out, with->root->table);
			text += 5;
		} else {
			buf_addc(out, *text);
		}
	}
}

/* Index of the statement; the same text is prepared once. */
static size_t add_statement(struct plan *plan, const char *name,
			    const char *sql)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->statements[i].sql, sql) == 0)
			return i;
	assert(plan->count < PLAN_STATEMENTS_MAX);
	plan->statements[plan->count] =
		(struct pg_pool_statement){ .name = name,
					    .sql = mem_strdup(sql) };
	return plan->count++;
}

static size_t add_file(struct plan *plan, const char *name,
		       const struct filling *with)
{
	struct buf sql;
	size_t index;

	buf_init(&sql, SQL_MAX);
	add_filled(&sql, file_text(name), with);
	assert(!sql.failed);
	index = add_statement(plan, name, buf_str(&sql));
	buf_done(&sql);
	return index;
}

static size_t add_step(struct plan_kind *kind, size_t statement)
{
	for (size_t i = PLAN_ROOT; i < kind->count; i++)
		if (kind->statements[i] == statement)
			return i;
	assert(kind->count < PG_POOL_STEPS_MAX);
	kind->statements[kind->count] = statement;
	return kind->count++;
}

static char *records_text(const struct entity *entity)
{
	struct buf out;
	char *text;

	buf_init(&out, SQL_MAX);
	for (size_t i = 0; i < entity->record_count; i++)
		buf_addf(&out, "%c%s", i ? ',' : '{', entity->records[i].name);
	buf_addc(&out, '}');
	text = mem_strdup(buf_str(&out));
	buf_done(&out);
	return text;
}

static void init_kind(struct plan *plan, enum read_kind which)
{
	struct plan_kind *kind = &plan->kinds[which];
	const struct entity *root = entity_of(which);
	struct filling with = { root, root };
	bool list = read_kind_is_list(which);

	kind->entity = root;
	kind->records = records_text(root);
	kind->statements[PLAN_BEGIN] = add_statement(
		plan, "begin",
		"begin isolation level repeatable read read only");
	kind->statements[PLAN_PROOF] = add_file(plan, "proof", &with);
	kind->statements[PLAN_UNHEALTHY] = add_file(plan, "unhealthy", &with);
	kind->statements[PLAN_KEYS] = add_file(plan, keys_file(which), &with);
	kind->statements[PLAN_ROOT] = add_file(plan, root->statement, &with);
	kind->count = PLAN_CHILDREN;
	for (size_t i = 0; i < root->child_count; i++) {
		const struct entity_child *child = &root->children[i];

		if (list && child->single_only)
			continue;
		with.entity = child->entity;
		kind->child[i] = add_step(
			kind, add_file(plan, child->entity->statement, &with));
	}
	if (list)
		kind->total = add_step(kind, add_file(plan, "total", &with));
	add_step(kind, add_statement(plan, "commit", "commit"));
}

void plan_init(struct plan *plan)
{
	struct filling none = { 0 };

	*plan = (struct plan){ 0 };
	for (enum read_kind kind = 0; kind < READ_KIND_COUNT; kind++)
		init_kind(plan, kind);
	plan->passed_ticket = add_file(plan, "passed_ticket", &none);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		mem_freep(&plan->statements[i].sql);
	for (size_t i = 0; i < READ_KIND_COUNT; i++)
		mem_freep(&plan->kinds[i].records);
}
