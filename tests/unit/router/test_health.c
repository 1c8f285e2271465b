/* The lag gate on a clock of the test's own. */
#include "tests/lib/test.h"

#include "router/health.h"

enum { MS = 1000, SECOND = 1000 * 1000 };

/* A good sample taken at `now`, of the first start and epoch. */
static struct health_sample good(int64_t now)
{
	return (struct health_sample){
		.found = true,
		.streaming = true,
		.fresh = { true, true, true },
		.lag_ms = 5,
		.row_age_ms = 100,
		.epoch = 1,
		.postgres_start_us = 77,
		.system_identifier = 88,
		.seq = 1000,
		.passed_ticket = 10,
		.taken_us = now,
	};
}

/* Gate open at 1 s. */
static struct health opened(void)
{
	struct health h;
	struct health_sample s = good(SECOND);

	health_init(&h, 2000, 5000, 0);
	assert_false(health_update(&h, &s, SECOND));
	health_passed(&h, SECOND / 2);
	s = good(SECOND);
	(void)health_update(&h, &s, SECOND);
	return h;
}

TEST(nothing_is_known_at_the_start)
{
	struct health h;

	health_init(&h, 2000, 5000, 123);
	assert_false(h.view.known);
	assert_false(h.view.proven);
	assert_int_equal(health_lag(&h.view, 123), -1);
}

TEST(lag_adds_the_age_of_row_and_sample)
{
	struct health h = opened();

	assert_int_equal(health_lag(&h.view, SECOND), 105);
	assert_int_equal(health_lag(&h.view, 3 * SECOND), 2105);
}

TEST(a_ticket_from_before_the_start_proves_nothing)
{
	struct health h;
	struct health_sample s = good(SECOND);

	health_init(&h, 2000, 5000, SECOND);
	(void)health_update(&h, &s, SECOND);
	health_passed(&h, SECOND - 1);
	assert_false(h.view.proven);
	health_passed(&h, SECOND + 1);
	assert_true(h.view.proven);
}

TEST(unknown_lag_is_high)
{
	struct health h = opened();
	struct health_sample s = good(2 * SECOND);

	s.lag_ms = -1;
	(void)health_update(&h, &s, 2 * SECOND);
	assert_int_equal(health_lag(&h.view, 2 * SECOND), -1);
	assert_false(h.view.up[DOMAIN_ORDER]);
}

TEST(a_missing_row_is_unknown_lag)
{
	struct health h = opened();
	struct health_sample s = { .taken_us = 2 * SECOND };

	(void)health_update(&h, &s, 2 * SECOND);
	assert_int_equal(health_lag(&h.view, 2 * SECOND), -1);
}

TEST(a_row_from_the_future_is_unknown_lag)
{
	struct health h = opened();
	struct health_sample s = good(2 * SECOND);

	s.row_age_ms = -1500;
	(void)health_update(&h, &s, 2 * SECOND);
	assert_int_equal(health_lag(&h.view, 2 * SECOND), -1);
	s.row_age_ms = -3;
	(void)health_update(&h, &s, 2 * SECOND);
	assert_int_equal(health_lag(&h.view, 2 * SECOND), 5);
}

TEST(each_event_needs_a_fresh_ticket)
{
	struct health_sample cases[5];

	for (size_t i = 0; i < 5; i++)
		cases[i] = good(2 * SECOND);
	cases[0].epoch = 2;
	cases[1].postgres_start_us = 78;
	cases[2].system_identifier = 89;
	cases[3].seq = 999;
	cases[4].passed_ticket = 9;
	for (size_t i = 0; i < 5; i++) {
		struct health h = opened();

		assert_true(h.view.proven);
		assert_true(health_update(&h, &cases[i], 2 * SECOND));
		assert_false(h.view.proven);
		health_passed(&h, 2 * SECOND);
		assert_false(h.view.proven);
		health_passed(&h, 2 * SECOND + 1);
		assert_true(h.view.proven);
	}
}

TEST(an_event_is_seen_through_a_time_without_rows)
{
	struct health h = opened();
	struct health_sample none = { .taken_us = 2 * SECOND };
	struct health_sample s = good(3 * SECOND);

	(void)health_update(&h, &none, 2 * SECOND);
	s.epoch = 2;
	assert_true(health_update(&h, &s, 3 * SECOND));
}

TEST(down_at_once_and_up_after_the_dwell)
{
	struct health h = opened();
	struct health_sample s = good(2 * SECOND);

	assert_true(h.view.up[DOMAIN_CATALOG]);
	s.lag_ms = 1901; /* with the row's age over 2 s */
	(void)health_update(&h, &s, 2 * SECOND);
	assert_false(h.view.up[DOMAIN_CATALOG]);
	s = good(3 * SECOND);
	(void)health_update(&h, &s, 3 * SECOND);
	assert_false(h.view.up[DOMAIN_CATALOG]);
	(void)health_update(&h, &s, 8 * SECOND - MS);
	assert_false(h.view.up[DOMAIN_CATALOG]);
	(void)health_update(&h, &s, 8 * SECOND);
	assert_true(h.view.up[DOMAIN_CATALOG]);
}

TEST(lag_around_the_limit_switches_once_per_dwell)
{
	struct health h = opened();
	int changes = 0;
	bool before = true;

	for (int i = 0; i < 600; i++) { /* a minute of samples */
		int64_t now = 2 * SECOND + i * 100 * MS;
		struct health_sample s = good(now);

		s.lag_ms = i % 20 < 10 ? 1500 : 2500;
		(void)health_update(&h, &s, now);
		changes += h.view.up[0] != before;
		before = h.view.up[0];
	}
	assert_int_equal(changes, 1);
}

TEST(one_domain_falls_alone)
{
	struct health h = opened();
	struct health_sample s = good(2 * SECOND);

	s.fresh[DOMAIN_ORDER] = false;
	(void)health_update(&h, &s, 2 * SECOND);
	assert_false(h.view.up[DOMAIN_ORDER]);
	assert_true(h.view.up[DOMAIN_CUSTOMER]);
}

TEST(only_streaming_is_fresh)
{
	struct health h = opened();
	struct health_sample s = good(2 * SECOND);

	s.streaming = false;
	(void)health_update(&h, &s, 2 * SECOND);
	for (int i = 0; i < DOMAIN_N; i++)
		assert_false(h.view.fresh[i]);
}

RUN(CASE(nothing_is_known_at_the_start),
    CASE(lag_adds_the_age_of_row_and_sample),
    CASE(a_ticket_from_before_the_start_proves_nothing),
    CASE(unknown_lag_is_high), CASE(a_missing_row_is_unknown_lag),
    CASE(a_row_from_the_future_is_unknown_lag),
    CASE(each_event_needs_a_fresh_ticket),
    CASE(an_event_is_seen_through_a_time_without_rows),
    CASE(down_at_once_and_up_after_the_dwell),
    CASE(lag_around_the_limit_switches_once_per_dwell),
    CASE(one_domain_falls_alone), CASE(only_streaming_is_fresh))
