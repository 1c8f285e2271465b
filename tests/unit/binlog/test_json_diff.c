/* Differences of JSON documents, and the rows that carry them. Documents are
 * made from a JSON text of small numbers, plain strings, arrays and objects
 * (whose keys stand in the server's order). */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/json_diff.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"

enum { MAX = 1 << 20, PARTS = 16, COLUMNS = 8 };

/* ---- Documents ---- */

static void put(struct buf *out, uint64_t number, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_addc(out, (char)(number >> 8 * i));
}

static void patch_le(struct buf *out, size_t at, uint64_t number, size_t width)
{
	put_le((uint8_t *)out->at + at, number, width);
}

static const char *plain_string(struct buf *out, const char *text, bool length)
{
	const char *end = strchr(text + 1, '"');
	size_t n = (size_t)(end - text - 1);

	if (length)
		put(out, n, 1);
	buf_add(out, text + 1, n);
	return end + 1;
}

static const char *add_value(struct buf *out, const char *text,
			     uint8_t *ret_type);

/* Where the parts of a container begin in its text. */
struct parts {
	const char *keys[PARTS], *values[PARTS];
	size_t count;
};

static const char *skip_value(const char *text)
{
	int depth = 0;

	do {
		if (*text == '"')
			text = strchr(text + 1, '"');
		else if (*text == '[' || *text == '{')
			depth++;
		else if (*text == ']' || *text == '}')
			depth--;
		text++;
	} while (depth > 0 ||
		 (*text && *text != ',' && *text != ']' && *text != '}'));
	return text;
}

static const char *find_parts(const char *text, struct parts *parts)
{
	bool object = *text == '{';

	parts->count = 0;
	text++;
	while (*text != ']' && *text != '}') {
		if (object) {
			parts->keys[parts->count] = text;
			text = strchr(text + 1, '"') + 2;
		}
		parts->values[parts->count++] = text;
		text = skip_value(text);
		text += *text == ',';
	}
	return text + 1;
}

static const char *add_container(struct buf *out, const char *text)
{
	bool object = *text == '{';
	size_t start = out->n, keys, values;
	struct parts parts;
	const char *end = find_parts(text, &parts);

	put(out, parts.count, 2);
	put(out, 0, 2);
	keys = out->n;
	for (size_t i = 0; object && i < parts.count; i++)
		put(out, 0, 4);
	values = out->n;
	for (size_t i = 0; i < parts.count; i++)
		put(out, 0, 3);
	for (size_t i = 0; object && i < parts.count; i++) {
		size_t at = out->n;

		plain_string(out, parts.keys[i], false);
		patch_le(out, keys + 4 * i, at - start, 2);
		patch_le(out, keys + 4 * i + 2, out->n - at, 2);
	}
	for (size_t i = 0; i < parts.count; i++) {
		const char *value = parts.values[i];
		size_t at = out->n;
		uint8_t type = 5;

		if (*value >= '0' && *value <= '9') {
			at = start + strtoul(value, NULL, 10);
		} else {
			add_value(out, value, &type);
		}
		patch_le(out, values + 3 * i, type, 1);
		patch_le(out, values + 3 * i + 1, at - start, 2);
	}
	patch_le(out, start + 2, out->n - start, 2);
	return end;
}

static const char *add_value(struct buf *out, const char *text,
			     uint8_t *ret_type)
{
	*ret_type = *text == '{' ? 0 : *text == '[' ? 2 : 0xc;
	if (*text == '"')
		return plain_string(out, text, true);
	return add_container(out, text);
}

/* A whole document, type in front. */
static void add_document(struct buf *out, const char *text)
{
	size_t at = out->n;
	uint8_t type;

	put(out, 0, 1);
	if (*text >= '0' && *text <= '9') {
		type = 5;
		put(out, strtoul(text, NULL, 10), 2);
	} else {
		add_value(out, text, &type);
	}
	out->at[at] = (char)type;
}

static void add_diff(struct buf *out, int operation, const char *path,
		     const char *value)
{
	CLEANUP(buf_done) struct buf document;

	buf_init(&document, 250);
	put(out, (uint64_t)operation, 1);
	put(out, strlen(path), 1);
	buf_adds(out, path);
	if (!value)
		return;
	add_document(&document, value);
	put(out, document.n, 1);
	buf_add(out, document.at, document.n);
}

enum { REPLACE, INSERT, REMOVE };

struct diff {
	int operation;
	const char *path, *value;
};

static enum json_diff_result format(const struct buf *base,
				    const struct buf *diffs, struct buf *text)
{
	struct reader from = reader_of(base->at, base->n);
	struct reader by = reader_of(diffs->at, diffs->n);
	enum json_diff_result result;
	struct arena arena;

	arena_init(&arena);
	buf_done(text);
	buf_init(text, json_diff_text_max(from, by));
	result = json_diff_format(from, by, &arena, text);
	arena_done(&arena);
	return result;
}

/* want: the document after; NULL: it does not fit. */
static void becomes(const char *base, const struct diff *diffs, size_t count,
		    const char *want)
{
	CLEANUP(buf_done) struct buf from, by, text;
	enum json_diff_result result;

	buf_init(&from, MAX);
	buf_init(&by, MAX);
	buf_init(&text, 0);
	add_document(&from, base);
	for (size_t i = 0; i < count; i++)
		add_diff(&by, diffs[i].operation, diffs[i].path,
			 diffs[i].value);
	result = format(&from, &by, &text);
	assert_int_equal(result, want ? JSON_DIFF_APPLIED : JSON_DIFF_UNFIT);
	if (want)
		assert_string_equal(buf_str(&text), want);
	/* Whatever ends early is an error or does not fit, never more. */
	for (size_t n = 1; n < by.n; n++) {
		struct buf part = by;

		part.n = n;
		(void)format(&from, &part, &text);
	}
}

#define BECOMES(base, want, ...)                                               \
	becomes(base, (const struct diff[]){ __VA_ARGS__ },                    \
		LENGTH(((const struct diff[]){ __VA_ARGS__ })), want)

TEST(case_77_one_difference_of_each_kind)
{
	BECOMES("{\"a\":1,\"b\":2}", "{\"a\": 3, \"b\": 2}",
		{ REPLACE, "$.a", "3" });
	BECOMES("{\"a\":1,\"b\":2}", "{\"b\": 2}", { REMOVE, "$.a", NULL });
	BECOMES("{\"b\":2}", "{\"a\": [1, \"x\"], \"b\": 2}",
		{ INSERT, "$.a", "[1,\"x\"]" });
	/* Keys stand by length, then by bytes. */
	BECOMES("{\"b\":1,\"aa\":2}", "{\"b\": 1, \"c\": 3, \"aa\": 2}",
		{ INSERT, "$.c", "3" });
	BECOMES("[1,2]", "[1, 9, 2]", { INSERT, "$[1]", "9" });
	BECOMES("[1,2]", "[1, 2, 9]", { INSERT, "$[7]", "9" });
	BECOMES("[]", "[9]", { INSERT, "$[0]", "9" });
	BECOMES("[1,2,3]", "[1, 3]", { REMOVE, "$[1]", NULL });
	BECOMES("[1,2,3]", "[1, 2, {\"k\": 1}]",
		{ REPLACE, "$[last]", "{\"k\":1}" });
	BECOMES("[1,2,3]", "[7, 2, 3]", { REPLACE, "$[last-2]", "7" });
}

TEST(case_77_several_differences_apply_in_order)
{
	BECOMES("{\"a\":{\"b\":[1,2,3]},\"z\":\"old\"}",
		"{\"a\": {\"b\": [\"x\", 3], \"c\": {\"d\": 5}}}",
		{ REMOVE, "$.a.b[0]", NULL }, { REPLACE, "$.a.b[0]", "\"x\"" },
		{ INSERT, "$.a.c", "{\"d\":4}" }, { REPLACE, "$.a.c.d", "5" },
		{ REMOVE, "$.z", NULL });
	/* One that does not fit spoils all. */
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.a", "2" },
		{ REMOVE, "$.b", NULL }, { REPLACE, "$.a", "3" });
}

TEST(case_77_paths_with_odd_names)
{
	BECOMES("{\"a b\":1}", "{\"a b\": 2}", { REPLACE, "$.\"a b\"", "2" });
	BECOMES("{\"a.b\":[1]}", "{\"a.b\": [2]}",
		{ REPLACE, "$.\"a.b\"[0]", "2" });
	BECOMES("{\"\":1}", "{\"\": 2}", { REPLACE, "$.\"\"", "2" });
	BECOMES("{\"\xc3\xa9\":1}", "{\"\xc3\xa9\": 2}",
		{ REPLACE, "$.\xc3\xa9", "2" });
	BECOMES("{}", "{\"q\\\"\\\\\\t\\u0001\": 2}",
		{ INSERT, "$.\"q\\\"\\\\\\t\\u0001\"", "2" });
}

TEST(case_77_what_does_not_fit_is_said)
{
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.b", "1" });
	BECOMES("{\"a\":1}", NULL, { INSERT, "$.a", "1" });
	BECOMES("{\"a\":1}", NULL, { INSERT, "$[0]", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.a.b", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.a[0]", "1" });
	BECOMES("[1]", NULL, { REPLACE, "$[1]", "1" });
	BECOMES("[1]", NULL, { REPLACE, "$[last-1]", "1" });
	BECOMES("[1]", NULL, { REMOVE, "$[1]", NULL });
	BECOMES("[1]", NULL, { INSERT, "$.a", "1" });
	BECOMES("3", NULL, { REPLACE, "$.a", "1" });
	BECOMES("\"s\"", NULL, { REPLACE, "$[0]", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.*", "1" });
	BECOMES("{\"a\":1}", NULL, { REPLACE, "$.\"a", "1" });
	BECOMES("[1]", NULL, { REPLACE, "$[99999999999999999999]", "1" });
	BECOMES("[1]", NULL, { REPLACE, "$[0", "1" });
}

TEST(case_77_bytes_that_are_no_differences)
{
	static const char *const wrong[] = { "\3\3$.a\3\5\1", "\0\3$.",
					     "\0\3$.a\4\5\1", "\0" };
	CLEANUP(buf_done) struct buf base, diffs, text;

	buf_init(&base, MAX);
	buf_init(&diffs, MAX);
	buf_init(&text, 0);
	add_document(&base, "{\"a\":1}");
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		buf_reset(&diffs, 0);
		buf_add(&diffs, wrong[i],
			i == 0	 ? 8
			: i == 1 ? 4
			: i == 2 ? 8
				 : 1);
		assert_int_equal(format(&base, &diffs, &text),
				 JSON_DIFF_CORRUPT);
	}
	/* The base is none. */
	buf_reset(&diffs, 0);
	add_diff(&diffs, REPLACE, "$.a", "1");
	base.n -= 3;
	assert_int_equal(format(&base, &diffs, &text), JSON_DIFF_CORRUPT);
}

TEST(case_77_a_document_of_too_many_parts_is_left_to_a_reading)
{
	enum { COUNT = 300000 };
	CLEANUP(buf_done) struct buf base, diffs, text;

	buf_init(&base, COUNT * 5 + 100);
	buf_init(&diffs, MAX);
	buf_init(&text, 0);
	put(&base, 3, 1); /* a large array of int16 */
	put(&base, COUNT, 4);
	put(&base, 8 + COUNT * 5, 4);
	for (size_t i = 0; i < COUNT; i++) {
		put(&base, 5, 1);
		put(&base, 7, 4);
	}
	add_diff(&diffs, REPLACE, "$[3]", "1");
	assert_int_equal(format(&base, &diffs, &text), JSON_DIFF_UNFIT);
}

/* ---- Rows ---- */

static void value_is(const struct value *value, const char *want)
{
	if (!want) {
		assert_int_equal(value->kind, VALUE_ABSENT);
		return;
	}
	assert_int_equal(value->kind, VALUE_TEXT);
	assert_int_equal(value->n, strlen(want));
	assert_memory_equal(value->at, want, value->n);
}

static void add_json(struct buf *out, const char *text)
{
	CLEANUP(buf_done) struct buf document;

	buf_init(&document, MAX);
	add_document(&document, text);
	put(out, document.n, 4);
	buf_add(out, document.at, document.n);
}

struct table {
	struct format format;
	struct table_map *map;
	struct row_plan *plan;
	struct arena arena;
};

/* (id INT, a JSON, note INT, b JSON, c JSON) */
static void table_init(struct table *table)
{
	static const char map[] = "\x2a\0\0\0\0\0\1\0\1s\0\1t\0"
				  "\5\3\xf5\3\xf5\xf5\3\4\4\4\x1f"
				  "\1\1\0";
	struct err err = { 0 };

	*table = (struct table){ 0 };
	format_init(&table->format, CHECKSUM_NONE);
	arena_init(&table->arena);
	if (table_map_parse(reader_of(map, sizeof(map) - 1), &table->format,
			    &table->map, &err) ||
	    row_plan_new(table->map, NULL, NULL, &table->plan, &err))
		fail_msg("%s", err.msg);
}

static void table_done(struct table *table)
{
	row_plan_free(table->plan);
	table_map_free(table->map);
	arena_done(&table->arena);
}

static int next(struct table *table, const struct buf *body,
		struct value *before, struct value *after)
{
	struct event event =
		bare_event(EVENT_PARTIAL_UPDATE_ROWS, body->at, body->n);
	struct value_sink sink = { .arena = &table->arena };
	struct err err = { 0 };
	struct rows rows;
	int rc = rows_parse(&event, &table->format, &rows, &err);

	return rc ? rc
		  : rows_next(&rows, table->plan, &sink, before, after, &err);
}

/* before: 5, {"k":1}, 6, `b`, {"z":3}; NULL stands for NULL. */
static void add_before(struct buf *body, const char *b)
{
	buf_add(body, "\x2a\0\0\0\0\0\1\0\2\0\5\x1f\x1f", 13);
	put(body, b ? 0 : 8, 1);
	put(body, 5, 4);
	add_json(body, "{\"k\":1}");
	put(body, 6, 4);
	if (b)
		add_json(body, b);
	add_json(body, "{\"z\":3}");
}

static void add_diffs(struct buf *body, const char *path, const char *value)
{
	CLEANUP(buf_done) struct buf diffs;

	buf_init(&diffs, MAX);
	add_diff(&diffs, REPLACE, path, value);
	put(body, diffs.n, 4);
	buf_add(body, diffs.at, diffs.n);
}

TEST(case_77_165_bits_count_all_json_columns_of_the_table)
{
	struct value before[COLUMNS], after[COLUMNS];
	CLEANUP(buf_done) struct buf body;
	struct table table;

	table_init(&table);
	buf_init(&body, MAX);
	add_before(&body, "{\"k\":2}");
	put(&body, 1, 1); /* options */
	put(&body, 6, 1); /* b and c, the 2nd and 3rd of them */
	put(&body, 2, 1); /* a is NULL now, and no bit is left out for it */
	put(&body, 5, 4);
	put(&body, 7, 4);
	add_diffs(&body, "$.k", "9");
	put(&body, 0, 4); /* no difference at all */
	assert_int_equal(next(&table, &body, before, after), 1);
	value_is(&before[3], "{\"k\": 2}");
	assert_int_equal(after[1].kind, VALUE_NULL);
	value_is(&after[2], "7");
	value_is(&after[3], "{\"k\": 9}");
	value_is(&after[4], "{\"z\": 3}");
	for (size_t n = 13; n < body.n; n++) {
		struct buf part = body;

		part.n = n;
		assert_true(next(&table, &part, before, after) <= 0);
	}
	table_done(&table);
}

TEST(case_77_without_a_base_the_value_is_absent)
{
	struct value before[COLUMNS], after[COLUMNS];
	CLEANUP(buf_done) struct buf body;
	struct table table;

	table_init(&table);
	buf_init(&body, MAX);
	add_before(&body, NULL);
	put(&body, 1, 1);
	put(&body, 2 | 4, 1);
	put(&body, 0, 1);
	put(&body, 5, 4);
	add_json(&body, "{\"new\":1}");
	put(&body, 7, 4);
	add_diffs(&body, "$.k", "9"); /* of NULL */
	add_diffs(&body, "$.k", "9"); /* of what has no k */
	assert_int_equal(next(&table, &body, before, after), 1);
	value_is(&after[1], "{\"new\": 1}");
	value_is(&after[3], NULL);
	value_is(&after[4], NULL);
	table_done(&table);
}

TEST(case_77_a_row_without_differences_and_unknown_options)
{
	struct value before[COLUMNS], after[COLUMNS];
	CLEANUP(buf_done) struct buf body;
	struct table table;
	size_t options;

	table_init(&table);
	buf_init(&body, MAX);
	add_before(&body, "{}");
	options = body.n;
	put(&body, 0, 1); /* no bits follow */
	put(&body, 0x1e, 1);
	put(&body, 8, 4);
	assert_int_equal(next(&table, &body, before, after), 1);
	value_is(&after[0], "8");
	assert_int_equal(after[4].kind, VALUE_NULL);
	body.at[options] = 2;
	assert_int_equal(next(&table, &body, before, after), ERR_CORRUPT);
	table_done(&table);
}

RUN(CASE(case_77_one_difference_of_each_kind),
    CASE(case_77_several_differences_apply_in_order),
    CASE(case_77_paths_with_odd_names), CASE(case_77_what_does_not_fit_is_said),
    CASE(case_77_bytes_that_are_no_differences),
    CASE(case_77_a_document_of_too_many_parts_is_left_to_a_reading),
    CASE(case_77_165_bits_count_all_json_columns_of_the_table),
    CASE(case_77_without_a_base_the_value_is_absent),
    CASE(case_77_a_row_without_differences_and_unknown_options))
