#include "cdc/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/attributes.h"
#include "cdc/batch.h"
#include "cdc/rowset.h"
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
	uint32_t row_type; /* object id; 0: not known yet, or no rowsets */
	bool rowset_tried;
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
	struct rowset rows;
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
	rowset_init(&writer->rows);
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
	rowset_done(&writer->rows);
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

static bool item_needs(const struct batch_item *item, enum statement what)
{
	const struct batch_row *row = item->row;

	switch (what) {
	case DELETE:
		return row->op == BATCH_DELETE || row->cleared;
	case UNSET:
	case PURGE:
		return row->op == BATCH_VALUES && !row->cleared &&
		       attributes_any(row, false);
	case SET:
		return row->op == BATCH_VALUES && attributes_any(row, true);
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

/* Can the table's rows be sent as rows? Asks for their type once. */
static int find_row_type(struct writer *writer, size_t index, struct err *err)
{
	struct writer_table *table = &writer->tables[index];
	const struct target_table *target = writer->shapes[index].table;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(buf_done) struct buf name;

	buf_init(&name, SQL_MAX);
	if (table->rowset_tried)
		return 0;
	table->rowset_tried = true;
	if (!rowset_takes(target))
		return 0;
	pg_quote_name(&name, target->name);
	const struct pg_param param = { buf_str(&name), name.n, false };
	if (pg_query(writer->pg, "select $1::regtype::oid", &param, 1, &r,
		     err) < 0)
		return err->code;
	table->row_type = (uint32_t)pg_int(r, 0, 0);
	return 0;
}

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
	if (find_row_type(writer, table, err) < 0)
		return err->code;
	if (what == SET && writer->tables[table].row_type)
		target_sql_set_rows(&sql, &writer->shapes[table]);
	else
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
	if (find_row_type(writer, job->table, err) < 0)
		return err->code;
	(table->row_type ? target_sql_upsert_rows : target_sql_upsert)(
		&sql, &writer->shapes[job->table],
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
	for (enum statement what = 0; what < STATEMENTS; what++)
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

/* The arrays as parameters of a prepared statement, or of one not prepared. */
static void run(struct writer *writer, const char *name, const char *sql,
		size_t columns)
{
	struct pg_param params[TARGET_COLUMNS_MAX];

	for (size_t i = 0; i < columns; i++)
		params[i] = array_param(column(writer, i));
	if (sql)
		pg_pipe_query(writer->pg, sql, params, columns);
	else
		pg_pipe_run(writer->pg, name, params, columns);
}

static void run_rows(struct writer *writer, const char *name)
{
	const struct pg_param param = rowset_param(&writer->rows);

	pg_pipe_run(writer->pg, name, &param, 1);
}

static int add_text(struct writer *writer, const struct writer_job *job,
		    const struct batch_row *row, enum statement what,
		    struct err *err)
{
	const struct target_shape *shape = &writer->shapes[job->table];

	buf_reset(&writer->text, TEXT_KEEP);
	if (what == SET)
		attributes_object(row, &writer->text);
	else
		attributes_gone(row, &writer->text);
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
	/* What is prepared for SET may take rows. */
	if (what == SET && writer->tables[job->table].row_type) {
		CLEANUP(buf_done) struct buf sql;

		buf_init(&sql, SQL_MAX);
		target_sql_set(&sql, shape);
		run(writer, NULL, buf_str(&sql), shape->key_count + 1);
		return 0;
	}
	run(writer, name, NULL, shape->key_count + with_text);
	return 0;
}

/* false: some key is not understood. */
static bool queue_set_rows(struct writer *writer, const struct writer_job *job)
{
	const struct target_shape *shape = &writer->shapes[job->table];
	const struct target_table *table = shape->table;
	struct value values[TARGET_COLUMNS_MAX];
	char name[NAME_MAX_BYTES];

	memset(values, 0, table->count * sizeof(*values));
	rowset_start(&writer->rows, table, writer->tables[job->table].row_type);
	for (size_t i = 0; i < job->count; i++) {
		const struct batch_item *item = &job->items[i];

		if (!item_needs(item, SET))
			continue;
		buf_reset(&writer->text, TEXT_KEEP);
		attributes_object(item->row, &writer->text);
		for (size_t k = 0; k < shape->key_count; k++)
			values[shape->key[k]] = item->entry->key[k];
		values[shape->json] =
			(struct value){ writer->text.at,
					(uint32_t)writer->text.n, VALUE_TEXT };
		if (writer->text.failed || !rowset_add(&writer->rows, values))
			return false;
	}
	if (writer->rows.count == 0)
		return true;
	statement_name(name, statement_letters[SET], job->table, 0);
	run_rows(writer, name);
	return true;
}

static int queue_set(struct writer *writer, const struct writer_job *job,
		     struct err *err)
{
	if (writer->tables[job->table].row_type && queue_set_rows(writer, job))
		return 0;
	return queue_statement(writer, job, SET, err);
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
	if (writer->tables[job->table].row_type) {
		CLEANUP(buf_done) struct buf sql;

		buf_init(&sql, SQL_MAX);
		target_sql_upsert(&sql, shape, mask);
		run(writer, NULL, buf_str(&sql), n);
		return 0;
	}
	run(writer, name, NULL, n);
	return 0;
}

/* false: some value is not understood. */
static bool queue_rows(struct writer *writer, const struct writer_job *job,
		       uint32_t variant)
{
	const struct target_table *table = writer->shapes[job->table].table;
	char name[NAME_MAX_BYTES];

	rowset_start(&writer->rows, table, writer->tables[job->table].row_type);
	for (size_t i = 0; i < job->count; i++) {
		const struct batch_row *row = job->items[i].row;

		if (row->op == BATCH_UPSERT && row->variant == variant &&
		    !rowset_add(&writer->rows, row->values))
			return false;
	}
	statement_name(name, 'i', job->table, variant);
	run_rows(writer, name);
	return true;
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
		if (writer->tables[job->table].row_type &&
		    queue_rows(writer, job, v))
			continue;
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
	    queue_set(writer, job, err) < 0 ||
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
