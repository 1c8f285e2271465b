#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "base/fold.h"
#include "base/utf8.h"

static char key[FOLD_KEY_MAX + 1];

static const char *key_of(enum fold fold, const char *text)
{
	key[fold_key(fold, str_of(text), key)] = '\0';
	return key;
}

static bool same(enum fold fold, const char *a, const char *b)
{
	char first[FOLD_KEY_MAX + 1];
	size_t n = fold_key(fold, str_of(a), first);

	return str_eq((struct str){ first, n }, str_of(key_of(fold, b)));
}

TEST(keys_of_plain_text_can_be_read)
{
	assert_string_equal(key_of(FOLD_GENERAL, "Camiseta Básica  "),
			    "g:camiseta basica");
	assert_string_equal(key_of(FOLD_UNICODE, "STRAßE"), "u:strasse");
	assert_string_equal(key_of(FOLD_UCA900, "Æon-7 "), "9:aeon-7 ");
	assert_string_equal(key_of(FOLD_BINARY, "Ab "), "b:Ab");
	assert_string_equal(key_of(FOLD_BINARY_NOPAD, "Ab "), "B:Ab ");
	assert_string_equal(key_of(FOLD_UNKNOWN, "Ab "), "x:Ab");
	assert_string_equal(key_of(FOLD_GENERAL, "  "), "g:");
}

TEST(collations_differ)
{
	assert_true(same(FOLD_GENERAL, "ß", "s"));
	assert_false(same(FOLD_UNICODE, "ß", "s"));
	assert_true(same(FOLD_UNICODE, "ß", "ss"));
	assert_true(same(FOLD_UNICODE, "😀", "🎉"));
	assert_false(same(FOLD_UCA900, "😀", "🎉"));
	assert_true(same(FOLD_UCA900, "co\u00adop", "COOP"));
	assert_false(same(FOLD_GENERAL, "co\u00adop", "coop"));
	assert_true(same(FOLD_UNICODE, "a\u00a0", "A"));
	assert_false(same(FOLD_GENERAL_NOPAD, "a ", "a"));
	assert_true(same(FOLD_UCA900, "각", "\u1100\u1161\u11a8"));
}

TEST(what_is_too_long_or_no_text_has_no_key)
{
	char text[FOLD_KEY_MAX + 4];

	memset(text, 'a', sizeof(text));
	for (int fold = FOLD_UNKNOWN; fold < FOLD_COUNT; fold++) {
		struct str longest = { text, FOLD_KEY_MAX - 6 };

		assert_int_equal(fold_key((enum fold)fold, longest, key),
				 longest.n + 2);
		longest.n = sizeof(text);
		assert_int_equal(fold_key((enum fold)fold, longest, key), 0);
		assert_int_equal(fold_key((enum fold)fold, STR("a\xff"), key),
				 0);
	}
	memset(text + 1, ' ', sizeof(text) - 1);
	assert_int_equal(
		fold_key(FOLD_GENERAL, (struct str){ text, sizeof(text) }, key),
		3);
	assert_int_equal(
		fold_key(FOLD_UCA900, (struct str){ text, sizeof(text) }, key),
		0);
	text[sizeof(text) - 1] = 'b';
	assert_int_equal(
		fold_key(FOLD_GENERAL, (struct str){ text, sizeof(text) }, key),
		0);
}

TEST(every_key_is_utf8)
{
	for (uint32_t c = 0x800; c < 0x10000; c++) {
		const char text[] = { (char)(0xe0 | c >> 12),
				      (char)(0x80 | (c >> 6 & 0x3f)),
				      (char)(0x80 | (c & 0x3f)) };

		if (c >= 0xd800 && c < 0xe000)
			continue;
		for (int fold = FOLD_UNKNOWN; fold < FOLD_COUNT; fold++) {
			size_t n = fold_key((enum fold)fold,
					    (struct str){ text, 3 }, key);

			assert_true(n >= 2);
			assert_true(utf8_valid((struct str){ key, n }));
		}
	}
}

TEST(collations_are_known_by_name)
{
	static const struct {
		const char *name;
		enum fold fold;
	} cases[] = { { "utf8mb4_general_ci", FOLD_GENERAL },
		      { "utf8_general_ci", FOLD_GENERAL },
		      { "utf8mb3_unicode_ci", FOLD_UNICODE },
		      { "utf8mb4_unicode_nopad_ci", FOLD_UNICODE_NOPAD },
		      { "utf8mb4_0900_ai_ci", FOLD_UCA900 },
		      { "utf8mb4_0900_as_ci", FOLD_UNKNOWN },
		      { "utf8mb4_0900_bin", FOLD_BINARY_NOPAD },
		      { "utf8mb4_nopad_bin", FOLD_BINARY_NOPAD },
		      { "latin1_bin", FOLD_BINARY },
		      { "latin1_general_ci", FOLD_UNKNOWN },
		      { "utf8mb4_uca1400_ai_ci", FOLD_UNKNOWN },
		      { "", FOLD_UNKNOWN },
		      { NULL, FOLD_UNKNOWN } };

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(fold_of(cases[i].name), cases[i].fold);
}

RUN(CASE(keys_of_plain_text_can_be_read), CASE(collations_differ),
    CASE(what_is_too_long_or_no_text_has_no_key), CASE(every_key_is_utf8),
    CASE(collations_are_known_by_name))
