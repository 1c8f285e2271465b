/* The preflight check: what transform.exclude and transform.hash name, and
 * whether texts can be looked up. */
#include "cdc/doctor_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fold.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/schema.h"
#include "cdc/schema_keys.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { SQL_MAX = 4096 };

static const char ITEM[] = "transform.privacy";

static bool refuse(struct doctor_check *c, const struct privacy_entry *entry,
		   const char *why)
{
	const char *list = entry->hash ? "transform.hash" : "transform.exclude";
	CLEANUP(mem_freep)
	char *cure =
		mem_printf("remove or correct %s in %s", entry->text, list);

	doctor_add(c->doctor, DOCTOR_FAIL, ITEM, cure, "%s: %s: %s", list,
		   entry->text, why);
	return false;
}

/* ---- Columns ---- */

static bool is_side(const struct doctor_check *c,
		    const struct privacy_entry *entry, const char *table,
		    const char *column)
{
	const struct mapping_table *mapped = mapping_find(c->mapping, table);

	return mapped && strcmp(mapped->source, entry->owner) == 0 &&
	       strcasecmp(column, entry->name) == 0;
}

static bool is_in_key(const struct doctor_check *c, const struct schema *schema,
		      const struct privacy_entry *entry)
{
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);

	for (size_t i = 0; i < count; i++)
		if (is_side(c, entry, rows[i].child_table,
			    rows[i].child_column) ||
		    is_side(c, entry, rows[i].parent_table,
			    rows[i].parent_column))
			return true;
	return false;
}

/* Types and keys of the target: what the transform itself would say. */
static bool binds(struct doctor_check *c, const struct table_def *def)
{
	struct transform *transform = transform_new(c->mapping);
	struct binding *binding = NULL;
	struct err err = { 0 };
	int rc = doctor_is_loaded(c->mapping)
			 ? transform_bind(transform, def, &binding, &err)
			 : 0;

	if (rc < 0)
		doctor_add_err(c->doctor, ITEM, &err);
	binding_free(binding);
	transform_free(transform);
	return rc == 0;
}

static bool check_column(struct doctor_check *c, const struct schema *schema,
			 const struct privacy_entry *entry)
{
	CLEANUP(mem_freep)
	char *name = mem_printf("%s%s", c->mapping->prefix, entry->owner);
	const struct table_def *def = schema_table(schema, str_of(name));
	int at = def ? table_def_find(def, entry->name) : -1;

	if (!def)
		return refuse(c, entry, "the shop has no such table");
	if (at < 0)
		return refuse(c, entry, "the shop's table has no such column");
	if (def->columns[at].key > 0)
		return refuse(c, entry, "the column is in the primary key");
	if (is_in_key(c, schema, entry))
		return refuse(c, entry,
			      "the column is in a foreign key, which deletes "
			      "follow");
	return binds(c, def);
}

/* ---- Attributes ---- */

static char *ask_backend(struct doctor_check *c,
			 const struct privacy_entry *entry)
{
	const char *prefix = c->mapping->prefix;
	struct buf sql;
	char *backend;

	buf_init(&sql, SQL_MAX);
	buf_addf(&sql,
		 "select max(a.backend_type) from %seav_attribute a "
		 "join %seav_entity_type t on t.entity_type_id = "
		 "a.entity_type_id where t.entity_type_code = ",
		 prefix, prefix);
	schema_quote(&sql, entry->owner);
	buf_adds(&sql, " and a.attribute_code = ");
	schema_quote(&sql, entry->name);
	backend = doctor_ask(c, ITEM, buf_str(&sql));
	buf_done(&sql);
	return backend;
}

static bool check_attribute(struct doctor_check *c,
			    const struct privacy_entry *entry)
{
	CLEANUP(mem_freep) char *backend = ask_backend(c, entry);

	if (!backend)
		return refuse(c, entry, "the shop has no such attribute");
	if (strcmp(backend, "static") == 0)
		return refuse(c, entry,
			      "the attribute is a column of the entity's table:"
			      " name that, as table.column");
	return true;
}

/* ---- All ---- */

void doctor_privacy(struct doctor_check *c, const struct schema *schema)
{
	const struct privacy_list *list = &c->mapping->privacy;
	bool good = true;

	for (size_t i = 0; i < list->count; i++) {
		const struct privacy_entry *entry = &list->entries[i];

		good &= entry->attribute ? check_attribute(c, entry)
					 : check_column(c, schema, entry);
	}
	if (good && list->count > 0)
		doctor_add(c->doctor, DOCTOR_OK, ITEM, NULL,
			   "all %zu excluded and hashed columns and attributes "
			   "are there",
			   list->count);
}

/* The source's column that a target column X_key is the key of, if servers
 * compare it in a way that there is no table for. */
static const struct column_def *unknown_base(const struct target_column *key,
					     const struct table_def *def)
{
	size_t n = strlen(key->name);

	for (size_t i = 0; i < def->count; i++) {
		const struct column_def *column = &def->columns[i];

		if (strlen(column->name) + 4 == n &&
		    strncasecmp(column->name, key->name, n - 4) == 0 &&
		    column->charset[0] != '\0' &&
		    fold_of(column->collation) == FOLD_UNKNOWN)
			return column;
	}
	return NULL;
}

static bool check_table(struct doctor_check *c,
			const struct mapping_table *table,
			const struct table_def *def)
{
	for (size_t i = 0; i < table->target->count; i++) {
		const struct target_column *key = &table->target->columns[i];
		const struct column_def *column =
			str_ends(str_of(key->name), "_key")
				? unknown_base(key, def)
				: NULL;

		if (!column)
			continue;
		doctor_add(c->doctor, DOCTOR_WARN, "source.collations",
			   "use utf8mb4_general_ci, utf8mb4_unicode_ci or "
			   "utf8mb4_0900_ai_ci for it, or leave it: look-ups "
			   "by it are asked of Magento",
			   "%s.%s is compared by %s, which there is no table "
			   "for",
			   def->name, column->name, column->collation);
		return false;
	}
	return true;
}

void doctor_collations(struct doctor_check *c, const struct schema *schema)
{
	bool good = true;

	for (size_t i = 0; i < schema_table_count(schema); i++) {
		const struct table_def *def = schema_table_at(schema, i);
		const struct mapping_table *table =
			mapping_find(c->mapping, def->name);

		if (table && table->kind != TABLE_EAV && good)
			good = check_table(c, table, def);
	}
	if (good)
		doctor_add(
			c->doctor, DOCTOR_OK, "source.collations", NULL,
			"texts can be looked up as the source compares them");
}
