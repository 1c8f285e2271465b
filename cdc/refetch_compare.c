#include "cdc/refetch_compare.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/array.h"
#include "cdc/batch.h"
#include "cdc/chunk.h"
#include "cdc/refetch_read.h"
#include "cdc/selection.h"
#include "cdc/target_sql.h"
#include "cdc/value_copy.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/transform.h"

enum { SQL_MAX = 1024 * 1024, KEY_TEXT_MAX = 256 };

void refetch_ask_for(struct refetch_round *round,
		     const struct mapping_table *table, const char *selection)
{
	struct refetch_ask *a = arena_new(&round->arena, struct refetch_ask);
	size_t n = selection ? strlen(selection) : 0;

	a->table = table;
	a->selection.kind = VALUE_NULL;
	if (selection)
		a->selection = (struct value){ arena_strndup(&round->arena,
							     selection, n),
					       (uint32_t)n, VALUE_TEXT };
	a->next = round->asks;
	round->asks = a;
}

static void add_gone(struct refetch_round *round,
		     const struct mapping_table *table,
		     const struct value *values)
{
	struct refetch_gone *g = arena_new(&round->arena, struct refetch_gone);

	g->table = table;
	g->values = value_copy(&round->arena, values, table->target->count);
	g->next = round->gone;
	round->gone = g;
}

void refetch_delete(struct refetch_round *round,
		    const struct mapping_table *table,
		    const struct value *values)
{
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = table->target,
		.values = values,
	};
	struct batch *batch = chunk_batch(round->reader);

	if (batch_look(batch, &change) != BATCH_SAYS_NOTHING)
		return;
	batch_add(batch, &change);
	if (!round->whole_domain)
		add_gone(round, table, values);
}

/* "a=5,b=7"; false: not all integers, no selection can say it. */
static bool key_text(const struct target_table *target,
		     const struct value *values, char *text, size_t size)
{
	size_t key[TARGET_KEY_MAX], count = selection_key_columns(target, key),
				    n = 0;
	int64_t number;

	for (size_t i = 0; i < count; i++) {
		struct value v = values[key[i]];

		if (!str_to_i64((struct str){ v.at, v.n }, &number))
			return false;
		n += (size_t)snprintf(
			text + n, size - n, "%s%s=%.*s", i ? "," : "",
			target->columns[key[i]].name, (int)v.n, v.at);
		if (n >= size)
			return false;
	}
	return true;
}

/* A row that the condition found in the copy. */
static void judge_row(struct refetch_round *round,
		      const struct mapping_table *table,
		      const struct value *values, bool by_key)
{
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = table->target,
		.values = values,
	};
	char text[KEY_TEXT_MAX];
	bool narrow;

	if (by_key) {
		refetch_delete(round, table, values);
		return;
	}
	if (batch_look(chunk_batch(round->reader), &change) !=
	    BATCH_SAYS_NOTHING)
		return;
	narrow = key_text(table->target, values, text, sizeof(text));
	refetch_ask_for(round, table, narrow ? text : NULL);
}

static struct value cell(const struct pg_result *r, size_t row, size_t column)
{
	struct str text = pg_value(r, row, column);

	return (struct value){ text.at, (uint32_t)text.n, VALUE_TEXT };
}

static int compare_rows(struct refetch_round *round,
			const struct mapping_table *table, const char *where,
			bool by_key, struct err *err)
{
	const struct target_table *target = table->target;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(mem_freep)
	struct value *values = mem_array(target->count, sizeof(*values));
	CLEANUP(buf_done) struct buf sql;
	size_t key[TARGET_KEY_MAX], count = selection_key_columns(target, key);

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select ");
	for (size_t i = 0; i < count; i++) {
		buf_adds(&sql, i ? ", " : "");
		pg_quote_name(&sql, target->columns[key[i]].name);
	}
	buf_adds(&sql, " from ");
	pg_quote_name(&sql, target->name);
	buf_addf(&sql, " as c%s", where);
	if (pg_query(chunk_reader_target(round->reader), buf_str(&sql), NULL, 0,
		     &r, err) < 0)
		return err->code;
	for (size_t row = 0; row < pg_rows(r); row++) {
		for (size_t i = 0; i < count; i++)
			values[key[i]] = cell(r, row, i);
		judge_row(round, table, values, by_key);
	}
	return 0;
}

static void add_code(void *user, struct str code)
{
	array_add_text(user, code);
}

static size_t ordinal(const struct target_table *table, const char *name)
{
	size_t i = 0;

	while (i < table->count && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static void unset(struct refetch_round *round,
		  const struct mapping_table *table, const struct pg_result *r,
		  size_t row, struct value *values)
{
	struct batch *batch = chunk_batch(round->reader);
	const struct target_table *target = table->target;
	const struct record_change change = {
		.op = RECORD_UNSET,
		.table = target,
		.values = values,
		.attribute = pg_value(r, row, 2),
	};

	values[ordinal(target, "entity_id")] = cell(r, row, 0);
	values[ordinal(target, "store_id")] = cell(r, row, 1);
	if (batch_look(batch, &change) == BATCH_SAYS_NOTHING)
		batch_add(batch, &change);
}

/* Attributes whose values stand in that source table, or that the source has
 * no more. */
static int compare_values(struct refetch_round *round,
			  const struct mapping_table *table, const char *where,
			  struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(mem_freep)
	struct value *values = mem_array(table->target->count, sizeof(*values));
	CLEANUP(array_done) struct array codes;
	CLEANUP(buf_done) struct buf sql;

	array_init(&codes);
	array_start(&codes, ARRAY_TEXT);
	transform_other_codes(chunk_transform(round->reader), table, add_code,
			      &codes);
	const struct pg_param param = array_param(&codes);
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select c.entity_id, c.store_id, k.code from ");
	pg_quote_name(&sql, table->target->name);
	buf_addf(&sql,
		 " as c cross join lateral jsonb_object_keys(c.attributes)"
		 " as k(code)%s and k.code <> all($1::text[])",
		 *where ? where : " where true");
	if (pg_query(chunk_reader_target(round->reader), buf_str(&sql), &param,
		     1, &r, err) < 0)
		return err->code;
	for (size_t row = 0; row < pg_rows(r); row++)
		unset(round, table, r, row, values);
	return 0;
}

int refetch_compare(struct refetch_round *round,
		    const struct mapping_table *table, const char *where,
		    bool by_key, struct err *err)
{
	return table->kind == TABLE_EAV
		       ? compare_values(round, table, where, err)
		       : compare_rows(round, table, where, by_key, err);
}
