#include "tests/lib/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/defs.h"
#include "http/target.h"

static void assert_str(struct str text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.at, expected, text.n);
}

TEST(segments_are_decoded_one_by_one)
{
	struct http_target target;
	struct arena arena;

	arena_init(&arena);
	http_target_parse(&target,
			  STR("/rest/V1/products/A%2FB%20c+%252F%c3%a9?x=%2F"),
			  &arena);
	assert_int_equal(target.odd, HTTP_ODD_NONE);
	assert_int_equal(target.n, 4);
	assert_str(target.segments[0], "rest");
	assert_str(target.segments[2], "products");
	assert_str(target.segments[3], "A/B c+%2F\xc3\xa9");
	assert_str(target.path, "/rest/V1/products/A%2FB%20c+%252F%c3%a9");
	assert_str(target.query, "x=%2F");
	arena_done(&arena);
}

TEST(root_has_no_segments)
{
	struct http_target target;
	struct arena arena;

	arena_init(&arena);
	http_target_parse(&target, STR("/"), &arena);
	assert_int_equal(target.odd, HTTP_ODD_NONE);
	assert_int_equal(target.n, 0);
	assert_null(target.query.at);
	http_target_parse(&target, STR("/?"), &arena);
	assert_int_equal(target.odd, HTTP_ODD_NONE);
	assert_non_null(target.query.at);
	assert_int_equal(target.query.n, 0);
	arena_done(&arena);
}

static const struct {
	const char *raw;
	enum http_odd odd;
} cases[] = {
	{ "", HTTP_ODD_FORM },
	{ "*", HTTP_ODD_FORM },
	{ "admin", HTTP_ODD_FORM },
	{ "?a", HTTP_ODD_FORM },
	{ "/a/../b", HTTP_ODD_DOT },
	{ "/a/.", HTTP_ODD_DOT },
	{ "/a/%2e%2E/b", HTTP_ODD_DOT },
	{ "/a/.%2e", HTTP_ODD_DOT },
	{ "/products/%2e%2e%2fadmin", HTTP_ODD_DOT },
	{ "/products/a%2f.%2fb", HTTP_ODD_DOT },
	{ "//a", HTTP_ODD_EMPTY },
	{ "/a//b", HTTP_ODD_EMPTY },
	{ "/a/", HTTP_ODD_EMPTY },
	{ "/a\\b", HTTP_ODD_BACKSLASH },
	{ "/a%5Cb", HTTP_ODD_BACKSLASH },
	{ "/a%00", HTTP_ODD_CONTROL },
	{ "/a%0d%0aSet-Cookie", HTTP_ODD_CONTROL },
	{ "/a%7f", HTTP_ODD_CONTROL },
	{ "/a\x01", HTTP_ODD_CONTROL },
	{ "/a b", HTTP_ODD_CONTROL },
	{ "/a%", HTTP_ODD_PERCENT },
	{ "/a%4", HTTP_ODD_PERCENT },
	{ "/a%zz", HTTP_ODD_PERCENT },
	{ "/a%u0041", HTTP_ODD_PERCENT },
	{ "/a\xc3\xa9", HTTP_ODD_ASCII },
	{ "/a%e9", HTTP_ODD_UTF8 },
	{ "/%c0%ae%c0%ae/b", HTTP_ODD_UTF8 },
	{ "/%e0%80%af", HTTP_ODD_UTF8 },
	{ "/%ed%a0%80", HTTP_ODD_UTF8 },
	{ "/%f4%90%80%80", HTTP_ODD_UTF8 },
	{ "/%c3", HTTP_ODD_UTF8 },
	{ "/a;v=1", HTTP_ODD_PARAM },
	{ "/a#b", HTTP_ODD_FRAGMENT },
	{ "/a?b#c", HTTP_ODD_FRAGMENT },
	{ "/a?\xff", HTTP_ODD_ASCII },
	{ "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/"
	  "23/24/25",
	  HTTP_ODD_LONG },
	{ "/a/b", HTTP_ODD_NONE },
	{ "/.../a..b/.c", HTTP_ODD_NONE },
	{ "/a?b;c\\d", HTTP_ODD_NONE },
	{ "/%f0%9f%98%80", HTTP_ODD_NONE },
};

TEST(odd_targets_say_why)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct http_target target;
		size_t n = strlen(cases[i].raw);
		/* no byte behind it, so that ASan sees a reader run on */
		char *raw = (char *)arena_memdup(&arena, cases[i].raw, n);

		http_target_parse(&target, (struct str){ raw, n }, &arena);
		if (target.odd != cases[i].odd)
			fail_msg("%s: %s", cases[i].raw,
				 http_odd_text(target.odd));
	}
	arena_done(&arena);
}

static void next(struct http_query *query, struct arena *arena,
		 const char *name, const char *value)
{
	struct str got_name, got_value;

	assert_true(http_query_next(query, arena, &got_name, &got_value));
	assert_str(got_name, name);
	if (value)
		assert_str(got_value, value);
	else
		assert_null(got_value.at);
}

TEST(query_parameters_in_order)
{
	struct http_query query = http_query_of(
		STR("searchCriteria[pageSize]=2&a%5Bb%5D=c+d%2B&&flag&empty=&=x"
		    "&e=1=2"));
	struct str name, value;
	struct arena arena;

	arena_init(&arena);
	next(&query, &arena, "searchCriteria[pageSize]", "2");
	next(&query, &arena, "a[b]", "c d+");
	next(&query, &arena, "flag", NULL);
	next(&query, &arena, "empty", "");
	next(&query, &arena, "", "x");
	next(&query, &arena, "e", "1=2");
	assert_false(http_query_next(&query, &arena, &name, &value));
	assert_false(query.bad);
	arena_done(&arena);
}

TEST(a_query_that_cannot_be_decoded_is_bad)
{
	static const char *const bad[] = { "a=%", "%zz=1", "a=%00", "a=%ff" };
	struct str name, value;
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct http_query query = http_query_of(str_of(bad[i]));

		assert_true(http_query_next(&query, &arena, &name, &value));
		assert_true(query.bad);
	}
	struct http_query none = http_query_of((struct str){ NULL, 0 });
	assert_false(http_query_next(&none, &arena, &name, &value));
	arena_done(&arena);
}

RUN(CASE(segments_are_decoded_one_by_one), CASE(root_has_no_segments),
    CASE(odd_targets_say_why), CASE(query_parameters_in_order),
    CASE(a_query_that_cannot_be_decoded_is_bad))
