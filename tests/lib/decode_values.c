/* Decoded values, for comparing with what a server's SELECT says.
 *
 *     decode_values stream FILE DATABASE DIRECTORY [COLUMNS]
 *     decode_values select PORT USER PASSWORD DATABASE OUTPUT SQL
 *
 * stream: all after images of the database's tables in a binlog file, into
 * DIRECTORY/<table>. COLUMNS is a file of "table, column, type, charset"
 * lines, tab-separated: the schema for logs without metadata. select: what
 * the snapshot reads. Both write each value as its length (4 bytes, little
 * endian; -1 for NULL), its kind (1 byte) and its bytes, row after row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "cdc/source.h"
#include "tests/lib/binlog_file.h"
#include "transform/table_def.h"

enum { MAPS = 65536, MIB = 1 << 20 };

static int put_values(FILE *out, const struct value *values, size_t count,
		      struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int32_t n = value_has(values[i]) ? (int32_t)values[i].n : -1;

		fwrite(&n, sizeof(n), 1, out);
		fputc(values[i].kind, out);
		if (n > 0)
			fwrite(values[i].at, (size_t)n, 1, out);
	}
	return ferror(out) ? err_set(err, ERR_IO, "output") : 0;
}

/* --- the schema, when the log does not say it */

struct schema_file {
	struct table_def *defs[1024]; /* owned */
	size_t count;
};

static struct table_def *find_def(struct schema_file *schema, struct str table)
{
	for (size_t i = 0; i < schema->count; i++)
		if (str_eqs(table, schema->defs[i]->name))
			return schema->defs[i];
	return NULL;
}

static void add_column(struct schema_file *schema, struct str line)
{
	struct str name = str_split(&line, '\t');
	struct table_def *def = find_def(schema, name);

	if (!def) {
		CLEANUP(mem_freep) char *text = mem_strndup(name.at, name.n);

		def = table_def_new(text, TABLE_DEF_COLUMNS_MAX);
		def->count = 0;
		schema->defs[schema->count++] = def;
	}
	struct column_def *column = &def->columns[def->count++];
	name = str_split(&line, '\t');
	column->name = mem_strndup(name.at, name.n);
	name = str_split(&line, '\t');
	column->type = mem_strndup(name.at, name.n);
	column->is_unsigned = strstr(column->type, " unsigned") != NULL;
	column->charset = mem_strndup(line.at, line.n);
}

static int read_schema(struct schema_file *schema, const char *path,
		       struct err *err)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!in)
		return err_set(err, ERR_IO, "%s: can't be opened", path);
	while ((n = getline(&line, &room, in)) > 1 &&
	       schema->count < LENGTH(schema->defs))
		add_column(schema, (struct str){ line, (size_t)n - 1 });
	free(line);
	fclose(in);
	return 0;
}

/* --- the stream */

struct slot {
	struct table_map *map;
	struct row_plan *plan; /* NULL: of another database */
	FILE *out;
};

struct run {
	const char *database, *directory;
	struct schema_file schema;
	struct slot slots[MAPS];
	struct arena arena;
	struct value before[TABLE_MAP_COLUMNS_MAX];
	struct value after[TABLE_MAP_COLUMNS_MAX];
};

static void forget(struct slot *slot)
{
	table_map_free(TAKE(slot->map));
	row_plan_free(TAKE(slot->plan));
	if (slot->out)
		fclose(TAKE(slot->out));
}

static int take_map(struct run *run, const struct event *event,
		    const struct format *format, struct err *err)
{
	struct str schema, table;
	uint64_t id;

	if (table_map_peek(event->body, format, &id, &schema, &table, err))
		return err->code;
	struct slot *slot = &run->slots[id % MAPS];
	if (slot->map && table_map_same(slot->map, event->body))
		return 0;
	forget(slot);
	if (!str_eqs(schema, run->database))
		return 0;
	if (table_map_parse(event->body, format, &slot->map, err))
		return err->code;
	CLEANUP(mem_freep)
	char *path =
		mem_printf("%s/%.*s", run->directory, (int)table.n, table.at);
	slot->out = fopen(path, "ae");
	if (!slot->out)
		return err_set(err, ERR_IO, "%s: can't be written", path);
	struct table_def *def = find_def(&run->schema, table);
	/* Columns that information_schema does not list: as tables.c. */
	if (def && def->count != slot->map->count &&
	    (slot->map->has & TABLE_MAP_NAMES))
		def = NULL;
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
	for (;;) {
		more = rows_next(&rows, slot->plan, &sink, run->before,
				 run->after, err);
		if (more <= 0)
			return more;
		if (rows.op != ROW_DELETE &&
		    put_values(slot->out, run->after, rows.count, err))
			return err->code;
		arena_reset(&run->arena);
	}
}

static int decode(struct run *run, struct binlog_file *file, struct err *err)
{
	struct event event;
	int more = 1, failed = 0;

	while (!failed && more > 0) {
		more = binlog_file_next(file, &event, err);
		if (more <= 0)
			break;
		if (event.type == EVENT_TABLE_MAP)
			failed = take_map(run, &event, &file->format, err);
		else if (event_is_rows(event.type))
			failed = take_rows(run, &event, &file->format, err);
	}
	for (size_t i = 0; i < MAPS; i++)
		forget(&run->slots[i]);
	return failed ? failed : more;
}

static int stream(char **args, int count, struct err *err)
{
	struct run *run = mem_zalloc(sizeof(*run));
	struct binlog_file file = { 0 };

	run->database = args[1];
	run->directory = args[2];
	int failed = count > 3 ? read_schema(&run->schema, args[3], err) : 0;
	if (!failed)
		failed = binlog_file_open(&file, args[0], err);
	if (!failed)
		failed = decode(run, &file, err);
	binlog_file_close(&file);
	arena_done(&run->arena);
	for (size_t i = 0; i < run->schema.count; i++)
		table_def_free(run->schema.defs[i]);
	free(run);
	return failed;
}

/* --- the snapshot */

static int put_rows(struct source *source, const char *sql, FILE *out,
		    struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool more = false;
	int failed = source_stream(source, sql, &rows, err);

	if (!failed)
		failed = source_next(rows, &more, err);
	for (; !failed && more; failed = source_next(rows, &more, err))
		if (put_values(out, source_values(rows), source_columns(rows),
			       err))
			return err->code;
	return failed;
}

static int select_rows(char **args, struct err *err)
{
	const struct source_config config = {
		.host = "127.0.0.1",
		.user = args[1],
		.password = args[2],
		.database = args[3],
		.tls = "preferred",
		.tls_ca = "",
		.port = strtol(args[0], NULL, 10),
		.connect_timeout_ms = 10000,
		.read_timeout_ms = 60000,
		.heartbeat_ms = 1000,
		.max_event = 64 * MIB,
	};
	CLEANUP(source_closep) struct source *source = NULL;
	FILE *out = fopen(args[4], "we");
	int failed;

	if (!out)
		return err_set(err, ERR_IO, "%s: can't be written", args[4]);
	failed = source_connect(&config, &source, err);
	if (!failed)
		failed = put_rows(source, args[5], out, err);
	fclose(out);
	return failed;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int failed;

	if (argc >= 5 && strcmp(argv[1], "stream") == 0) {
		failed = stream(argv + 2, argc - 2, &err);
	} else if (argc == 8 && strcmp(argv[1], "select") == 0) {
		failed = select_rows(argv + 2, &err);
	} else {
		fputs("usage: see the head of tests/lib/decode_values.c\n",
		      stderr);
		return 2;
	}
	if (failed)
		fprintf(stderr, "%s\n", err.msg);
	return failed ? 1 : 0;
}
