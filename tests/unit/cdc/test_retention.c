#include "tests/lib/test.h"

#include <math.h>

#include "base/clock.h"
#include "base/err.h"
#include "cdc/link.h"
#include "cdc/retention.h"

enum { DAY = 86400 };

static void estimates(struct retention_facts facts, double expected)
{
	double found = retention_estimate(&facts);

	if (isinf(expected) ? !isinf(found) : fabs(found - expected) > 0.5)
		fail_msg("%f instead of %f", found, expected);
}

TEST(up_to_date_the_whole_period_is_left)
{
	estimates((struct retention_facts){ .expire_s = 7 * DAY,
					    .event_age_s = 30 * DAY,
					    .newest = true },
		  7 * DAY);
	estimates((struct retention_facts){ .newest = true }, INFINITY);
}

TEST(by_age_it_is_the_last_events)
{
	struct retention_facts f = { .expire_s = 7 * DAY,
				     .event_age_s = 2 * DAY };

	estimates(f, 5 * DAY);
	f.event_age_s = 8 * DAY;
	estimates(f, 0);
	f.event_age_s = -1;
	estimates(f, RETENTION_UNKNOWN);
	f.expire_s = 0;
	estimates(f, INFINITY);
}

TEST(by_size_it_is_the_growth_of_the_log)
{
	struct retention_facts f = { .expire_s = 7 * DAY,
				     .event_age_s = DAY,
				     .limit_bytes = 1000,
				     .behind_bytes = 400,
				     .bytes_per_s = 2 };

	estimates(f, 300);
	f.behind_bytes = 1200;
	estimates(f, 0);
	f.bytes_per_s = 0;
	f.behind_bytes = 400;
	estimates(f, 6 * DAY);
	f.bytes_per_s = 2;
	f.event_age_s = -1; /* what is known counts */
	estimates(f, 300);
}

TEST(a_file_that_is_gone_is_gone)
{
	estimates((struct retention_facts){ .expire_s = DAY, .gone = true }, 0);
}

TEST(the_reason_of_a_reconnect)
{
	int64_t now = clock_mono_us();

	assert_int_equal(link_reason_of(ERR_SOURCE_LOST, false, 0, 500),
			 LINK_CONNECT);
	assert_int_equal(link_reason_of(ERR_SOURCE_LOST, true, now, 500000),
			 LINK_BROKEN);
	assert_int_equal(
		link_reason_of(ERR_SOURCE_LOST, true, now - 1600 * 1000, 500),
		LINK_SILENCE);
	assert_int_equal(link_reason_of(ERR_TARGET_LOST, true, 0, 500),
			 LINK_TARGET);
	assert_int_equal(link_reason_of(ERR_CORRUPT, true, now, 500),
			 LINK_CORRUPT);
}

TEST(a_loss_is_remembered)
{
	struct link link = { .connected = true };
	struct err why = { 0 };

	err_set(&why, ERR_SOURCE_LOST, "gone");
	link_lost(&link, LINK_BROKEN, &why);
	link_lost(&link, LINK_CONNECT, &why);
	assert_false(link.connected);
	assert_int_equal(link_reconnects(&link), 2);
	assert_string_equal(link.last_error, "gone");
	assert_true(link.last_error_us > 0);
	assert_string_equal(link_reason_name(LINK_SILENCE), "silence");
}

RUN(CASE(up_to_date_the_whole_period_is_left),
    CASE(by_age_it_is_the_last_events),
    CASE(by_size_it_is_the_growth_of_the_log),
    CASE(a_file_that_is_gone_is_gone), CASE(the_reason_of_a_reconnect),
    CASE(a_loss_is_remembered))
