#include "cdc/chunk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/batch.h"
#include "cdc/binlog/position.h"
#include "cdc/chunk_where.h"
#include "cdc/plan.h"
#include "cdc/schema.h"
#include "cdc/selection.h"
#include "cdc/setup.h"
#include "cdc/snapshot.h"
#include "cdc/target.h"
#include "cdc/writer.h"
#include "transform/mapping.h"
#include "transform/row_change.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { SQL_MAX = 1024 * 1024 };

struct chunk_reader {
	const struct setup *setup;   /* borrowed */
	const struct schema *schema; /* borrowed */
	struct source *source;	     /* owned, as all that follows */
	struct pg *pg;
	struct target_shape *shapes;
	struct batch *batch;
	struct writer *writer;
	struct transform *transform; /* with the snapshot's attribute map */
	struct arena arena;	     /* one row's scratch */
	uint64_t rows;
};

/* --- opening */

static int open_both(struct chunk_reader *c, struct err *err)
{
	const struct mapping *mapping = c->setup->mapping;
	int rc = source_connect(&c->setup->source, &c->source, err);

	if (rc == 0)
		rc = target_connect(&c->setup->target, false, &c->pg, err);
	if (rc == 0)
		rc = target_shapes_new(mapping, &c->shapes, err);
	if (rc < 0)
		return rc;
	c->batch = batch_new(c->shapes, mapping->target_count);
	c->writer = writer_new(c->pg, c->shapes, mapping->target_count);
	return 0;
}

int chunk_reader_open(const struct setup *setup, const struct schema *schema,
		      struct chunk_reader **ret, struct err *err)
{
	struct chunk_reader *c = mem_zalloc(sizeof(*c));

	c->setup = setup;
	c->schema = schema;
	arena_init(&c->arena);
	int rc = open_both(c, err);
	if (rc < 0) {
		chunk_reader_close(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void chunk_reader_close(struct chunk_reader *c)
{
	if (!c)
		return;
	writer_free(c->writer);
	batch_free(c->batch);
	transform_free(c->transform);
	free(c->shapes);
	arena_done(&c->arena);
	pg_close(c->pg);
	source_close(c->source);
	free(c);
}

struct source *chunk_reader_source(const struct chunk_reader *c)
{
	return c->source;
}

struct pg *chunk_reader_target(const struct chunk_reader *c)
{
	return c->pg;
}

void chunk_reader_use(struct chunk_reader *c, const struct schema *schema)
{
	c->schema = schema;
}

struct batch *chunk_batch(const struct chunk_reader *c)
{
	return c->batch;
}

const struct transform *chunk_transform(const struct chunk_reader *c)
{
	return c->transform;
}

int chunk_ordinal(const struct chunk_reader *c,
		  const struct mapping_table *table, const char *column)
{
	CLEANUP(mem_freep)
	char *name =
		mem_printf("%s%s", c->setup->mapping->prefix, table->source);
	const struct table_def *def = schema_table(c->schema, str_of(name));

	return def ? table_def_find(def, column) : -1;
}

/* --- from the batch to the target */

static struct writer_job job_of(const struct chunk_reader *c, size_t table)
{
	struct writer_job job = { .batch = c->batch, .table = table };

	job.count = batch_items(c->batch, table, &job.items);
	return job;
}

static int flush(struct chunk_reader *c, struct err *err)
{
	size_t targets = c->setup->mapping->target_count;
	int rc = 0;

	if (batch_empty(c->batch))
		return 0;
	batch_end(c->batch);
	batch_collect(c->batch, BATCH_ALL);
	for (size_t i = 0; rc == 0 && i < targets; i++) {
		const struct writer_job job = job_of(c, i);

		if (job.count)
			rc = writer_prepare(c->writer, &job, err);
	}
	if (rc < 0)
		return rc;
	pg_pipe_begin(c->pg);
	for (size_t i = 0; rc == 0 && i < targets; i++) {
		const struct writer_job job = job_of(c, i);

		if (job.count)
			rc = writer_queue(c->writer, &job, err);
	}
	struct err sync_err = { 0 };
	int sync = pg_pipe_sync(c->pg, NULL, NULL, &sync_err);
	if (rc == 0 && sync < 0) {
		*err = sync_err;
		rc = sync;
	}
	batch_reset(c->batch);
	return rc;
}

static int on_change(void *user, const struct record_change *change,
		     struct err *err)
{
	struct chunk_reader *c = user;

	(void)err;
	batch_add(c->batch, change);
	return 0;
}

/* --- from the source to the batch */

static bool is_wanted(const uint8_t *wanted, size_t column)
{
	return wanted[column / 8] >> (column % 8) & 1;
}

static void select_columns(struct buf *sql, const struct table_def *def,
			   const uint8_t *wanted)
{
	const char *before = "select ";

	for (size_t i = 0; i < def->count; i++) {
		if (!is_wanted(wanted, i))
			continue;
		buf_adds(sql, before);
		selection_add_name(sql, &selection_source,
				   str_of(def->columns[i].name));
		before = ", ";
	}
	buf_addf(sql, " from `%s` t", def->name);
}

/* The batch is full: write it, or, where it is another's to write, stop. */
static int make_room(struct chunk_reader *c, struct chunk_select *select,
		     struct err *err)
{
	size_t budget = (size_t)c->setup->settings.bootstrap_chunk_bytes;

	if (select)
		select->cut = batch_bytes(c->batch) > select->bytes_max;
	else if (batch_bytes(c->batch) >= budget)
		return flush(c, err);
	return 0;
}

static int pump(struct chunk_reader *c, struct binding *binding,
		const struct table_def *def, struct source_rows *rows,
		struct chunk_select *select, struct err *err)
{
	CLEANUP(mem_freep)
	struct value *after = mem_array(def->count, sizeof(*after));
	const uint8_t *wanted = binding_wanted(binding);
	const struct row_change change = { .op = ROW_INSERT, .after = after };
	bool more = false;
	int rc = source_next(rows, &more, err);

	for (; rc == 0 && more && !(select && select->cut);
	     rc = source_next(rows, &more, err)) {
		const struct value *values = source_values(rows);

		for (size_t i = 0, at = 0; i < def->count; i++)
			if (is_wanted(wanted, i))
				after[i] = values[at++];
		rc = transform_row(c->transform, binding, &change, &c->arena,
				   on_change, c, err);
		arena_reset(&c->arena);
		c->rows++;
		if (rc == 0 && select && select->row)
			select->row(select->user, after);
		if (rc == 0)
			rc = make_room(c, select, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* range NULL: the whole table, or what `select` says. */
static int read_rows(struct chunk_reader *c, const struct mapping_table *table,
		     const struct chunk_range *range,
		     struct chunk_select *select, struct err *err)
{
	CLEANUP(mem_freep)
	char *name =
		mem_printf("%s%s", c->setup->mapping->prefix, table->source);
	const struct table_def *def = schema_table(c->schema, str_of(name));
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	CLEANUP(buf_done) struct buf sql;
	struct binding *binding = NULL;

	buf_init(&sql, SQL_MAX);
	if (!def)
		return 0; /* an optional table this shop does not have */
	int rc = transform_bind(c->transform, def, &binding, err);
	if (rc == 0 && binding) {
		select_columns(&sql, def, binding_wanted(binding));
		if (range)
			rc = chunk_where(&sql, c->setup->mapping, c->schema,
					 table, range, err);
		if (select)
			buf_adds(&sql, select->tail);
		if (rc == 0)
			rc = source_stream(c->source, buf_str(&sql), &rows,
					   err);
		if (rc == 0) {
			source_count_losses(rows, c->setup->losses, name);
			rc = pump(c, binding, def, rows, select, err);
		}
	}
	binding_free(binding);
	return rc < 0 ? err_wrap(err, "table %s", name) : 0;
}

static int read_table(struct chunk_reader *c, const struct mapping_table *table,
		      const struct chunk_range *range, struct err *err)
{
	return read_rows(c, table, range, NULL, err);
}

int chunk_select(struct chunk_reader *c, struct chunk_select *select,
		 struct err *err)
{
	uint64_t before = c->rows;
	int rc = read_rows(c, select->table, NULL, select, err);

	select->rows = c->rows - before;
	return rc;
}

/* --- the attribute map of the snapshot */

static const char *text_of(struct source_rows *rows, size_t column, char **own)
{
	free(*own);
	*own = NULL;
	if (source_null(rows, column))
		return NULL;
	struct str text = source_text(rows, column);
	return *own = mem_strndup(text.at, text.n);
}

static int load_types(struct chunk_reader *c, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	CLEANUP(mem_freep) char *code = NULL;
	CLEANUP(mem_freep) char *table = NULL;
	CLEANUP(mem_freep)
	char *sql = mem_printf(
		"select entity_type_id, entity_type_code, entity_table "
		"from `%seav_entity_type`",
		c->setup->mapping->prefix);
	bool more = false;
	int rc = source_query(c->source, sql, &rows, err);

	if (rc == 0)
		rc = source_next(rows, &more, err);
	for (; rc == 0 && more; rc = source_next(rows, &more, err)) {
		const char *entity_table = text_of(rows, 2, &table);

		transform_entity_type(c->transform, source_int(rows, 0),
				      text_of(rows, 1, &code), entity_table);
	}
	return rc;
}

static int load_attributes(struct chunk_reader *c, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	CLEANUP(mem_freep) char *code = NULL;
	CLEANUP(mem_freep) char *backend = NULL;
	CLEANUP(mem_freep) char *table = NULL;
	CLEANUP(mem_freep)
	char *sql = mem_printf(
		"select attribute_id, entity_type_id, attribute_code, "
		"backend_type, backend_table from `%seav_attribute`",
		c->setup->mapping->prefix);
	bool more = false;
	int rc = source_query(c->source, sql, &rows, err);

	if (rc == 0)
		rc = source_next(rows, &more, err);
	for (; rc == 0 && more; rc = source_next(rows, &more, err)) {
		const char *of = text_of(rows, 2, &code);
		const char *type = text_of(rows, 3, &backend);

		transform_attribute(c->transform, source_int(rows, 0),
				    source_int(rows, 1), of, type,
				    text_of(rows, 4, &table));
	}
	return rc;
}

static int load_map(struct chunk_reader *c, struct err *err)
{
	transform_free(c->transform);
	c->transform = transform_new(c->setup->mapping);
	transform_set_losses(c->transform, c->setup->losses);

	int rc = load_types(c, err);
	return rc < 0 ? rc : load_attributes(c, err);
}

int chunk_read_map(struct chunk_reader *c, struct err *err)
{
	return load_map(c, err);
}

/* --- the two ways of reading */

int chunk_read_metadata(struct chunk_reader *c, uint64_t *ret_rows,
			struct err *err)
{
	const struct mapping *mapping = c->setup->mapping;
	int rc = load_map(c, err);

	c->rows = 0;
	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++)
		if (mapping->tables[i].kind == TABLE_METADATA)
			rc = read_table(c, &mapping->tables[i], NULL, err);
	if (rc == 0)
		rc = flush(c, err);
	*ret_rows = c->rows;
	return rc;
}

static int read_family(struct chunk_reader *c, const struct chunk_range *range,
		       struct err *err)
{
	const struct mapping *mapping = c->setup->mapping;
	int rc = load_map(c, err);

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];

		if (table->family && strcmp(table->family, range->family) == 0)
			rc = read_table(c, table, range, err);
	}
	return rc < 0 ? rc : flush(c, err);
}

static int mark_done(struct chunk_reader *c, const struct chunk_range *range,
		     const struct position *read_at, struct err *err)
{
	CLEANUP(buf_done) struct buf position;
	char id[24], rows[24];

	buf_init(&position, SQL_MAX);
	position_format(read_at, &position);
	snprintf(id, sizeof(id), "%" PRId64, range->id);
	snprintf(rows, sizeof(rows), "%" PRIu64, c->rows);
	const struct pg_param params[] = {
		{ id, strlen(id), false },
		{ rows, strlen(rows), false },
		{ buf_str(&position), position.n, false },
	};
	int rc = pg_query(c->pg,
			  "update ficus.chunks set rows = $2, "
			  "read_position = $3, done_at = clock_timestamp() "
			  "where id = $1",
			  params, LENGTH(params), NULL, err);
	return rc < 0 ? rc : pg_exec(c->pg, "commit", err);
}

int chunk_read(struct chunk_reader *c, const struct chunk_range *range,
	       uint64_t *ret_rows, struct err *err)
{
	struct position read_at = { 0 };
	int rc = pg_exec(c->pg, "begin", err);

	c->rows = 0;
	batch_reset(c->batch);
	if (rc == 0)
		rc = snapshot_begin(c->source,
				    c->setup->settings.source_position_mode,
				    &read_at, err);
	if (rc == 0)
		rc = read_family(c, range, err);
	if (rc == 0)
		rc = source_exec(c->source, "commit", err);
	if (rc == 0)
		rc = mark_done(c, range, &read_at, err);
	position_done(&read_at);
	*ret_rows = c->rows;
	return rc;
}
