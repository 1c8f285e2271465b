#include "cdc/writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/batch.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"

enum {
	SLICE = 1000, /* rows per statement: the server works on one while
		       * the next is made */
	SQL_MAX = 1024 * 1024,
	VARIANTS_MAX = 1024,
	TEXT_KEEP = 256 * 1024,
	NAME_MAX_BYTES = 32,
	JSON_MAX = 256 * 1024 * 1024, /* PostgreSQL's own limit for jsonb */
};

enum statement { DELETE, UNSET, SET, PURGE, STATEMENTS };

struct writer_table {
	bool prepared[STATEMENTS];
	bool *variants; /* owned; prepared upserts by variant */
	uint32_t variant_count;
};

struct writer {
	struct pg *pg;
	const struct target_shape *shapes;
	size_t count;
	struct writer_table *tables;
	struct array *columns; /* TARGET_COLUMNS_MAX; made as needed */
	size_t column_count;
	struct buf text;
};

struct writer *writer_new(struct pg *pg, const struct target_shape *shapes,
			  size_t count)
{
	struct writer *writer = mem_zalloc(sizeof(*writer));

	writer->pg = pg;
	writer->shapes = shapes;
	writer->count = count;
	writer->tables = mem_array(count, sizeof(*writer->tables));
	writer->columns =
		mem_array(TARGET_COLUMNS_MAX, sizeof(*writer->columns));
	buf_init(&writer->text, JSON_MAX);
	return writer;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i < writer->count; i++)
		free(writer->tables[i].variants);
	for (size_t i = 0; i < writer->column_count; i++)
		array_done(&writer->columns[i]);
	buf_done(&writer->text);
	free(writer->columns);
	free(writer->tables);
	free(writer);
}

static struct array *column(struct writer *writer, size_t i)
{
	while (writer->column_count <= i)
		array_init(&writer->columns[writer->column_count++]);
	return &writer->columns[i];
}

/* --- which statement an item needs --- */

static bool has_attribute(const struct batch_row *row, bool set)
{
	for (uint32_t i = 0; i < row->count; i++)
		if ((row->attributes[i].value.kind != VALUE_ABSENT) == set)
			return true;
	return false;
}

static bool item_needs(const struct batch_item *item, enum statement what)
{
	const struct batch_row *row = item->row;

	switch (what) {
	case DELETE:
		return row->op == BATCH_DELETE || row->cleared;
	case UNSET:
	case PURGE:
		return row->op == BATCH_VALUES && !row->cleared &&
		       has_attribute(row, false);
	case SET:
		return row->op == BATCH_VALUES && has_attribute(row, true);
	case STATEMENTS:
		break;
	}
	return false;
}

static void statement_name(char name[NAME_MAX_BYTES], char kind, size_t table,
			   size_t variant)
{
	snprintf(name, NAME_MAX_BYTES, "ficus_%c%zu_%zu", kind, table, variant);
}

static const char statement_letters[] = "dusp";

/* --- preparing --- */

static int prepare_statement(struct writer *writer, size_t table,
			     enum statement what, struct err *err)
{
	static void (*const texts[])(struct buf *,
				     const struct target_shape *) = {
		[DELETE] = target_sql_delete,
		[UNSET] = target_sql_unset,
		[SET] = target_sql_set,
		[PURGE] = target_sql_purge,
	};
	CLEANUP(buf_done) struct buf sql;
	char name[NAME_MAX_BYTES];

	buf_init(&sql, SQL_MAX);
	texts[what](&sql, &writer->shapes[table]);
	statement_name(name, statement_letters[what], table, 0);
	if (pg_prepare(writer->pg, name, buf_str(&sql), err) < 0)
		return err_wrap(err, "%s", writer->shapes[table].table->name);
	writer->tables[table].prepared[what] = true;
	return 0;
}

static int prepare_upsert(struct writer *writer, const struct writer_job *job,
			  uint32_t variant, struct err *err)
{
	struct writer_table *table = &writer->tables[job->table];
	CLEANUP(buf_done) struct buf sql;
	char name[NAME_MAX_BYTES];

	buf_init(&sql, SQL_MAX);
	if (variant >= VARIANTS_MAX)
		return err_set(err, ERR_LIMIT,
			       "%s: rows come with more than %d different "
			       "sets of columns: set binlog_row_image=FULL",
			       writer->shapes[job->table].table->name,
			       VARIANTS_MAX);
	while (table->variant_count <= variant) {
		table->variants =
			mem_realloc(table->variants, table->variant_count + 1);
		table->variants[table->variant_count++] = false;
	}
	if (table->variants[variant])
		return 0;
	target_sql_upsert(&sql, &writer->shapes[job->table],
			  batch_variant(job->batch, job->table, variant));
	statement_name(name, 'i', job->table, variant);
	if (pg_prepare(writer->pg, name, buf_str(&sql), err) < 0)
		return err_wrap(err, "%s",
				writer->shapes[job->table].table->name);
	table->variants[variant] = true;
	return 0;
}

static int prepare_item(struct writer *writer, const struct writer_job *job,
			const struct batch_item *item, struct err *err)
{
	const bool *prepared = writer->tables[job->table].prepared;

	if (item->row->op == BATCH_UPSERT &&
	    prepare_upsert(writer, job, item->row->variant, err) < 0)
		return err->code;
	for (int what = 0; what < STATEMENTS; what++)
		if (!prepared[what] && item_needs(item, what) &&
		    prepare_statement(writer, job->table, what, err) < 0)
			return err->code;
	return 0;
}

int writer_prepare(struct writer *writer, const struct writer_job *job,
		   struct err *err)
{
	for (size_t i = 0; i < job->count; i++)
		if (prepare_item(writer, job, &job->items[i], err) < 0)
			return err->code;
	return 0;
}

/* --- filling arrays --- */

static void start_keys(struct writer *writer, const struct target_shape *shape)
{
	for (size_t i = 0; i < shape->key_count; i++)
		array_start(column(writer, i),
			    target_array_type(
				    shape->table->columns[shape->key[i]].type));
}

static int no_integer(const struct target_shape *shape, size_t ordinal,
		      struct err *err)
{
	return err_set(err, ERR_DATA, "%s.%s: not a %s", shape->table->name,
		       shape->table->columns[ordinal].name,
		       shape->table->columns[ordinal].type);
}

static int add_keys(struct writer *writer, const struct target_shape *shape,
		    const struct value *key, struct err *err)
{
	for (size_t i = 0; i < shape->key_count; i++)
		if (!array_add(column(writer, i), key[i]))
			return no_integer(shape, shape->key[i], err);
	return 0;
}

static void run(struct writer *writer, const char *name, size_t columns)
{
	struct pg_param params[TARGET_COLUMNS_MAX];

	for (size_t i = 0; i < columns; i++)
		params[i] = array_param(column(writer, i));
	pg_pipe_run(writer->pg, name, params, columns);
}

/* An integer or a decimal as JSON writes it: what else claims to be a number
 * becomes a string. */
static bool is_json_number(struct value v)
{
	size_t i = 0, digits = 0;

	if (i < v.n && v.at[i] == '-')
		i++;
	if (i + 1 < v.n && v.at[i] == '0' && v.at[i + 1] != '.')
		return false;
	for (; i < v.n && v.at[i] >= '0' && v.at[i] <= '9'; i++)
		digits++;
	if (digits == 0)
		return false;
	if (i == v.n)
		return true;
	if (v.at[i++] != '.')
		return false;
	for (digits = 0; i < v.n && v.at[i] >= '0' && v.at[i] <= '9'; i++)
		digits++;
	return digits > 0 && i == v.n;
}

/* {"name":"…","price":10.0000,"description":null} */
static void add_object(struct writer *writer, const struct batch_row *row)
{
	struct json w;

	json_init(&w, &writer->text, JSON_PLAIN);
	json_begin_object(&w);
	for (uint32_t i = 0; i < row->count; i++) {
		const struct batch_attribute *a = &row->attributes[i];
		struct str text = { a->value.at, a->value.n };

		if (a->value.kind == VALUE_ABSENT)
			continue;
		json_keyn(&w, *a->name);
		if (a->value.kind == VALUE_NULL)
			json_null(&w);
		else if (a->json == RECORD_JSON_NUMBER &&
			 is_json_number(a->value))
			json_raw(&w, text);
		else
			json_strn(&w, text);
	}
	json_end_object(&w);
}

/* {"color","size"}: the text of a text[] */
static void add_names(struct writer *writer, const struct batch_row *row)
{
	struct buf *out = &writer->text;
	bool first = true;

	buf_addc(out, '{');
	for (uint32_t i = 0; i < row->count; i++) {
		struct str name = *row->attributes[i].name;

		if (row->attributes[i].value.kind != VALUE_ABSENT)
			continue;
		buf_adds(out, first ? "\"" : ",\"");
		first = false;
		for (size_t j = 0; j < name.n; j++) {
			if (name.at[j] == '"' || name.at[j] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, name.at[j]);
		}
		buf_addc(out, '"');
	}
	buf_addc(out, '}');
}

static int add_text(struct writer *writer, const struct writer_job *job,
		    const struct batch_row *row, enum statement what,
		    struct err *err)
{
	const struct target_shape *shape = &writer->shapes[job->table];

	buf_reset(&writer->text, TEXT_KEEP);
	if (what == SET)
		add_object(writer, row);
	else
		add_names(writer, row);
	if (writer->text.failed)
		return err_set(err, ERR_DATA, "%s: attributes over %d bytes",
			       shape->table->name, JSON_MAX);
	array_add_text(column(writer, shape->key_count),
		       (struct str){ writer->text.at, writer->text.n });
	return 0;
}

static int queue_statement(struct writer *writer, const struct writer_job *job,
			   enum statement what, struct err *err)
{
	const struct target_shape *shape = &writer->shapes[job->table];
	bool with_text = what == SET || what == UNSET;
	char name[NAME_MAX_BYTES];

	start_keys(writer, shape);
	if (with_text)
		array_start(column(writer, shape->key_count), ARRAY_TEXT);
	for (size_t i = 0; i < job->count; i++) {
		const struct batch_item *item = &job->items[i];

		if (!item_needs(item, what))
			continue;
		if (add_keys(writer, shape, item->entry->key, err) < 0)
			return err->code;
		if (with_text &&
		    add_text(writer, job, item->row, what, err) < 0)
			return err->code;
	}
	if (column(writer, 0)->count == 0)
		return 0;
	statement_name(name, statement_letters[what], job->table, 0);
	run(writer, name, shape->key_count + with_text);
	return 0;
}

/* --- upserts --- */

static int add_row(struct writer *writer, const struct target_shape *shape,
		   const struct value *values, const uint8_t *mask,
		   struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < shape->table->count; i++) {
		if (!((mask[i / 8] >> (i % 8)) & 1))
			continue;
		if (!array_add(column(writer, n++), values[i]))
			return no_integer(shape, i, err);
	}
	return 0;
}

static int queue_variant(struct writer *writer, const struct writer_job *job,
			 uint32_t variant, struct err *err)
{
	const struct target_shape *shape = &writer->shapes[job->table];
	const uint8_t *mask = batch_variant(job->batch, job->table, variant);
	char name[NAME_MAX_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < shape->table->count; i++)
		if ((mask[i / 8] >> (i % 8)) & 1)
			array_start(column(writer, n++),
				    target_array_type(
					    shape->table->columns[i].type));
	for (size_t i = 0; i < job->count; i++) {
		const struct batch_row *row = job->items[i].row;

		if (row->op == BATCH_UPSERT && row->variant == variant &&
		    add_row(writer, shape, row->values, mask, err) < 0)
			return err->code;
	}
	statement_name(name, 'i', job->table, variant);
	run(writer, name, n);
	return 0;
}

static int queue_upserts(struct writer *writer, const struct writer_job *job,
			 struct err *err)
{
	uint8_t done[VARIANTS_MAX / 8] = { 0 };

	for (size_t i = 0; i < job->count; i++) {
		const struct batch_row *row = job->items[i].row;
		uint32_t v = row->variant;

		if (row->op != BATCH_UPSERT || ((done[v / 8] >> (v % 8)) & 1))
			continue;
		done[v / 8] |= (uint8_t)(1U << (v % 8));
		if (queue_variant(writer, job, v, err) < 0)
			return err->code;
	}
	return 0;
}

static int queue_slice(struct writer *writer, const struct writer_job *job,
		       struct err *err)
{
	if (queue_statement(writer, job, DELETE, err) < 0)
		return err->code;
	if (!writer->shapes[job->table].table->values)
		return queue_upserts(writer, job, err);
	if (queue_statement(writer, job, UNSET, err) < 0 ||
	    queue_statement(writer, job, SET, err) < 0 ||
	    queue_statement(writer, job, PURGE, err) < 0)
		return err->code;
	return 0;
}

int writer_queue(struct writer *writer, const struct writer_job *job,
		 struct err *err)
{
	for (size_t i = 0; i < job->count; i += SLICE) {
		struct writer_job slice = *job;

		slice.items += i;
		slice.count = job->count - i < SLICE ? job->count - i : SLICE;
		if (queue_slice(writer, &slice, err) < 0)
			return err->code;
	}
	return 0;
}
