#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "base/str.h"

static const struct str none = { 0 };

TEST(slices_compare_by_their_bytes)
{
	assert_true(str_eq(STR("abc"), str_of("abc")));
	assert_false(str_eq(STR("abc"), STR("abd")));
	assert_false(str_eq(STR("abc"), STR("ab")));
	assert_true(str_eq(none, STR("")));
	assert_true(str_eqs(none, ""));
	assert_int_equal(str_of(NULL).n, 0);
	assert_true(str_ieqs(STR("KeeP"), "kEEp"));
	assert_false(str_ieqs(STR("Keep"), "keepe"));
	assert_true(str_ieqs(none, ""));
	assert_false(str_ieqs(STR("\xc3\x84"), "\xc3\xa4"));
}

TEST(beginnings_and_ends)
{
	assert_true(str_starts(STR("abc"), "ab"));
	assert_true(str_starts(STR("abc"), ""));
	assert_true(str_starts(none, ""));
	assert_false(str_starts(STR("ab"), "abc"));
	assert_true(str_ends(STR("abc"), "bc"));
	assert_false(str_ends(STR("bc"), "abc"));
	assert_false(str_ends(none, "a"));
}

TEST(blanks_are_trimmed_on_both_sides)
{
	assert_true(str_eqs(str_trim(STR(" \ta b\t ")), "a b"));
	assert_true(str_eqs(str_trim(STR(" \n ")), "\n"));
	assert_int_equal(str_trim(STR("  ")).n, 0);
	assert_int_equal(str_trim(none).n, 0);
}

TEST(splitting_tells_an_empty_last_part_from_none)
{
	struct str rest = STR("a,,b,");

	assert_true(str_eqs(str_split(&rest, ','), "a"));
	assert_true(str_eqs(str_split(&rest, ','), ""));
	assert_true(str_eqs(str_split(&rest, ','), "b"));
	assert_non_null(rest.at);
	assert_true(str_eqs(str_split(&rest, ','), ""));
	assert_null(rest.at);
	assert_int_equal(str_split(&rest, ',').n, 0);
}

TEST(unsigned_numbers_are_strict)
{
	static const char *const wrong[] = { "",
					     " 1",
					     "1 ",
					     "+1",
					     "-1",
					     "0x1",
					     "1.0",
					     "18446744073709551616",
					     "99999999999999999999" };
	uint64_t n = 7;

	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_false(str_to_u64(str_of(wrong[i]), &n));
	assert_false(str_to_u64(none, &n));
	assert_int_equal(n, 7);
	assert_true(str_to_u64(STR("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_true(str_to_u64(STR("007"), &n));
	assert_int_equal(n, 7);
}

TEST(signed_numbers_are_strict)
{
	static const char *const wrong[] = { "",
					     "-",
					     "--1",
					     "+1",
					     "- 1",
					     "9223372036854775808",
					     "-9223372036854775809" };
	int64_t n = 7;

	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_false(str_to_i64(str_of(wrong[i]), &n));
	assert_false(str_to_i64(none, &n));
	assert_int_equal(n, 7);
	assert_true(str_to_i64(STR("9223372036854775807"), &n));
	assert_true(n == INT64_MAX);
	assert_true(str_to_i64(STR("-9223372036854775808"), &n));
	assert_true(n == INT64_MIN);
	assert_true(str_to_i64(STR("-0"), &n));
	assert_int_equal(n, 0);
}

TEST(truth_has_three_spellings)
{
	bool truth = false;

	assert_true(str_to_bool(STR("YES"), &truth));
	assert_true(truth);
	assert_true(str_to_bool(STR("off"), &truth));
	assert_false(truth);
	assert_true(str_to_bool(STR("True"), &truth));
	assert_true(truth);
	assert_false(str_to_bool(STR("1"), &truth));
	assert_false(str_to_bool(none, &truth));
	assert_true(truth);
}

TEST(numbers_and_bytes_are_written)
{
	char text[STR_U64_MAX];

	assert_int_equal(str_from_u64(text, UINT64_MAX), 20);
	assert_memory_equal(text, "18446744073709551615", 20);
	assert_int_equal(str_from_u64(text, 0), 1);
	assert_int_equal(text[0], '0');
	str_hex(text, "\x00\xff\x1a", 3);
	assert_memory_equal(text, "00ff1a", 6);
}

TEST(hashes_are_stable_and_differ)
{
	assert_int_equal(str_hash("", 0), str_hash(NULL, 0));
	assert_int_equal(str_hash("abc", 3), str_hash("abc", 3));
	assert_true(str_hash("abc", 3) != str_hash("abd", 3));
	assert_true(str_hash("a", 1) != str_hash("a\0", 2));
	/* Kept in tables and sent between routers: it may not change. */
	assert_true(str_hash("ficus", 5) == UINT64_C(0x93139a73a15c633b));
}

RUN(CASE(slices_compare_by_their_bytes), CASE(beginnings_and_ends),
    CASE(blanks_are_trimmed_on_both_sides),
    CASE(splitting_tells_an_empty_last_part_from_none),
    CASE(unsigned_numbers_are_strict), CASE(signed_numbers_are_strict),
    CASE(truth_has_three_spellings), CASE(numbers_and_bytes_are_written),
    CASE(hashes_are_stable_and_differ))
