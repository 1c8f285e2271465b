#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/json_tree.h"
#include "base/mem.h"

static struct arena arena;
static struct err err;

static int clean(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static const struct json_node *parsed(const char *text)
{
	struct json_node *node = NULL;

	err = (struct err){ 0 };
	if (json_tree_parse(&arena, str_of(text), &node, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
	return node;
}

static int refused(const char *text)
{
	struct json_node *node = NULL;

	err = (struct err){ 0 };
	assert_int_not_equal(json_tree_parse(&arena, str_of(text), &node, &err),
			     0);
	assert_null(node);
	return err.code;
}

static void path_is(const struct json_node *root, const char *path,
		    const char *text)
{
	const struct json_node *node = json_tree_path(root, path);

	assert_non_null(node);
	assert_true(str_eqs(node->text, text));
}

TEST(values_are_found_by_path)
{
	const struct json_node *root = parsed(
		" {\"a\" : [1, {\"b\":\"x\"}, true ,null,false], \"c\":{},"
		"\"a\":2}\n");

	path_is(root, "a.0", "1");
	path_is(root, "a.1.b", "x");
	assert_int_equal(json_tree_path(root, "a.2")->type, JSON_TRUE);
	assert_int_equal(json_tree_path(root, "a.3")->type, JSON_NULL);
	assert_int_equal(json_tree_path(root, "a.4")->type, JSON_FALSE);
	assert_int_equal(json_tree_get(root, "c")->type, JSON_OBJECT);
	assert_null(json_tree_path(root, "a.5"));
	assert_null(json_tree_path(root, "a.x"));
	assert_null(json_tree_path(root, "c.d.e"));
	assert_null(json_tree_get(NULL, "a"));
}

TEST(numbers_stay_as_they_were_written)
{
	static const char *const numbers[] = {
		"0",
		"-0",
		"10.500",
		"1.0e-5",
		"12345678901234567890.1234567890",
		"2E+9"
	};

	for (size_t i = 0; i < LENGTH(numbers); i++)
		assert_true(str_eqs(parsed(numbers[i])->text, numbers[i]));
}

static void text_is(const char *json, const char *text)
{
	const struct json_node *node = parsed(json);

	assert_int_equal(node->type, JSON_STRING);
	if (!str_eqs(node->text, text))
		fail_msg("%s became \"%.*s\"", json, (int)node->text.n,
			 node->text.at);
}

TEST(strings_are_unescaped)
{
	text_is("\"\"", "");
	text_is("\"plain ä 🙂\"", "plain ä 🙂");
	text_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
	text_is("\"\\u00e4\\u20AC\\ud83d\\ude42\\u0041\"", "ä€🙂A");
	text_is("\"\\ud83d!\\ude42\\u0000\"",
		"\xef\xbf\xbd!\xef\xbf\xbd\xef\xbf\xbd");
	text_is("\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
				      "A");
}

TEST(what_is_no_json_is_refused)
{
	static const char *const bad[] = {
		"",	  " ",	      "{",	    "[",	 "\"",
		"\"\\\"", "[1,]",     "{\"a\":1,}", "{a:1}",	 "{\"a\"}",
		"[1 2]",  "01",	      "-",	    "1.",	 ".5",
		"1e",	  "+1",	      "NaN",	    "tru",	 "nulll",
		"1 2",	  "\"\x01\"", "\"\\x\"",    "\"\\u12\"", "\"\\u12G4\"",
		"]",	  "{\"a\":}", "'a'",
	};

	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_int_equal(refused(bad[i]), ERR_CORRUPT);
}

TEST(depth_and_number_of_values_are_limited)
{
	char deep[2 * JSON_TREE_DEPTH_MAX + 3] = { 0 };
	size_t n = 2 * (JSON_TREE_NODES_MAX + 1);
	CLEANUP(mem_freep) char *many = mem_zalloc(n + 2);

	memset(deep, '[', JSON_TREE_DEPTH_MAX);
	memset(deep + JSON_TREE_DEPTH_MAX, ']', JSON_TREE_DEPTH_MAX);
	parsed(deep);
	memset(deep, '[', JSON_TREE_DEPTH_MAX + 1);
	memset(deep + JSON_TREE_DEPTH_MAX + 1, ']', JSON_TREE_DEPTH_MAX + 1);
	assert_int_equal(refused(deep), ERR_LIMIT);
	for (size_t i = 0; i < n; i += 2)
		memcpy(many + i, "1,", 2);
	many[0] = '[';
	assert_int_equal(refused(many), ERR_CORRUPT); /* "[,…" */
	memcpy(many, "[1", 2);
	for (size_t i = 2; i < n; i += 2)
		memcpy(many + i, ",1", 2);
	assert_int_equal(refused(many), ERR_LIMIT);
}

#define TIDY(name) cmocka_unit_test_teardown(name, clean)
RUN(TIDY(values_are_found_by_path), TIDY(numbers_stay_as_they_were_written),
    TIDY(strings_are_unescaped), TIDY(what_is_no_json_is_refused),
    TIDY(depth_and_number_of_values_are_limited))
