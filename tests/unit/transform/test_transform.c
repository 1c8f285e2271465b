#include "tests/lib/test.h"

#include <string.h>

#include "tests/unit/transform/shop.h"
#include "transform/fk.h"
#include "transform/losses.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

static struct shop shop;
static struct table_def *product, *customer, *varchar, *decimal, *whole;
static struct table_def *nick, *attribute, *type;

static int open_shop(void **state)
{
	(void)state;
	shop_open(&shop);
	product = shop_def("catalog_product_entity",
			   "entity_id* sku created_at updated_at");
	customer = shop_def("customer_entity",
			    "entity_id* email dob password_hash confirmation "
			    "rp_token");
	varchar = shop_def("catalog_product_entity_varchar",
			   "value_id* attribute_id store_id entity_id value");
	decimal = shop_def("catalog_product_entity_decimal",
			   "value_id* attribute_id store_id entity_id value");
	whole = shop_def("catalog_product_entity_int",
			 "value_id* attribute_id store_id entity_id value");
	nick = shop_def("customer_entity_varchar",
			"value_id* attribute_id entity_id value");
	attribute = shop_def("eav_attribute",
			     "attribute_id* entity_type_id attribute_code "
			     "backend_type backend_table");
	type = shop_def("eav_entity_type",
			"entity_type_id* entity_type_code entity_table");
	return 0;
}

static int close_shop(void **state)
{
	struct table_def *all[] = { product, customer, varchar,	  decimal,
				    whole,   nick,     attribute, type };

	(void)state;
	for (size_t i = 0; i < LENGTH(all); i++)
		table_def_free(all[i]);
	shop_close(&shop);
	return 0;
}

static void row(const struct table_def *def, const char *const *before,
		const char *const *after)
{
	if (shop_row(&shop, def, ROW_ACTIONS_SILENT, before, after) < 0)
		fail_msg("%s", shop.err.msg);
}

static void expect(const char *log)
{
	assert_string_equal(shop_log(&shop), log);
}

static const struct transform_counts *counts(void)
{
	return transform_counts(shop.transform);
}

TEST(rows_of_a_table_go_over_by_name)
{
	row(product, NULL, ROW("5", "a", "2026-01-02 03:04:05", NULL));
	expect("UPSERT products entity_id=5 sku=a "
	       "created_at=2026-01-02 03:04:05\n");
	row(product, ROW("5", "a", NULL, NULL), ROW("5", "b", NULL, NULL));
	expect("UPSERT products entity_id=5 sku=b\n");
	row(product, ROW("5", "b", NULL, NULL), NULL);
	expect("DELETE products entity_id=5 sku=b\n");
}

TEST(secrets_are_neither_decoded_nor_given_on)
{
	struct binding *binding;
	struct err err = { 0 };

	row(customer, NULL, ROW("1", "a@b", NULL, "hash", "key", "token"));
	expect("UPSERT customers entity_id=1 email=a@b\n");
	assert_int_equal(
		transform_bind(shop.transform, customer, &binding, &err), 0);
	assert_int_equal(binding_wanted(binding)[0], 0x07);
	assert_string_equal(binding_source(binding), "customer_entity");
	binding_free(binding);
}

TEST(a_table_that_is_not_mapped_has_no_binding)
{
	struct table_def *def = shop_def("cron_schedule", "schedule_id*");
	struct binding *binding = (struct binding *)def;
	struct err err = { 0 };

	assert_int_equal(transform_bind(shop.transform, def, &binding, &err),
			 0);
	assert_null(binding);
	table_def_free(def);
}

TEST(case_55_a_changed_key_is_a_delete_without_actions_and_a_new_row)
{
	row(product, ROW("5", "a", NULL, NULL), ROW("6", "a", NULL, NULL));
	expect("DELETE products entity_id=5 sku=a\n"
	       "UPSERT products entity_id=6 sku=a\n");
}

TEST(values_go_under_their_attribute_code)
{
	row(varchar, NULL, ROW("1", "73", "0", "5", "Lamp"));
	row(varchar, NULL, ROW("2", "73", "2", "5", NULL));
	row(decimal, NULL, ROW("1", "77", "0", "5", "1.500000"));
	row(whole, NULL, ROW("1", "97", "0", "5", "-1"));
	row(nick, NULL, ROW("1", "10", "9", "Bo"));
	expect("SET product_values 5/0 name=\"Lamp\"\n"
	       "SET product_values 5/2 name=null\n"
	       "SET product_prices 5/0 price=1.500000\n"
	       "SET product_values 5/0 status=-1\n"
	       "SET customer_values 9/0 nick=\"Bo\"\n");
	row(varchar, ROW("1", "73", "0", "5", "Lamp"), NULL);
	expect("UNSET product_values 5/0 name\n");
}

TEST(a_value_that_moves_is_unset_where_it_was)
{
	row(varchar, ROW("1", "73", "1", "5", "a"),
	    ROW("1", "73", "0", "5", "a"));
	expect("UNSET product_values 5/1 name\n"
	       "SET product_values 5/0 name=\"a\"\n");
	row(varchar, ROW("1", "73", "0", "5", "a"),
	    ROW("9", "73", "0", "5", "b"));
	expect("SET product_values 5/0 name=\"b\"\n");
}

TEST(values_outside_the_backend_table_are_left_out_and_counted)
{
	row(varchar, NULL, ROW("1", "77", "0", "5", "1.5"));
	row(varchar, NULL, ROW("1", "120", "0", "5", "in text"));
	row(varchar, NULL, ROW("1", "10", "0", "5", "a customer's"));
	row(varchar, NULL, ROW("1", "999", "0", "5", "nobody's"));
	expect("");
	assert_int_equal(counts()->foreign_backend, 3);
	assert_int_equal(counts()->unknown_attribute, 1);

	struct table_def *text =
		shop_def("catalog_product_entity_text",
			 "value_id* attribute_id store_id entity_id value");
	row(text, NULL, ROW("1", "120", "0", "5", "in text"));
	expect("SET product_values 5/0 odd=\"in text\"\n");
	table_def_free(text);
}

TEST(a_number_that_is_none_is_written_as_text)
{
	row(whole, NULL, ROW("1", "97", "0", "5", "007"));
	row(whole, NULL, ROW("1", "97", "0", "5", "n/a"));
	expect("SET product_values 5/0 status=\"007\"\n"
	       "SET product_values 5/0 status=\"n/a\"\n");
}

TEST(the_stream_keeps_the_attribute_map)
{
	row(attribute, NULL, ROW("130", "4", "colour", "int", NULL));
	row(whole, NULL, ROW("1", "130", "0", "5", "3"));
	row(attribute, ROW("130", "4", "colour", "int", NULL),
	    ROW("130", "4", "color", "int", NULL));
	row(whole, NULL, ROW("2", "130", "0", "6", "4"));
	assert_int_equal(counts()->attribute_changes, 1);
	row(attribute, ROW("130", "4", "color", "int", NULL), NULL);
	row(whole, NULL, ROW("2", "130", "0", "6", "4"));
	assert_int_equal(counts()->unknown_attribute, 1);
	expect("REFETCH catalog_product_entity_int(attribute_id=130)\n"
	       "UPSERT attributes attribute_id=130 entity_type_id=4 "
	       "attribute_code=colour backend_type=int\n"
	       "SET product_values 5/0 colour=3\n"
	       "REFETCH catalog_product_entity_int()\n"
	       "UPSERT attributes attribute_id=130 entity_type_id=4 "
	       "attribute_code=color backend_type=int\n"
	       "SET product_values 6/0 color=4\n"
	       "DELETE attributes attribute_id=130 entity_type_id=4 "
	       "attribute_code=color backend_type=int\n");
}

static void attribute_row(enum row_actions actions, const char *const *before,
			  const char *const *after)
{
	if (shop_row(&shop, attribute, actions, before, after) < 0)
		fail_msg("%s", shop.err.msg);
}

/* The lines that ask, without the rows of the attribute itself. */
static void expect_asked(const char *lines)
{
	char found[1024] = "";
	size_t length = 0;

	for (const char *line = shop_log(&shop); *line;) {
		size_t n = strcspn(line, "\n") + 1;

		if (strncmp(line, "REFETCH", 7) == 0) {
			assert_true(length + n < sizeof(found));
			memcpy(found + length, line, n);
			length += n;
		}
		line += n;
	}
	assert_string_equal(found, lines);
}

TEST(values_of_an_attribute_that_moves_are_asked_for_where_they_were_and_are)
{
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_SILENT,
		      ROW("73", "4", "name", "varchar", NULL),
		      ROW("73", "4", "name", "text", NULL));
	expect_asked("REFETCH catalog_product_entity_text()\n"
		     "REFETCH catalog_product_entity_varchar()\n");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_SILENT, ROW("73", "4", "name", "text", NULL),
		      ROW("73", "4", "name", "static", NULL));
	expect_asked("REFETCH catalog_product_entity_text()\n");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_SILENT,
		      ROW("73", "4", "name", "static", NULL),
		      ROW("73", "1", "name", "varchar", ""));
	expect_asked("REFETCH customer_entity_varchar()\n");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_SILENT, ROW("73", "1", "name", "varchar", ""),
		      ROW("73", "1", "name", "varchar", ""));
	expect_asked("");
}

/* The copy of the metadata may be read anew before the stream is there. */
TEST(a_rename_that_the_map_knows_already_asks_all_the_same)
{
	row(attribute, ROW("73", "4", "title", "varchar", NULL),
	    ROW("73", "4", "name", "varchar", NULL));
	expect_asked("REFETCH catalog_product_entity_varchar()\n");
}

TEST(an_attribute_written_again_asks_if_it_is_another)
{
	const char *const *was = ROW("73", "4", "name", "varchar", NULL);

	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_LOGGED, was, NULL);
	attribute_row(ROW_ACTIONS_LOGGED, NULL, was);
	expect_asked("");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_LOGGED, was, NULL);
	attribute_row(ROW_ACTIONS_LOGGED, NULL,
		      ROW("73", "4", "title", "varchar", NULL));
	expect_asked("REFETCH catalog_product_entity_varchar()\n");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_NONE,
		      ROW("73", "4", "title", "varchar", NULL), NULL);
	expect_asked("REFETCH catalog_product_entity_varchar()\n");
	transform_mark(shop.transform);
	attribute_row(ROW_ACTIONS_SILENT, NULL, was);
	expect_asked("REFETCH catalog_product_entity_varchar"
		     "(attribute_id=73)\n");
}

TEST(values_of_an_entity_type_that_is_another_are_asked_for)
{
	row(type, ROW("1", "customer", "customer_entity"),
	    ROW("1", "customer", "customer_entity"));
	expect_asked("");
	row(type, ROW("1", "customer", "customer_entity"),
	    ROW("1", "client", "customer_entity"));
	expect_asked("REFETCH customer_entity_datetime()\n"
		     "REFETCH customer_entity_decimal()\n"
		     "REFETCH customer_entity_int()\n"
		     "REFETCH customer_entity_text()\n"
		     "REFETCH customer_entity_varchar()\n");
}

TEST(rows_are_chosen_by_the_mapping)
{
	struct table_def *config =
		shop_def("core_config_data", "config_id* path value");
	const char *const *base = ROW("1", "web/secure/base_url", "u");
	const char *const *secret = ROW("1", "payment/acme/key", "s");
	const char *const *begun = ROW("2", "currency/options/base", "EUR");

	row(config, NULL, secret);
	row(config, NULL, ROW("3", NULL, "s"));
	row(config, NULL, ROW("3", "web/secure/base_urls", "s"));
	row(config, secret, secret);
	row(config, secret, NULL);
	expect("");
	row(config, NULL, base);
	row(config, NULL, begun);
	row(config, base, base);
	row(config, base, secret);
	row(config, secret, base);
	row(config, base, NULL);
	expect("UPSERT configuration config_id=1 path=web/secure/base_url "
	       "value=u\n"
	       "UPSERT configuration config_id=2 path=currency/options/base "
	       "value=EUR\n"
	       "UPSERT configuration config_id=1 path=web/secure/base_url "
	       "value=u\n"
	       "DELETE configuration config_id=1 path=web/secure/base_url "
	       "value=u\n"
	       "UPSERT configuration config_id=1 path=web/secure/base_url "
	       "value=u\n"
	       "DELETE configuration config_id=1 path=web/secure/base_url "
	       "value=u\n");
	/* Of an image without the path nothing is used but the key. */
	row(config, ROW("1", shop_absent, shop_absent),
	    ROW(shop_absent, shop_absent, "s"));
	expect("REFETCH core_config_data(config_id=1)\n");
	row(config, ROW("1", shop_absent, shop_absent), NULL);
	expect("DELETE configuration config_id=1\n");
	table_def_free(config);
}

TEST(columns_of_extensions_are_taken_up_unless_they_sound_secret)
{
	struct table_def *def = shop_def("catalog_product_entity",
					 "entity_id* sku acme_size Api_Token "
					 "cc_x password_hash2 extra");

	row(def, NULL, ROW("5", "a", "4", "s", "s", "s", "own"));
	expect("UPSERT products entity_id=5 sku=a "
	       "extra={\"acme_size\":\"4\",\"extra\":\"own\"}\n");
	table_def_free(def);
}

TEST(a_type_known_late_gives_its_attributes_a_home)
{
	struct table_def *name =
		shop_def("catalog_category_entity_varchar",
			 "value_id* attribute_id store_id entity_id value");

	row(attribute, NULL, ROW("45", "3", "name", "varchar", NULL));
	row(name, NULL, ROW("1", "45", "0", "7", "Root"));
	assert_int_equal(counts()->foreign_backend, 1);
	row(type, NULL,
	    ROW("3", "catalog_category", "catalog_category_entity"));
	shop_log(&shop);
	row(name, NULL, ROW("1", "45", "0", "7", "Root"));
	expect("SET category_values 7/0 name=\"Root\"\n");
	row(type, ROW("3", "catalog_category", "catalog_category_entity"),
	    NULL);
	shop_log(&shop);
	row(name, NULL, ROW("1", "45", "0", "7", "Root"));
	expect("");
	assert_int_equal(counts()->unknown_attribute, 1);
	table_def_free(name);
}

TEST(deletes_that_fire_actions_are_marked)
{
	static const struct fk_row rows[] = {
		{ "W", "catalog_product_website", "product_id",
		  "catalog_product_entity", "entity_id", "CASCADE",
		  "RESTRICT" },
	};
	struct fk_graph *graph = NULL;
	struct err err = { 0 };

	assert_int_equal(fk_graph_new(shop.mapping, rows, 1, &graph, &err), 0);
	transform_set_foreign_keys(shop.transform, graph);
	shop_row(&shop, product, ROW_ACTIONS_SILENT, ROW("5", NULL, NULL, NULL),
		 NULL);
	shop_row(&shop, product, ROW_ACTIONS_NONE, ROW("5", NULL, NULL, NULL),
		 NULL);
	shop_row(&shop, product, ROW_ACTIONS_LOGGED, ROW("5", NULL, NULL, NULL),
		 NULL);
	shop_row(&shop, customer, ROW_ACTIONS_SILENT,
		 ROW("5", NULL, NULL, NULL, NULL, NULL), NULL);
	expect("DELETE! products entity_id=5\n"
	       "DELETE products entity_id=5\n"
	       "DELETE products entity_id=5\n"
	       "DELETE customers entity_id=5\n");
	fk_graph_free(graph);
}

TEST(who_follows_a_key_on_update_is_read_again)
{
	static const struct fk_row rows[] = {
		{ "W", "catalog_product_website", "product_id",
		  "catalog_product_entity", "entity_id", "CASCADE", "CASCADE" },
	};
	struct fk_graph *graph = NULL;
	struct err err = { 0 };

	assert_int_equal(fk_graph_new(shop.mapping, rows, 1, &graph, &err), 0);
	transform_set_foreign_keys(shop.transform, graph);
	shop_row(&shop, product, ROW_ACTIONS_SILENT, ROW("5", NULL, NULL, NULL),
		 ROW("6", NULL, NULL, NULL));
	shop_row(&shop, product, ROW_ACTIONS_SILENT, ROW("6", NULL, NULL, NULL),
		 ROW("6", NULL, NULL, NULL));
	shop_row(&shop, product, ROW_ACTIONS_LOGGED, ROW("5", NULL, NULL, NULL),
		 ROW("6", NULL, NULL, NULL));
	expect("REFETCH catalog_product_website(product_id=5)\n"
	       "REFETCH catalog_product_website(product_id=6)\n"
	       "DELETE products entity_id=5\n"
	       "UPSERT products entity_id=6\n"
	       "UPSERT products entity_id=6\n"
	       "DELETE products entity_id=5\n"
	       "UPSERT products entity_id=6\n");
	fk_graph_free(graph);
}

TEST(dates_that_are_none_become_null)
{
	row(customer, NULL, ROW("1", "a", "0000-00-00", NULL, NULL, NULL));
	row(customer, NULL, ROW("1", "a", "2023-02-29", NULL, NULL, NULL));
	row(customer, NULL, ROW("1", "a", "2024-02-29", NULL, NULL, NULL));
	expect("UPSERT customers entity_id=1 email=a\n"
	       "UPSERT customers entity_id=1 email=a\n"
	       "UPSERT customers entity_id=1 email=a dob=2024-02-29\n");
	assert_int_equal(
		loss_count(losses_of(shop.losses, "customer_entity", "dob"),
			   LOSS_ZERO_DATE),
		2);
	assert_int_equal(counts()->rows, 3);
}

#define NO shop_absent

TEST(case_74_an_incomplete_row_is_asked_for_by_its_key)
{
	row(product, NULL, ROW("5", "a", NO, NO));
	row(product, ROW("5", NO, NO, NO), ROW(NO, NO, "2026-01-02", NO));
	row(product, ROW("5", NO, NO, NO), ROW("6", NO, NO, NO));
	expect("REFETCH catalog_product_entity(entity_id=5)\n"
	       "REFETCH catalog_product_entity(entity_id=5)\n"
	       "REFETCH catalog_product_entity(entity_id=5)\n"
	       "REFETCH catalog_product_entity(entity_id=6)\n");
	/* A delete needs no more than the key. */
	row(product, ROW("5", NO, NO, NO), NULL);
	expect("DELETE products entity_id=5\n");
	row(product, ROW(NO, "a", NO, NO), NULL);
	expect("REFETCH catalog_product_entity()\n");
	/* All that is wanted is there, though not before (MySQL's REPLACE). */
	row(product, ROW("5", NO, NO, NO), ROW("5", "b", NULL, NULL));
	expect("UPSERT products entity_id=5 sku=b\n");
	assert_int_equal(counts()->incomplete, 3);
}

/* Of secrets nobody misses a thing. */
TEST(case_75_what_is_not_wanted_need_not_be_there)
{
	row(customer, NULL, ROW("1", "a", NULL, NO, NO, NO));
	expect("UPSERT customers entity_id=1 email=a\n");
	row(customer, ROW("1", "a", NULL, NO, NO, NO),
	    ROW("1", "b", NULL, NO, NO, NO));
	expect("UPSERT customers entity_id=1 email=b\n");
	assert_int_equal(counts()->incomplete, 0);
}

TEST(case_74_values_without_their_place_are_asked_for)
{
	/* value_id attribute store entity value */
	row(varchar, NULL, ROW("1", "73", "0", "5", "Lamp"));
	row(varchar, ROW("1", NO, NO, NO, NO), ROW(NO, NO, NO, NO, "Lantern"));
	row(varchar, NULL, ROW("2", "73", NO, "5", "Lamp"));
	expect("SET product_values 5/0 name=\"Lamp\"\n"
	       "REFETCH catalog_product_entity_varchar(value_id=1)\n"
	       "REFETCH catalog_product_entity_varchar(value_id=2)\n");
	row(varchar, ROW("1", NO, NO, NO, NO), NULL);
	row(varchar, ROW("1", NO, NO, NO, NO), ROW(NO, NO, "1", NO, NO));
	row(varchar, ROW("1", NO, NO, NO, NO), ROW("4", NO, NO, NO, "x"));
	expect("REFETCH catalog_product_entity_varchar()\n"
	       "REFETCH catalog_product_entity_varchar()\n"
	       "REFETCH catalog_product_entity_varchar()\n");
}

/* INSERT … ON DUPLICATE KEY UPDATE on MySQL, REPLACE on both. */
TEST(case_74_a_value_of_unknown_origin_claims_its_place)
{
	row(varchar, ROW("1", NO, NO, NO, NO),
	    ROW("1", "73", "0", "5", "Lamp"));
	row(varchar, ROW("1", NO, NO, NO, NO), ROW(NO, "73", "0", "5", NO));
	expect("SET product_values 5/0 name?=\"Lamp\"\n"
	       "REFETCH catalog_product_entity_varchar()\n");
}

/* NOBLOB: the place is there, a value that did not change is not. */
TEST(case_75_a_value_left_out_is_asked_for_where_it_went)
{
	row(varchar, ROW("1", "73", "0", "5", NO),
	    ROW("1", "73", "0", "5", "Lamp"));
	row(varchar, ROW("1", "73", "0", "5", NO),
	    ROW("1", "73", "0", "5", NO));
	row(varchar, ROW("1", "73", "0", "5", NO),
	    ROW("1", "73", "1", "5", NO));
	row(varchar, ROW("1", "73", "0", "5", NO), NULL);
	expect("SET product_values 5/0 name=\"Lamp\"\n"
	       "REFETCH catalog_product_entity_varchar(value_id=1)\n"
	       "UNSET product_values 5/0 name\n"
	       "REFETCH catalog_product_entity_varchar(value_id=1)\n"
	       "UNSET product_values 5/0 name\n");
}

TEST(case_74_the_attribute_map_stays_exact_or_it_stops)
{
	/* id type code backend table */
	row(attribute, ROW("73", NO, NO, NO, NO), ROW(NO, NO, "title", NO, NO));
	row(varchar, NULL, ROW("1", "73", "0", "5", "Lamp"));
	expect("REFETCH catalog_product_entity_varchar()\n"
	       "UPSERT attributes attribute_id=73 entity_type_id=4 "
	       "attribute_code=title backend_type=varchar\n"
	       "REFETCH eav_attribute(attribute_id=73)\n"
	       "SET product_values 5/0 title=\"Lamp\"\n");
	row(attribute, ROW("73", NO, NO, NO, NO), NULL);
	expect("DELETE attributes attribute_id=73\n");
	/* A new attribute, or one that may be replaced, must say all. */
	assert_int_equal(shop_row(&shop, attribute, ROW_ACTIONS_SILENT, NULL,
				  ROW("200", "4", "new", NO, NO)),
			 ERR_OPERATOR);
	assert_non_null(strstr(shop.err.msg, "binlog_row_image=FULL"));
	assert_int_equal(shop_row(&shop, attribute, ROW_ACTIONS_SILENT,
				  ROW("97", NO, NO, NO, NO),
				  ROW("97", NO, "state", NO, NO)),
			 ERR_OPERATOR);
	assert_int_equal(shop_row(&shop, attribute, ROW_ACTIONS_SILENT,
				  ROW(NO, NO, "name", NO, NO), NULL),
			 ERR_OPERATOR);
	expect("");
}

static void refused(const char *name, const char *columns, const char *text)
{
	struct table_def *def = shop_def(name, columns);
	struct binding *binding = NULL;
	struct err err = { 0 };

	assert_int_equal(transform_bind(shop.transform, def, &binding, &err),
			 ERR_CONFIG);
	if (!strstr(err.msg, text))
		fail_msg("%s", err.msg);
	assert_null(binding);
	table_def_free(def);
}

static void judged(const struct table_def *def, enum row_actions actions,
		   const char *before, const char *after, const char *log)
{
	const char *const *was = before ? ROW("7", before) : NULL;

	assert_int_equal(shop_row(&shop, def, actions, was, ROW("7", after)),
			 0);
	expect(log);
}

TEST(roots_are_judged_by_their_image)
{
	static const char old[] = "2024-12-31 23:59:59";
	static const char now[] = "2025-01-01 00:00:00";
	static const char in[] =
		"UPSERT orders entity_id=7 updated_at=2025-01-01 00:00:00\n";
	static const char enters[] =
		"UPSERT orders entity_id=7 updated_at=2025-01-01 00:00:00\n"
		"REFETCH sales_order(entity_id=7)\n";
	static const char out[] =
		"DELETE orders entity_id=7 updated_at=2024-12-31 23:59:59\n";
	struct table_def *order;

	mapping_set_since(shop.mapping, DOMAIN_ORDER, now);
	order = shop_def("sales_order", "entity_id* updated_at");
	judged(order, ROW_ACTIONS_SILENT, NULL, now, in);
	judged(order, ROW_ACTIONS_NONE, NULL, now, enters);
	judged(order, ROW_ACTIONS_SILENT, NULL, old, out);
	judged(order, ROW_ACTIONS_SILENT, now, now, in);
	judged(order, ROW_ACTIONS_SILENT, old, now, enters);
	judged(order, ROW_ACTIONS_SILENT, now, old, out);
	judged(order, ROW_ACTIONS_SILENT, NULL, NULL,
	       "UPSERT orders entity_id=7\n");
	judged(order, ROW_ACTIONS_SILENT, NO, now, enters);
	judged(order, ROW_ACTIONS_SILENT, now, NO,
	       "REFETCH sales_order(entity_id=7)\n"
	       "REFETCH sales_order(entity_id=7)\n");
	table_def_free(order);
}

TEST(tables_of_another_shape_are_refused)
{
	refused("catalog_product_entity", "row_id* entity_id sku", "row_id");
	refused("catalog_product_entity", "sku", "entity_id");
	refused("catalog_product_entity_int", "value_id* store_id entity_id",
		"attribute_id");
	refused("sales_order", "entity_id* grand_total:decimal(24,6)",
		"alter table orders");
}

#define IN_SHOP(name)                                                          \
	cmocka_unit_test_setup_teardown(name, open_shop, close_shop)
RUN(IN_SHOP(rows_of_a_table_go_over_by_name),
    IN_SHOP(secrets_are_neither_decoded_nor_given_on),
    IN_SHOP(a_table_that_is_not_mapped_has_no_binding),
    IN_SHOP(case_55_a_changed_key_is_a_delete_without_actions_and_a_new_row),
    IN_SHOP(values_go_under_their_attribute_code),
    IN_SHOP(a_value_that_moves_is_unset_where_it_was),
    IN_SHOP(values_outside_the_backend_table_are_left_out_and_counted),
    IN_SHOP(a_number_that_is_none_is_written_as_text),
    IN_SHOP(the_stream_keeps_the_attribute_map),
    IN_SHOP(values_of_an_attribute_that_moves_are_asked_for_where_they_were_and_are),
    IN_SHOP(a_rename_that_the_map_knows_already_asks_all_the_same),
    IN_SHOP(an_attribute_written_again_asks_if_it_is_another),
    IN_SHOP(values_of_an_entity_type_that_is_another_are_asked_for),
    IN_SHOP(rows_are_chosen_by_the_mapping),
    IN_SHOP(columns_of_extensions_are_taken_up_unless_they_sound_secret),
    IN_SHOP(a_type_known_late_gives_its_attributes_a_home),
    IN_SHOP(deletes_that_fire_actions_are_marked),
    IN_SHOP(who_follows_a_key_on_update_is_read_again),
    IN_SHOP(dates_that_are_none_become_null),
    IN_SHOP(case_74_an_incomplete_row_is_asked_for_by_its_key),
    IN_SHOP(case_75_what_is_not_wanted_need_not_be_there),
    IN_SHOP(case_74_values_without_their_place_are_asked_for),
    IN_SHOP(case_74_a_value_of_unknown_origin_claims_its_place),
    IN_SHOP(case_75_a_value_left_out_is_asked_for_where_it_went),
    IN_SHOP(case_74_the_attribute_map_stays_exact_or_it_stops),
    IN_SHOP(roots_are_judged_by_their_image),
    IN_SHOP(tables_of_another_shape_are_refused))
