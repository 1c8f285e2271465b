/* Deletes with unlogged foreign-key actions, with the shipped mapping and some
 * of Magento's own constraints, against a real PostgreSQL (FICUS_TEST_PG). */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/apply.h"
#include "cdc/catalog.h"
#include "tests/unit/cdc/target.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

#define KEY(child, column, parent, to, rule)                                   \
	{                                                                      \
		child "_" column, child, column, parent, to, rule, "RESTRICT"  \
	}
#define VALUE_KEYS(child, entity)                                              \
	KEY(child, "entity_id", entity, "entity_id", "CASCADE"),               \
		KEY(child, "attribute_id", "eav_attribute", "attribute_id",    \
		    "CASCADE"),                                                \
		KEY(child, "store_id", "store", "store_id", "CASCADE")

static const struct fk_row keys[] = {
	VALUE_KEYS("catalog_product_entity_varchar", "catalog_product_entity"),
	VALUE_KEYS("catalog_product_entity_int", "catalog_product_entity"),
	VALUE_KEYS("catalog_product_entity_text", "catalog_product_entity"),
	VALUE_KEYS("catalog_product_entity_datetime", "catalog_product_entity"),
	VALUE_KEYS("catalog_product_entity_decimal", "catalog_product_entity"),
	KEY("catalog_category_product", "product_id", "catalog_product_entity",
	    "entity_id", "CASCADE"),
	KEY("cataloginventory_stock_item", "product_id",
	    "catalog_product_entity", "entity_id", "CASCADE"),
	KEY("catalog_product_website", "product_id", "catalog_product_entity",
	    "entity_id", "CASCADE"),
	KEY("catalog_product_website", "website_id", "store_website",
	    "website_id", "CASCADE"),
	KEY("store", "website_id", "store_website", "website_id", "CASCADE"),
	KEY("store", "group_id", "store_group", "group_id", "CASCADE"),
	KEY("store_group", "website_id", "store_website", "website_id",
	    "CASCADE"),
	KEY("customer_entity", "store_id", "store", "store_id", "SET NULL"),
	KEY("sales_order", "store_id", "store", "store_id", "SET NULL"),
	KEY("sales_order", "customer_id", "customer_entity", "entity_id",
	    "SET NULL"),
	KEY("eav_attribute", "entity_type_id", "eav_entity_type",
	    "entity_type_id", "CASCADE"),
};

static const char shop_sql[] =
	"insert into entity_types (entity_type_id, entity_type_code)"
	" values (4, 'catalog_product'), (1, 'customer');"
	"insert into attributes (attribute_id, entity_type_id, attribute_code,"
	" backend_type) values (73, 4, 'name', 'varchar'),"
	" (97, 4, 'status', 'int'), (77, 4, 'price', 'decimal'),"
	" (5, 1, 'name', 'varchar');"
	"insert into websites (website_id, code) values (0, 'admin'),"
	" (1, 'base'), (2, 'other');"
	"insert into store_groups (group_id, website_id)"
	" values (0, 0), (1, 1), (2, 2);"
	"insert into stores (store_id, website_id, group_id)"
	" values (0, 0, 0), (1, 1, 1), (2, 1, 1), (3, 2, 2);"
	"insert into products (entity_id) select generate_series(1, 9);"
	"insert into product_values select e, s, '{\"name\": 1, \"status\": 2}'"
	" from generate_series(1, 9) e, generate_series(0, 3) s;"
	"insert into product_prices select e, 0, '{\"price\": 1}'"
	" from generate_series(1, 9) e;"
	"insert into product_categories"
	" select e, 2, e, 0 from generate_series(1, 9) e;"
	"insert into product_websites select e, w"
	" from generate_series(1, 9) e, generate_series(1, 2) w;"
	"insert into stock_items (item_id, product_id)"
	" select e, e from generate_series(1, 9) e;"
	"insert into customers (entity_id, store_id)"
	" select e, e % 4 from generate_series(1, 8) e;"
	"insert into orders (entity_id, store_id, customer_id)"
	" select e, e % 4, e from generate_series(1, 8) e;";

struct shop {
	struct target target;
	struct mapping *mapping;
	struct fk_graph *graph;
	struct apply *apply;
};

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s: %s", err_code_name(err->code), err->msg);
}

static void start(struct shop *shop)
{
	CLEANUP(mem_freep)
	char *path = mem_printf("%s/schema/magento.yaml", getenv("FICUS_ROOT"));
	struct err err;

	*shop = (struct shop){ 0 };
	target_open(&shop->target);
	target_do(&shop->target, shop_sql);
	must(mapping_load(path, "", &shop->mapping, &err), &err);
	must(catalog_load(shop->target.pg, shop->mapping, &err), &err);
	must(fk_graph_new(shop->mapping, keys, LENGTH(keys), &shop->graph,
			  &err),
	     &err);
	const struct apply_options options = {
		.target = &shop->target.config,
		.mapping = shop->mapping,
		.batch_bytes = 1UL << 20,
		.batch_transactions = 100,
		.instance = "test:1",
	};
	must(apply_open(&options, &shop->apply, &err), &err);
	apply_set_foreign_keys(shop->apply, shop->graph);
}

static void stop(struct shop *shop)
{
	apply_close(shop->apply);
	fk_graph_free(shop->graph);
	mapping_free(shop->mapping);
	target_close(&shop->target);
}

/* Deletes the row with this key, of which only the key is known. */
static void delete_row(struct shop *shop, const char *table, const char *key)
{
	const struct target_table *t = mapping_target(shop->mapping, table);
	struct value values[200] = { { key, (uint32_t)strlen(key),
				       VALUE_TEXT } };
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = t,
		.values = values,
		.actions = true,
	};
	struct err err;

	assert_int_equal(t->columns[0].key, 1);
	must(apply_change(shop->apply, &change, &err), &err);
}

static void commit(struct shop *shop)
{
	struct err err;

	must(apply_end(shop->apply, "p", "", "p", &err), &err);
	must(apply_commit(shop->apply, 0, &err), &err);
}

static void ask(struct shop *shop, const char *sql, const char *want)
{
	assert_string_equal(target_ask(&shop->target, sql), want);
}

TEST(a_product_goes_with_all_that_is_its_own)
{
	struct shop shop;

	start(&shop);
	delete_row(&shop, "products", "1");
	delete_row(&shop, "products", "2");
	commit(&shop);
	ask(&shop, "select count(*) from product_values", "28");
	ask(&shop, "select count(*) from product_prices", "7");
	ask(&shop, "select count(*) from product_categories", "7");
	ask(&shop, "select count(*) from product_websites", "14");
	ask(&shop, "select count(*) from stock_items", "7");
	stop(&shop);
}

TEST(a_website_goes_with_its_stores_and_their_values)
{
	struct shop shop;

	start(&shop);
	delete_row(&shop, "websites", "1");
	commit(&shop);
	ask(&shop,
	    "select string_agg(store_id::text, ',' order by 1) from stores",
	    "0,3");
	ask(&shop, "select count(*) from store_groups", "2");
	ask(&shop,
	    "select string_agg(distinct store_id::text, ',')"
	    " from product_values",
	    "0,3");
	ask(&shop, "select count(*) from product_websites", "9");
	ask(&shop, "select count(*) || ' ' || count(store_id) from customers",
	    "8 4");
	ask(&shop, "select count(*) || ' ' || count(store_id) from orders",
	    "8 4");
	ask(&shop, "select count(*) from products", "9");
	stop(&shop);
}

TEST(case_46_an_attribute_goes_from_the_values_of_its_type)
{
	struct shop shop;

	start(&shop);
	delete_row(&shop, "attributes", "5"); /* the customer's name */
	commit(&shop);
	ask(&shop,
	    "select count(*) from product_values where attributes ? 'name'",
	    "36");
	delete_row(&shop, "attributes", "73");
	delete_row(&shop, "attributes", "77");
	commit(&shop);
	ask(&shop, "select distinct attributes from product_values",
	    "{\"status\": 2}");
	ask(&shop, "select count(*) from product_prices", "0");
	stop(&shop);
}

TEST(an_entity_type_goes_with_its_attributes)
{
	struct shop shop;

	start(&shop);
	delete_row(&shop, "entity_types", "4");
	commit(&shop);
	ask(&shop, "select string_agg(attribute_code, ',') from attributes",
	    "name");
	ask(&shop, "select count(*) from product_values", "0");
	ask(&shop, "select count(*) from product_prices", "0");
	stop(&shop);
}

/* More than one statement does at once. */
TEST(what_is_many_goes_in_slices)
{
	struct shop shop;

	start(&shop);
	target_do(&shop.target,
		  "insert into product_values select e, 3, case when e % 3 > 0"
		  " then '{\"name\": 1}'::jsonb else '{\"name\": 1, \"status\":"
		  " 2}' end from generate_series(10, 50000) e;"
		  "insert into orders (entity_id, store_id)"
		  " select e, 3 from generate_series(10, 50000) e");
	delete_row(&shop, "attributes", "73");
	commit(&shop);
	ask(&shop, "select count(*) from product_values where store_id = 3",
	    "16672");
	ask(&shop, "select count(distinct attributes) from product_values",
	    "1");
	delete_row(&shop, "stores", "3");
	commit(&shop);
	ask(&shop, "select count(*) from product_values", "27");
	ask(&shop, "select count(*) from orders where store_id is null",
	    "49993");
	stop(&shop);
}

RUN_WITH("FICUS_TEST_PG", CASE(a_product_goes_with_all_that_is_its_own),
	 CASE(a_website_goes_with_its_stores_and_their_values),
	 CASE(case_46_an_attribute_goes_from_the_values_of_its_type),
	 CASE(an_entity_type_goes_with_its_attributes),
	 CASE(what_is_many_goes_in_slices))
