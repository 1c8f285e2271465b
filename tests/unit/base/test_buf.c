#include "tests/lib/test.h"

#include <string.h>

#include "base/buf.h"

TEST(an_unused_buffer_is_an_empty_text)
{
	struct buf buf;

	buf_init(&buf, 10);
	assert_string_equal(buf_str(&buf), "");
	buf_reset(&buf, 0);
	buf_eat(&buf, 0);
	assert_false(buf.failed);
	buf_done(&buf);
}

TEST(every_kind_of_content_is_appended)
{
	struct buf buf;

	buf_init(&buf, 1000);
	buf_add(&buf, "ab", 2);
	buf_add(&buf, NULL, 0);
	buf_adds(&buf, "cd");
	buf_addc(&buf, ' ');
	buf_addu(&buf, UINT64_MAX);
	buf_addc(&buf, ' ');
	buf_addi(&buf, INT64_MIN);
	buf_addi(&buf, 0);
	buf_addf(&buf, " %s%04d", "x", 7);
	assert_string_equal(buf_str(&buf), "abcd 18446744073709551615 "
					   "-92233720368547758080 x0007");
	buf_done(&buf);
}

TEST(the_maximum_is_reached_but_never_passed)
{
	struct buf buf;

	buf_init(&buf, 3);
	buf_adds(&buf, "abc");
	assert_false(buf.failed);
	buf_addc(&buf, 'd');
	assert_true(buf.failed);
	assert_string_equal(buf_str(&buf), "abc");
	buf_addf(&buf, "%s", "");
	buf_add(&buf, "", 0);
	assert_true(buf.failed);
	buf_reset(&buf, 1000);
	assert_false(buf.failed);
	buf_addf(&buf, "%d", 1234);
	assert_true(buf.failed);
	assert_string_equal(buf_str(&buf), "");
	assert_null(buf_room(&buf, SIZE_MAX));
	buf_done(&buf);
}

TEST(bytes_are_dropped_from_the_front)
{
	struct buf buf;

	buf_init(&buf, 100);
	buf_adds(&buf, "abcdef");
	buf_eat(&buf, 2);
	assert_string_equal(buf_str(&buf), "cdef");
	buf_eat(&buf, 4);
	assert_string_equal(buf_str(&buf), "");
	buf_done(&buf);
}

TEST(room_is_for_the_caller_to_fill)
{
	struct buf buf;

	buf_init(&buf, 100000);
	memset(buf_room(&buf, 5000), 'x', 5000);
	buf.n += 5000;
	buf_addc(&buf, 'y');
	assert_int_equal(buf.n, 5001);
	assert_int_equal(buf.at[5000], 'y');
	assert_int_equal(buf.at[5001], '\0');
	buf_done(&buf);
}

TEST(a_reset_gives_large_memory_back)
{
	struct buf buf;

	buf_init(&buf, 100000);
	buf_room(&buf, 50000);
	assert_true(buf.size > 50000);
	buf_reset(&buf, 50000);
	assert_int_equal(buf.size, 0);
	buf_adds(&buf, "small");
	buf_reset(&buf, 50000);
	assert_true(buf.size > 0);
	assert_string_equal(buf_str(&buf), "");
	buf_done(&buf);
}

RUN(CASE(an_unused_buffer_is_an_empty_text),
    CASE(every_kind_of_content_is_appended),
    CASE(the_maximum_is_reached_but_never_passed),
    CASE(bytes_are_dropped_from_the_front),
    CASE(room_is_for_the_caller_to_fill), CASE(a_reset_gives_large_memory_back))
