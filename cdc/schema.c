#include "cdc/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transform/fk.h"
#include "transform/table_def.h"

enum { ROOM_FIRST = 64 };

struct schema {
	struct table_def **tables; /* owned, and so are the defs; by name */
	size_t table_count, table_room;
	struct fk_row *keys; /* owned, with texts */
	size_t key_count, key_room;
	char **unknown; /* owned, with names */
	size_t unknown_count;
};

struct schema *schema_new(void)
{
	return mem_zalloc(sizeof(struct schema));
}

/* What schema_add_foreign_key() copied. */
static void text_free(const char *text)
{
	union {
		const char *in;
		char *out;
	} owned = { .in = text };

	free(owned.out);
}

static void key_done(const struct fk_row *key)
{
	text_free(key->constraint);
	text_free(key->child_table);
	text_free(key->child_column);
	text_free(key->parent_table);
	text_free(key->parent_column);
	text_free(key->on_delete);
	text_free(key->on_update);
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; i < schema->table_count; i++)
		table_def_free(schema->tables[i]);
	for (size_t i = 0; i < schema->key_count; i++)
		key_done(&schema->keys[i]);
	for (size_t i = 0; i < schema->unknown_count; i++)
		free(schema->unknown[i]);
	free(schema->unknown);
	free(schema->tables);
	free(schema->keys);
	free(schema);
}

void schema_freep(struct schema **schema)
{
	schema_free(*schema);
}

static size_t room_for(size_t count, size_t room)
{
	if (count < room)
		return room;
	return room ? room * 2 : ROOM_FIRST;
}

/* Where the name stands, or would stand. */
static size_t place_of(const struct schema *schema, struct str name)
{
	size_t low = 0, high = schema->table_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *other = schema->tables[middle]->name;
		int order = strncmp(other, name.at, name.n);

		if (order == 0 && other[name.n] != '\0')
			order = 1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void schema_add_table(struct schema *schema, struct table_def *def)
{
	size_t at = place_of(schema, str_of(def->name));
	size_t room = room_for(schema->table_count, schema->table_room);

	if (room != schema->table_room)
		schema->tables = mem_realloc(schema->tables,
					     room * sizeof(struct table_def *));
	schema->table_room = room;
	memmove(&schema->tables[at + 1], &schema->tables[at],
		(schema->table_count - at) * sizeof(struct table_def *));
	schema->tables[at] = def;
	schema->table_count++;
}

void schema_add_foreign_key(struct schema *schema, const struct fk_row *row)
{
	size_t room = room_for(schema->key_count, schema->key_room);

	if (room != schema->key_room)
		schema->keys = mem_realloc(schema->keys, room * sizeof(*row));
	schema->key_room = room;
	schema->keys[schema->key_count++] = (struct fk_row){
		.constraint = mem_strdup(row->constraint),
		.child_table = mem_strdup(row->child_table),
		.child_column = mem_strdup(row->child_column),
		.parent_table = mem_strdup(row->parent_table),
		.parent_column = mem_strdup(row->parent_column),
		.on_delete = mem_strdup(row->on_delete),
		.on_update = mem_strdup(row->on_update),
	};
}

void schema_add_unknown(struct schema *schema, const char *table)
{
	schema->unknown = mem_realloc(
		schema->unknown, (schema->unknown_count + 1) * sizeof(char *));
	schema->unknown[schema->unknown_count++] = mem_strdup(table);
}

bool schema_is_unknown(const struct schema *schema, struct str table)
{
	for (size_t i = 0; i < schema->unknown_count; i++)
		if (str_eqs(table, schema->unknown[i]))
			return true;
	return false;
}

size_t schema_unknown_count(const struct schema *schema)
{
	return schema->unknown_count;
}

const char *schema_unknown_at(const struct schema *schema, size_t i)
{
	return schema->unknown[i];
}

const struct table_def *schema_table(const struct schema *schema,
				     struct str table)
{
	size_t at = place_of(schema, table);

	if (at == schema->table_count ||
	    !str_eqs(table, schema->tables[at]->name))
		return NULL;
	return schema->tables[at];
}

size_t schema_table_count(const struct schema *schema)
{
	return schema->table_count;
}

const struct table_def *schema_table_at(const struct schema *schema, size_t i)
{
	return schema->tables[i];
}

const struct fk_row *schema_foreign_keys(const struct schema *schema,
					 size_t *count)
{
	*count = schema->key_count;
	return schema->keys;
}

static bool same_column(const struct column_def *a, const struct column_def *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0 &&
	       strcmp(a->charset, b->charset) == 0 &&
	       str_eq(str_of(a->collation), str_of(b->collation)) &&
	       a->is_unsigned == b->is_unsigned && a->nullable == b->nullable &&
	       a->key == b->key;
}

static bool same_table(const struct table_def *a, const struct table_def *b)
{
	if (strcmp(a->name, b->name) != 0 || a->count != b->count ||
	    a->transactional != b->transactional)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_column(&a->columns[i], &b->columns[i]))
			return false;
	return true;
}

static bool same_key(const struct fk_row *a, const struct fk_row *b)
{
	return strcmp(a->constraint, b->constraint) == 0 &&
	       strcmp(a->child_table, b->child_table) == 0 &&
	       strcmp(a->child_column, b->child_column) == 0 &&
	       strcmp(a->parent_table, b->parent_table) == 0 &&
	       strcmp(a->parent_column, b->parent_column) == 0 &&
	       strcmp(a->on_delete, b->on_delete) == 0 &&
	       strcmp(a->on_update, b->on_update) == 0;
}

bool schema_equal(const struct schema *a, const struct schema *b)
{
	if (a->table_count != b->table_count || a->key_count != b->key_count ||
	    a->unknown_count != b->unknown_count)
		return false;
	for (size_t i = 0; i < a->unknown_count; i++)
		if (!schema_is_unknown(b, str_of(a->unknown[i])))
			return false;
	for (size_t i = 0; i < a->table_count; i++)
		if (!same_table(a->tables[i], b->tables[i]))
			return false;
	for (size_t i = 0; i < a->key_count; i++)
		if (!same_key(&a->keys[i], &b->keys[i]))
			return false;
	return true;
}
