#include "tests/lib/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "cdc/record_bson.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static struct target_column columns[] = {
	{ .name = (char[]){ "id" }, .type = (char[]){ "bigint" }, .key = 1 },
	{ .name = (char[]){ "note" }, .type = (char[]){ "text" } },
	{ .name = (char[]){ "image" }, .type = (char[]){ "bytea" } },
	{ .name = (char[]){ "late" }, .type = (char[]){ "text" } },
};
static struct target_table table = { .name = (char[]){ "things" },
				     .count = LENGTH(columns),
				     .columns = columns };
static struct target_table *targets[] = { &table };
static struct mapping_table sources[] = {
	{ .source = (char[]){ "thing_entity" }, .target = &table },
};
static struct mapping mapping = { .target_count = 1,
				  .targets = targets,
				  .table_count = LENGTH(sources),
				  .tables = sources };

static struct value text(const char *t)
{
	return (struct value){ t, (uint32_t)strlen(t), VALUE_TEXT };
}

static void assert_value(struct value want, struct value got)
{
	assert_int_equal(want.kind, got.kind);
	if (!value_has(want))
		return;
	assert_int_equal(want.n, got.n);
	assert_memory_equal(want.at, got.at, want.n);
}

/* There and back. */
static void assert_kept(const struct record_change *want)
{
	struct record_change got;
	struct arena arena;
	struct buf bytes;
	struct err err;

	arena_init(&arena);
	buf_init(&bytes, 4096);
	record_bson_write(&bytes, want);
	struct str doc = { bytes.at, bytes.n };
	assert_int_equal(record_bson_read(doc, &mapping, &arena, &got, &err),
			 0);
	assert_int_equal(want->op, got.op);
	assert_ptr_equal(want->table, got.table);
	assert_int_equal(want->actions, got.actions);
	assert_true(!want->values == !got.values);
	for (size_t i = 0; want->values && i < table.count; i++)
		assert_value(want->values[i], got.values[i]);
	if (want->op == RECORD_SET || want->op == RECORD_UNSET)
		assert_true(str_eq(want->attribute, got.attribute));
	if (want->op == RECORD_SET) {
		assert_value(want->value, got.value);
		assert_int_equal(want->json, got.json);
	}
	if (want->op == RECORD_REFETCH) {
		assert_value(want->value, got.value);
		assert_ptr_equal(want->source, got.source);
	}
	/* Cut off anywhere it is refused, never half read. */
	for (doc.n = 0; doc.n < bytes.n; doc.n++)
		assert_int_equal(
			record_bson_read(doc, &mapping, &arena, &got, &err),
			ERR_CORRUPT);
	buf_done(&bytes);
	arena_done(&arena);
}

TEST(every_kind_of_change_is_kept)
{
	const struct value row[] = {
		text("5"),
		{ .kind = VALUE_NULL },
		{ "\0\xff", 2, VALUE_BYTES },
		{ .kind = VALUE_ABSENT },
	};
	const struct value key[] = { text("5"), { 0 }, { 0 }, { 0 } };
	struct record_change change = { .table = &table, .values = row };

	assert_kept(&change);
	change.values = key;
	change.op = RECORD_DELETE;
	assert_kept(&change);
	change.actions = true;
	assert_kept(&change);
	change.actions = false;
	change.op = RECORD_SET;
	change.attribute = STR("color");
	change.value = text("1.5000");
	change.json = RECORD_JSON_NUMBER;
	assert_kept(&change);
	change.value = (struct value){ .kind = VALUE_NULL };
	change.json = RECORD_JSON_STRING;
	assert_kept(&change);
	change.op = RECORD_UNSET;
	assert_kept(&change);
	change.op = RECORD_TRUNCATE;
	change.values = NULL;
	assert_kept(&change);
	change.op = RECORD_REFETCH;
	change.source = &sources[0];
	change.value = text("id=5");
	assert_kept(&change);
	change.value = (struct value){ .kind = VALUE_NULL };
	assert_kept(&change);
}

TEST(text_that_is_no_utf8_is_kept_as_bytes)
{
	const struct value row[] = {
		text("5"), text("bad \xff"), { 0 }, { 0 }
	};
	const struct record_change change = { .table = &table, .values = row };
	struct record_change got;
	struct arena arena;
	struct buf bytes;
	struct err err;

	arena_init(&arena);
	buf_init(&bytes, 4096);
	record_bson_write(&bytes, &change);
	assert_int_equal(record_bson_read((struct str){ bytes.at, bytes.n },
					  &mapping, &arena, &got, &err),
			 0);
	assert_int_equal(got.values[1].kind, VALUE_BYTES);
	assert_memory_equal(got.values[1].at, "bad \xff", 5);
	buf_done(&bytes);
	arena_done(&arena);
}

TEST(a_table_the_mapping_lacks_is_named)
{
	struct target_table other = { .name = (char[]){ "others" },
				      .count = LENGTH(columns),
				      .columns = columns };
	const struct record_change change = { .op = RECORD_TRUNCATE,
					      .table = &other };
	struct record_change got;
	struct arena arena;
	struct buf bytes;
	struct err err;

	arena_init(&arena);
	buf_init(&bytes, 4096);
	record_bson_write(&bytes, &change);
	assert_int_equal(record_bson_read((struct str){ bytes.at, bytes.n },
					  &mapping, &arena, &got, &err),
			 ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "others"));
	buf_done(&bytes);
	arena_done(&arena);
}

TEST(a_line_of_json_for_people)
{
	const struct value key[] = { text("5"), { 0 }, { 0 }, { 0 } };
	const struct record_change change = { .op = RECORD_SET,
					      .table = &table,
					      .values = key,
					      .attribute = STR("color"),
					      .value = text("a \"b\"\n") };
	struct buf json;

	buf_init(&json, 4096);
	record_bson_json(&json, &change);
	assert_string_equal(
		buf_str(&json),
		"{ \"op\" : \"set\", \"record\" : \"things\", \"values\" :"
		" { \"id\" : \"5\" }, \"attribute\" : \"color\", \"value\" :"
		" \"a \\\"b\\\"\\n\", \"json\" : \"number\" }");
	buf_done(&json);
}

RUN(CASE(every_kind_of_change_is_kept),
    CASE(text_that_is_no_utf8_is_kept_as_bytes),
    CASE(a_table_the_mapping_lacks_is_named), CASE(a_line_of_json_for_people))
