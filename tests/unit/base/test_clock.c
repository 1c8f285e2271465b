#include "tests/lib/test.h"

#include "base/clock.h"

TEST(the_monotonic_clock_does_not_go_back)
{
	int64_t before = clock_mono_us(), ms = clock_mono_ms();

	assert_true(before > 0);
	assert_true(ms >= before / 1000);
	assert_true(clock_mono_us() >= before);
}

TEST(wall_time_is_later_than_this_test_was_written)
{
	assert_true(clock_wall_us() > INT64_C(1767225600) * 1000000);
}

TEST(a_time_is_written_in_utc_with_milliseconds)
{
	char text[CLOCK_TEXT_MAX];

	assert_string_equal(clock_text(text, INT64_C(1772366400123999)),
			    "2026-03-01T12:00:00.123Z");
	assert_string_equal(clock_text(text, 0), "1970-01-01T00:00:00.000Z");
}

TEST(a_time_before_1970_counts_down)
{
	char text[CLOCK_TEXT_MAX];

	assert_string_equal(clock_text(text, -1), "1969-12-31T23:59:59.999Z");
	assert_string_equal(clock_text(text, -1000000),
			    "1969-12-31T23:59:59.000Z");
}

TEST(a_time_out_of_the_calendar_is_a_question_mark)
{
	char text[CLOCK_TEXT_MAX];

	assert_string_equal(clock_text(text, INT64_MAX), "?");
	assert_string_equal(clock_text(text, INT64_MIN), "?");
}

RUN(CASE(the_monotonic_clock_does_not_go_back),
    CASE(wall_time_is_later_than_this_test_was_written),
    CASE(a_time_is_written_in_utc_with_milliseconds),
    CASE(a_time_before_1970_counts_down),
    CASE(a_time_out_of_the_calendar_is_a_question_mark))
