#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"

static struct mapping_table tables[] = {
	{ .source = (char[]){ "customer_entity" } },
	{ .source = (char[]){ "store" } },
	{ .source = (char[]){ "übersicht" } },
};
static struct mapping mapping = { .table_count = LENGTH(tables),
				  .tables = tables };

/* The real one wants a file; names are all that matters here. */
const struct mapping_table *mapping_find(const struct mapping *m,
					 const char *source_table)
{
	for (size_t i = 0; i < m->table_count; i++)
		if (strcmp(m->tables[i].source, source_table) == 0)
			return &m->tables[i];
	return NULL;
}

static int hits[LENGTH(tables)];

static void hit(void *user, const struct mapping_table *table)
{
	(void)user;
	hits[table - tables]++;
}

static enum ddl_kind in(const char *schema, const char *sql)
{
	memset(hits, 0, sizeof(hits));
	return ddl_tables(&mapping, "shop", str_of(schema), str_of(sql), hit,
			  NULL);
}

static void named(int customer, int store)
{
	assert_int_equal(hits[0] > 0, customer);
	assert_int_equal(hits[1] > 0, store);
}

TEST(kinds_are_told_by_the_first_words)
{
	static const struct {
		const char *sql;
		enum ddl_kind kind;
	} cases[] = {
		{ "ALTER TABLE store ADD x int", DDL_ALTER },
		{ "  /* gh-ost */ alter table store add x int", DDL_ALTER },
		{ "ALTER ONLINE IGNORE TABLE store ENGINE=InnoDB", DDL_ALTER },
		{ "ALTER TABLE store RENAME COLUMN a TO b", DDL_ALTER },
		{ "ALTER TABLE store RENAME TO shop2.store", DDL_RENAME },
		{ "ALTER TABLE store RENAME store_old", DDL_RENAME },
		{ "ALTER TABLE store TRUNCATE PARTITION p0", DDL_TRUNCATE },
		{ "ALTER TABLE store EXCHANGE PARTITION p WITH TABLE t",
		  DDL_TRUNCATE },
		{ "ALTER DATABASE shop CHARACTER SET utf8mb4", DDL_NONE },
		{ "CREATE TABLE store (a int)", DDL_CREATE },
		{ "CREATE OR REPLACE TABLE store (a int)", DDL_CREATE },
		{ "CREATE TEMPORARY TABLE store (a int)", DDL_NONE },
		{ "CREATE UNIQUE INDEX i ON store (a)", DDL_ALTER },
		{ "CREATE DEFINER=`table`@`%` TRIGGER t AFTER INSERT ON store "
		  "FOR EACH ROW INSERT INTO log VALUES (1)",
		  DDL_NONE },
		{ "CREATE SQL SECURITY INVOKER VIEW v AS SELECT 1", DDL_NONE },
		{ "DROP TABLE IF EXISTS store", DDL_DROP },
		{ "DROP TEMPORARY TABLE store", DDL_NONE },
		{ "DROP INDEX i ON store", DDL_ALTER },
		{ "RENAME TABLE store TO s, s2 TO store", DDL_RENAME },
		{ "RENAME USER a TO b", DDL_NONE },
		{ "TRUNCATE store", DDL_TRUNCATE },
		{ "truncate table store", DDL_TRUNCATE },
		{ "INSERT INTO store VALUES (1)", DDL_DML },
		{ "REPLACE store SELECT 1", DDL_DML },
		{ "SET STATEMENT max_statement_time=0 FOR ALTER TABLE store "
		  "ADD x int",
		  DDL_ALTER },
		{ "SET PASSWORD FOR a = 'x'", DDL_NONE },
		{ "/*!40000 ALTER TABLE store DISABLE KEYS */", DDL_ALTER },
		{ "/*M!100301 ALTER TABLE store ADD x int */", DDL_ALTER },
		{ "-- note\nDROP TABLE store", DDL_DROP },
		{ "FLUSH TABLES", DDL_NONE },
		{ "ANALYZE TABLE store", DDL_NONE },
		{ "", DDL_NONE },
		{ "/* never closed", DDL_NONE },
		{ "'never closed", DDL_NONE },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		enum ddl_kind kind = in("shop", cases[i].sql);

		if (kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].sql, ddl_kind_name(kind));
	}
}

TEST(tables_count_wherever_they_are_named)
{
	in("shop", "ALTER TABLE `customer_entity` ADD CONSTRAINT c FOREIGN KEY "
		   "(s) REFERENCES `store` (store_id)");
	named(1, 1);
	in("shop", "RENAME TABLE tmp TO \"store\"");
	named(0, 1);
	in("shop", "ALTER TABLE x COMMENT 'customer_entity store'");
	named(0, 0);
	in("shop", "ALTER TABLE x /* customer_entity */ ADD y int -- store");
	named(0, 0);
	in("shop", "ALTER TABLE customer_entity_log ADD y int");
	named(0, 0);
	in("shop", "DROP TABLE `übersicht`");
	assert_int_equal(hits[2], 1);
}

TEST(only_the_databases_own_tables_count)
{
	in("other", "ALTER TABLE store ADD x int");
	named(0, 0);
	in("other", "ALTER TABLE shop.store ADD x int");
	named(0, 1);
	in("other", "ALTER TABLE `shop` . `customer_entity` ADD x int");
	named(1, 0);
	in("shop", "ALTER TABLE other.store ADD x int");
	named(0, 0);
	in("", "DROP DATABASE IF EXISTS shop");
	named(1, 1);
	in("", "DROP DATABASE shop2");
	named(0, 0);
}

RUN(CASE(kinds_are_told_by_the_first_words),
    CASE(tables_count_wherever_they_are_named),
    CASE(only_the_databases_own_tables_count))
