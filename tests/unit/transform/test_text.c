#include "tests/lib/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/utf8.h"
#include "transform/losses.h"
#include "transform/text.h"

static struct value text(const char *bytes, size_t n)
{
	return (struct value){ bytes, (uint32_t)n, VALUE_TEXT };
}

#define TEXT(literal) text((literal), sizeof(literal) - 1)

static struct loss loss;
static struct arena arena;

static void fits(enum text_codec codec, struct value in, const char *out)
{
	struct value v = text_fit(codec, in, &arena, &loss);

	if (!out) {
		assert_int_equal(v.kind, VALUE_NULL);
		return;
	}
	assert_int_equal(v.kind, VALUE_TEXT);
	assert_int_equal(v.n, strlen(out));
	assert_memory_equal(v.at, out, v.n);
}

static int start(void **state)
{
	(void)state;
	arena_init(&arena);
	loss = (struct loss){ 0 };
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

TEST(types_have_their_codec)
{
	static const struct {
		const char *type;
		enum text_codec codec;
	} types[] = {
		{ "bigint", TEXT_NUMBER },
		{ "numeric(20,6)", TEXT_NUMBER },
		{ "double precision", TEXT_NUMBER },
		{ "timestamp with time zone", TEXT_TIME },
		{ "timestamp without time zone", TEXT_TIME },
		{ "timestamp(3) without time zone", TEXT_TIME },
		{ "date", TEXT_DATE },
		{ "bytea", TEXT_PLAIN },
		{ "text", TEXT_UTF8 },
		{ "character varying(255)", TEXT_UTF8 },
		{ "jsonb", TEXT_UTF8 },
	};

	for (size_t i = 0; i < LENGTH(types); i++)
		assert_int_equal(text_codec_of(types[i].type), types[i].codec);
}

TEST(text_that_is_fine_is_not_copied)
{
	static const char *const fine[] = {
		"",
		"a",
		"eight by",
		"nine byte",
		"Grüße, 世界 🙂",
		"\x7f\x01\x7f\x01\x7f\x01\x7f\x01",
	};

	for (size_t i = 0; i < LENGTH(fine); i++) {
		struct value in = text(fine[i], strlen(fine[i]));

		assert_ptr_equal(text_fit(TEXT_UTF8, in, &arena, &loss).at,
				 fine[i]);
	}
	assert_int_equal(arena.used, 0);
}

TEST(nul_goes_and_what_is_no_utf8_is_replaced)
{
	fits(TEXT_UTF8, TEXT("a\0b\0"), "ab");
	fits(TEXT_UTF8, TEXT("\0\0\0\0\0\0\0\0"), "");
	assert_int_equal(loss_count(&loss, LOSS_NUL), 2);
	assert_int_equal(loss_count(&loss, LOSS_INVALID_TEXT), 0);
	fits(TEXT_UTF8, TEXT("a\xff!"), "a\xef\xbf\xbd!");
	fits(TEXT_UTF8, TEXT("\xed\xa0\x80"),
	     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	fits(TEXT_UTF8, TEXT("1234567\xc3"), "1234567\xef\xbf\xbd");
	assert_int_equal(loss_count(&loss, LOSS_INVALID_TEXT), 3);
}

/* At every place of a word, and behind it. */
TEST(one_bad_byte_is_found_wherever_it_is)
{
	for (size_t n = 1; n < 24; n++) {
		for (size_t i = 0; i < n; i++) {
			char bytes[24];

			memset(bytes, 1, sizeof(bytes));
			bytes[i] = '\0';
			assert_int_equal(
				text_clean(text(bytes, n), &arena, &loss).n,
				n - 1);
			bytes[i] = '\x80';
			assert_int_equal(
				text_clean(text(bytes, n), &arena, &loss).n,
				n + 2);
		}
	}
}

TEST(bytes_become_text_or_a_number)
{
	struct value bit = TEXT("\x01\x02"), blob = TEXT("caf\xc3\xa9");

	bit.kind = blob.kind = VALUE_BYTES;
	fits(TEXT_NUMBER, bit, "258");
	fits(TEXT_UTF8, blob, "café");
	assert_int_equal(text_fit(TEXT_PLAIN, blob, &arena, &loss).kind,
			 VALUE_BYTES);
}

TEST(null_and_absent_stay)
{
	struct value null = { .kind = VALUE_NULL }, absent = { 0 };

	for (enum text_codec c = TEXT_PLAIN; c <= TEXT_TIME; c++) {
		assert_int_equal(text_fit(c, null, &arena, &loss).kind,
				 VALUE_NULL);
		assert_int_equal(text_fit(c, absent, &arena, &loss).kind,
				 VALUE_ABSENT);
	}
}

TEST(only_real_days_are_dates)
{
	static const char *const good[] = {
		"2024-02-29",	       "2000-02-29",
		"0001-01-01",	       "9999-12-31 23:59:59",
		"2024-01-01 00:00:00", "2024-01-01 00:00:00.123456",
	};
	static const char *const bad[] = {
		"0000-00-00",
		"0000-00-00 00:00:00",
		"2020-00-00",
		"2020-01-00",
		"0000-01-01",
		"2023-02-29",
		"1900-02-29",
		"2023-04-31",
		"2024-13-01",
		"2024-01-01 24:00:00",
		"2024-01-01 00:60:00",
		"2024-01-01 00:00:00.",
		"2024-01-01 00:00:00.1234567",
		"2024-01-01x",
		"2024-1-1",
		"",
		"NULL",
	};

	for (size_t i = 0; i < LENGTH(good); i++)
		fits(TEXT_TIME, text(good[i], strlen(good[i])), good[i]);
	for (size_t i = 0; i < LENGTH(bad); i++)
		fits(TEXT_TIME, text(bad[i], strlen(bad[i])), NULL);
	assert_int_equal(loss_count(&loss, LOSS_ZERO_DATE), LENGTH(bad));
	fits(TEXT_DATE, TEXT("2024-02-30"), NULL);
}

TEST(json_numbers_are_told_apart)
{
	static const char *const good[] = { "0",    "-0",   "5",    "-12",
					    "0.50", "1e10", "2E-3", "1.5e+7" };
	static const char *const bad[] = { "",	 "-",  "007", ".5", "5.",
					   "+1", "1e", "0x1", "1 ", "NaN" };

	for (size_t i = 0; i < LENGTH(good); i++)
		assert_true(text_is_number(
			(struct str){ good[i], strlen(good[i]) }));
	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_false(
			text_is_number((struct str){ bad[i], strlen(bad[i]) }));
}

/* Whatever comes in, what goes out is text that PostgreSQL takes. */
TEST(random_bytes_always_come_out_clean)
{
	uint64_t seed = 42;

	for (int round = 0; round < 20000; round++) {
		char bytes[40];
		size_t n;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1;
			bytes[i] = (char)(seed >> 56);
		}
		n = (seed >> 33) % sizeof(bytes);
		struct value v = text_clean(text(bytes, n), &arena, &loss);
		assert_true(utf8_valid((struct str){ v.at, v.n }));
		assert_null(memchr(v.at, 0, v.n));
		arena_reset(&arena);
	}
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, start, stop)
RUN(FRESH(types_have_their_codec), FRESH(text_that_is_fine_is_not_copied),
    FRESH(nul_goes_and_what_is_no_utf8_is_replaced),
    FRESH(one_bad_byte_is_found_wherever_it_is),
    FRESH(bytes_become_text_or_a_number), FRESH(null_and_absent_stay),
    FRESH(only_real_days_are_dates), FRESH(json_numbers_are_told_apart),
    FRESH(random_bytes_always_come_out_clean))
