/* What the views and product_record() show of rows put in by hand. */
#include "tests/lib/test.h"

#include "tests/unit/cdc/target.h"

static struct target target;

static const char shop[] =
	"insert into entity_types (entity_type_id, entity_type_code) values"
	"  (3, 'catalog_category'), (4, 'catalog_product');"
	"insert into attributes (attribute_id, entity_type_id, attribute_code,"
	"  backend_type) values (45, 3, 'name', 'varchar'),"
	"  (46, 3, 'is_active', 'int'), (73, 4, 'name', 'varchar'),"
	"  (75, 4, 'description', 'text'), (77, 4, 'price', 'decimal'),"
	"  (79, 4, 'special_from_date', 'datetime'),"
	"  (97, 4, 'status', 'int'), (98, 4, 'url_key', 'text'),"
	"  (200, 4, 'orphan', 'varchar'), (201, 4, null, 'varchar');"
	"insert into catalog_attributes (attribute_id, is_global) values"
	"  (73, 0), (75, 0), (77, 1), (79, 2), (97, 2);"
	"insert into attribute_set_members (entity_attribute_id,"
	"  attribute_set_id, attribute_id) values (1, 4, 73), (2, 4, 75),"
	"  (3, 4, 77), (4, 4, 79), (5, 4, 97), (6, 4, 201), (7, 5, 200);"
	"insert into products (entity_id, sku, attribute_set_id) values"
	"  (1, 'Ä 1 ', 4), (2, 'b', 4);"
	"insert into product_values values"
	"  (1, 0, '{\"name\": \"Lamp\", \"status\": 1, \"orphan\": \"o\","
	"    \"url_key\": \"lamp\", \"description\": \"long\","
	"    \"special_from_date\": \"2024-02-29 00:00:00\"}'),"
	"  (1, 2, '{\"name\": null, \"status\": 2}'),"
	"  (2, 0, '{\"status\": 1e30, \"name\": 7,"
	"    \"special_from_date\": \"2023-02-29 00:00:00\"}'),"
	"  (3, 0, '{\"name\": \"no entity\"}');"
	"insert into product_prices values (1, 0, '{\"price\": 15.500000}'),"
	"  (1, 2, '{\"price\": 99.000000}'), (2, 0, '{\"price\": \"odd\"}');"
	"insert into product_websites values (1, 2), (1, 1);"
	"insert into stock_items (item_id, product_id, stock_id, qty,"
	"  is_in_stock) values (1, 1, 1, 5.5, 1);"
	"insert into attribute_set_members (entity_attribute_id,"
	"  attribute_set_id, attribute_id) values (8, 3, 45), (9, 3, 46),"
	"  (10, 4, 45), (11, 4, 98);"
	"insert into categories (entity_id, parent_id, path,"
	"  attribute_set_id) values (2, 1, '1/2', 3);"
	"insert into category_values values"
	"  (2, 0, '{\"name\": \"Root\", \"is_active\": 1}');"
	"insert into customer_groups values (1, 'General', 3);"
	"insert into customers (entity_id, email, group_id) values"
	"  (1, 'A@B.example', 1), (2, null, 9);"
	"insert into customer_values values (1, 0, '{\"nick\": \"Bo\"}');"
	"insert into orders (entity_id, increment_id, customer_email) values"
	"  (1, '000000001', 'X@Y.example');"
	"insert into order_payments (entity_id, parent_id, method) values"
	"  (1, 1, 'checkmo');"
	"insert into order_addresses (entity_id, parent_id, address_type,"
	"  city) values (1, 1, 'billing', 'Ulm'), (2, 1, 'shipping', 'Bonn');"
	"insert into order_items (item_id, order_id, sku) values (1, 1, 'b')";

static int open_target(void **state)
{
	(void)state;
	target_open(&target);
	target_do(&target, shop);
	return 0;
}

static int close_target(void **state)
{
	(void)state;
	target_close(&target);
	return 0;
}

static void answers(const char *sql, const char *expected)
{
	assert_string_equal(target_ask(&target, sql), expected);
}

TEST(a_product_has_typed_columns_and_all_attributes)
{
	answers("select row(name, status, price, special_from_date, qty,"
		" is_in_stock, website_ids, category_ids, source)"
		" from product_records where entity_id = 1",
		"(Lamp,1,15.500000,\"2024-02-29 00:00:00\",5.5000,1,\"{1,2}\","
		",magento)");
	answers("select attributes from product_records where entity_id = 1",
		"{\"name\": \"Lamp\", \"price\": 15.500000, \"status\": 1, "
		"\"url_key\": \"lamp\", \"description\": "
		"\"long\", \"special_from_date\": \"2024-02-29 00:00:00\"}");
	answers("select count(*) from product_records", "2");
}

TEST(a_column_is_filled_only_for_the_backend_it_stands_for)
{
	/* url_key is text in this shop, Magento has varchar */
	answers("select url_key is null from product_records"
		" where entity_id = 1",
		"t");
}

TEST(odd_data_gives_null_not_an_error)
{
	answers("select row(name, status, price, special_from_date)"
		" from product_records where entity_id = 2",
		"(7,,,)");
	answers("select count(*) from (values ('\"0000-00-00\"'),"
		" ('\"2024-13-01\"'), ('\"2024-02-30\"'), ('\"x\"'), ('null'),"
		" ('\"2024-01-01 24:00:00\"'), ('[1]'), ('5')) v(j)"
		" where ficus.as_timestamp(j::jsonb) is not null",
		"0");
	answers("select ficus.as_timestamp('\"1999-12-31 23:59:59\"')",
		"1999-12-31 23:59:59");
	answers("select ficus.as_integer('-12.5')", "-13");
}

TEST(a_store_view_is_resolved_as_a_single_load)
{
	/* null overrides; price is global; orphan is not in the set, and the
	 * category's name in it is no business of the product's */
	answers("select attributes from product_record(1, 2)",
		"{\"name\": null, \"price\": 15.500000, \"status\": 2, "
		"\"url_key\": \"lamp\", \"description\": \"long\", "
		"\"special_from_date\": "
		"\"2024-02-29 00:00:00\"}");
	answers("select row(name, status, price) from product_record(1, 2)",
		"(,2,15.500000)");
	answers("select row(name, status) from product_record(1, 7)",
		"(Lamp,1)");
	answers("select name from product_record(entity_id => 1)", "Lamp");
	answers("select count(*) from product_record(3, 0)", "0");
}

TEST(a_set_without_an_attribute_hides_its_values)
{
	target_do(&target, "delete from attribute_set_members"
			   " where attribute_id in (73, 45)");
	answers("select row(name, status) from product_records"
		" where entity_id = 1",
		"(,1)");
	answers("select row(name, attributes ? 'name') from"
		" product_record(1, 2)",
		"(,f)");
	answers("select attributes from category_record(2)",
		"{\"is_active\": 1}");
}

TEST(a_category_in_a_store_view)
{
	target_do(&target, "insert into category_values values"
			   " (2, 3, '{\"name\": \"Wurzel\", \"is_active\":"
			   " null}')");
	answers("select row(name, is_active, attributes) from"
		" category_record(2, 3)",
		"(Wurzel,,\"{\"\"name\"\": \"\"Wurzel\"\", "
		"\"\"is_active\"\": null}\")");
	answers("select name from category_record(2)", "Root");
	target_do(&target, "insert into catalog_attributes (attribute_id,"
			   " is_global) values (45, 1)");
	answers("select name from category_record(2, 3)", "Root");
}

TEST(a_price_of_website_scope_follows_the_store)
{
	target_do(&target, "update catalog_attributes set is_global = 2"
			   " where attribute_id = 77");
	answers("select price from product_record(1, 2)", "99.000000");
	answers("select price from product_record(1, 0)", "15.500000");
}

TEST(the_other_records)
{
	answers("select row(name, is_active, attributes ->> 'name')"
		" from category_records",
		"(Root,1,Root)");
	answers("select string_agg(row(entity_id, email, group_code,"
		" attributes)::text, ' ' order by entity_id)"
		" from customer_records",
		"(1,A@B.example,General,\"{\"\"nick\"\": \"\"Bo\"\"}\") "
		"(2,,,{})");
	answers("select row(increment_id, customer_email, payment_method,"
		" billing_address ->> 'city', shipping_address ->> 'city',"
		" items -> 0 ->> 'sku') from order_records",
		"(000000001,X@Y.example,checkmo,Ulm,Bonn,b)");
}

#define IN_SHOP(name)                                                          \
	cmocka_unit_test_setup_teardown(name, open_target, close_target)
RUN_WITH("FICUS_TEST_PG",
	 IN_SHOP(a_product_has_typed_columns_and_all_attributes),
	 IN_SHOP(a_column_is_filled_only_for_the_backend_it_stands_for),
	 IN_SHOP(odd_data_gives_null_not_an_error),
	 IN_SHOP(a_store_view_is_resolved_as_a_single_load),
	 IN_SHOP(a_price_of_website_scope_follows_the_store),
	 IN_SHOP(a_set_without_an_attribute_hides_its_values),
	 IN_SHOP(a_category_in_a_store_view), IN_SHOP(the_other_records))
