#include "cdc/dead_letter.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/batch.h"
#include "cdc/batch_item.h"
#include "cdc/descend.h"
#include "cdc/match.h"
#include "cdc/record_bson.h"
#include "cdc/refetch_log.h"
#include "cdc/target_sql.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum {
	KEY_MAX_BYTES = 64 * 1024,
	CHANGE_MAX = 1000 * 1000 * 1000,
	CASCADED_MAX = 64,
};

/* Refused again: it stays the same letter. */
static const char write_sql[] =
	"with known as (update ficus.dead_letters set change = $4::bytea,"
	" position = $5, error = $6, attempts = attempts + 1"
	" where record = $2 and key = $3 returning id)"
	" insert into ficus.dead_letters"
	" (domain, record, key, change, position, error)"
	" select $1, $2, $3, $4::bytea, $5, $6"
	" where not exists (select from known)";

/* One more than dead_letter_cascaded() looks at. */
static const char some_sql[] =
	"select record, key from ficus.dead_letters"
	" where record = any($1::text[]) order by id limit 65";

static const char clear_sql[] =
	"delete from ficus.dead_letters where record = $1 and"
	" (key = any($2::text[]) or exists (select 1 from"
	" unnest($3::text[]) as u(start) where starts_with(key, u.start)))";

int dead_letter_tables(struct pg *pg, const struct target_shape *shapes,
		       size_t count, bool *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, "select distinct record from ficus.dead_letters", NULL,
		     0, &r, err) < 0)
		return err_wrap(err, "looking for dead letters");
	for (size_t i = 0; i < count; i++) {
		ret[i] = false;
		for (size_t row = 0; row < pg_rows(r); row++)
			if (str_eqs(pg_value(r, row, 0), shapes[i].table->name))
				ret[i] = true;
	}
	return 0;
}

/* --- reading the records again --- */

/* Which rows of a source table the letter is of: its key, of a value table
 * that of the entity alone. False: it has another key than integers. */
static bool select_rows(const struct mapping_table *table, struct str key,
			struct value *ret)
{
	struct str rest = key, selection = key;

	if (table->kind == TABLE_EAV)
		rest = selection = str_split(&rest, ',');
	while (rest.n > 0) {
		struct str value = str_split(&rest, ',');
		int64_t number;

		(void)str_split(&value, '=');
		if (!str_to_i64(value, &number))
			return false;
	}
	*ret = (struct value){ selection.at, (uint32_t)selection.n,
			       VALUE_TEXT };
	return true;
}

void dead_letter_refetch(struct refetch_log *log, const struct mapping *mapping,
			 struct str record, struct str key)
{
	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		struct value selection;

		if (!str_eqs(record, table->target->name))
			continue;
		refetch_log_add(log, table,
				select_rows(table, key, &selection) ? &selection
								    : NULL);
	}
}

/* Marks the tables that rows go away from when the parent's do. */
static void mark_closure(const struct fk_graph *graph,
			 const struct target_table *parent, bool *marks)
{
	size_t count = 0;
	const struct fk_action *actions = fk_actions(graph, parent, &count);

	if (marks[parent->index])
		return;
	marks[parent->index] = true;
	for (size_t i = 0; i < count; i++)
		mark_closure(graph, actions[i].child, marks);
}

/* Marks those whose rows go away themselves. */
static void mark_gone(const struct fk_graph *graph,
		      const struct target_table *parent, bool *marks)
{
	size_t count = 0;
	const struct fk_action *actions = fk_actions(graph, parent, &count);

	for (size_t i = 0; i < count; i++) {
		const struct fk_action *a = &actions[i];

		if (a->kind != ACTION_DELETE || marks[a->child->index])
			continue;
		marks[a->child->index] = true;
		mark_gone(graph, a->child, marks);
	}
}

/* Whether the refused row went away, and came back since, is not known: its
 * children may have gone with it. */
static void ask_children(const struct dead_letter_scope *scope,
			 const bool *gone, struct refetch_log *log,
			 struct str record, struct str key)
{
	const struct target_table *table = NULL;
	struct value values[TARGET_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < scope->mapping->target_count; i++)
		if (str_eqs(record, scope->mapping->targets[i]->name))
			table = scope->mapping->targets[i];
	if (!table || !gone[table->index])
		return;
	while (key.n > 0) {
		struct str value = str_split(&key, ',');
		struct str name = str_split(&value, '=');

		for (size_t i = 0; i < table->count; i++)
			if (str_eqs(name, table->columns[i].name))
				values[i] = (struct value){ value.at,
							    (uint32_t)value.n,
							    VALUE_TEXT };
	}
	descend(log, scope->graph, table, values);
}

/* The names of tables that are marked and have letters, for SQL. */
static void names_of(const struct dead_letter_scope *scope, const bool *marks,
		     struct array *names)
{
	array_start(names, ARRAY_TEXT);
	for (size_t i = 0; i < scope->mapping->target_count; i++)
		if (marks[i] && scope->letters[i])
			array_add_text(
				names,
				str_of(scope->mapping->targets[i]->name));
}

int dead_letter_cascaded(struct pg *pg, const struct dead_letter_scope *scope,
			 const struct target_table *parent,
			 struct refetch_log *log, struct err *err)
{
	CLEANUP(mem_freep)
	bool *marks = mem_array(scope->mapping->target_count, sizeof(bool));
	CLEANUP(mem_freep)
	bool *gone = mem_array(scope->mapping->target_count, sizeof(bool));
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(array_done) struct array names;

	array_init(&names);
	mark_closure(scope->graph, parent, marks);
	marks[parent->index] = false; /* its own are told apart by key */
	names_of(scope, marks, &names);
	if (names.count == 0)
		return 0;
	const struct pg_param param = array_param(&names);
	if (pg_query(pg, some_sql, &param, 1, &r, err) < 0)
		return err_wrap(err, "looking for dead letters");
	mark_gone(scope->graph, parent, gone);
	for (size_t i = 0; i < pg_rows(r) && pg_rows(r) <= CASCADED_MAX; i++) {
		dead_letter_refetch(log, scope->mapping, pg_value(r, i, 0),
				    pg_value(r, i, 1));
		ask_children(scope, gone, log, pg_value(r, i, 0),
			     pg_value(r, i, 1));
	}
	return 0;
}

/* --- writing --- */

static void add_key_part(struct buf *out, const struct target_shape *shape,
			 size_t i, struct value value)
{
	if (i)
		buf_addc(out, ',');
	buf_adds(out, shape->table->columns[shape->key[i]].name);
	buf_addc(out, '=');
	buf_add(out, value.at, value.n);
}

static void add_key(struct buf *out, const struct target_shape *shape,
		    const struct batch_entry *entry)
{
	for (size_t i = 0; i < shape->key_count; i++)
		add_key_part(out, shape, i, entry->key[i]);
}

static void add_attribute_key(struct buf *out, const struct target_shape *shape,
			      const struct batch_entry *entry,
			      const struct batch_attribute *attribute)
{
	add_key(out, shape, entry);
	buf_adds(out, ",attribute=");
	if (attribute)
		buf_add(out, attribute->name->at, attribute->name->n);
}

int dead_letter_write(struct pg *pg, const struct target_shape *shape,
		      const struct batch_item *item, const char *position,
		      const struct err *refusal, struct err *err)
{
	struct value values[TARGET_COLUMNS_MAX];
	struct record_change change = batch_item_row(shape, item, values);
	const struct target_table *table = shape->table;
	CLEANUP(buf_done) struct buf key, bytes;

	buf_init(&key, KEY_MAX_BYTES);
	buf_init(&bytes, CHANGE_MAX);
	if (item->row->op == BATCH_VALUES) {
		batch_item_attribute(&change, &item->row->attributes[0]);
		add_attribute_key(&key, shape, item->entry,
				  &item->row->attributes[0]);
	} else {
		add_key(&key, shape, item->entry);
	}
	record_bson_write(&bytes, &change);

	struct str domain = str_of(domain_name(table->domain));
	struct str record = str_of(table->name), at = str_of(position);
	struct str why = str_of(refusal->msg);
	const struct pg_param params[] = {
		{ domain.at, domain.n, false }, { record.at, record.n, false },
		{ key.at, key.n, false },	{ bytes.at, bytes.n, true },
		{ at.at, at.n, false },		{ why.at, why.n, false },
	};
	if (pg_query(pg, write_sql, params, LENGTH(params), NULL, err) < 0)
		return err_wrap(err, "writing a dead letter");
	return 0;
}

/* exact: keys superseded; starts: values rows superseded as a whole. */
static void add_superseded(struct array *exact, struct array *starts,
			   struct buf *key, const struct target_shape *shape,
			   const struct batch_item *item)
{
	const struct batch_row *row = item->row;
	bool values = shape->table->values;

	for (uint32_t i = 0; i < row->count; i++) {
		buf_reset(key, KEY_MAX_BYTES);
		add_attribute_key(key, shape, item->entry, &row->attributes[i]);
		array_add_text(exact, (struct str){ key->at, key->n });
	}
	if (values && row->op != BATCH_DELETE && !row->cleared)
		return;
	buf_reset(key, KEY_MAX_BYTES);
	if (values)
		add_attribute_key(key, shape, item->entry, NULL);
	else
		add_key(key, shape, item->entry);
	array_add_text(values ? starts : exact,
		       (struct str){ key->at, key->n });
}

void dead_letter_clear(struct pg *pg, const struct target_shape *shape,
		       const struct batch_item *items, size_t count)
{
	CLEANUP(array_done) struct array exact, starts;
	CLEANUP(buf_done) struct buf key;
	struct str record = str_of(shape->table->name);

	buf_init(&key, KEY_MAX_BYTES);
	array_init(&exact);
	array_init(&starts);
	array_start(&exact, ARRAY_TEXT);
	array_start(&starts, ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		add_superseded(&exact, &starts, &key, shape, &items[i]);
	const struct pg_param params[] = {
		{ record.at, record.n, false },
		array_param(&exact),
		array_param(&starts),
	};
	pg_pipe_query(pg, clear_sql, params, LENGTH(params));
}

int dead_letter_gone(struct pg *pg, const struct target_shape *shape,
		     const struct gone *gone, struct err *err)
{
	CLEANUP(array_done) struct array keys;
	CLEANUP(buf_done) struct buf key;

	buf_init(&key, KEY_MAX_BYTES);
	array_init(&keys);
	array_start(&keys, ARRAY_TEXT);
	for (size_t row = 0; row < gone->count; row++) {
		buf_reset(&key, KEY_MAX_BYTES);
		for (size_t i = 0; i < shape->key_count; i++)
			add_key_part(&key, shape, i,
				     gone->rows[row].values[shape->key[i]]);
		array_add_text(&keys, (struct str){ key.at, key.n });
	}
	const struct pg_param params[] = {
		pg_param_text(shape->table->name),
		array_param(&keys),
	};
	return pg_query(pg,
			"delete from ficus.dead_letters where record = $1 and"
			" key = any($2::text[])",
			params, LENGTH(params), NULL, err);
}
