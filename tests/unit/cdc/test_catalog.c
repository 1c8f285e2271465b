#include "tests/lib/test.h"

#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/catalog.h"
#include "cdc/migrate.h"
#include "tests/unit/cdc/target.h"
#include "transform/mapping.h"

static struct target target;

static int open_target(void **state)
{
	(void)state;
	target_open(&target);
	return 0;
}

static int close_target(void **state)
{
	(void)state;
	target_close(&target);
	return 0;
}

static struct mapping *load_mapping(void)
{
	const char *root = getenv("FICUS_ROOT");
	CLEANUP(mem_freep)
	char *path = mem_printf("%s/schema/magento.yaml", root ? root : ".");
	struct mapping *mapping = NULL;
	struct err err = { 0 };

	if (mapping_load(path, "", &mapping, &err) < 0)
		fail_msg("%s", err.msg);
	return mapping;
}

static void empty_database(void)
{
	target_do(&target, "drop schema ficus, public cascade;"
			   "create schema public");
}

static const struct target_column *column(const struct mapping *mapping,
					  const char *table, const char *name)
{
	static const struct target_column none; /* gcc: fail_msg() returns */
	const struct target_table *t = mapping_target(mapping, table);

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->columns[i].name, name) == 0)
			return &t->columns[i];
	fail_msg("%s.%s is not there", table, name);
	return &none;
}

TEST(the_catalog_fills_every_target)
{
	struct mapping *m = load_mapping();
	struct err err = { 0 };

	assert_int_equal(catalog_load(target.pg, m, &err), 0);
	assert_string_equal(column(m, "customers", "entity_id")->type,
			    "bigint");
	assert_int_equal(column(m, "customers", "entity_id")->key, 1);
	assert_int_equal(column(m, "customers", "email")->key, 0);
	assert_false(column(m, "customers", "email_key")->generated);
	assert_true(column(m, "customers", "source")->generated);
	assert_false(column(m, "customers", "email")->generated);
	assert_int_equal(column(m, "product_categories", "entity_id")->key, 3);
	assert_string_equal(column(m, "orders", "grand_total")->type,
			    "numeric(20,4)");
	assert_string_equal(column(m, "orders", "created_at")->type,
			    "timestamp with time zone");
	assert_string_equal(column(m, "product_values", "attributes")->type,
			    "jsonb");
	mapping_free(m);
}

TEST(nothing_excluded_is_a_column_of_the_database)
{
	struct mapping *m = load_mapping();
	struct err err = { 0 };

	assert_int_equal(catalog_load(target.pg, m, &err), 0);
	for (size_t i = 0; i < m->table_count; i++) {
		const struct target_table *t = m->tables[i].target;

		for (size_t c = 0; c < t->count; c++)
			assert_false(mapping_excludes(&m->tables[i],
						      t->columns[c].name));
	}
	mapping_free(m);
}

static void catalog_refuses(const char *sql, int code, const char *text)
{
	struct mapping *m = load_mapping();
	struct err err = { 0 };

	target_do(&target, sql);
	assert_int_equal(catalog_load(target.pg, m, &err), code);
	if (!strstr(err.msg, text))
		fail_msg("%s", err.msg);
	mapping_free(m);
}

TEST(targets_that_can_not_be_are_refused)
{
	catalog_refuses("alter table orders drop constraint orders_pkey",
			ERR_CONFIG, "orders has no primary key");
	catalog_refuses("drop table stores cascade", ERR_OPERATOR,
			"no table stores");
	catalog_refuses("alter table customer_values drop column attributes "
			"cascade; create table stores (store_id int primary "
			"key)",
			ERR_CONFIG, "attributes jsonb");
}

TEST(migrations_run_once)
{
	size_t applied = 9, pending = 9;
	struct err err = { 0 };

	assert_int_equal(migrate_run(target.pg, NULL, &applied, &err), 0);
	assert_int_equal(applied, 0);
	assert_int_equal(migrate_pending(target.pg, &pending, &err), 0);
	assert_int_equal(pending, 0);
	assert_string_equal(target_ask(&target,
				       "select string_agg(name, ' ' order by "
				       "version) from ficus.migrations "
				       "where version <= 3"),
			    "ficus records views");
	empty_database();
	assert_int_equal(migrate_pending(target.pg, &pending, &err), 0);
	assert_int_equal(pending, migration_count);
}

static void migrate_refuses(const char *text)
{
	size_t pending;
	struct err err = { 0 };

	assert_int_equal(migrate_run(target.pg, NULL, NULL, &err),
			 ERR_OPERATOR);
	assert_non_null(strstr(err.msg, text));
	err = (struct err){ 0 };
	assert_int_equal(migrate_pending(target.pg, &pending, &err),
			 ERR_OPERATOR);
}

TEST(a_changed_or_unknown_migration_is_refused)
{
	target_do(&target, "insert into ficus.migrations values "
			   "(9999, 'later', 'x')");
	migrate_refuses("this program knows");
	target_do(&target, "delete from ficus.migrations where version = 9999;"
			   "update ficus.migrations set checksum = 'x' "
			   "where version = 2");
	migrate_refuses("0002_records");
}

/* The half of a migration that worked is taken back with the rest. */
TEST(a_failed_migration_leaves_nothing)
{
	struct err err = { 0 };

	empty_database();
	target_do(&target,
		  "create schema ficus; create function"
		  " ficus.attribute_backends(entity_type text) returns jsonb"
		  " language sql as 'select null::jsonb'");
	assert_true(migrate_run(target.pg, NULL, NULL, &err) < 0);
	assert_non_null(strstr(err.msg, "0003_views"));
	assert_string_equal(
		target_ask(&target, "select to_regproc('ficus.as_numeric')"),
		"(null)");
	target_do(&target, "drop function ficus.attribute_backends");
	assert_int_equal(migrate_run(target.pg, NULL, NULL, &err), 0);
}

struct racer {
	struct pg *pg;
	size_t applied;
	int rc;
	struct err err;
};

static void *race(void *user)
{
	struct racer *r = user;

	r->rc = migrate_run(r->pg, NULL, &r->applied, &r->err);
	return NULL;
}

TEST(two_programs_migrate_one_after_the_other)
{
	struct racer racers[2] = { 0 };
	pthread_t threads[2];

	empty_database();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pg_connect(&target.config, &racers[i].pg,
					    &racers[i].err),
				 0);
		pthread_create(&threads[i], NULL, race, &racers[i]);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		if (racers[i].rc < 0)
			fail_msg("%s", racers[i].err.msg);
		pg_close(racers[i].pg);
	}
	assert_int_equal(racers[0].applied + racers[1].applied,
			 migration_count);
}

TEST(records_can_live_in_a_schema_of_their_own)
{
	struct pg_config config = target.config;
	struct mapping *m = load_mapping();
	struct pg *pg = NULL;
	struct err err = { 0 };

	empty_database();
	config.schema = "shop";
	assert_int_equal(pg_connect(&config, &pg, &err), 0);
	if (migrate_run(pg, "shop", NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(catalog_load(pg, m, &err), 0);
	pg_close(pg);
	assert_string_equal(
		target_ask(&target, "select to_regclass('public.customers')"),
		"(null)");
	assert_string_equal(target_ask(&target, "select count(*) from "
						"shop.product_record(1, 0)"),
			    "0");
	mapping_free(m);
}

#define IN_TARGET(name)                                                        \
	cmocka_unit_test_setup_teardown(name, open_target, close_target)
RUN_WITH("FICUS_TEST_PG", IN_TARGET(the_catalog_fills_every_target),
	 IN_TARGET(nothing_excluded_is_a_column_of_the_database),
	 IN_TARGET(targets_that_can_not_be_are_refused),
	 IN_TARGET(migrations_run_once),
	 IN_TARGET(a_changed_or_unknown_migration_is_refused),
	 IN_TARGET(a_failed_migration_leaves_nothing),
	 IN_TARGET(two_programs_migrate_one_after_the_other),
	 IN_TARGET(records_can_live_in_a_schema_of_their_own))
