#include "tests/lib/test.h"

#include "cdc/ticket.h"

TEST(a_ticket_passes_with_a_sample_taken_after_it_was_seen)
{
	struct tickets t = { 0 };

	tickets_see(&t, 5, 1000);
	assert_int_equal(tickets_proven(&t, 999), 0);
	assert_int_equal(tickets_proven(&t, 1000), 5);
}

TEST(an_unknown_head_proves_nothing_new)
{
	struct tickets t = { 0 };

	tickets_commit(&t, 3);
	tickets_see(&t, 5, 1000);
	assert_int_equal(tickets_proven(&t, INT64_MIN), 3);
}

TEST(a_number_seen_again_keeps_its_first_time)
{
	struct tickets t = { 0 };

	tickets_see(&t, 5, 1000);
	tickets_see(&t, 5, 2000);
	tickets_see(&t, 4, 3000);
	assert_int_equal(tickets_proven(&t, 1500), 5);
}

TEST(committed_tickets_are_forgotten)
{
	struct tickets t = { 0 };

	tickets_see(&t, 5, 1000);
	tickets_see(&t, 7, 2000);
	tickets_commit(&t, 5);
	assert_int_equal(t.count, 1);
	assert_int_equal(tickets_proven(&t, 1500), 5);
	assert_int_equal(tickets_proven(&t, 2000), 7);
}

TEST(too_many_are_merged_into_later_ones_never_earlier)
{
	struct tickets t = { 0 };

	for (int64_t n = 1; n <= 10 * TICKETS_MAX; n++)
		tickets_see(&t, n, n * 10);
	assert_true(t.count <= TICKETS_MAX);
	for (int64_t n = 1; n <= 10 * TICKETS_MAX; n++)
		assert_true(tickets_proven(&t, n * 10) <= n);
	assert_int_equal(tickets_proven(&t, 100 * TICKETS_MAX),
			 10 * TICKETS_MAX);
}

TEST(what_a_crash_of_the_target_undid_must_pass_again)
{
	struct tickets t = { 0 };

	tickets_see(&t, 5, 1000);
	tickets_commit(&t, 5);
	tickets_see(&t, 6, 2000);
	tickets_restart(&t, 3);
	assert_int_equal(tickets_proven(&t, 9000), 3);
	tickets_see(&t, 6, 10000);
	assert_int_equal(tickets_proven(&t, 9000), 3);
	assert_int_equal(tickets_proven(&t, 10000), 6);
}

RUN(CASE(a_ticket_passes_with_a_sample_taken_after_it_was_seen),
    CASE(an_unknown_head_proves_nothing_new),
    CASE(a_number_seen_again_keeps_its_first_time),
    CASE(committed_tickets_are_forgotten),
    CASE(too_many_are_merged_into_later_ones_never_earlier),
    CASE(what_a_crash_of_the_target_undid_must_pass_again))
