#include "cdc/held.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/xa_name.h"
#include "cdc/group.h"
#include "cdc/row_bson.h"
#include "cdc/schema.h"
#include "cdc/tables.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum {
	DOC_KEEP = 64 * 1024,
	DOC_MAX = 1 << 30, /* an event's limit, and more than BSON needs */
	SAVEPOINTS_MAX = 64 * 1024,
};

/* Where ROLLBACK TO goes back to. */
struct savepoint {
	char *name;    /* owned */
	uint64_t size; /* of the run when it was set */
};

/* A table of the run that is being handed on. */
struct held_table {
	const struct table_def *def; /* borrowed of the schema */
	struct binding *binding;     /* owned; NULL: not wanted any more */
};

struct held {
	struct transform *transform; /* borrowed, as these: */
	const struct group_sink *sink;
	const struct schema *schema; /* may be NULL */
	bool open;
	struct buf name;	      /* of the open run */
	uint64_t size;		      /* its bytes */
	struct savepoint *savepoints; /* owned; oldest first */
	size_t savepoint_count;
	struct buf doc;
	struct arena arena; /* of one row */
	/* While a run is handed on. */
	struct held_table *tables; /* owned */
	size_t table_count;
	struct value *before, *after; /* owned; room for the widest table */
	size_t room;
};

struct held *held_new(struct transform *transform,
		      const struct group_sink *sink,
		      const struct schema *schema)
{
	struct held *held = mem_zalloc(sizeof(*held));

	held->transform = transform;
	held->sink = sink;
	held->schema = schema;
	buf_init(&held->name, XA_NAME_MAX);
	buf_init(&held->doc, DOC_MAX);
	arena_init(&held->arena);
	return held;
}

static void cut_savepoints(struct held *held, size_t count)
{
	while (held->savepoint_count > count)
		free(held->savepoints[--held->savepoint_count].name);
}

static void forget_tables(struct held *held)
{
	for (size_t i = 0; i < held->table_count; i++)
		binding_free(held->tables[i].binding);
	held->table_count = 0;
}

void held_free(struct held *held)
{
	if (!held)
		return;
	cut_savepoints(held, 0);
	forget_tables(held);
	buf_done(&held->name);
	buf_done(&held->doc);
	arena_done(&held->arena);
	free(held->savepoints);
	free(held->tables);
	free(held->before);
	free(held->after);
	free(held);
}

void held_set_schema(struct held *held, const struct schema *schema)
{
	held->schema = schema;
}

/* --- the open run */

void held_begin(struct held *held, struct str name)
{
	held->open = true;
	held->size = 0;
	buf_reset(&held->name, XA_NAME_MAX);
	buf_add(&held->name, name.at, name.n);
}

bool held_is_open(const struct held *held)
{
	return held->open;
}

void held_end(struct held *held)
{
	held->open = false;
	cut_savepoints(held, 0);
	buf_reset(&held->doc, DOC_KEEP);
}

int held_row(struct held *held, struct table *table,
	     const struct row_change *change, struct err *err)
{
	const struct group_store *store = held->sink->store;
	struct row_change kept = *change;
	size_t count;
	const struct str *names = tables_names(table, held->schema, &count);
	struct row_change concealed;

	if (binding_drops(table->binding, &kept))
		return 0;
	transform_conceal(held->transform, table->binding, &kept, &held->arena,
			  &concealed);
	buf_reset(&held->doc, DOC_KEEP);
	row_bson_write(&held->doc, binding_source(table->binding), names, count,
		       &concealed);
	arena_reset(&held->arena);
	if (held->doc.failed)
		return err_set(err, ERR_LIMIT,
			       "a row of %s is too large to be kept",
			       binding_source(table->binding));
	held->size += held->doc.n;
	return store->put(store->user, buf_str(&held->name),
			  (struct str){ held->doc.at, held->doc.n }, err);
}

static size_t find_savepoint(const struct held *held, struct str name)
{
	size_t i = held->savepoint_count;

	while (i-- > 0)
		if (str_ieqs(name, held->savepoints[i].name))
			return i;
	return SIZE_MAX;
}

/* A name used again moves to where it is set last. */
void held_savepoint(struct held *held, struct str name)
{
	size_t old = find_savepoint(held, name);
	size_t n = held->savepoint_count;

	if (old != SIZE_MAX) {
		free(held->savepoints[old].name);
		memmove(&held->savepoints[old], &held->savepoints[old + 1],
			(n - old - 1) * sizeof(*held->savepoints));
		n = --held->savepoint_count;
	}
	held->savepoints = mem_realloc(held->savepoints,
				       (n + 1) * sizeof(*held->savepoints));
	held->savepoints[held->savepoint_count++] = (struct savepoint){
		.name = mem_strndup(name.at, name.n),
		.size = held->size,
	};
}

int held_rollback_to(struct held *held, struct str name, struct err *err)
{
	const struct group_store *store = held->sink->store;
	size_t at = find_savepoint(held, name);

	if (at == SIZE_MAX)
		return err_set(err, ERR_OPERATOR,
			       "ROLLBACK TO a savepoint that is not in the "
			       "log: what it took back is not known: empty the "
			       "records and run cdc --bootstrap");
	cut_savepoints(held, at + 1);
	if (held->savepoints[at].size == held->size)
		return 0;
	held->size = held->savepoints[at].size;
	return store->cut(store->user, buf_str(&held->name), held->size, err);
}

int held_keep(struct held *held, struct err *err)
{
	const struct group_store *store = held->sink->store;

	return store->keep(store->user, buf_str(&held->name), err);
}

/* --- handing a run on */

static void make_room(struct held *held, size_t columns)
{
	if (columns <= held->room)
		return;
	held->room = columns;
	held->before =
		mem_realloc(held->before, columns * sizeof(struct value));
	held->after = mem_realloc(held->after, columns * sizeof(struct value));
}

/* NULL with the error. */
static const struct held_table *bind(struct held *held, struct str name,
				     struct err *err)
{
	const struct table_def *def =
		held->schema ? schema_table(held->schema, name) : NULL;
	struct held_table table = { .def = def };

	if (!def) {
		err_set(err, ERR_OPERATOR,
			"kept rows are of table %.*s, which the kept schema "
			"has not: empty the records and run cdc --bootstrap",
			(int)name.n, name.at);
		return NULL;
	}
	if (transform_bind(held->transform, def, &table.binding, err))
		return NULL;
	make_room(held, def->count);
	held->tables = mem_realloc(held->tables,
				   (held->table_count + 1) * sizeof(table));
	held->tables[held->table_count] = table;
	return &held->tables[held->table_count++];
}

static const struct held_table *find_table(struct held *held, struct str name,
					   struct err *err)
{
	for (size_t i = 0; i < held->table_count; i++)
		if (str_eqs(name, held->tables[i].def->name))
			return &held->tables[i];
	return bind(held, name, err);
}

/* The first of some documents. */
static int hand_on(struct held *held, struct str *docs, uint64_t *rows,
		   struct err *err)
{
	const struct group_sink *sink = held->sink;
	const struct held_table *table;
	struct row_change change;
	struct str name, doc = *docs;
	int rc = row_bson_peek(*docs, &doc.n, &name, err);

	if (rc < 0)
		return rc;
	table = find_table(held, name, err);
	if (!table)
		return err->code;
	docs->at += doc.n;
	docs->n -= doc.n;
	if (!table->binding)
		return 0;
	rc = row_bson_read(doc, table->def, held->before, held->after, &change,
			   err);
	if (rc < 0)
		return rc;
	++*rows;
	rc = transform_row(held->transform, table->binding, &change,
			   &held->arena, sink->change, sink->change_user, err);
	arena_reset(&held->arena);
	return rc;
}

static int hand_on_all(struct held *held, uint64_t *rows, struct err *err)
{
	const struct group_store *store = held->sink->store;
	struct str docs;
	int rc;

	while ((rc = store->next(store->user, &docs, err)) > 0)
		while (docs.n > 0) {
			rc = hand_on(held, &docs, rows, err);
			if (rc < 0)
				return rc;
		}
	return rc;
}

int held_commit(struct held *held, const char *name, uint64_t *rows,
		struct err *err)
{
	const struct group_store *store = held->sink->store;
	const char *run = name ? name : buf_str(&held->name);
	bool found = false;
	int rc;

	if (!name && held->size == 0)
		return 0;
	rc = store->open(store->user, run, &found, err);
	if (rc < 0)
		return rc;
	if (!found && name)
		return err_set(err, ERR_OPERATOR,
			       "XA COMMIT %s, which was prepared before the "
			       "copy began: its rows are not known: empty the "
			       "records and run cdc --bootstrap (if it wrote "
			       "no replicated table: docs/operations.md)",
			       name);
	rc = hand_on_all(held, rows, err);
	forget_tables(held);
	return rc < 0 ? rc : store->drop(store->user, run, err);
}

int held_drop(struct held *held, const char *name, struct err *err)
{
	const struct group_store *store = held->sink->store;

	return store->drop(store->user, name, err);
}
