#include "cdc/schema_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/ddl.h"
#include "cdc/schema.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

static const size_t UNMAPPED = (size_t)-1;

char *schema_merge_name(const struct mapping *mapping, size_t table)
{
	return mem_printf("%s%s", mapping->prefix ? mapping->prefix : "",
			  mapping->tables[table].source);
}

static size_t place_of(const struct schema_merge *m, const char *name)
{
	const struct mapping_table *table = mapping_find(m->mapping, name);

	return table ? (size_t)(table - m->mapping->tables) : UNMAPPED;
}

static bool is_changed(const unsigned char *effects, size_t table)
{
	return table != UNMAPPED && (effects[table] & DDL_CHANGES);
}

/* Only another name, of the table or a column, is written into the keys of
 * its children. */
static bool renames(const struct schema_merge *m, size_t table)
{
	return is_changed(m->named, table) &&
	       (m->moves || (m->named[table] & (DDL_EMPTIES | DDL_REPLACES)));
}

/* ---- Foreign keys ---- */

static bool same_row(const struct fk_row *a, const struct fk_row *b)
{
	return strcmp(a->constraint, b->constraint) == 0 &&
	       strcmp(a->child_column, b->child_column) == 0 &&
	       strcmp(a->parent_table, b->parent_table) == 0 &&
	       strcmp(a->parent_column, b->parent_column) == 0 &&
	       strcmp(a->on_delete, b->on_delete) == 0 &&
	       strcmp(a->on_update, b->on_update) == 0;
}

/* The next key row of that child from *i on, or NULL. */
static const struct fk_row *next_of(const struct schema *schema,
				    const char *child, size_t *i)
{
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);

	while (*i < count) {
		const struct fk_row *row = &rows[(*i)++];

		if (strcmp(row->child_table, child) == 0)
			return row;
	}
	return NULL;
}

static bool same_keys(const struct schema_merge *m, const char *child)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct fk_row *a = next_of(m->before, child, &i);
		const struct fk_row *b = next_of(m->read, child, &j);

		if (!a || !b)
			return !a && !b;
		if (!same_row(a, b))
			return false;
	}
}

/* Is one of the child's parents renamed now, or named later? */
static bool parent_in(const struct schema_merge *m, const struct schema *schema,
		      const char *child, bool later)
{
	const struct fk_row *row;
	size_t i = 0;

	while ((row = next_of(schema, child, &i))) {
		size_t parent = place_of(m, row->parent_table);

		if (later ? is_changed(m->later, parent) : renames(m, parent))
			return true;
	}
	return false;
}

static bool any_parent_in(const struct schema_merge *m, const char *child,
			  bool later)
{
	return parent_in(m, m->before, child, later) ||
	       parent_in(m, m->read, child, later);
}

/* Whose keys hold for the child from here on; NULL: nobody knows. */
static const struct schema *keys_from(const struct schema_merge *m,
				      size_t table, const char *child)
{
	if (!is_changed(m->named, table) && !any_parent_in(m, child, m->named))
		return m->before;
	if (is_changed(m->later, table))
		return NULL;
	if (same_keys(m, child))
		return m->before;
	return any_parent_in(m, child, true) ? NULL : m->read;
}

static void add_keys(struct schema *to, const struct schema *from,
		     const char *child)
{
	const struct fk_row *row;
	size_t i = 0;

	while ((row = next_of(from, child, &i)))
		schema_add_foreign_key(to, row);
}

/* Those of tables we do not follow tell which ancestors are missing. */
static void add_other_keys(const struct schema_merge *m, struct schema *to)
{
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(m->read, &count);

	for (size_t i = 0; i < count; i++)
		if (place_of(m, rows[i].child_table) == UNMAPPED)
			schema_add_foreign_key(to, &rows[i]);
}

/* ---- Tables ---- */

static void add_table(const struct schema_merge *m, struct schema *to,
		      size_t table, const char *name)
{
	bool changed = is_changed(m->named, table);
	const struct schema *from = changed ? m->read : m->before;
	const struct table_def *def = schema_table(from, str_of(name));

	if (changed && is_changed(m->later, table)) {
		schema_add_unknown(to, name);
		m->doubtful[table] = true;
	} else if (!changed && schema_is_unknown(m->before, str_of(name))) {
		schema_add_unknown(to, name);
	} else if (def) {
		schema_add_table(to, table_def_copy(def));
	}
}

static bool follows(const struct fk_row *row)
{
	return strcmp(row->on_delete, "CASCADE") == 0 ||
	       strcmp(row->on_delete, "SET NULL") == 0 ||
	       strcmp(row->on_update, "CASCADE") == 0 ||
	       strcmp(row->on_update, "SET NULL") == 0;
}

static bool spread(const struct schema_merge *m, const struct schema *schema)
{
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);
	bool more = false;

	for (size_t i = 0; i < count; i++) {
		size_t parent = place_of(m, rows[i].parent_table);
		size_t child = place_of(m, rows[i].child_table);

		if (parent == UNMAPPED || child == UNMAPPED ||
		    !m->doubtful[parent] || m->doubtful[child] ||
		    !follows(&rows[i]))
			continue;
		m->doubtful[child] = more = true;
	}
	return more;
}

struct schema *schema_merge(const struct schema_merge *m)
{
	struct schema *to = schema_new();

	for (size_t i = 0; i < m->mapping->table_count; i++) {
		CLEANUP(mem_freep)
		char *name = schema_merge_name(m->mapping, i);
		const struct schema *keys = keys_from(m, i, name);

		add_table(m, to, i, name);
		if (!keys)
			m->doubtful[i] = true;
		add_keys(to, keys ? keys : m->before, name);
	}
	add_other_keys(m, to);
	while (spread(m, m->before) || spread(m, m->read))
		;
	return to;
}
