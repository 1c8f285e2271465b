/* The recorded sessions of a shop: every event parses, every checksum is
 * right, and the rows per table are those counted when they were made. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "tests/lib/binlog_file.h"
#include "transform/losses.h"

enum { TABLES_MAX = 2048, COLUMNS_MAX = 512 };

struct table {
	char name[128];
	struct table_map *map;
	struct row_plan *plan;
	uint64_t rows[3], want[3];
};

static struct table tables[TABLES_MAX];
static size_t table_count;
static struct table *by_id[65536];
static struct arena arena;
static struct loss loss;

static struct table *table_of(struct str name)
{
	for (size_t i = 0; i < table_count; i++)
		if (str_eqs(name, tables[i].name))
			return &tables[i];
	assert_true(table_count < TABLES_MAX && name.n < 128);
	struct table *table = &tables[table_count++];
	memcpy(table->name, name.at, name.n);
	return table;
}

static void take_map(const struct event *event, const struct format *format)
{
	struct err err = { 0 };
	struct table_map *map;
	static const uint8_t none[COLUMNS_MAX / 8];

	assert_int_equal(table_map_parse(event->body, format, &map, &err), 0);
	assert_true(map->count <= COLUMNS_MAX && map->id < LENGTH(by_id));
	assert_true(table_map_same(map, event->body));
	struct table *table = table_of(map->table);
	table_map_free(table->map);
	row_plan_free(table->plan);
	table->map = map;
	by_id[map->id] = table;
	/* With all metadata everything is decoded, else only measured. */
	bool full = map->has & TABLE_MAP_NAMES;
	if (row_plan_new(map, NULL, full ? NULL : none, &table->plan, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < map->count; i++)
		row_plan_set_loss(table->plan, i, &loss);
}

static void take_rows(const struct event *event, const struct format *format)
{
	struct value before[COLUMNS_MAX], after[COLUMNS_MAX];
	struct value_sink sink = { .arena = &arena };
	struct err err = { 0 };
	struct rows rows;
	int more;

	assert_int_equal(rows_parse(event, format, &rows, &err), 0);
	if (rows_is_dummy(&rows))
		return;
	struct table *table = by_id[rows.table_id];
	assert_non_null(table);
	for (;;) {
		more = rows_next(&rows, table->plan, &sink, before, after,
				 &err);
		if (more <= 0)
			break;
		table->rows[rows.op]++;
	}
	if (more < 0)
		fail_msg("%s", err.msg);
	assert_true(loss_count(&loss, LOSS_INVALID_TEXT) == 0);
	arena_reset(&arena);
}

static void read_counts(const char *dir)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/step_tables.tsv", dir);
	FILE *in = fopen(path, "re");
	char line[512];

	assert_non_null(in);
	assert_non_null(fgets(line, sizeof(line), in));
	while (fgets(line, sizeof(line), in)) {
		struct str rest = str_of(line);
		uint64_t n[3];

		str_split(&rest, '\t');
		str_split(&rest, '\t');
		struct str name = str_split(&rest, '\t');
		rest.n = strcspn(rest.at, "\n");
		for (size_t i = 0; i < 3; i++)
			assert_true(str_to_u64(str_split(&rest, '\t'), &n[i]));
		if (str_eqs(name, "-"))
			continue;
		struct table *table = table_of(name);
		for (size_t i = 0; i < 3; i++)
			table->want[i] += n[i];
	}
	fclose(in);
}

static void forget(void)
{
	for (size_t i = 0; i < table_count; i++) {
		table_map_free(tables[i].map);
		row_plan_free(tables[i].plan);
	}
	memset(tables, 0, sizeof(tables));
	memset(by_id, 0, sizeof(by_id));
	table_count = 0;
	arena_done(&arena);
}

TEST(a_recorded_session_counts_as_it_did)
{
	const char *dir = getenv("FICUS_GOLDEN_SESSION");
	CLEANUP(mem_freep) char *path = mem_printf("%s/binlog.000002", dir);
	struct binlog_file file;
	struct err err = { 0 };
	struct event event;
	uint64_t sum = 0;
	int more;

	if (binlog_file_open(&file, path, &err))
		fail_msg("%s", err.msg);
	read_counts(dir);
	for (;;) {
		bool pass;

		more = binlog_file_next(&file, &event, &err);
		if (more <= 0)
			break;
		assert_int_equal(event_check_type(&event, &pass, &err), 0);
		if (event.type == EVENT_TABLE_MAP)
			take_map(&event, &file.format);
		else if (event_is_rows(event.type))
			take_rows(&event, &file.format);
	}
	if (more < 0)
		fail_msg("%s", err.msg);
	assert_true(file.format.checksum == CHECKSUM_VERIFY);
	binlog_file_close(&file);
	for (size_t i = 0; i < table_count; i++)
		for (size_t op = 0; op < 3; op++) {
			sum += tables[i].rows[op];
			if (tables[i].rows[op] != tables[i].want[op])
				fail_msg("%s op %zu: %ju rows, counted %ju",
					 tables[i].name, op,
					 (uintmax_t)tables[i].rows[op],
					 (uintmax_t)tables[i].want[op]);
		}
	print_message("# %ju rows of %zu tables\n", (uintmax_t)sum,
		      table_count);
	forget();
	assert_true(sum > 0);
}

RUN_WITH("FICUS_GOLDEN_SESSION", CASE(a_recorded_session_counts_as_it_did))
