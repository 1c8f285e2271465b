#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"

/* The real one wants a file; the statement's kind needs no mapping. */
const struct mapping_table *mapping_find(const struct mapping *m,
					 const char *source_table)
{
	(void)m;
	(void)source_table;
	return NULL;
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

RUN(CASE(case_61_kinds_are_told_by_the_first_words))
