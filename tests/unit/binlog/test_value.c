/* Values whose bytes the recorded logs of test_types.c do not have. */
#include "tests/lib/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/column_type.h"
#include "cdc/binlog/decimal.h"
#include "cdc/binlog/digits.h"
#include "cdc/binlog/floating.h"
#include "cdc/binlog/json_binary.h"
#include "cdc/binlog/temporal.h"
#include "cdc/binlog/value.h"

#define BYTES(text) ((const uint8_t *)(text)), sizeof(text) - 1
#define AT(text) ((const uint8_t *)(text))

static void number_is(uint64_t number)
{
	char text[20 + DIGITS_SLACK], want[24];
	size_t n = (size_t)(digits_put(text, number) - text);

	snprintf(want, sizeof(want), "%ju", (uintmax_t)number);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
}

TEST(digits_of_numbers_of_every_length)
{
	uint64_t step = 1;

	for (uint64_t i = 0; i < 20000; i++)
		number_is(i);
	for (int i = 0; i < 20; i++, step *= 10) {
		number_is(step - 1);
		number_is(step);
		number_is(step + 1);
	}
	/* A walk through all lengths: any odd factor will do. */
	for (uint64_t i = 1, bits = 1; i < 20000; i++) {
		bits = bits * UINT64_C(6364136223846793005) + i;
		number_is(bits >> i % 64);
	}
	number_is(UINT64_MAX);
}

static void decimal_is(const uint8_t *at, size_t n, unsigned precision,
		       unsigned scale, const char *want)
{
	char text[DECIMAL_TEXT_MAX];
	uint8_t event[64] = { 0 }; /* something is always in front */

	assert_int_equal(n, decimal_width(precision, scale));
	memcpy(event + 8, at, n);
	size_t used = decimal_format(event + 8, precision, scale, text);
	assert_int_equal(used, strlen(want));
	assert_memory_equal(text, want, used);
}

/* Whatever the bytes, the quick way says what the general one says. Returns
 * whether they are a number. */
static bool both_ways_agree(const uint8_t *at, unsigned precision,
			    unsigned scale)
{
	char want[DECIMAL_TEXT_MAX], text[DECIMAL_TEXT_MAX];
	struct decimal_shape shape;
	size_t n = decimal_format(at, precision, scale, want);

	assert_true(decimal_shape_of(precision, scale, &shape));
	assert_int_equal(decimal_format_shape(at, &shape, text), n);
	assert_memory_equal(text, want, n);
	return n > 0;
}

TEST(decimals_of_every_short_shape)
{
	uint64_t bits = 1;
	struct decimal_shape shape;

	assert_false(decimal_shape_of(27, 8, &shape));
	assert_false(decimal_shape_of(18, 9, &shape));
	assert_false(decimal_shape_of(8, 8, &shape));
	assert_false(decimal_shape_of(10, 0, &shape));
	for (unsigned n = 0; n < 18 * 8; n++) {
		unsigned scale = n % 8 + 1, precision = n / 8 + 1 + scale;
		uint8_t event[8 + 12 + 4] = { 0 };
		unsigned numbers = 0;

		for (unsigned i = 0; i < 5000; i++) {
			for (size_t k = 8; k < sizeof(event); k++) {
				bits = bits * UINT64_C(6364136223846793005) + 1;
				event[k] = (uint8_t)(bits >> 56);
			}
			if (i % 2) { /* small ones, of both signs */
				uint8_t sign = i % 4 == 1 ? 0x80 : 0x7f;

				memset(event + 8, sign ^ 0x80,
				       decimal_width(precision, scale) - 1);
				event[8] = sign;
			}
			numbers += both_ways_agree(event + 8, precision, scale);
		}
		assert_true(numbers > 20);
	}
}

TEST(case_100_decimals_are_exact)
{
	/* MySQL's own example: 1234567890.1234 as DECIMAL(14,4). */
	decimal_is(BYTES("\x81\x0d\xfb\x38\xd2\x04\xd2"), 14, 4,
		   "1234567890.1234");
	decimal_is(BYTES("\x7e\xf2\x04\xc7\x2d\xfb\x2d"), 14, 4,
		   "-1234567890.1234");
	decimal_is(BYTES("\x80\x32"), 4, 2, "0.50");
	decimal_is(BYTES("\x80"), 1, 1, "0.0");
	decimal_is(BYTES("\x7f"), 1, 1, "0.0"); /* a zero with a sign */
	decimal_is(BYTES("\x7e"), 1, 1, "-0.1");
	decimal_is(BYTES("\x89"), 1, 0, "9");
	/* Groups of nine: zeros in front go, zeros between stay. */
	decimal_is(BYTES("\x80\0\0\1\0\0\0\2\0\0\0\3"), 27, 9,
		   "1000000002.000000003");
	decimal_is(BYTES("\x7f\xff\xff\xff\xff\xff\xff\xfe"), 18, 0, "-1");
	decimal_is(BYTES("\x7f\xff\xff\xff\xff\xff\xff\xff"), 18, 9,
		   "0.000000000");		       /* a zero with a sign */
	decimal_is(BYTES("\xbb\x9a\xca\0"), 9, 0, ""); /* ten digits */
	/* A digit above 9, types there are not. */
	decimal_is(BYTES("\x8a"), 1, 0, "");
	assert_int_equal(decimal_width(65, 30), 30);
	assert_int_equal(decimal_width(0, 0), 0);
	assert_int_equal(decimal_width(82, 0), 0);
	assert_int_equal(decimal_width(10, 11), 0);
	assert_int_equal(decimal_width(65, 31), 0);
}

typedef size_t (*with_digits)(const uint8_t *at, unsigned digits,
			      char out[TEMPORAL_TEXT_MAX]);

static void moment_is(with_digits read, const char *bytes, unsigned digits,
		      const char *want)
{
	char text[TEMPORAL_TEXT_MAX];
	size_t n = read(AT(bytes), digits, text);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
}

TEST(case_102_times_below_zero_with_every_fraction)
{
	/* -00:00:00.1 and its like: MySQL my_time.cc's own comment. */
	moment_is(temporal_time, "\x7f\xff\xff\xf6", 1, "-00:00:00.1");
	moment_is(temporal_time, "\x7f\xff\xff\xff", 2, "-00:00:00.01");
	moment_is(temporal_time, "\x7f\xff\xff\x9d", 2, "-00:00:00.99");
	moment_is(temporal_time, "\x7f\xff\xff\x00", 2, "-00:00:01.00");
	moment_is(temporal_time, "\x7f\xff\xfe\xff", 2, "-00:00:01.01");
	moment_is(temporal_time, "\x7f\xff\xff\xff\xff", 4, "-00:00:00.0001");
	moment_is(temporal_time, "\x7f\xff\xff\xff\xff\xff", 6,
		  "-00:00:00.000001");
	moment_is(temporal_time, "\x80\x00\x00", 0, "00:00:00");
	moment_is(temporal_time, "\x7f\xff\xff", 0, "-00:00:01");
	/* 839 hours, 60 minutes, a million microseconds */
	moment_is(temporal_time, "\xb4\x70\x00", 0, "");
	moment_is(temporal_time, "\x80\x0f\x00", 0, "");
	moment_is(temporal_time, "\x80\x00\x00\x0f\x42\x40", 6, "");
}

TEST(case_103_timestamps_to_the_end_of_32_bits)
{
	moment_is(temporal_timestamp, "\0\0\0\0", 0, "0000-00-00 00:00:00");
	moment_is(temporal_timestamp, "\0\0\0\1", 0, "1970-01-01 00:00:01");
	moment_is(temporal_timestamp, "\x7f\xff\xff\xff", 0,
		  "2038-01-19 03:14:07");
	moment_is(temporal_timestamp, "\xff\xff\xff\xff", 0,
		  "2106-02-07 06:28:15");
	moment_is(temporal_timestamp, "\x38\xbc\x6d\x7f\x5a", 1,
		  "2000-03-01 01:08:15.9");
}

TEST(old_forms_of_times)
{
	char text[TEMPORAL_TEXT_MAX];

	/* 20211231235958 */
	assert_int_equal(
		temporal_old_datetime(AT("\x76\x1f\x42\xcb\x61\x12\0\0"), text),
		19);
	assert_memory_equal(text, "2021-12-31 23:59:58", 19);
	assert_int_equal(temporal_old_time(AT("\x2a\x89\xfe"), text), 9);
	assert_memory_equal(text, "-09:59:58", 9);
	assert_int_equal(temporal_old_timestamp(AT("\1\0\0\0"), text), 19);
	assert_memory_equal(text, "1970-01-01 00:00:01", 19);
	assert_int_equal(temporal_year(AT("\0"), text), 4);
	assert_memory_equal(text, "0000", 4);
	assert_int_equal(temporal_date(AT("\0\0\0"), text), 10);
	assert_memory_equal(text, "0000-00-00", 10);
	/* month 13 */
	assert_int_equal(temporal_date(AT("\xa1\xcb\x0f"), text), 0);
	/* below the bias */
	moment_is(temporal_datetime, "\x7f\0\0\0\0", 0, "");
}

static void double_is(double number, const char *want)
{
	char text[FLOATING_TEXT_MAX];
	size_t n = 0;

	assert_true(floating_double(number, text, &n));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
}

TEST(case_107_numbers_are_as_select_prints_them)
{
	char text[FLOATING_TEXT_MAX];
	size_t n;

	double_is(0, "0");
	double_is(-0.0, "-0");
	double_is(0.1, "0.1");
	double_is(12.5, "12.5");
	double_is(-19.99, "-19.99");
	double_is(100, "100");
	double_is(1.0 / 3, "0.3333333333333333");
	double_is(123456789012345, "123456789012345");
	double_is(999999999999999, "999999999999999");
	double_is(1e15, "1e15");
	double_is(2345678901234567.5, "2345678901234567.5");
	double_is(2345678901234567, "2.345678901234567e15");
	double_is(1.2e-15, "0.0000000000000012");
	double_is(1e-14, "0.00000000000001");
	double_is(1e-16, "1e-16");
	double_is(1.5e300, "1.5e300");
	double_is(5e-324, "5e-324");
	double_is(DBL_MAX, "1.7976931348623157e308");
	assert_false(floating_double(NAN, text, &n));
	assert_false(floating_double(-INFINITY, text, &n));
	assert_true(floating_float(0.1f, text, &n));
	assert_memory_equal(text, "0.1", n);
	assert_true(floating_float(16777216, text, &n));
	assert_memory_equal(text, "16777200", n);
	assert_true(floating_float(FLT_MAX, text, &n));
	assert_memory_equal(text, "3.40282e38", n);
}

static void fixed_is(double number, unsigned places, const char *want)
{
	char text[FLOATING_FIXED_MAX];
	size_t n;

	assert_true(floating_fixed(number, places, text, &n));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
}

TEST(case_107_numbers_with_places)
{
	fixed_is(0, 0, "0");
	fixed_is(0, 2, "0.00");
	fixed_is(1.5, 2, "1.50");
	fixed_is(-0.125, 2, "-0.12");
	fixed_is(1e-7, 20, "0.00000010000000000000");
	fixed_is(1e-7, 3, "0.000");
	fixed_is(0.1f, 20, "0.10000000149011612000");
	fixed_is(50528382057960044544.0, 1, "50528382057960050000.0");
	fixed_is(1e22, 0, "10000000000000000000000");
	fixed_is(1234567.891, 0, "1234568");
}

TEST(doubles_of_all_sizes_read_back)
{
	uint64_t bits = 0x9e3779b97f4a7c15;

	for (int i = 0; i < 20000; i++) {
		char text[FLOATING_TEXT_MAX + 1] = "";
		double number;
		size_t n;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		/* Half of them as people write prices. */
		if (i % 2)
			number = (double)(bits >> 40) / 100;
		else
			memcpy(&number, &bits, sizeof(number));
		if (!floating_double(number, text, &n))
			continue;
		text[n] = '\0';
		assert_true(strtod(text, NULL) == number);
	}
}

static void json_is(const uint8_t *at, size_t n, const char *want)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, json_binary_text_max(n));
	if (!json_binary_format(at, n, &out))
		assert_null(want);
	else
		assert_string_equal(buf_str(&out), want ? want : "refused");
}

TEST(case_78_79_json)
{
	/* {"a": 7} */
	static const uint8_t object[] = { 0, 1, 0, 12, 0, 11, 0,
					  1, 0, 5, 7,  0, 'a' };

	json_is(object, 0, "null");
	json_is(object, sizeof(object), "{\"a\": 7}");
	for (size_t n = 1; n < sizeof(object); n++)
		json_is(object, n, NULL);
	json_is(BYTES("\x0c\x06\"\\\n\x01/\x7f"),
		"\"\\\"\\\\\\n\\u0001/\x7f\"");
	json_is(BYTES("\x0c\1\0"), "\"\\u0000\"");
	json_is(BYTES("\x0c\x81\0x"), "\"x\""); /* a length of two bytes */
	json_is(BYTES("\x0f\xf6\4\4\2\x8c\x32"), "12.50");
	json_is(BYTES("\x0f\xfc\3\1\2\3"), "\"base64:type252:AQID\"");
	json_is(BYTES("\x0f\xfc\1\xff"), "\"base64:type252:/w==\"");
	json_is(BYTES("\x0f\xf6\2\x50\2"), NULL);
	json_is(BYTES("\x0b\0\0\0\0\0\0\xf0\x3f"), "1.0");
	json_is(BYTES("\x0b\0\0\0\0\0\0\xf8\x7f"), NULL);
	json_is(BYTES("\4\3"), NULL);
	json_is(BYTES("\x0d"), NULL);
	json_is(BYTES("\2\0\0\4\0"), "[]");
	json_is(BYTES("\3\0\0\0\0\x08\0\0\0"), "[]");
	/* A count that the size has no room for. */
	json_is(BYTES("\2\xff\xff\4\0"), NULL);
	json_is(BYTES("\3\xff\xff\xff\xff\x08\0\0\0"), NULL);
}

TEST(json_that_contains_itself_ends)
{
	/* [x, x] with both x at offset 0: the array itself. */
	json_is(BYTES("\2\2\0\x0a\0\2\0\0\2\0\0"), NULL);
	/* An array of one such entry goes as deep as is allowed. */
	json_is(BYTES("\2\1\0\7\0\2\0\0"), NULL);
}

static struct arena arena;

static void text_is(const char *charset, const uint8_t *at, size_t n,
		    const char *want, bool invalid)
{
	const struct charset_reader *reader =
		charset_reader(charset_by_name(str_of(charset)));
	struct value_sink sink = { .arena = &arena };
	struct value value;

	assert_non_null(reader);
	bool clean = charset_read(reader, at, n, &sink, &value);
	assert_int_equal(value.kind, VALUE_TEXT);
	assert_int_equal(value.n, strlen(want));
	assert_memory_equal(value.at, want, value.n);
	assert_int_equal(clean, !invalid);
	arena_reset(&arena);
}

TEST(case_109_latin1_is_windows_1252)
{
	text_is("latin1", BYTES("a\x80\x81\xe4\xff"), "a€\xc2\x81äÿ", 0);
	text_is("ascii", BYTES("ab"), "ab", 0);
	text_is("ascii", BYTES("a\x80"), "a?", 1);
	text_is("ucs2", BYTES("\0a\x20\xac"), "a€", 0);
	text_is("utf16le", BYTES("a\0\xac\x20"), "a€", 0);
	text_is("utf32", BYTES("\0\0\0a\0\1\xf6\0"), "a😀", 0);
	text_is("utf16", BYTES("\0a\x20"), "a\xef\xbf\xbd", 1);
	text_is("cp932", BYTES("\x93\xfa\x96{"), "日本", 0);
	text_is("cp1250", BYTES("\x8a"), "Š", 0);
	text_is("greek", BYTES("\xa1\xe1"), "ʽα", 0);
	text_is("sjis", BYTES("\x81\x5f\xb1\\"), "\\ｱ\\", 0);
	text_is("big5", BYTES("\xa4\xa4\xc6\xa6"), "中あ", 0);
	text_is("ujis", BYTES("\x8f\xb0\xa1\x8e\xb1"), "丂ｱ", 0);
	text_is("swe7", BYTES("\\l{nd"), "Öländ", 0);
	text_is("keybcs2", BYTES("\x80"), "Č", 0);
	text_is("geostd8", BYTES("\xc0"), "ა", 0);
	text_is("gb18030", BYTES("\x90\x30\x81\x30"), "𐀀", 0);
	text_is("gb18030", BYTES("\x81\x30\x81\x30"), "\xc2\x80", 0);
	text_is("gb18030", BYTES("\x84\x30\xfa\x33"), "\xef\xb7\x91", 0);
}

TEST(case_110_invalid_text_is_replaced_and_counted)
{
	text_is("utf8mb4", BYTES("plain ascii text of some length"),
		"plain ascii text of some length", 0);
	text_is("utf8mb4", BYTES("\xf0\x9f\x98\x80 ok"), "😀 ok", 0);
	text_is("utf8mb4", BYTES("a\xff\xfe!"), "a\xef\xbf\xbd\xef\xbf\xbd!",
		1);
	text_is("utf8mb3", BYTES("\xed\xa0\x80"),
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 1);
	text_is("utf8mb4", BYTES("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", 1);
	text_is("utf8mb4", BYTES("12345678\xe2\x82"),
		"12345678\xef\xbf\xbd\xef\xbf\xbd", 1);
	text_is("utf8mb4", BYTES("\xf4\x90\x80\x80"),
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 1);
	text_is("gbk", BYTES("\xd6\xd0\xff"), "中?", 1);
	text_is("cp1251", BYTES("\xc4\x98"), "Д?", 1);
	text_is("ujis", BYTES("\x8e\xa0"), "??", 1);
	text_is("ucs2", BYTES("\xd8\0\0a"),
		"\xef\xbf\xbd"
		"a",
		1);
	text_is("utf16", BYTES("\xdc\0\xd8\0"), "\xef\xbf\xbd\xef\xbf\xbd", 1);
	text_is("utf32", BYTES("\0\x11\0\0"), "\xef\xbf\xbd", 1);
	text_is("utf8mb4", BYTES(""), "", 0);
	arena_done(&arena);
}

static void collation_is(uint32_t id, const char *want)
{
	const struct charset *charset = charset_by_collation(id);

	if (want)
		assert_string_equal(charset ? charset->name : "none", want);
	else
		assert_null(charset);
}

TEST(collations_of_both_servers)
{
	collation_is(0, NULL);
	collation_is(8, "latin1");
	collation_is(33, "utf8mb3");
	collation_is(45, "utf8mb4");
	collation_is(63, "binary");
	collation_is(76, "utf8mb3");
	collation_is(224, "utf8mb4");
	collation_is(249, "gb18030");
	collation_is(255, "utf8mb4"); /* utf8mb4_0900_ai_ci */
	collation_is(309, "utf8mb4"); /* utf8mb4_0900_bin */
	collation_is(400, NULL);
	collation_is(1069, "utf8mb4"); /* …_general_nopad_ci */
	collation_is(2304, "utf8mb4"); /* utf8mb4_uca1400_ai_ci */
	collation_is(2048, "utf8mb3");
	collation_is(3271, "utf32");
	collation_is(4000, NULL);
	assert_string_equal(charset_by_name(STR("utf8"))->name, "utf8mb3");
	assert_null(charset_by_name(STR("klingon")));
}

static void address_is(const char *type, const char *bytes, const char *want)
{
	char text[ADDRESS_TEXT_MAX];
	size_t n = address_format(column_type_address(type), AT(bytes), text);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
}

TEST(case_118_addresses)
{
	address_is("uuid", "\1\2\3\4\5\6\x70\x08\x90\x10\xa\xb\xc\xd\xe\xf",
		   "01020304-0506-7008-9010-0a0b0c0d0e0f");
	address_is("inet4", "\x0a\0\1\xff", "10.0.1.255");
	address_is("inet6", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "::");
	address_is("inet6", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "::1");
	address_is("inet6", "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4",
		   "::ffff:1.2.3.4");
	address_is("inet6", "\x20\1\xd\xb8\0\0\0\1\0\0\0\0\0\0\0\0",
		   "2001:db8:0:1::");
	address_is("inet6", "\0\1\0\0\0\2\0\3\0\4\0\5\0\6\0\7",
		   "1::2:3:4:5:6:7");
	assert_int_equal(column_type_address("varchar(36)"), ADDRESS_NONE);
	assert_int_equal(column_type_places("double(10,2) unsigned"), 2);
	assert_int_equal(column_type_places("float"), -1);
	assert_int_equal(column_type_places("decimal(10,2)"), -1);
}

TEST(labels_out_of_column_types)
{
	struct arena kept;
	uint32_t count;
	struct str *labels;

	arena_init(&kept);
	labels = column_type_labels("enum('a','','b,c','d''e','f)')", &kept,
				    &count);
	assert_non_null(labels);
	assert_int_equal(count, 5);
	assert_true(str_eqs(labels[2], "b,c"));
	assert_true(str_eqs(labels[3], "d'e"));
	assert_true(str_eqs(labels[4], "f)"));
	assert_null(column_type_labels("enum('a'", &kept, &count));
	assert_null(column_type_labels("enum(", &kept, &count));
	assert_null(column_type_labels("int(10)", &kept, &count));
	arena_done(&kept);
}

RUN(CASE(digits_of_numbers_of_every_length),
    CASE(decimals_of_every_short_shape), CASE(case_100_decimals_are_exact),
    CASE(case_102_times_below_zero_with_every_fraction),
    CASE(case_103_timestamps_to_the_end_of_32_bits), CASE(old_forms_of_times),
    CASE(case_107_numbers_are_as_select_prints_them),
    CASE(case_107_numbers_with_places), CASE(doubles_of_all_sizes_read_back),
    CASE(case_78_79_json), CASE(json_that_contains_itself_ends),
    CASE(case_109_latin1_is_windows_1252),
    CASE(case_110_invalid_text_is_replaced_and_counted),
    CASE(collations_of_both_servers), CASE(case_118_addresses),
    CASE(labels_out_of_column_types))
