#include "tests/lib/test.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/transform/shop.h"
#include "transform/fk.h"
#include "transform/fk_watch.h"
#include "transform/mapping.h"

/* constraint, child, column, parent, column, on delete, on update */
#define KEY(name, child, column, parent, to, rule)                             \
	{                                                                      \
		name, child, column, parent, to, rule, "RESTRICT"              \
	}

static struct mapping *mapping;
static struct fk_graph *graph;

static int open_mapping(void **state)
{
	(void)state;
	mapping = shop_mapping("");
	graph = NULL;
	return 0;
}

static int close_mapping(void **state)
{
	(void)state;
	fk_graph_free(graph);
	mapping_free(mapping);
	return 0;
}

static void build(const struct fk_row *rows, size_t count)
{
	struct err err = { 0 };

	if (fk_graph_new(mapping, rows, count, &graph, &err) < 0)
		fail_msg("%s", err.msg);
}

static void refused(const struct fk_row *rows, size_t count, const char *text)
{
	struct err err = { 0 };

	assert_int_equal(fk_graph_new(mapping, rows, count, &graph, &err),
			 ERR_CONFIG);
	if (!strstr(err.msg, text))
		fail_msg("%s", err.msg);
	assert_null(graph);
}

static const struct fk_action *actions(const char *target, size_t *count)
{
	return fk_actions(graph, mapping_target(mapping, target), count);
}

static const struct fk_action *only_action(const char *target)
{
	size_t count = 0;
	const struct fk_action *action = actions(target, &count);

	assert_int_equal(count, 1);
	return action;
}

static const char *child_name(const struct fk_action *a, size_t i)
{
	return a->child->columns[a->child_column[i]].name;
}

TEST(a_graph_of_nothing_has_no_actions)
{
	size_t count = 9;

	build(NULL, 0);
	actions("customers", &count);
	assert_int_equal(count, 0);
	fk_updates(graph, mapping_target(mapping, "customers"), &count);
	assert_int_equal(count, 0);
	assert_null(fk_watched(graph, STR("customer_entity")));
}

TEST(cascade_and_set_null_of_flat_tables)
{
	static const struct fk_row rows[] = {
		KEY("A", "customer_address_entity", "parent_id",
		    "customer_entity", "entity_id", "CASCADE"),
		KEY("B", "sales_order", "customer_id", "customer_entity",
		    "entity_id", "SET NULL"),
		KEY("C", "customer_entity", "store_id", "store", "store_id",
		    "RESTRICT"),
		KEY("D", "wishlist", "customer_id", "customer_entity",
		    "entity_id", "CASCADE"),
	};
	size_t count;

	build(rows, LENGTH(rows));
	const struct fk_action *a = actions("customers", &count);
	assert_int_equal(count, 2);
	assert_int_equal(a[0].kind, ACTION_DELETE);
	assert_string_equal(a[0].child->name, "customer_addresses");
	assert_int_equal(a[0].columns, 1);
	assert_string_equal(child_name(&a[0], 0), "parent_id");
	assert_int_equal(a[1].kind, ACTION_SET_NULL);
	assert_string_equal(a[1].child->name, "orders");
	assert_string_equal(child_name(&a[1], 0), "customer_id");
	actions("stores", &count);
	assert_int_equal(count, 0);
}

static const char *null_name(const struct fk_action *a, size_t i)
{
	return a->child->columns[a->null_column[i]].name;
}

TEST(texts_are_followed_by_their_keys)
{
	static const struct fk_row rows[] = {
		KEY("A", "inventory_source_item", "sku",
		    "catalog_product_entity", "sku", "SET NULL"),
		KEY("B", "catalog_product_website", "product_id",
		    "catalog_product_entity", "entity_id", "CASCADE"),
	};
	size_t count;

	build(rows, LENGTH(rows));
	const struct fk_action *a = actions("products", &count);
	assert_int_equal(count, 2);
	assert_int_equal(a[0].kind, ACTION_DELETE);
	assert_string_equal(child_name(&a[0], 0), "product_id");
	assert_int_equal(a[1].kind, ACTION_SET_NULL);
	assert_string_equal(child_name(&a[1], 0), "sku_key");
	assert_int_equal(a[1].nulls, 2);
	assert_string_equal(null_name(&a[1], 0), "sku");
	assert_string_equal(null_name(&a[1], 1), "sku_key");
}

#define VALUES_OF(type)                                                        \
	KEY("E" type, "catalog_product_entity_" type, "entity_id",             \
	    "catalog_product_entity", "entity_id", "CASCADE")

TEST(value_tables_of_one_target_are_one_action)
{
	static const struct fk_row rows[] = {
		VALUES_OF("datetime"), VALUES_OF("decimal"), VALUES_OF("int"),
		VALUES_OF("text"),     VALUES_OF("varchar"),
	};
	size_t count;

	build(rows, LENGTH(rows));
	const struct fk_action *a = actions("products", &count);
	assert_int_equal(count, 2); /* product_values, product_prices */
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(a[i].kind, ACTION_VALUES);
		assert_null(a[i].backends);
		assert_string_equal(child_name(&a[i], 0), "entity_id");
		assert_string_equal(a[i].entity_type, "catalog_product");
	}
}

TEST(a_value_table_without_the_key_narrows_the_action)
{
	static const struct fk_row rows[] = { VALUES_OF("int"),
					      VALUES_OF("varchar") };

	build(rows, LENGTH(rows));
	const struct fk_action *a = only_action("products");
	assert_string_equal(a->child->name, "product_values");
	assert_string_equal(a->backends[0], "int");
	assert_string_equal(a->backends[1], "varchar");
	assert_null(a->backends[2]);
}

TEST(an_attribute_takes_its_values_along)
{
	static const struct fk_row rows[] = {
		KEY("A", "catalog_product_entity_decimal", "attribute_id",
		    "eav_attribute", "attribute_id", "CASCADE"),
		KEY("B", "eav_attribute_option", "attribute_id",
		    "eav_attribute", "attribute_id", "CASCADE"),
	};
	size_t count;

	build(rows, LENGTH(rows));
	const struct fk_action *a = actions("attributes", &count);
	assert_int_equal(count, 2);
	assert_int_equal(a[0].kind, ACTION_ATTRIBUTE);
	assert_string_equal(a[0].child->name, "product_prices");
	assert_string_equal(a[0].backends[0], "decimal");
	assert_string_equal(child_name(&a[0], 0), "attributes");
	assert_int_equal(a[1].kind, ACTION_DELETE);
	assert_string_equal(a[1].child->name, "attribute_options");
}

TEST(keys_of_several_columns_and_to_the_own_table)
{
	static const struct fk_row rows[] = {
		KEY("A", "catalog_category_entity", "parent_id",
		    "catalog_category_entity", "entity_id", "CASCADE"),
		KEY("B", "catalog_product_website", "website_id",
		    "catalog_category_product", "category_id", "CASCADE"),
		KEY("B", "catalog_product_website", "product_id",
		    "catalog_category_product", "product_id", "CASCADE"),
	};

	build(rows, LENGTH(rows));
	const struct fk_action *a = only_action("categories");
	assert_string_equal(a->child->name, "categories");
	assert_string_equal(child_name(a, 0), "parent_id");
	a = only_action("product_categories");
	assert_int_equal(a->columns, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct target_table *parent =
			mapping_target(mapping, "product_categories");
		const char *to = parent->columns[a->parent_column[i]].name;

		assert_string_equal(to, strcmp(child_name(a, i), "product_id")
						? "category_id"
						: "product_id");
	}
}

TEST(what_can_not_be_followed_is_refused_by_name)
{
	static const struct fk_row column[] = {
		KEY("COL", "sales_order", "custom_id", "store", "store_id",
		    "CASCADE"),
	};
	static const struct fk_row secret[] = {
		KEY("SEC", "sales_order", "store_id", "customer_entity",
		    "rp_token", "CASCADE"),
	};
	static const struct fk_row value[] = {
		KEY("VAL", "catalog_product_entity_int", "value", "store",
		    "store_id", "CASCADE"),
	};
	static const struct fk_row null[] = {
		KEY("NUL", "catalog_product_entity_int", "store_id", "store",
		    "store_id", "SET NULL"),
	};
	static const struct fk_row wide[] = {
		KEY("WIDE", "sales_order", "store_id", "store", "code",
		    "CASCADE"),
		KEY("WIDE", "sales_order", "state", "store", "code", "CASCADE"),
		KEY("WIDE", "sales_order", "status", "store", "code",
		    "CASCADE"),
		KEY("WIDE", "sales_order", "quote_id", "store", "code",
		    "CASCADE"),
		KEY("WIDE", "sales_order", "weight", "store", "code",
		    "CASCADE"),
	};

	refused(column, 1, "COL");
	refused(secret, 1, "SEC");
	refused(value, 1, "VAL");
	refused(null, 1, "NUL");
	refused(wide, LENGTH(wide), "WIDE");
}

TEST(set_null_of_a_column_that_no_record_has_is_no_loss)
{
	static const struct fk_row rows[] = {
		KEY("A", "customer_group", "plugin_id", "plugin", "id",
		    "SET NULL"),
		KEY("B", "customer_group", "plugin_store", "store", "store_id",
		    "SET NULL"),
	};
	size_t count;

	build(rows, LENGTH(rows));
	actions("stores", &count);
	assert_int_equal(count, 0);
	assert_null(fk_watched(graph, STR("plugin")));
}

TEST(but_a_column_in_extra_is_read_again)
{
	static const struct fk_row rows[] = {
		KEY("A", "sales_order", "plugin_id", "plugin", "id",
		    "SET NULL"),
		KEY("B", "sales_order", "plugin_store", "store", "store_id",
		    "SET NULL"),
	};

	build(rows, LENGTH(rows));
	assert_int_equal(only_action("stores")->kind, ACTION_READ);
	assert_non_null(fk_watched(graph, STR("plugin")));
}

TEST(who_follows_a_changed_key_is_known)
{
	static const struct fk_row rows[] = {
		{ "CODE", "sales_order", "coupon_code", "store", "code",
		  "RESTRICT", "CASCADE" },
		{ "ID", "sales_order", "store_id", "store", "store_id",
		  "SET NULL", "CASCADE" },
		{ "NO", "sales_order", "plugin_store", "store", "store_id",
		  "RESTRICT", "SET NULL" },
	};
	size_t count;

	build(rows, LENGTH(rows));
	const struct fk_action *a =
		fk_updates(graph, mapping_target(mapping, "stores"), &count);
	assert_int_equal(count, 2);
	assert_string_equal(child_name(&a[0], 0), "coupon_code");
	assert_string_equal(child_name(&a[1], 0), "store_id");
	only_action("stores");
}

/* elsewhere → between → sales_order; store → between, too. */
TEST(tables_that_are_not_mapped_are_watched)
{
	static const struct fk_row rows[] = {
		KEY("A", "sales_order", "store_id", "between", "id", "CASCADE"),
		KEY("B", "between", "place_id", "elsewhere", "id", "CASCADE"),
		KEY("C", "between", "store_id", "store", "store_id", "CASCADE"),
		KEY("D", "elsewhere", "between_id", "between", "id", "CASCADE"),
		KEY("E", "between", "far_id", "far", "id", "RESTRICT"),
	};

	build(rows, LENGTH(rows));
	const struct fk_watched *w = fk_watched(graph, STR("elsewhere"));
	assert_int_equal(w->count, 1);
	assert_string_equal(w->children[0]->name, "orders");
	assert_false(w->updates);
	assert_non_null(fk_watched(graph, STR("between")));
	assert_null(fk_watched(graph, STR("far")));
	assert_int_equal(only_action("stores")->kind, ACTION_READ);
}

#define FRESH(name)                                                            \
	cmocka_unit_test_setup_teardown(name, open_mapping, close_mapping)
RUN(FRESH(a_graph_of_nothing_has_no_actions),
    FRESH(cascade_and_set_null_of_flat_tables),
    FRESH(texts_are_followed_by_their_keys),
    FRESH(value_tables_of_one_target_are_one_action),
    FRESH(a_value_table_without_the_key_narrows_the_action),
    FRESH(an_attribute_takes_its_values_along),
    FRESH(keys_of_several_columns_and_to_the_own_table),
    FRESH(what_can_not_be_followed_is_refused_by_name),
    FRESH(set_null_of_a_column_that_no_record_has_is_no_loss),
    FRESH(but_a_column_in_extra_is_read_again),
    FRESH(who_follows_a_changed_key_is_known),
    FRESH(tables_that_are_not_mapped_are_watched))
