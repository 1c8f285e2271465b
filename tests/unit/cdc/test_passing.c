/* What was read ahead of the stream is passed by position or by time. */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cdc/binlog/position.h"
#include "cdc/passing.h"

static struct position parse(const char *text)
{
	struct position at = { 0 };
	struct err err = { 0 };

	assert_int_equal(position_parse(str_of(text), &at, &err), 0);
	return at;
}

static void add(struct passing *passing, const char *text)
{
	struct position at = parse(text);

	passing_add(passing, &at, text);
	position_done(&at);
}

TEST(passed_is_what_the_applied_position_contains)
{
	struct position applied = parse("mariadb:0-1-7");
	struct passing passing = { 0 };
	size_t i = 99;

	add(&passing, "mariadb:0-1-8");
	add(&passing, "mariadb:0-1-7");
	add(&passing, "mariadb:0-1-7");
	assert_int_equal(passing.count, 2);
	assert_true(passing_find(&passing, &applied, INT64_MIN, &i));
	assert_string_equal(passing.all[i].text, "mariadb:0-1-7");
	passing_drop(&passing, i);
	assert_false(passing_find(&passing, &applied, INT64_MIN, &i));
	passing_done(&passing);
	position_done(&applied);
}

TEST(another_form_is_passed_by_a_head_sampled_after_the_read)
{
	struct position applied = parse("mariadb:0-1-7");
	struct passing passing = { 0 };
	int64_t before = clock_mono_us() - 1;
	size_t i = 99;

	add(&passing, "file:other-bin.999999:4");
	assert_false(passing_find(&passing, &applied, INT64_MIN, &i));
	assert_false(passing_find(&passing, &applied, before, &i));
	assert_true(passing_find(&passing, &applied, clock_mono_us(), &i));
	assert_int_equal(i, 0);
	passing_done(&passing);
	position_done(&applied);
}

RUN(CASE(passed_is_what_the_applied_position_contains),
    CASE(another_form_is_passed_by_a_head_sampled_after_the_read))
