/* How fast binlog rows decode: decode FILE [ROUNDS [DATABASE.TABLE…]]
 *
 * Prints for three ways of reading the same file, ROUNDS times over: packets
 * (header and checksum only), filter (rows of the named tables, the rest by
 * its header), all (every column of every row). Without table names the
 * filter wants nothing. Columns of unknown sign or charset (the server sent
 * no metadata) are read as signed and as UTF-8. To be compared with
 *
 *     time mariadb-binlog -v FILE > /dev/null */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "tests/lib/binlog_file.h"
#include "transform/table_def.h"

enum { MAPS = 65536, ROUNDS = 20 };
enum way { PACKETS, FILTER, ALL, WAYS };

static const char *const way_names[] = { "packets", "filter", "all" };

struct slot {
	struct table_map *map;
	struct row_plan *plan; /* NULL: not wanted */
};

struct run {
	enum way way;
	char **tables; /* wanted, NULL at the end */
	struct slot *slots;
	struct arena arena;
	struct value before[TABLE_MAP_COLUMNS_MAX];
	struct value after[TABLE_MAP_COLUMNS_MAX];
	uint64_t rows, decoded, bytes;
};

static bool is_wanted(const struct run *run, const struct table_map *map)
{
	if (run->way != FILTER)
		return run->way == ALL;
	for (char **at = run->tables; *at; at++) {
		struct str name = str_of(*at);

		if (str_eq(str_split(&name, '.'), map->schema) &&
		    str_eq(name, map->table))
			return true;
	}
	return false;
}

/* What the schema would say, had we a server to ask. */
static struct table_def *guess(const struct table_map *map)
{
	struct table_def *def;

	if (map->has & TABLE_MAP_NAMES)
		return NULL;
	def = table_def_new("guess", map->count);
	for (size_t i = 0; i < map->count; i++) {
		uint8_t type = map->columns[i].type;
		const char *list = type == TYPE_ENUM  ? "enum('a','b','c','d')"
				   : type == TYPE_SET ? "set('a','b','c','d')"
						      : "";

		def->columns[i].name = mem_strdup("column");
		def->columns[i].type = mem_strdup(list);
		def->columns[i].charset = mem_strdup("utf8mb4");
	}
	return def;
}

static int take_map(struct run *run, const struct event *event,
		    const struct format *format, struct err *err)
{
	CLEANUP(table_def_freep) struct table_def *def = NULL;
	struct str schema, table;
	uint64_t id;

	if (table_map_peek(event->body, format, &id, &schema, &table, err))
		return err->code;
	struct slot *slot = &run->slots[id % MAPS];
	if (slot->map && table_map_same(slot->map, event->body))
		return 0;
	table_map_free(TAKE(slot->map));
	row_plan_free(TAKE(slot->plan));
	if (table_map_parse(event->body, format, &slot->map, err))
		return err->code;
	if (!is_wanted(run, slot->map))
		return 0;
	def = guess(slot->map);
	return row_plan_new(slot->map, def, NULL, &slot->plan, err);
}

static int take_rows(struct run *run, const struct event *event,
		     const struct format *format, struct err *err)
{
	struct value_sink sink = { .arena = &run->arena };
	struct rows rows;
	int more;

	if (rows_parse(event, format, &rows, err))
		return err->code;
	const struct slot *slot = &run->slots[rows.table_id % MAPS];
	if (rows_is_dummy(&rows) || !slot->plan)
		return 0;
	do {
		more = rows_next(&rows, slot->plan, &sink, run->before,
				 run->after, err);
		run->decoded += more > 0;
		arena_reset(&run->arena);
	} while (more > 0);
	return more;
}

static int one_round(struct run *run, struct binlog_file *file, struct err *err)
{
	struct event event;
	int more;

	binlog_file_rewind(file);
	for (;;) {
		int failed = 0;

		more = binlog_file_next(file, &event, err);
		if (more <= 0)
			return more;
		run->bytes += event.size;
		if (run->way == PACKETS)
			continue;
		if (event.type == EVENT_TABLE_MAP)
			failed = take_map(run, &event, &file->format, err);
		else if (event_is_rows(event.type))
			failed = take_rows(run, &event, &file->format, err);
		if (failed)
			return err_wrap(err, "offset %zu", file->at);
	}
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int measure(struct run *run, struct binlog_file *file, long rounds,
		   struct err *err)
{
	double start = now(), took;

	for (long i = 0; i < rounds; i++)
		if (one_round(run, file, err))
			return err->code;
	took = now() - start;
	printf("%-8s %10.0f rows/s %8.1f MB/s %9ju rows %6.3f s per round\n",
	       way_names[run->way], (double)run->decoded / took,
	       (double)run->bytes / took / 1e6, (uintmax_t)run->decoded,
	       took / (double)rounds);
	for (size_t i = 0; i < MAPS; i++) {
		table_map_free(run->slots[i].map);
		row_plan_free(run->slots[i].plan);
	}
	arena_done(&run->arena);
	return 0;
}

int main(int argc, char **argv)
{
	static char *none[] = { NULL };
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS;
	struct binlog_file file;
	struct err err = { 0 };

	if (argc < 2 || rounds < 1) {
		fputs("usage: decode FILE [ROUNDS [DATABASE.TABLE...]]\n",
		      stderr);
		return 2;
	}
	if (binlog_file_open(&file, argv[1], &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	for (int way = 0; way < WAYS && !err.code; way++) {
		struct run *run = mem_zalloc(sizeof(*run));

		run->way = (enum way)way;
		run->tables = argc > 3 ? argv + 3 : none;
		run->slots = mem_array(MAPS, sizeof(*run->slots));
		if (measure(run, &file, rounds, &err))
			fprintf(stderr, "%s\n", err.msg);
		free(run->slots);
		free(run);
	}
	binlog_file_close(&file);
	return err.code ? 1 : 0;
}
