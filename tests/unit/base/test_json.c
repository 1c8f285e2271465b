#include "tests/lib/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static struct buf out;

static struct json start(enum json_style style)
{
	struct json w;

	buf_done(&out);
	buf_init(&out, 1 << 16);
	json_init(&w, &out, style);
	return w;
}

static int done(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static const char *quoted(enum json_style style, struct str text)
{
	struct json w = start(style);

	json_strn(&w, text);
	return buf_str(&out);
}

static const char *number(double n)
{
	struct json w = start(JSON_PLAIN);

	json_double(&w, n);
	return buf_str(&out);
}

TEST(commas_stand_between_and_nowhere_else)
{
	struct json w = start(JSON_PLAIN);

	json_begin_object(&w);
	json_key(&w, "a");
	json_begin_array(&w);
	json_int(&w, -1);
	json_uint(&w, UINT64_MAX);
	json_begin_object(&w);
	json_end_object(&w);
	json_end_array(&w);
	json_key(&w, "b");
	json_bool(&w, true);
	json_keyn(&w, STR("c"));
	json_str(&w, NULL);
	json_key(&w, "d");
	json_raw(&w, STR("{\"x\":1}"));
	json_key(&w, "e");
	json_null(&w);
	json_end_object(&w);
	assert_string_equal(buf_str(&out),
			    "{\"a\":[-1,18446744073709551615,{}],\"b\":true,"
			    "\"c\":null,\"d\":{\"x\":1},\"e\":null}");
	assert_int_equal(w.depth, 0);
}

TEST(control_characters_quotes_and_backslashes_are_escaped)
{
	assert_string_equal(
		quoted(JSON_PLAIN, STR("\"\\/\b\f\n\r\t\x01\x1f\x7f")),
		"\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	assert_string_equal(quoted(JSON_PLAIN, STR("a\0b")), "\"a\\u0000b\"");
	assert_string_equal(quoted(JSON_PLAIN, (struct str){ 0 }), "\"\"");
}

TEST(plain_style_leaves_utf8_alone)
{
	assert_string_equal(quoted(JSON_PLAIN, STR("Zoë 😀/€")), "\"Zoë 😀/€\"");
}

TEST(php_style_escapes_slashes_and_non_ascii)
{
	assert_string_equal(quoted(JSON_PHP, STR("a/b ë € 😀")),
			    "\"a\\/b \\u00eb \\u20ac \\ud83d\\ude00\"");
}

TEST(bytes_that_are_no_utf8_become_replacement_characters)
{
	assert_string_equal(quoted(JSON_PLAIN, STR("a\xff\xc3(\xed\xa0\x80")),
			    "\"a\xef\xbf\xbd\xef\xbf\xbd("
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_equal(quoted(JSON_PHP, STR("\xc0\xaf")),
			    "\"\\ufffd\\ufffd\"");
	assert_string_equal(quoted(JSON_PHP, STR("\xe2\x82")),
			    "\"\\ufffd\\ufffd\"");
}

/* What json_encode() of PHP 8.2 prints with serialize_precision=-1. */
TEST(doubles_are_written_as_php_writes_them)
{
	assert_string_equal(number(34.0), "34");
	assert_string_equal(number(0.0), "0");
	assert_string_equal(number(-0.0), "-0");
	assert_string_equal(number(0.1), "0.1");
	assert_string_equal(number(0.1 + 0.2), "0.30000000000000004");
	assert_string_equal(number(-12.5), "-12.5");
	assert_string_equal(number(1e-4), "0.0001");
	assert_string_equal(number(1e-5), "1.0e-5");
	assert_string_equal(number(1.5e-7), "1.5e-7");
	assert_string_equal(number(1e15), "1000000000000000");
	assert_string_equal(number(123456789012345.0), "123456789012345");
	assert_string_equal(number(1e16), "10000000000000000");
	assert_string_equal(number(1e17), "1.0e+17");
	assert_string_equal(number(1e25), "1.0e+25");
	assert_string_equal(number(DBL_MAX), "1.7976931348623157e+308");
	assert_string_equal(number(5e-324), "5.0e-324");
	assert_string_equal(number(100.0), "100");
	assert_string_equal(number(1.0 / 3), "0.3333333333333333");
}

TEST(doubles_read_back_as_the_same_number)
{
	uint64_t bits = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		double n;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&n, &bits, sizeof(n));
		if (isfinite(n))
			assert_true(strtod(number(n), NULL) == n);
	}
}

TEST(a_double_that_is_not_finite_is_null)
{
	assert_string_equal(number((double)NAN), "null");
	assert_string_equal(number((double)INFINITY), "null");
}

TEST(a_full_buffer_fails_and_stays_within_its_limit)
{
	struct json w;

	buf_done(&out);
	buf_init(&out, 8);
	json_init(&w, &out, JSON_PLAIN);
	json_begin_array(&w);
	for (int i = 0; i < 10; i++)
		json_int(&w, i);
	json_end_array(&w);
	assert_true(out.failed);
	assert_true(out.n <= 8);
}

#define FREED(name) cmocka_unit_test_teardown(name, done)
RUN(FREED(commas_stand_between_and_nowhere_else),
    FREED(control_characters_quotes_and_backslashes_are_escaped),
    FREED(plain_style_leaves_utf8_alone),
    FREED(php_style_escapes_slashes_and_non_ascii),
    FREED(bytes_that_are_no_utf8_become_replacement_characters),
    FREED(doubles_are_written_as_php_writes_them),
    FREED(doubles_read_back_as_the_same_number),
    FREED(a_double_that_is_not_finite_is_null),
    FREED(a_full_buffer_fails_and_stays_within_its_limit))
