#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"

static struct mapping_table tables[] = {
	{ .source = (char[]){ "customer_entity" } },
	{ .source = (char[]){ "store" } },
	{ .source = (char[]){ "übersicht" } },
	{ .source = (char[]){ "a`b.c" } },
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

static unsigned effects[LENGTH(tables)];

static void take(void *user, const struct mapping_table *table, unsigned more)
{
	(void)user;
	effects[table - tables] |= more;
}

static void run(const char *schema, bool fold, const char *sql)
{
	const struct ddl_scope scope = { .mapping = &mapping,
					 .database = "shop",
					 .fold = fold };

	memset(effects, 0, sizeof(effects));
	ddl_run(&scope, str_of(schema), str_of(sql), take, NULL);
}

TEST(case_61_kinds_are_told_by_the_first_words)
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
		{ "WITH a AS (SELECT 1) UPDATE store SET x = 1", DDL_DML },
		{ "SELECT `shop`.`f`(1)", DDL_DML },
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
		enum ddl_kind kind = ddl_kind_of(str_of(cases[i].sql));

		if (kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].sql, ddl_kind_name(kind));
	}
}

enum {
	CHANGES = DDL_CHANGES,
	GONE = DDL_CHANGES | DDL_EMPTIES,
	OTHERS = DDL_CHANGES | DDL_REPLACES
};

struct effect {
	const char *sql;
	unsigned customer, store;
};

static void check(const struct effect *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		run("shop", false, cases[i].sql);
		if (effects[0] != cases[i].customer ||
		    effects[1] != cases[i].store)
			fail_msg("%s: %u %u", cases[i].sql, effects[0],
				 effects[1]);
	}
}

TEST(case_61_only_the_tables_a_statement_is_about)
{
	static const struct effect cases[] = {
		{ "ALTER TABLE store ADD customer_entity int", 0, CHANGES },
		{ "alter table x add foreign key (s) references store (id)", 0,
		  0 },
		{ "/* gh-ost */ alter ignore table if exists store add "
		  "unique (a)",
		  0, OTHERS },
		{ "CREATE TABLE x LIKE store", 0, 0 },
		{ "create table if not exists store as select 1", 0, CHANGES },
		{ "CREATE OR REPLACE TABLE store LIKE customer_entity", 0,
		  GONE },
		{ "create temporary table store (a int)", 0, 0 },
		{ "CREATE VIEW store AS SELECT * FROM customer_entity", 0, 0 },
		{ "create trigger t after insert on store for each row "
		  "truncate customer_entity",
		  0, 0 },
		{ "create procedure p() drop table store", 0, 0 },
		{ "create unique index i using btree on store (a)", 0,
		  CHANGES },
		{ "drop index i on store", 0, CHANGES },
		{ "SET STATEMENT lock_wait_timeout=1 FOR ALTER TABLE store "
		  "ADD x int",
		  0, CHANGES },
		{ "/*!50100 ALTER TABLE */ `store` /*M!100000 ADD x int */", 0,
		  CHANGES },
		{ "ALTER TABLE \"store\" ADD x int", 0, CHANGES },
		{ "analyze table store", 0, 0 },
		{ "optimize table store", 0, 0 },
		{ "alter table store", 0, CHANGES },
		{ "alter table", 0, 0 },
		{ "drop table", 0, 0 },
		{ "rename table store", 0, 0 },
	};

	check(cases, LENGTH(cases));
}

TEST(case_48_49_rows_that_go_without_events)
{
	static const struct effect cases[] = {
		{ "truncate store", 0, DDL_EMPTIES },
		{ "TRUNCATE TABLE shop.store WAIT 5", 0, DDL_EMPTIES },
		{ "drop table if exists x, `customer_entity`, store cascade",
		  GONE, GONE },
		{ "DROP TEMPORARY TABLE store", 0, 0 },
		{ "drop view store", 0, 0 },
		{ "drop database if exists shop", GONE, GONE },
		{ "drop schema other", 0, 0 },
		{ "alter table store drop partition p0", 0, OTHERS },
		{ "alter table store truncate partition all", 0, OTHERS },
		{ "alter table store exchange partition p with table "
		  "customer_entity without validation",
		  OTHERS, OTHERS },
		{ "alter table store convert partition p to table "
		  "customer_entity",
		  OTHERS, OTHERS },
		{ "alter table customer_entity convert table store to "
		  "partition p values less than (9)",
		  OTHERS, GONE },
		{ "alter table store import tablespace", 0, OTHERS },
		{ "alter table store reorganize partition p into (partition q "
		  "values less than (1))",
		  0, CHANGES },
		{ "alter table store coalesce partition 2", 0, CHANGES },
		{ "alter table store convert to character set utf8mb4", 0,
		  CHANGES },
		{ "alter table store add x int default (drop(partition))", 0,
		  CHANGES },
	};

	check(cases, LENGTH(cases));
}

TEST(case_50_68_names_that_move)
{
	static const struct effect cases[] = {
		{ "rename table store to x", 0, GONE },
		{ "rename table x to store", 0, OTHERS },
		{ "rename table store to x, y to store", 0, OTHERS },
		{ "rename table store to x, x to store", 0, 0 },
		{ "rename table store to x, customer_entity to store, x to "
		  "customer_entity",
		  OTHERS, OTHERS },
		{ "rename table if exists store wait 9 to other.store", 0,
		  GONE },
		{ "rename table other.store to store", 0, OTHERS },
		{ "rename /* gh-ost */ table `shop`.`store` to "
		  "`shop`.`_store_del`, `shop`.`_store_gho` to `shop`.`store`",
		  0, OTHERS },
		{ "alter table store rename x", 0, GONE },
		{ "alter table x add y int, rename as store", 0, OTHERS },
		{ "alter table store rename = customer_entity", OTHERS, GONE },
		{ "alter table store rename column a to customer_entity", 0,
		  CHANGES },
		{ "alter table store rename key a to b", 0, CHANGES },
		{ "rename user store to customer_entity", 0, 0 },
	};

	check(cases, LENGTH(cases));
}

TEST(case_63_64_160_names)
{
	run("other", false, "alter table store add x int");
	assert_int_equal(effects[1], 0);
	run("other", false, "alter table shop.store add x int");
	assert_int_equal(effects[1], CHANGES);
	run("other", false, "truncate `shop` . `store`");
	assert_int_equal(effects[1], DDL_EMPTIES);
	run("shop", false, "truncate other.store");
	assert_int_equal(effects[1], 0);
	run("shop", false, "drop table `übersicht`, `a``b.c`");
	assert_int_equal(effects[2], GONE);
	assert_int_equal(effects[3], GONE);
	run("shop", false, "drop table STORE");
	assert_int_equal(effects[1], 0);
	run("Shop", true, "drop table STORE");
	assert_int_equal(effects[1], GONE);
}

TEST(case_163_columns_that_move)
{
	static const struct {
		const char *sql;
		bool moves;
	} cases[] = {
		{ "alter table t add a int", false },
		{ "alter table t modify a bigint", false },
		{ "alter table t drop a", true },
		{ "alter table t drop column if exists a", true },
		{ "alter table t drop index a, drop primary key", false },
		{ "alter table t drop foreign key a", false },
		{ "alter table t rename column a to b", true },
		{ "alter table t rename index a to b", false },
		{ "alter table t change a b int", true },
		{ "alter table t change column `a` a bigint", false },
		{ "alter table t comment 'drop a'", false },
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		if (ddl_moves_columns(str_of(cases[i].sql)) != cases[i].moves)
			fail_msg("%s", cases[i].sql);
	assert_true(ddl_mentions(STR("alter table t drop `A b`"), "a B"));
	assert_false(ddl_mentions(STR("alter table t drop `ab`"), "a"));
}

RUN(CASE(case_61_kinds_are_told_by_the_first_words),
    CASE(case_61_only_the_tables_a_statement_is_about),
    CASE(case_48_49_rows_that_go_without_events),
    CASE(case_50_68_names_that_move), CASE(case_63_64_160_names),
    CASE(case_163_columns_that_move))
