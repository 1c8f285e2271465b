#include "tests/lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "cdc/lag.h"

enum { SECOND = 1000000 };

TEST(lag_is_unknown_until_a_sample_has_passed)
{
	assert_int_equal(lag_ms(5 * SECOND, INT64_MIN), LAG_UNKNOWN);
	assert_int_equal(lag_ms(5 * SECOND, 3 * SECOND), 2000);
	assert_int_equal(lag_ms(5 * SECOND, 6 * SECOND), 0);
}

TEST(a_second_keeps_its_worst)
{
	static struct lag_history h;

	memset(&h, 0, sizeof(h));
	lag_record(&h, 2000 * SECOND, 10);
	lag_record(&h, 2000 * SECOND + 1, 70);
	lag_record(&h, 2000 * SECOND + 2, 30);
	assert_int_equal(h.worst_ms[2000 % LAG_HISTORY], 70);
	lag_record(&h, 2000 * SECOND + 3, LAG_UNKNOWN);
	lag_record(&h, 2000 * SECOND + 4, 5);
	assert_int_equal(h.worst_ms[2000 % LAG_HISTORY], LAG_UNKNOWN);
}

TEST(seconds_without_a_record_are_unknown)
{
	static struct lag_history h;

	memset(&h, 0, sizeof(h));
	lag_record(&h, 2000 * SECOND, 10);
	lag_record(&h, 2003 * SECOND, 20);
	assert_int_equal(h.worst_ms[2000 % LAG_HISTORY], 10);
	assert_int_equal(h.worst_ms[2001 % LAG_HISTORY], LAG_UNKNOWN);
	assert_int_equal(h.worst_ms[2002 % LAG_HISTORY], LAG_UNKNOWN);
	assert_int_equal(h.worst_ms[2003 % LAG_HISTORY], 20);
}

TEST(a_pause_longer_than_the_history_leaves_nothing_of_before)
{
	static struct lag_history h;

	memset(&h, 0, sizeof(h));
	for (int64_t s = 1; s <= 100; s++)
		lag_record(&h, s * SECOND, 10);
	lag_record(&h, (int64_t)5000 * SECOND, 20);
	int known = 0;
	for (int i = 0; i < LAG_HISTORY; i++)
		known += h.worst_ms[i] != LAG_UNKNOWN;
	assert_int_equal(known, 1);
}

TEST(json_has_null_for_unknown)
{
	static struct lag_history h;
	struct buf out;

	memset(&h, 0, sizeof(h));
	buf_init(&out, 1 << 20);
	lag_record(&h, 2000 * SECOND, LAG_UNKNOWN);
	lag_json(&h, 2001 * SECOND, LAG_UNKNOWN, &out);
	assert_non_null(strstr(buf_str(&out), "{\"lag_ms\":null"));
	assert_non_null(
		strstr(buf_str(&out), "{\"age_s\":1,\"worst_ms\":null}"));
	buf_done(&out);
}

RUN(CASE(lag_is_unknown_until_a_sample_has_passed),
    CASE(a_second_keeps_its_worst), CASE(seconds_without_a_record_are_unknown),
    CASE(a_pause_longer_than_the_history_leaves_nothing_of_before),
    CASE(json_has_null_for_unknown))
