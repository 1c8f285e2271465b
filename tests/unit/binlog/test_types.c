/* Every column type, as real servers log it: the decoded images of a recorded
 * log are those in the text beside it. The INSERTs in that text were compared
 * with what SELECT printed when the log was made (tests/golden/binlog/). */
#include "tests/lib/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "tests/lib/binlog_file.h"

enum { COLUMNS_MAX = 256, TEXT_MAX = 1 << 22 };

static struct table_map *map;
static struct row_plan *plan;
static struct buf text;
static struct arena arena;

static void print_value(struct value v)
{
	switch (v.kind) {
	case VALUE_ABSENT:
		buf_adds(&text, "\\A");
		return;
	case VALUE_NULL:
		buf_adds(&text, "\\N");
		return;
	case VALUE_TEXT:
		buf_add(&text, v.at, v.n);
		return;
	default:
		buf_adds(&text, "0x");
		for (uint32_t i = 0; i < v.n; i++)
			buf_addf(&text, "%02X", (uint8_t)v.at[i]);
	}
}

static void print_image(const char *what, const struct value *values)
{
	buf_adds(&text, what);
	buf_addc(&text, ' ');
	buf_add(&text, map->table.at, map->table.n);
	for (size_t i = 0; i < map->count; i++) {
		buf_addc(&text, '\t');
		print_value(values[i]);
	}
	buf_addc(&text, '\n');
}

static void take_map(const struct event *event, const struct format *format)
{
	struct err err = { 0 };

	table_map_free(map);
	row_plan_free(plan);
	assert_int_equal(table_map_parse(event->body, format, &map, &err), 0);
	if (row_plan_new(map, NULL, NULL, &plan, &err))
		fail_msg("%s", err.msg);
}

static void take_rows(const struct event *event, const struct format *format)
{
	struct value before[COLUMNS_MAX], after[COLUMNS_MAX];
	struct value_sink sink = { .arena = &arena };
	struct err err = { 0 };
	struct rows rows;
	int more;

	assert_int_equal(rows_parse(event, format, &rows, &err), 0);
	assert_true(rows.table_id == map->id && map->count <= COLUMNS_MAX);
	for (;;) {
		more = rows_next(&rows, plan, &sink, before, after, &err);
		if (more <= 0)
			break;
		if (rows.op != ROW_INSERT)
			print_image(rows.op == ROW_UPDATE ? "before" : "delete",
				    before);
		if (rows.op != ROW_DELETE)
			print_image(rows.op == ROW_UPDATE ? "after" : "insert",
				    after);
	}
	if (more < 0)
		fail_msg("%s", err.msg);
	arena_reset(&arena);
}

static void read_text(const char *path, struct buf *ret)
{
	FILE *in = fopen(path, "re");
	char chunk[4096];
	size_t n;

	buf_init(ret, TEXT_MAX);
	if (!in)
		return;
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(ret, chunk, n);
	fclose(in);
}

static void same_text(const char *path)
{
	CLEANUP(buf_done) struct buf want;

	/* To make a new one: FICUS_GOLDEN_WRITE=1. */
	if (getenv("FICUS_GOLDEN_WRITE")) {
		FILE *out = fopen(path, "we");

		assert_non_null(out);
		fwrite(text.at, 1, text.n, out);
		fclose(out);
	}
	read_text(path, &want);
	assert_string_equal(buf_str(&text), buf_str(&want));
	assert_true(want.n > 0);
}

static void decodes(const char *name)
{
	const char *dir = getenv("FICUS_GOLDEN_BINLOG");
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s.binlog", dir, name);
	CLEANUP(mem_freep) char *images = mem_printf("%s/%s.rows", dir, name);
	struct binlog_file file;
	struct err err = { 0 };
	struct event event;
	int more;

	buf_init(&text, TEXT_MAX);
	if (binlog_file_open(&file, path, &err))
		fail_msg("%s", err.msg);
	for (;;) {
		more = binlog_file_next(&file, &event, &err);
		if (more <= 0)
			break;
		if (event.type == EVENT_TABLE_MAP)
			take_map(&event, &file.format);
		else if (event_is_rows(event.type))
			take_rows(&event, &file.format);
	}
	if (more < 0)
		fail_msg("%s", err.msg);
	binlog_file_close(&file);
	table_map_free(TAKE(map));
	row_plan_free(TAKE(plan));
	arena_done(&arena);
	same_text(images);
	buf_done(&text);
}

TEST(all_types_of_mariadb)
{
	decodes("types-mariadb");
}

TEST(all_types_of_mysql)
{
	decodes("types-mysql");
}

RUN_WITH("FICUS_GOLDEN_BINLOG", CASE(all_types_of_mariadb),
	 CASE(all_types_of_mysql))
