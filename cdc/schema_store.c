/* The schema kept with the checkpoint: tables ficus.source_columns and
 * ficus.source_foreign_keys. */
#include "cdc/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "transform/fk.h"
#include "transform/table_def.h"

enum { COPY_MAX = 64 * 1024 * 1024 };

static void add_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '\\':
			buf_adds(out, "\\\\");
			break;
		case '\t':
			buf_adds(out, "\\t");
			break;
		case '\n':
			buf_adds(out, "\\n");
			break;
		case '\r':
			buf_adds(out, "\\r");
			break;
		default:
			buf_addc(out, *text);
		}
	}
}

static void add_table(struct buf *out, const struct table_def *def)
{
	for (size_t i = 0; i < def->count; i++) {
		const struct column_def *c = &def->columns[i];

		add_text(out, def->name);
		buf_addf(out, "\t%zu\t", i + 1);
		add_text(out, c->name);
		buf_addc(out, '\t');
		add_text(out, c->type);
		buf_addc(out, '\t');
		add_text(out, c->charset);
		buf_addc(out, '\t');
		add_text(out, c->collation ? c->collation : "");
		buf_addf(out, "\t%c\t%u\t%c\n", c->nullable ? 't' : 'f', c->key,
			 def->transactional ? 't' : 'f');
	}
}

static void add_key(struct buf *out, const struct fk_row *key, unsigned place)
{
	const char *rest[] = { key->child_column, key->parent_table,
			       key->parent_column, key->on_delete,
			       key->on_update };

	add_text(out, key->constraint);
	buf_addc(out, '\t');
	add_text(out, key->child_table);
	buf_addf(out, "\t%u", place);
	for (size_t i = 0; i < LENGTH(rest); i++) {
		buf_addc(out, '\t');
		add_text(out, rest[i]);
	}
	buf_addc(out, '\n');
}

static void add_keys(struct buf *out, const struct schema *schema)
{
	size_t count;
	const struct fk_row *keys = schema_foreign_keys(schema, &count);
	unsigned place = 0;

	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 &&
			    strcmp(keys[i].constraint,
				   keys[i - 1].constraint) == 0 &&
			    strcmp(keys[i].child_table,
				   keys[i - 1].child_table) == 0;

		place = same ? place + 1 : 1;
		add_key(out, &keys[i], place);
	}
}

static int copy(struct pg *pg, const char *sql, const struct buf *rows,
		struct err *err)
{
	int fail;

	if (rows->failed)
		return err_set(err, ERR_LIMIT,
			       "the source's schema is too large to keep");
	fail = pg_copy_begin(pg, sql, err);
	if (!fail)
		fail = pg_copy_put(pg, rows->at ? rows->at : "", rows->n, err);
	return fail ? fail : pg_copy_end(pg, NULL, err);
}

static void add_unknown(struct buf *out, const struct schema *schema)
{
	for (size_t i = 0; i < schema_unknown_count(schema); i++) {
		add_text(out, schema_unknown_at(schema, i));
		buf_addc(out, '\n');
	}
}

static int store(const struct schema *schema, struct pg *pg, struct err *err)
{
	struct buf columns, keys, unknown;
	int fail;

	buf_init(&columns, COPY_MAX);
	buf_init(&keys, COPY_MAX);
	buf_init(&unknown, COPY_MAX);
	for (size_t i = 0; i < schema_table_count(schema); i++)
		add_table(&columns, schema_table_at(schema, i));
	add_keys(&keys, schema);
	add_unknown(&unknown, schema);
	fail = pg_exec(pg,
		       "delete from ficus.source_columns; "
		       "delete from ficus.source_foreign_keys; "
		       "delete from ficus.source_unknown",
		       err);
	if (!fail)
		fail = copy(pg,
			    "copy ficus.source_columns (table_name, ordinal, "
			    "name, column_type, charset, collation_name, "
			    "nullable, key_place, "
			    "transactional) from stdin",
			    &columns, err);
	if (!fail)
		fail = copy(pg,
			    "copy ficus.source_foreign_keys (constraint_name, "
			    "child_table, place, child_column, parent_table, "
			    "parent_column, on_delete, on_update) from stdin",
			    &keys, err);
	if (!fail)
		fail = copy(pg,
			    "copy ficus.source_unknown (table_name) from stdin",
			    &unknown, err);
	buf_done(&columns);
	buf_done(&keys);
	buf_done(&unknown);
	return fail;
}

int schema_store(const struct schema *schema, struct pg *pg, struct err *err)
{
	bool own = !pg_in_transaction(pg);
	int fail = own ? pg_exec(pg, "begin", err) : 0;

	if (!fail)
		fail = store(schema, pg, err);
	if (!fail && own)
		fail = pg_exec(pg, "commit", err);
	if (fail && own) {
		struct err ignored = { 0 }; /* the first one counts */

		if (pg_exec(pg, "rollback", &ignored))
			err_wrap(err, "and no rollback");
	}
	return fail ? err_wrap(err, "keeping the source's schema") : 0;
}

enum {
	TABLE,
	NAME,
	TYPE,
	CHARSET,
	COLLATION,
	NULLABLE,
	KEY_PLACE,
	TRANSACTIONAL
};

static struct column_def column_at(const struct pg_result *r, size_t row)
{
	const char *type = pg_text(r, row, TYPE);

	return (struct column_def){
		.name = mem_strdup(pg_text(r, row, NAME)),
		.type = mem_strdup(type),
		.charset = mem_strdup(pg_text(r, row, CHARSET)),
		.collation = mem_strdup(pg_text(r, row, COLLATION)),
		.is_unsigned = strstr(type, " unsigned") != NULL,
		.nullable = pg_text(r, row, NULLABLE)[0] == 't',
		.key = (uint16_t)pg_int(r, row, KEY_PLACE),
	};
}

static void load_tables(struct schema *schema, const struct pg_result *r)
{
	size_t rows = pg_rows(r), first = 0;

	while (first < rows) {
		const char *name = pg_text(r, first, TABLE);
		size_t last = first;
		struct table_def *def;

		while (last < rows &&
		       strcmp(pg_text(r, last, TABLE), name) == 0)
			last++;
		def = table_def_new(name, last - first);
		def->transactional = pg_text(r, first, TRANSACTIONAL)[0] == 't';
		for (size_t i = first; i < last; i++)
			def->columns[i - first] = column_at(r, i);
		schema_add_table(schema, def);
		first = last;
	}
}

static void load_keys(struct schema *schema, const struct pg_result *r)
{
	for (size_t i = 0; i < pg_rows(r); i++)
		schema_add_foreign_key(
			schema, &(struct fk_row){
					.constraint = pg_text(r, i, 0),
					.child_table = pg_text(r, i, 1),
					.child_column = pg_text(r, i, 2),
					.parent_table = pg_text(r, i, 3),
					.parent_column = pg_text(r, i, 4),
					.on_delete = pg_text(r, i, 5),
					.on_update = pg_text(r, i, 6),
				});
}

static int load_unknown(struct schema *schema, struct pg *pg, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int fail = pg_query(pg, "select table_name from ficus.source_unknown",
			    NULL, 0, &r, err);

	for (size_t i = 0; !fail && i < pg_rows(r); i++)
		schema_add_unknown(schema, pg_text(r, i, 0));
	return fail;
}

int schema_load(struct pg *pg, struct schema **ret, bool *found,
		struct err *err)
{
	CLEANUP(schema_freep) struct schema *loaded = schema_new();
	CLEANUP(pg_result_freep) struct pg_result *columns = NULL;
	CLEANUP(pg_result_freep) struct pg_result *keys = NULL;
	int fail =
		pg_query(pg,
			 "select table_name, name, column_type, charset, "
			 "collation_name, nullable, key_place, transactional "
			 "from ficus.source_columns "
			 "order by table_name collate \"C\", ordinal",
			 NULL, 0, &columns, err);

	if (!fail)
		fail = pg_query(pg,
				"select constraint_name, child_table, "
				"child_column, parent_table, parent_column, "
				"on_delete, on_update "
				"from ficus.source_foreign_keys order by "
				"child_table collate \"C\", "
				"constraint_name collate \"C\", place",
				NULL, 0, &keys, err);
	if (!fail)
		fail = load_unknown(loaded, pg, err);
	if (fail)
		return err_wrap(err, "loading the source's schema");
	*found = pg_rows(columns) > 0;
	load_tables(loaded, columns);
	load_keys(loaded, keys);
	*ret = TAKE(loaded);
	return 0;
}
