#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "cdc/dml.h"
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

/* "-": nothing of ours. */
static void changes(const char *schema, const char *sql, const char *expected)
{
	const struct mapping_table *table =
		dml_changed(&mapping, "shop", str_of(schema), str_of(sql));
	const char *name = table ? table->source : "-";

	if (strcmp(name, expected) != 0)
		fail_msg("%s: %s", sql, name);
}

TEST(case_51_a_table_counts_wherever_it_is_named)
{
	changes("shop", "DELETE FROM `store`", "store");
	changes("shop", "UPDATE x, \"store\" SET x.a = 1", "store");
	changes("shop", "DELETE a FROM a JOIN store s USING (i)", "store");
	changes("shop", "WITH a AS (SELECT 1) DELETE FROM store", "store");
	changes("shop", "UPDATE übersicht SET a = 1", "übersicht");
	changes("shop", "UPDATE x SET a = 'customer_entity store'", "-");
	changes("shop", "UPDATE x /* store */ SET a = 1 -- store", "-");
	changes("shop", "UPDATE customer_entity_log SET a = 1", "-");
}

TEST(case_51_of_the_database_that_is_copied)
{
	changes("other", "DELETE FROM store", "-");
	changes("other", "DELETE FROM shop.store", "store");
	changes("other", "UPDATE `shop` . `customer_entity` SET a = 1",
		"customer_entity");
	changes("shop", "DELETE FROM other.store", "-");
	changes("", "DELETE FROM `shop`.`mem`", "-");
}

TEST(case_51_what_is_only_read_does_not_count)
{
	changes("shop", "INSERT INTO store VALUES (1)", "store");
	changes("shop", "INSERT IGNORE store SET a = 1", "store");
	changes("shop", "REPLACE LOW_PRIORITY INTO `shop`.`store` (a) SELECT 1",
		"store");
	changes("shop", "INSERT INTO log SELECT * FROM store", "-");
	changes("shop",
		"REPLACE INTO `percona`.`checksums` (db, tbl) SELECT "
		"'shop', 'store', COUNT(*) FROM `shop`.`store`",
		"-");
	changes("shop", "INSERT INTO store SELECT * FROM log", "store");
}

TEST(case_51_a_routine_may_change_anything)
{
	changes("shop", "SELECT f(1)", "customer_entity");
	changes("other", "SELECT `shop`.`f`(1)", "customer_entity");
	changes("other", "CALL shop.p()", "customer_entity");
	changes("other", "SELECT `other`.`f`(1)", "-");
}

TEST(case_52_load_data)
{
	changes("shop",
		"LOAD DATA LOCAL INFILE '/tmp/SQL_LOAD-1' INTO TABLE "
		"`store` (a, b)",
		"store");
	changes("shop", "LOAD DATA INFILE '/tmp/store' INTO TABLE quote", "-");
}

RUN(CASE(case_51_a_table_counts_wherever_it_is_named),
    CASE(case_51_of_the_database_that_is_copied),
    CASE(case_51_what_is_only_read_does_not_count),
    CASE(case_51_a_routine_may_change_anything), CASE(case_52_load_data))
