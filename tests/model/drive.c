/* Drives the transform and the applier by commands on stdin, for the histories
 * of tests/model/: what the session, the stream and the healer do with them,
 * without a source server.
 *
 *     drive CONNINFO MAPPING SCHEMA-SQL
 *
 * Makes the target's tables, then takes lines of fields parted by tabs; \N is
 * NULL, \A a column that the row image does not hold.
 *
 *     table NAME COLUMN:TYPE…           a source table; * ends a key column
 *     key CHILD COLUMN PARENT COLUMN RULE
 *     reset BYTES TRANSACTIONS          empty target, these batch limits
 *     row TABLE i|u|d silent|none|logged VALUE…   before, then after
 *     ask TABLE [SELECTION]             to be read again
 *     end POSITION | abandon | commit | restart
 *     map TABLE VALUE…                  the attribute map of a snapshot
 *     read TABLE VALUE…                 one of its rows
 *     gone TABLE VALUE…                 the copy has it, it has not
 *     unset TARGET ENTITY STORE CODE    the same of a value
 *     mark ID PROGRESS                  that request was read
 *     chunk POSITION                    write all these
 *     passed POSITION                   what was read there is done
 *     sync                              "ok", or the first error since reset
 *
 * After an error everything but reset and sync is passed over. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/apply.h"
#include "cdc/batch.h"
#include "cdc/catalog.h"
#include "cdc/migrate.h"
#include "cdc/refetch_log.h"
#include "cdc/setup.h"
#include "cdc/target.h"
#include "cdc/target_sql.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/row_change.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { TABLES_MAX = 64, KEYS_MAX = 128, FIELDS_MAX = 64, FILE_MAX = 1 << 20 };

struct source_table {
	struct table_def *def;
	struct binding *live, *read; /* of the stream's, the chunk's map */
};

struct drive {
	struct pg_config config;
	struct pg *pg;
	struct mapping *mapping;
	struct source_table tables[TABLES_MAX];
	size_t table_count;
	struct fk_row keys[KEYS_MAX];
	size_t key_count;
	struct fk_graph *graph;
	struct apply_options options;
	struct apply *apply;
	struct transform *live, *read;
	struct target_shape *shapes;
	struct batch *chunk;
	struct refetch_marks marks;
	struct arena arena;
	struct err err;
	bool failed; /* since reset */
	bool broken; /* apply, by what failed */
};

struct line { /* its fields after the command */
	char *field[FIELDS_MAX];
	size_t count;
};

static int bad(struct drive *d, const char *what)
{
	return err_set(&d->err, ERR_CONFIG, "drive: %s", what);
}

static struct value value_of(const char *field)
{
	if (strcmp(field, "\\A") == 0)
		return (struct value){ .kind = VALUE_ABSENT };
	if (strcmp(field, "\\N") == 0)
		return (struct value){ .kind = VALUE_NULL };
	return (struct value){ field, (uint32_t)strlen(field), VALUE_TEXT };
}

static struct source_table *table_of(struct drive *d, const char *name)
{
	for (size_t i = 0; i < d->table_count; i++)
		if (strcmp(d->tables[i].def->name, name) == 0)
			return &d->tables[i];
	bad(d, "no such table");
	return NULL;
}

/* --- the shop --- */

static int add_table(struct drive *d, const struct line *line)
{
	struct table_def *def = table_def_new(line->field[0], line->count - 1);

	for (size_t i = 1; i < line->count; i++) {
		struct column_def *column = &def->columns[i - 1];
		struct str type = str_of(line->field[i]);
		struct str name = str_split(&type, ':');

		column->name = mem_strndup(name.at, name.n);
		column->key = str_ends(type, "*") ? (uint16_t)i : 0;
		column->type = mem_strndup(type.at, type.n - !!column->key);
		column->charset = mem_strdup("");
		column->nullable = true;
	}
	d->tables[d->table_count++].def = def;
	return 0;
}

static int add_key(struct drive *d, const struct line *line)
{
	struct fk_row *key = &d->keys[d->key_count++];

	if (line->count != 5)
		return bad(d, "key");
	key->child_table = mem_strdup(line->field[0]);
	key->child_column = mem_strdup(line->field[1]);
	key->parent_table = mem_strdup(line->field[2]);
	key->parent_column = mem_strdup(line->field[3]);
	key->on_delete = mem_strdup(line->field[4]);
	key->on_update = "RESTRICT";
	key->constraint =
		mem_printf("%s_%s", key->child_table, key->child_column);
	return 0;
}

/* --- starting and stopping, as a session does --- */

static void renew_read(struct drive *d)
{
	for (size_t i = 0; i < d->table_count; i++)
		binding_free(TAKE(d->tables[i].read));
	transform_free(TAKE(d->read));
	d->read = transform_new(d->mapping);
	batch_reset(d->chunk);
	refetch_marks_reset(&d->marks);
}

static int start(struct drive *d)
{
	struct err *err = &d->err;

	for (size_t i = 0; i < d->table_count; i++)
		binding_free(TAKE(d->tables[i].live));
	transform_free(TAKE(d->live));
	if (!d->apply && apply_open(&d->options, &d->apply, err) < 0)
		return err->code;
	d->live = transform_new(d->mapping);
	transform_set_foreign_keys(d->live, d->graph);
	apply_set_foreign_keys(d->apply, d->graph);
	return setup_attributes(d->pg, d->live, err);
}

static int empty(struct drive *d)
{
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, FILE_MAX);
	buf_adds(&sql, "begin; delete from ficus.refetch;"
		       "delete from ficus.dead_letters;"
		       "insert into ficus.checkpoint (seq, epoch, position,"
		       " source_id) select 1, 0, '0', 'model'"
		       " where not exists (select from ficus.checkpoint);"
		       "update ficus.checkpoint set position = '0';");
	for (size_t i = 0; i < d->mapping->target_count; i++)
		buf_addf(&sql, "delete from %s;", d->mapping->targets[i]->name);
	buf_adds(&sql, "commit");
	return pg_exec(d->pg, buf_str(&sql), &d->err);
}

/* The session of the history before is kept where it can be: to open one
 * takes long. */
static int reset(struct drive *d, const struct line *line)
{
	struct apply_options *o = &d->options;
	int64_t bytes = 0;

	if (!str_to_i64(str_of(line->field[0]), &bytes) ||
	    !str_to_i64(str_of(line->field[1]), &o->batch_transactions))
		return bad(d, "reset");
	if (d->apply && (d->broken || (size_t)bytes != o->batch_bytes ||
			 apply_pending(d->apply)))
		apply_close(TAKE(d->apply));
	d->broken = false;
	o->batch_bytes = (size_t)bytes;
	renew_read(d);
	if (!d->graph && fk_graph_new(d->mapping, d->keys, d->key_count,
				      &d->graph, &d->err) < 0)
		return d->err.code;
	return empty(d) < 0 ? d->err.code : start(d);
}

/* --- the stream --- */

/* By target column, from one field per source column. */
static int take_row(struct source_table *table, const struct line *line,
		    struct row_change *row, struct value *values)
{
	size_t columns = table->def->count, images = 0;

	row->before = row->after = NULL;
	if (row->op != ROW_INSERT)
		row->before = values + columns * images++;
	if (row->op != ROW_DELETE)
		row->after = values + columns * images++;
	if (line->count != 3 + columns * images)
		return -1;
	row->columns = columns;
	for (size_t i = 0; i < columns * images; i++) {
		values[i] = value_of(line->field[3 + i]);
		row->incomplete |= values[i].kind == VALUE_ABSENT;
	}
	return 0;
}

static int row(struct drive *d, const struct line *line)
{
	struct value values[2 * FIELDS_MAX];
	struct source_table *table = table_of(d, line->field[0]);
	char op = line->field[1][0], actions = line->field[2][0];
	struct row_change change = {
		.op = op == 'i'	  ? ROW_INSERT
		      : op == 'u' ? ROW_UPDATE
				  : ROW_DELETE,
		.actions = actions == 's'   ? ROW_ACTIONS_SILENT
			   : actions == 'n' ? ROW_ACTIONS_NONE
					    : ROW_ACTIONS_LOGGED,
	};

	if (!table)
		return d->err.code;
	if (take_row(table, line, &change, values) < 0)
		return bad(d, "row");
	if (!table->live &&
	    transform_bind(d->live, table->def, &table->live, &d->err) < 0)
		return d->err.code;
	return transform_row(d->live, table->live, &change, &d->arena,
			     apply_change, d->apply, &d->err);
}

static int ask(struct drive *d, const struct line *line)
{
	struct value selection =
		value_of(line->count > 1 ? line->field[1] : "\\N");

	return apply_refetch(d->apply, mapping_find(d->mapping, line->field[0]),
			     selection.kind == VALUE_TEXT ? &selection : NULL,
			     &d->err);
}

static int end(struct drive *d, const struct line *line)
{
	transform_mark(d->live);
	arena_reset(&d->arena);
	return apply_end(d->apply, line->field[0], "", line->field[0], &d->err);
}

static int abandon(struct drive *d)
{
	transform_undo(d->live);
	transform_mark(d->live);
	arena_reset(&d->arena);
	return apply_abandon(d->apply, &d->err);
}

/* --- what was read --- */

static int map(struct drive *d, const struct line *line)
{
	int64_t id = 0, type = 0;

	if (line->count < 4 || !str_to_i64(str_of(line->field[1]), &id))
		return bad(d, "map");
	if (strcmp(line->field[0], "eav_entity_type") == 0) {
		transform_entity_type(d->read, id, line->field[2],
				      line->field[3]);
		return 0;
	}
	if (line->count != 6 || !str_to_i64(str_of(line->field[2]), &type))
		return bad(d, "map");
	transform_attribute(d->read, id, type, line->field[3], line->field[4],
			    value_of(line->field[5]).kind == VALUE_TEXT
				    ? line->field[5]
				    : NULL);
	return 0;
}

static int to_chunk(void *user, const struct record_change *change,
		    struct err *err)
{
	(void)err;
	batch_add(user, change);
	return 0;
}

static int read_row(struct drive *d, const struct line *line)
{
	struct value values[FIELDS_MAX];
	struct source_table *table = table_of(d, line->field[0]);
	const struct row_change change = { .op = ROW_INSERT, .after = values };

	if (!table)
		return d->err.code;
	if (line->count != 1 + table->def->count)
		return bad(d, "read");
	for (size_t i = 1; i < line->count; i++)
		values[i - 1] = value_of(line->field[i]);
	if (!table->read &&
	    transform_bind(d->read, table->def, &table->read, &d->err) < 0)
		return d->err.code;
	return transform_row(d->read, table->read, &change, &d->arena, to_chunk,
			     d->chunk, &d->err);
}

/* Unless it was read: then it is not gone. */
static bool add_gone(struct drive *d, const struct record_change *change)
{
	if (batch_look(d->chunk, change) != BATCH_SAYS_NOTHING)
		return false;
	batch_add(d->chunk, change);
	return true;
}

static int gone(struct drive *d, const struct line *line)
{
	const struct mapping_table *table =
		mapping_find(d->mapping, line->field[0]);
	struct value values[FIELDS_MAX] = { 0 };
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = table->target,
		.values = values,
	};
	size_t n = 1;

	for (size_t i = 0; i < table->target->count; i++)
		if (table->target->columns[i].key && n < line->count)
			values[i] = value_of(line->field[n++]);
	if (add_gone(d, &change))
		apply_descend(d->apply, table->target, values);
	return 0;
}

static int unset(struct drive *d, const struct line *line)
{
	struct value values[FIELDS_MAX] = { 0 };

	if (line->count != 4)
		return bad(d, "unset");
	values[0] = value_of(line->field[1]);
	values[1] = value_of(line->field[2]);
	const struct record_change change = {
		.op = RECORD_UNSET,
		.table = mapping_target(d->mapping, line->field[0]),
		.values = values,
		.attribute = str_of(line->field[3]),
	};
	add_gone(d, &change);
	return 0;
}

static int mark(struct drive *d, const struct line *line)
{
	int64_t id = 0;

	if (line->count != 2 || !str_to_i64(str_of(line->field[0]), &id))
		return bad(d, "mark");
	refetch_marks_add(&d->marks, id, line->field[1], NULL, 0);
	return 0;
}

static int chunk(struct drive *d, const struct line *line)
{
	d->marks.read_position = line->field[0];
	int rc = apply_chunk(d->apply, d->chunk, &d->marks, &d->err);
	renew_read(d);
	return rc;
}

/* --- commands --- */

static int restart(struct drive *d, const struct line *line)
{
	(void)line;
	apply_close(TAKE(d->apply));
	return start(d);
}

static int undo(struct drive *d, const struct line *line)
{
	(void)line;
	return abandon(d);
}

static int commit(struct drive *d, const struct line *line)
{
	(void)line;
	return apply_pending(d->apply) ? apply_commit(d->apply, 0, &d->err) : 0;
}

static int passed(struct drive *d, const struct line *line)
{
	return apply_refetched(d->apply, line->field[0], &d->err);
}

static const struct command {
	const char *name;
	size_t fields; /* at least */
	int (*run)(struct drive *d, const struct line *line);
} commands[] = {
	{ "row", 3, row },	   { "end", 1, end },
	{ "commit", 0, commit },   { "abandon", 0, undo },
	{ "restart", 0, restart }, { "ask", 1, ask },
	{ "map", 1, map },	   { "read", 1, read_row },
	{ "gone", 1, gone },	   { "unset", 1, unset },
	{ "mark", 1, mark },	   { "chunk", 1, chunk },
	{ "passed", 1, passed },   { "reset", 2, reset },
	{ "table", 2, add_table }, { "key", 5, add_key },
};

static void run(struct drive *d, const char *name, const struct line *line)
{
	if (strcmp(name, "sync") == 0) {
		printf("%s\n", d->failed ? d->err.msg : "ok");
		fflush(stdout);
		return;
	}
	if (strcmp(name, "reset") == 0)
		d->failed = false;
	for (size_t i = 0; !d->failed && i < LENGTH(commands); i++)
		if (strcmp(name, commands[i].name) == 0 &&
		    line->count >= commands[i].fields) {
			d->failed = commands[i].run(d, line) < 0;
			d->broken |= d->failed;
			return;
		}
	if (!d->failed) {
		bad(d, name);
		d->failed = true;
	}
}

static void split(char *text, struct line *line)
{
	line->count = 0;
	for (char *tab; line->count < FIELDS_MAX; text = tab + 1) {
		tab = strchr(text, '\t');
		line->field[line->count++] = text;
		if (!tab)
			return;
		*tab = '\0';
	}
}

/* The ficus schema, and beside the shipped records the model's own. */
static int make_target(struct drive *d, const char *sql_path)
{
	struct pg_config config = d->config;
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(mem_freep) char *sql = NULL;
	struct err *err = &d->err;
	size_t n = 0;

	config.schema = NULL;
	if (file_read(sql_path, FILE_MAX, &sql, &n, err) < 0 ||
	    pg_connect(&config, &pg, err) < 0 ||
	    migrate_run(pg, NULL, NULL, err) < 0 || pg_exec(pg, sql, err) < 0)
		return err->code;
	return 0;
}

static int prepare(struct drive *d, char **argv)
{
	struct err *err = &d->err;

	arena_init(&d->arena);
	refetch_marks_init(&d->marks);
	d->config = (struct pg_config){ .options = argv[1],
					.schema = "model",
					.connect_timeout_ms = 10000 };
	d->options = (struct apply_options){ .target = &d->config,
					     .instance = "model:1" };
	if (mapping_load(argv[2], "", &d->mapping, err) < 0 ||
	    make_target(d, argv[3]) < 0 ||
	    pg_connect(&d->config, &d->pg, err) < 0 ||
	    catalog_load(d->pg, d->mapping, err) < 0 ||
	    target_shapes_new(d->mapping, &d->shapes, err) < 0)
		return err->code;
	d->chunk = batch_new(d->shapes, d->mapping->target_count);
	d->options.mapping = d->mapping;
	return 0;
}

int main(int argc, char **argv)
{
	static struct drive d;
	char *text = NULL;
	size_t size = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: drive CONNINFO MAPPING SCHEMA-SQL\n");
		return 2;
	}
	if (prepare(&d, argv) < 0) {
		fprintf(stderr, "drive: %s\n", d.err.msg);
		return 1;
	}
	for (ssize_t n; (n = getline(&text, &size, stdin)) > 0;) {
		struct line line;

		text[n - 1] = '\0';
		split(text, &line);
		const char *name = line.field[0];
		memmove(line.field, line.field + 1,
			--line.count * sizeof(*line.field));
		run(&d, name, &line);
	}
	free(text);
	return 0;
}
