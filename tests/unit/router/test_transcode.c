#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "router/transcode.h"

/* Magento's JSON of the shop of read_fixture.sql; the read service gives the
 * same golden files from the copy (test_read.c). */

static struct buf out;
static bool found;
static struct err err;

static int clean(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static struct read_request request_of(const char *path)
{
	struct read_request request = { 0 };
	struct str rest = str_of(path);
	struct str head = str_split(&rest, '?');
	const char *why = NULL;

	assert_int_equal(read_request_parse(head, rest, &request, &why),
			 READ_PARSED);
	return request;
}

static int transcode_n(const char *path, struct str body, size_t max)
{
	struct read_request request = request_of(path);

	buf_done(&out);
	buf_init(&out, max);
	found = false;
	err = (struct err){ 0 };
	return transcode_body(&request, body, &out, &found, &err);
}

static int transcode(const char *path, const char *body)
{
	return transcode_n(path, str_of(body), 1 << 20);
}

static char *golden(const char *name)
{
	char full[1024];
	char *text = NULL;
	size_t n;

	snprintf(full, sizeof(full), "%s/tests/golden/read/%s",
		 getenv("FICUS_SOURCE"), name);
	if (file_read(full, 1 << 20, &text, &n, &err) != 0)
		fail_msg("%s", err.msg);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void becomes(const char *path, const char *from, const char *to)
{
	char file[64];
	CLEANUP(mem_freep) char *native = NULL;
	CLEANUP(mem_freep) char *magento = NULL;

	snprintf(file, sizeof(file), "%s.json", to);
	native = golden(file);
	snprintf(file, sizeof(file), "%s.magento.json", from);
	magento = golden(file);
	if (transcode(path, magento) != 0)
		fail_msg("%s", err.msg);
	assert_true(found);
	assert_string_equal(buf_str(&out), native);
}

TEST(a_customer_is_the_same_as_from_the_copy)
{
	becomes("customers/1", "customer", "customer");
}

TEST(a_product_is_the_same_as_from_the_copy)
{
	becomes("products/Tee%201%2F%C3%A4", "product", "product");
}

TEST(a_category_is_the_same_as_from_the_copy)
{
	becomes("categories/2", "category", "category");
}

/* But for the row totals, which Magento's REST has wrong. */
TEST(an_order_is_the_same_as_from_the_copy_but_for_row_totals)
{
	becomes("orders/9", "order", "order.fallback");
	assert_null(strstr(buf_str(&out), "288a00e0"));
	assert_null(strstr(buf_str(&out), "127.0.0.1"));
}

TEST(a_search_becomes_a_list)
{
	assert_int_equal(transcode("categories?limit=2&page=3",
				   "{\"items\":[{\"id\":7},{\"id\":5}],"
				   "\"search_criteria\":{},"
				   "\"total_count\":11}"),
			 0);
	assert_int_equal(strncmp(buf_str(&out), "{\"items\":[{\"id\":7,", 18),
			 0);
	assert_non_null(strstr(buf_str(&out),
			       "],\"page\":3,\"limit\":2,\"total\":11}"));
	assert_int_equal(transcode("products", "{\"items\":[{\"id\":1}],"
					       "\"total_count\":1}"),
			 0);
	assert_null(strstr(buf_str(&out), "\"stock\""));
}

TEST(a_product_by_id_is_the_first_of_a_search)
{
	assert_int_equal(transcode("products/by-id/5",
				   "{\"items\":[{\"id\":5,\"sku\":\"a\"}],"
				   "\"total_count\":1}"),
			 0);
	assert_true(found);
	assert_int_equal(strncmp(buf_str(&out), "{\"id\":5,\"sku\":\"a\",", 18),
			 0);
	assert_non_null(strstr(buf_str(&out), "\"stock\":null}"));
	assert_int_equal(transcode("products/by-id/5",
				   "{\"items\":[],\"total_count\":0}"),
			 0);
	assert_false(found);
	assert_int_equal(out.n, 0);
}

TEST(made_up_stock_and_wrong_types_are_null)
{
	assert_int_equal(
		transcode("products/a",
			  "{\"id\":\"x\",\"name\":{\"a\":1},\"price\":\"abc\","
			  "\"created_at\":\"yesterday\",\"weight\":1e999,"
			  "\"extension_attributes\":{\"website_ids\":7,"
			  "\"category_links\":[3,null],"
			  "\"stock_item\":{\"qty\":0,\"is_in_stock\":false}},"
			  "\"custom_attributes\":[5,{\"attribute_code\":\"a\"},"
			  "{\"attribute_code\":\"b\",\"value\":{}},"
			  "{\"value\":\"c\"}]}"),
		0);
	assert_string_equal(
		buf_str(&out),
		"{\"id\":null,\"sku\":null,\"name\":null,\"typeId\":null,"
		"\"attributeSetId\":null,\"status\":null,\"visibility\":null,"
		"\"price\":null,\"weight\":null,\"hasOptions\":null,"
		"\"requiredOptions\":null,\"createdAt\":null,"
		"\"updatedAt\":null,\"attributes\":{},\"websiteIds\":[],"
		"\"categoryLinks\":[],\"stock\":null}");
}

TEST(what_is_not_the_json_expected_is_refused)
{
	static const char *const bad[] = { "",		"[]",	 "null",
					   "{\"id\":}", "{} {}", "{\"a\"}" };

	for (size_t i = 0; i < LENGTH(bad); i++) {
		assert_int_equal(transcode("orders/1", bad[i]), ERR_CORRUPT);
		assert_false(found);
	}
	assert_int_equal(transcode("orders", "{}"), ERR_CORRUPT);
	assert_int_equal(transcode("orders", "{\"items\":[]}"), ERR_CORRUPT);
	assert_int_equal(transcode("orders", "{\"items\":[1],"
					     "\"total_count\":1}"),
			 ERR_CORRUPT);
	assert_int_equal(transcode_n("orders/1", STR("{\"id\":1}"), 100),
			 ERR_LIMIT);
}

static void target_is(const char *path, enum transcode_kind kind,
		      const char *target)
{
	struct read_request request = request_of(path);

	buf_done(&out);
	buf_init(&out, TRANSCODE_TARGET_MAX);
	assert_int_equal(transcode_fallback_target(&request, &out), kind);
	assert_string_equal(buf_str(&out), target);
}

#define PAGE(limit, page)                                                      \
	"?searchCriteria%5BpageSize%5D=" limit                                 \
	"&searchCriteria%5BcurrentPage%5D=" page                               \
	"&searchCriteria%5BsortOrders%5D%5B0%5D%5Bfield%5D=entity_id"          \
	"&searchCriteria%5BsortOrders%5D%5B0%5D%5Bdirection%5D=ASC"
#define FILTER "searchCriteria%5Bfilter_groups%5D%5B0%5D%5Bfilters%5D%5B0%5D"

TEST(each_read_has_a_target_at_magento)
{
	target_is("customers/7", TRANSCODE_SINGLE, "/rest/V1/customers/7");
	target_is("products/a%2Fb%20%C3%A4+~", TRANSCODE_SINGLE,
		  "/rest/all/V1/products/a%2Fb%20%C3%A4%2B~");
	target_is("products/by-id/7", TRANSCODE_FIRST,
		  "/rest/all/V1/products?" FILTER
		  "%5Bfield%5D=entity_id&" FILTER
		  "%5Bvalue%5D=7&searchCriteria%5BpageSize%5D=1");
	target_is("categories/7", TRANSCODE_SINGLE,
		  "/rest/all/V1/categories/7");
	target_is("orders/7", TRANSCODE_SINGLE, "/rest/V1/orders/7");
	target_is("customers", TRANSCODE_LIST,
		  "/rest/V1/customers/search" PAGE("20", "1"));
	target_is("products?page=2", TRANSCODE_LIST,
		  "/rest/all/V1/products" PAGE("20", "2"));
	target_is("categories?limit=5", TRANSCODE_LIST,
		  "/rest/all/V1/categories/list" PAGE("5", "1"));
	target_is("orders?limit=200&page=1000000", TRANSCODE_LIST,
		  "/rest/V1/orders" PAGE("200", "1000000"));
}

static void error_is(int status, const char *body, const char *expected)
{
	buf_done(&out);
	buf_init(&out, 4096);
	transcode_error(status, str_of(body), &out);
	assert_string_equal(buf_str(&out), expected);
}

TEST(errors_have_their_placeholders_filled)
{
	error_is(404,
		 "{\"message\":\"No such entity with %fieldName = "
		 "%fieldValue\",\"parameters\":{\"fieldName\":\"customerId\","
		 "\"fieldValue\":999}}",
		 "{\"error\":\"No such entity with customerId = 999\"}");
	error_is(400,
		 "{\"message\":\"The \\\"%1\\\" is %2 100%\","
		 "\"parameters\":[\"foo\",\"bad\"]}",
		 "{\"error\":\"The \\\"foo\\\" is bad 100%\"}");
	error_is(404, "<html>", "{\"error\":\"not found\"}");
	error_is(503, "", "{\"error\":\"Magento failed\"}");
	error_is(401, "{\"message\":5}", "{\"error\":\"not authorised\"}");
}

#define TIDY(name) cmocka_unit_test_teardown(name, clean)
RUN(TIDY(a_customer_is_the_same_as_from_the_copy),
    TIDY(a_product_is_the_same_as_from_the_copy),
    TIDY(a_category_is_the_same_as_from_the_copy),
    TIDY(an_order_is_the_same_as_from_the_copy_but_for_row_totals),
    TIDY(a_search_becomes_a_list),
    TIDY(a_product_by_id_is_the_first_of_a_search),
    TIDY(made_up_stock_and_wrong_types_are_null),
    TIDY(what_is_not_the_json_expected_is_refused),
    TIDY(each_read_has_a_target_at_magento),
    TIDY(errors_have_their_placeholders_filled))
