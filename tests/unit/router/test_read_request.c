#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "router/read/request.h"

static struct read_request request;

static enum read_parsed parse(const char *text)
{
	struct str rest = str_of(text);
	struct str path = str_split(&rest, '?');
	const char *why = "";
	enum read_parsed parsed;

	request = (struct read_request){ .timeout_ms = 7 };
	parsed = read_request_parse(path, rest, &request, &why);
	if (parsed == READ_BAD)
		assert_true(strlen(why) > 0);
	if (parsed != READ_PARSED)
		assert_int_equal(request.limit, 0);
	assert_int_equal(request.timeout_ms, 7);
	return parsed;
}

static void is(const char *text, enum read_kind kind)
{
	assert_int_equal(parse(text), READ_PARSED);
	assert_int_equal(request.kind, kind);
}

TEST(each_kind_has_its_path)
{
	is("customers/5", READ_CUSTOMER);
	assert_int_equal(request.id, 5);
	is("products/by-id/6", READ_PRODUCT_BY_ID);
	assert_int_equal(request.id, 6);
	is("categories/9223372036854775807", READ_CATEGORY);
	is("orders/8", READ_ORDER);
	is("customers", READ_CUSTOMERS);
	is("products", READ_PRODUCTS);
	is("categories", READ_CATEGORIES);
	is("orders", READ_ORDERS);
	assert_int_equal(read_kind_domain(READ_PRODUCTS), READ_DOMAIN_CATALOG);
	assert_int_equal(read_kind_domain(READ_ORDER), READ_DOMAIN_ORDER);
	assert_string_equal(read_kind_template(READ_PRODUCT_BY_SKU),
			    "products/{sku}");
}

TEST(skus_are_decoded_once)
{
	is("products/a%2Fb%20c+%C3%A4%2525", READ_PRODUCT_BY_SKU);
	assert_string_equal(request.sku, "a/b c+ä%25");
	is("products/by-id", READ_PRODUCT_BY_SKU);
	assert_string_equal(request.sku, "by-id");
	assert_int_equal(parse("products/%"), READ_BAD);
	assert_int_equal(parse("products/a%2"), READ_BAD);
	assert_int_equal(parse("products/a%0Gb"), READ_BAD);
	assert_int_equal(parse("products/a%00b"), READ_BAD);
	assert_int_equal(parse("products/%C3"), READ_BAD);
}

TEST(a_sku_has_a_longest_length)
{
	char text[16 + READ_SKU_MAX + 2] = "products/";
	size_t n = strlen(text);

	memset(text + n, 'x', READ_SKU_MAX);
	is(text, READ_PRODUCT_BY_SKU);
	assert_int_equal(strlen(request.sku), READ_SKU_MAX);
	text[n + READ_SKU_MAX] = 'x';
	assert_int_equal(parse(text), READ_BAD);
}

TEST(other_paths_are_no_route)
{
	static const char *const paths[] = {
		"",
		"customer/1",
		"customers/",
		"customers/1/",
		"orders/1/2",
		"Customers/1",
		"products/a/b",
		"products/",
		"customers/1/addresses",
		"products/by-id/1/x",
	};

	for (size_t i = 0; i < LENGTH(paths); i++)
		assert_int_equal(parse(paths[i]), READ_NO_ROUTE);
}

TEST(ids_are_positive_numbers)
{
	static const char *const ids[] = {
		"0", "-1", "abc", "12abc", "1.0", "9223372036854775808", "%31"
	};
	char path[64];

	for (size_t i = 0; i < LENGTH(ids); i++) {
		snprintf(path, sizeof(path), "orders/%s", ids[i]);
		assert_int_equal(parse(path), READ_BAD);
		snprintf(path, sizeof(path), "products/by-id/%s", ids[i]);
		assert_int_equal(parse(path), READ_BAD);
	}
}

TEST(pages_are_bounded)
{
	is("orders?", READ_ORDERS);
	assert_int_equal(request.limit, 20);
	assert_int_equal(request.page, 1);
	is("orders?limit=200&page=1000000", READ_ORDERS);
	assert_int_equal(request.limit, 200);
	assert_int_equal(request.page, 1000000);
	assert_int_equal(parse("orders?limit=201"), READ_BAD);
	assert_int_equal(parse("orders?limit=0"), READ_BAD);
	assert_int_equal(parse("orders?limit="), READ_BAD);
	assert_int_equal(parse("orders?page=1000001"), READ_BAD);
	assert_int_equal(parse("orders?page=x"), READ_BAD);
	assert_int_equal(parse("orders?q=1"), READ_BAD);
	assert_int_equal(parse("orders/1?limit=1"), READ_BAD);
}

RUN(CASE(each_kind_has_its_path), CASE(skus_are_decoded_once),
    CASE(a_sku_has_a_longest_length), CASE(other_paths_are_no_route),
    CASE(ids_are_positive_numbers), CASE(pages_are_bounded))
