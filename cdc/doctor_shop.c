/* The preflight check: the shop's tables, as the mapping expects them. */
#include "cdc/doctor_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "cdc/binlog/charset.h"
#include "cdc/schema.h"
#include "cdc/source.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

enum { LIST_MAX = 4096, NAMED_MAX = 3 };

static const char LOCK_WAIT[] = "(error 1205)";

/* The first few names of what was found, and how many there are. */
struct finding {
	struct buf names;
	size_t count;
};

static void find_init(struct finding *f)
{
	buf_init(&f->names, LIST_MAX);
	f->count = 0;
}

static void find_add(struct finding *f, const char *table, const char *column)
{
	if (f->count++ >= NAMED_MAX)
		return;
	buf_addf(&f->names, "%s%s%s%s", f->count > 1 ? ", " : "", table,
		 column ? "." : "", column ? column : "");
}

static void find_done(struct finding *f)
{
	buf_done(&f->names);
}

static const char *more(const struct finding *f)
{
	return f->count > NAMED_MAX ? ", …" : "";
}

/* One table that we may not read is enough to stop a bootstrap. Who waits for
 * a lock has the privilege; the others would make us wait, too. */
static bool may_select(struct doctor_check *c, const struct schema *schema)
{
	for (size_t i = 0; i < schema_table_count(schema); i++) {
		CLEANUP(mem_freep)
		char *sql = mem_printf("select 1 from `%s` limit 0",
				       schema_table_at(schema, i)->name);
		struct err err = { 0 };

		if (!source_exec(c->source, sql, &err))
			continue;
		if (strstr(err.msg, LOCK_WAIT))
			break;
		doctor_add_refused(c, "source.tables", &err);
		return false;
	}
	return true;
}

static const struct table_def *table_of(const struct doctor_check *c,
					const struct schema *schema,
					const struct mapping_table *table)
{
	CLEANUP(mem_freep)
	char *name = mem_printf("%s%s", c->mapping->prefix, table->source);

	return schema_table(schema, str_of(name));
}

static void check_missing(struct doctor_check *c, const struct schema *schema)
{
	struct finding missing;

	find_init(&missing);
	for (size_t i = 0; i < c->mapping->table_count; i++)
		if (!table_of(c, schema, &c->mapping->tables[i]))
			find_add(&missing, c->mapping->tables[i].source, NULL);
	if (missing.count > 0)
		doctor_add(c->doctor, DOCTOR_WARN, "source.missing_tables",
			   "nothing, if this shop's Magento has none of the "
			   "kind: their copies stay empty",
			   "%zu mapped tables are not in the shop: %s%s",
			   missing.count, buf_str(&missing.names),
			   more(&missing));
	find_done(&missing);
}

static bool check_tables(struct doctor_check *c, const struct schema *schema)
{
	size_t count = schema_table_count(schema);

	if (!may_select(c, schema))
		return false;
	if (count == 0) {
		doctor_add(c->doctor, DOCTOR_FAIL, "source.tables",
			   "check source.database and source.table_prefix, and "
			   "grant SELECT",
			   "none of the %zu mapped tables is in database %s",
			   c->mapping->table_count,
			   c->settings->source_database);
		return false;
	}
	doctor_add(c->doctor, DOCTOR_OK, "source.tables", NULL,
		   "%zu of %zu mapped tables are there", count,
		   c->mapping->table_count);
	check_missing(c, schema);
	return true;
}

/* Adobe Commerce keeps several versions of an entity, each with its row_id. */
static bool check_edition(struct doctor_check *c, const struct schema *schema)
{
	static const char *const staged[] = { "catalog_product_entity",
					      "catalog_category_entity" };

	for (size_t i = 0; i < LENGTH(staged); i++) {
		struct mapping_table table = {
			.source = (char *)(uintptr_t)staged[i]
		};
		const struct table_def *def = table_of(c, schema, &table);

		if (!def || table_def_find(def, "row_id") < 0)
			continue;
		doctor_add(c->doctor, DOCTOR_FAIL, "source.edition",
			   "leave the catalog to Magento: a transform.mapping "
			   "without its tables",
			   "%s has row_id: Adobe Commerce's staging keeps "
			   "several rows per entity, which the copy can't hold",
			   def->name);
		return false;
	}
	return true;
}

static bool is_key(const struct mapping_table *table, const char *column)
{
	const struct target_table *target = table->target;

	for (size_t i = 0; i < target->count; i++)
		if (strcmp(target->columns[i].name, column) == 0)
			return target->columns[i].key > 0;
	return false;
}

/* Without these a row has no place in the copy. */
static void find_needed(const struct mapping_table *table,
			const struct table_def *def, struct finding *f)
{
	static const char *const values[] = { "attribute_id", "value" };

	if (table->link && table_def_find(def, table->link) < 0)
		find_add(f, def->name, table->link);
	for (size_t i = 0; table->kind == TABLE_EAV && i < LENGTH(values); i++)
		if (table_def_find(def, values[i]) < 0)
			find_add(f, def->name, values[i]);
	for (size_t i = 0; table->kind != TABLE_EAV && i < table->target->count;
	     i++) {
		const char *name = table->target->columns[i].name;

		if (is_key(table, name) && table_def_find(def, name) < 0 &&
		    (!table->link || strcmp(name, table->link) != 0))
			find_add(f, def->name, name);
	}
}

/* What stays null in the copy. */
static void find_absent(const struct mapping_table *table,
			const struct table_def *def, struct finding *f)
{
	for (size_t i = 0; table->kind != TABLE_EAV && i < table->target->count;
	     i++) {
		const struct target_column *column = &table->target->columns[i];

		if (column->key == 0 && !column->generated &&
		    !mapping_excludes(table, column->name) &&
		    !str_ends(str_of(column->name), "_key") &&
		    strcmp(column->name, "source") != 0 &&
		    strcmp(column->name, "extra") != 0 &&
		    table_def_find(def, column->name) < 0)
			find_add(f, def->name, column->name);
	}
}

static void check_columns(struct doctor_check *c, const struct schema *schema)
{
	struct finding needed, absent;

	find_init(&needed);
	find_init(&absent);
	for (size_t i = 0; i < c->mapping->table_count; i++) {
		const struct mapping_table *table = &c->mapping->tables[i];
		const struct table_def *def = table_of(c, schema, table);

		if (!def)
			continue;
		find_needed(table, def, &needed);
		find_absent(table, def, &absent);
	}
	if (needed.count > 0)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.columns",
			   "set transform.mapping to a mapping that fits this "
			   "shop",
			   "%zu key columns are not in the shop: %s%s",
			   needed.count, buf_str(&needed.names), more(&needed));
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.columns", NULL,
			   "all keys are there");
	if (absent.count > 0)
		doctor_add(c->doctor, DOCTOR_WARN, "source.missing_columns",
			   "nothing, if this shop's Magento is of another "
			   "version: they stay null in the copy",
			   "%zu columns are not in the shop: %s%s",
			   absent.count, buf_str(&absent.names), more(&absent));
	find_done(&needed);
	find_done(&absent);
}

static bool has_key(const struct table_def *def)
{
	for (size_t i = 0; i < def->count; i++)
		if (def->columns[i].key > 0)
			return true;
	return false;
}

static void check_primary_keys(struct doctor_check *c,
			       const struct schema *schema)
{
	struct finding without;

	find_init(&without);
	for (size_t i = 0; i < schema_table_count(schema); i++)
		if (!has_key(schema_table_at(schema, i)))
			find_add(&without, schema_table_at(schema, i)->name,
				 NULL);
	if (without.count > 0)
		doctor_add(c->doctor, DOCTOR_WARN, "source.primary_keys",
			   "give them the primary keys that Magento's "
			   "db_schema.xml has",
			   "%zu tables have no primary key: %s%s",
			   without.count, buf_str(&without.names),
			   more(&without));
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.primary_keys", NULL,
			   "every mapped table has one");
	find_done(&without);
}

static bool is_readable(const char *name)
{
	const struct charset *charset = charset_by_name(str_of(name));

	return charset &&
	       (charset->kind == CHARSET_BINARY || charset_reader(charset));
}

static void check_charsets(struct doctor_check *c, const struct schema *schema)
{
	struct finding unknown;

	find_init(&unknown);
	for (size_t i = 0; i < schema_table_count(schema); i++) {
		const struct table_def *def = schema_table_at(schema, i);

		for (size_t j = 0; j < def->count; j++)
			if (def->columns[j].charset[0] != '\0' &&
			    !is_readable(def->columns[j].charset))
				find_add(&unknown, def->name,
					 def->columns[j].name);
	}
	if (unknown.count > 0)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.charsets",
			   "install the C library's conversions (package "
			   "libc-bin: /usr/lib/*/gconv)",
			   "%zu columns have a charset that can't be read "
			   "here: %s%s",
			   unknown.count, buf_str(&unknown.names),
			   more(&unknown));
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.charsets", NULL,
			   "all can be read");
	find_done(&unknown);
}

static void check_keys(struct doctor_check *c, const struct schema *schema)
{
	struct fk_graph *graph = NULL;
	struct err err = { 0 };
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);

	if (fk_graph_new(c->mapping, rows, count, &graph, &err)) {
		doctor_add_err(c->doctor, "source.foreign_keys", &err);
		return;
	}
	fk_graph_free(graph);
	if (count == 0)
		doctor_add(c->doctor, DOCTOR_WARN, "source.foreign_keys",
			   "run bin/magento setup:upgrade, or nothing, if the "
			   "shop really works without them",
			   "there is none: Magento's own schema has many");
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.foreign_keys", NULL,
			   "%zu columns of foreign keys are known", count);
}

/* A rolled back transaction is logged only when such a table took part. */
static void check_engines(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *table = doctor_ask(c, "source.engines",
				 "select table_name "
				 "from information_schema.tables "
				 "where table_schema = database() "
				 "and table_type = 'BASE TABLE' "
				 "and engine not in ('InnoDB', 'MEMORY') "
				 "limit 1");
	CLEANUP(mem_freep) char *cure = NULL;

	if (table) {
		cure = mem_printf("ALTER TABLE `%s`.`%s` ENGINE = InnoDB",
				  c->settings->source_database, table);
		doctor_add(c->doctor, DOCTOR_WARN, "source.engines", cure,
			   "table %s has no transactions", table);
	} else {
		doctor_add(c->doctor, DOCTOR_OK, "source.engines", NULL,
			   "all tables have transactions");
	}
}

/* The log has names as they are stored, and we compare them so. */
static void check_names(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *mode = doctor_variable(c, "lower_case_table_names");
	const char *const names[] = { c->settings->source_database,
				      c->settings->source_table_prefix };
	bool upper = false;

	for (size_t i = 0; i < LENGTH(names); i++)
		for (const char *at = names[i]; *at; at++)
			upper |= isupper((unsigned char)*at) != 0;
	if (mode && strcmp(mode, "1") == 0 && upper)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.name_case",
			   "write source.database and source.table_prefix in "
			   "lower case",
			   "the server keeps names in lower case "
			   "(lower_case_table_names is 1)");
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.name_case", NULL,
			   "lower_case_table_names is %s", mode ? mode : "0");
}

void doctor_shop(struct doctor_check *c)
{
	CLEANUP(schema_freep) struct schema *schema = NULL;
	struct err err = { 0 };

	check_names(c);
	if (schema_read(c->source, c->settings->source_database, c->mapping,
			&schema, &err)) {
		doctor_add_refused(c, "source.tables", &err);
		return;
	}
	if (!check_tables(c, schema) || !check_edition(c, schema))
		return;
	check_primary_keys(c, schema);
	check_charsets(c, schema);
	check_engines(c);
	doctor_privacy(c, schema);
	if (doctor_is_loaded(c->mapping)) {
		check_columns(c, schema);
		check_keys(c, schema);
		doctor_collations(c, schema);
	} else {
		doctor_add(c->doctor, DOCTOR_WARN, "source.foreign_keys",
			   "run cdc --migrate and check again",
			   "not checked: the target's tables are not there");
	}
}
