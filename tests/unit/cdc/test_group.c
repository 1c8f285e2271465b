#include "tests/unit/cdc/group_bench.h"

#include <stdio.h>

#include "cdc/schema.h"

/* ---- Groups and their ends ---- */

TEST(a_transaction_ends_with_its_xid)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	assert_true(group_is_open(b->group));
	wrote(b, "+3 ");
	good(b, xid(b));
	assert_false(group_is_open(b->group));
	wrote(b, "[mysql:" U ":1-6 " U ":6 1] ");
}

TEST(case_9_a_query_commit_ends_one_too)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "COMMIT"));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(case_10_ddl_is_a_group_of_its_own)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "ALTER TABLE store ADD x int"));
	wrote(b, "D:ALTER TABLE store ADD x int [mysql:" U ":1-6 " U ":6 0] ");
	open_mariadb(b);
	good(b, maria_gtid(b, 6, 1));
	good(b, query(b, "DROP TABLE x"));
	wrote(b, "D:DROP TABLE x [mariadb:0-1-6 0-1-6 0] ");
}

TEST(a_mariadb_transaction_has_no_begin)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, rows_as(b, EVENT_WRITE_ROWS_V1, STORE, 1,
			(const unsigned[]){ 3, 4 }, 2));
	good(b, xid(b));
	wrote(b, "+3 +4 [mariadb:0-1-6 0-1-6 2] ");
}

TEST(case_8_a_rollback_takes_the_rows_back)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "ROLLBACK"));
	wrote(b, "+3 < [mysql:" U ":1-6 - 0] ");
	assert_int_equal(group_counts(b->group)->rollbacks, 1);
}

TEST(case_5_7_a_crash_in_a_transaction_takes_it_back)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, send_rotate(b, "bin.000002", 4, true));
	wrote(b, "+3 ");
	good(b, send_format(b, "8.4.2"));
	wrote(b, "< ");
	assert_int_equal(group_counts(b->group)->incomplete, 1);
	/* Its number comes again, with other content. */
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
}

TEST(case_11_create_table_select_stays_open_until_its_xid)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "CREATE TABLE store (a int) START TRANSACTION"));
	assert_true(group_is_open(b->group));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "D:CREATE TABLE store (a int) START TRANSACTION +3 [mysql:" U
		 ":1-6 " U ":6 1] ");
}

TEST(a_temporary_table_in_a_transaction_does_not_end_it)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, query(b, "DROP TEMPORARY TABLE IF EXISTS tmp"));
	assert_true(group_is_open(b->group));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
}

TEST(case_24_known_gtids_are_passed_over)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 5));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "");
	assert_int_equal(group_counts(b->group)->groups_known, 1);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 4));
	good(b, xid(b));
	wrote(b, "+4 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(file_positions_move_between_groups_too)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	wrote(b, "[file:bin.000001:285 - 0] ");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	wrote(b, "+3 ");
	good(b, xid(b));
	wrote(b, "[file:bin.000001:454 bin.000001:454 1] ");
	good(b, send_rotate(b, "bin.000002", 4, false));
	wrote(b, "[file:bin.000002:4 - 0] ");
}

TEST(case_21_offsets_go_beyond_four_gigabytes)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	good(b, query(b, "BEGIN"));
	b->at = UINT32_MAX - 60; /* a long transaction went by */
	good(b, map(b, STORE, "store"));
	buf_reset(&b->journal, 64 * 1024);
	good(b, xid(b));
	wrote(b, "[file:bin.000001:4294967317 bin.000001:4294967317 0] ");
}

/* Beyond 4 GiB a dump can't start: it begins at the file's first event. */
TEST(what_lies_before_the_offset_is_passed_over)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:454", "8.4.2");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "");
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 4));
	good(b, xid(b));
	wrote(b, "+4 [file:bin.000001:623 bin.000001:623 1] ");
}

/* ---- Tables ---- */

TEST(rows_of_other_tables_are_counted_only)
{
	struct bench *b = *state;
	const struct group_skipped *skipped;
	size_t count;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, OTHER, "quote"));
	good(b, map_of(b, STORE, "other", "store", true));
	good(b, insert(b, OTHER, 3));
	good(b, insert(b, OTHER, 4));
	good(b, insert(b, STORE, 5));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	skipped = group_skipped(b->group, &count);
	assert_int_equal(count, 2);
	assert_string_equal(skipped[0].table, "quote");
	assert_int_equal(skipped[0].events, 2);
	assert_string_equal(skipped[1].schema, "other");
	assert_int_equal(skipped[1].events, 1);
	assert_int_equal(group_counts(b->group)->row_events_skipped, 3);
}

TEST(case_59_several_maps_may_come_before_the_rows)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, LINK, "store_link"));
	good(b, map(b, STORE, "store"));
	good(b, rows_as(b, EVENT_WRITE_ROWS, STORE, 0, (const unsigned[]){ 3 },
			1));
	good(b, insert(b, LINK, 9));
	good(b, xid(b));
	wrote(b, "+3 +9 [mysql:" U ":1-6 " U ":6 2] ");
}

TEST(case_58_a_table_id_can_come_to_mean_another_table)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, map(b, STORE, "quote"));
	good(b, insert(b, STORE, 4));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 5));
	good(b, xid(b));
	wrote(b, "+3 +5 [mysql:" U ":1-6 " U ":6 2] ");
}

TEST(case_58_maps_do_not_outlive_their_file)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, map(b, STORE, "store"));
	good(b, send_rotate(b, "bin.000001", 4, false));
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	refused(b, insert(b, STORE, 3), ERR_CORRUPT, "without its map");
}

TEST(case_6_a_fake_rotate_drops_nothing)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, send_rotate(b, "bin.000001", b->at, true));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(many_tables_are_kept_apart)
{
	enum { MANY = 500 };
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	for (unsigned i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t%u", i);
		good(b,
		     map_of(b, 1000 + i, "shop", i % 7 ? name : "store", true));
	}
	for (unsigned i = 0; i < MANY; i++)
		good(b, insert(b, 1000 + i, i));
	assert_int_equal(group_counts(b->group)->row_events_skipped,
			 MANY - (MANY + 6) / 7);
	assert_true(strncmp(buf_str(&b->journal), "+0 +7 +14 ", 10) == 0);
	good(b, xid(b));
}

TEST(case_57_a_map_that_the_schema_contradicts_is_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	/* VARCHAR where the schema has SMALLINT */
	good(b, map_of(b, LINK, "shop", "store_link", true));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	refused(b, insert(b, LINK, 9), ERR_OPERATOR, "store_id");
}

TEST(a_table_the_schema_lacks_is_refused)
{
	struct bench *b = *state;
	struct schema *empty = schema_new();

	open_mysql(b);
	group_set_schema(b->group, empty);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	refused(b, insert(b, STORE, 3), ERR_OPERATOR,
		"binlog_row_metadata=FULL");
	schema_free(empty);
}

/* ---- Foreign keys ---- */

TEST(case_41_43_44_the_flags_say_whether_actions_ran)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, delete (b, 1, 0x01));	     /* ran, unlogged */
	good(b, delete (b, 2, 0x01 | 0x02)); /* checks were off */
	good(b, delete (b, 3, 0x01 | 0x10)); /* children are logged */
	good(b, delete (b, 4, 0x01 | 0x12));
	good(b, xid(b));
	wrote(b, "-1! -2 -3 -4 [mysql:" U ":1-6 " U ":6 4] ");
}

/* ---- What is not understood ---- */

TEST(case_51_statements_on_our_tables_are_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, query(b, "DELETE FROM quote"));
	good(b, query_in(b, "other", "DELETE FROM store"));
	refused(b, query(b, "DELETE FROM store"), ERR_OPERATOR,
		"binlog_format=ROW");
}

TEST(case_27_an_incident_stops)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	buf_init(&body, EVENT_MAX);
	put(&body, 1, 2);
	put(&body, 4, 1);
	buf_adds(&body, "lost");
	refused(b, send_event(b, EVENT_INCIDENT, &body), ERR_OPERATOR,
		"cdc --bootstrap");
}

TEST(case_86_a_flipped_bit_is_found)
{
	struct bench *b = *state;
	uint8_t event[19 + 8 + 4] = { 0, 0, 0, 0, EVENT_XID, 1, 0, 0, 0, 31 };
	uint32_t sum = event_crc(event, 27);

	open_mysql(b);
	memcpy(event + 27, &sum, 4);
	good(b, group_feed(b->group, event, sizeof(event), &b->err));
	event[20] ^= 4;
	refused(b, group_feed(b->group, event, sizeof(event), &b->err),
		ERR_CORRUPT, "checksum");
}

TEST(case_26_an_unknown_event_stops_unless_it_may_be_ignored)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	buf_init(&body, EVENT_MAX);
	good(b, send_flagged(b, 150, EVENT_IGNORABLE_F, &body));
	assert_int_equal(group_counts(b->group)->ignored_events, 1);
	refused(b, send_flagged(b, 150, 0, &body), ERR_OPERATOR, "150");
	buf_done(&body);
}

TEST(case_162_each_event_says_which_columns_it_has)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	buf_init(&body, EVENT_MAX);
	put(&body, STORE, 6);
	put(&body, 1, 2);
	put(&body, 2, 2);
	put(&body, 2, 1);
	put(&body, 1, 1); /* the first column only */
	put(&body, 0, 1);
	put(&body, 3, 2);
	good(b, send_event(b, EVENT_DELETE_ROWS, &body));
	good(b, insert(b, STORE, 4));
	wrote(b, "-3! +4 ");
}

TEST(a_log_without_checksums_is_read_too)
{
	struct bench *b = *state;
	struct buf body;
	char name[50] = "8.4.2";

	b->sums = false;
	start(b, "mysql:" U ":1-5");
	good(b, send_rotate(b, "bin.000001", 4, true));
	buf_init(&body, EVENT_MAX);
	put(&body, 4, 2);
	buf_add(&body, name, sizeof(name));
	put(&body, 0, 4);
	put(&body, 19, 1);
	for (int type = 1; type <= POST_HEADERS; type++)
		put(&body, type >= 30 && type <= 32 ? 10 : 8, 1);
	put(&body, 0, 1); /* none; but this event has one */
	put(&body, 0, 4);
	put(&body, 0, 0);
	/* A format description's own checksum stands in any case. */
	struct buf event;
	size_t n = 19 + body.n;

	buf_init(&event, EVENT_MAX);
	put(&event, STAMP, 4);
	put(&event, EVENT_FORMAT_DESCRIPTION, 1);
	put(&event, 1, 4);
	put(&event, n, 4);
	put(&event, b->at += (uint32_t)n, 4);
	put(&event, 0, 2);
	buf_add(&event, body.at, body.n - 4);
	put(&event, event_crc(event.at, event.n), 4);
	good(b,
	     group_feed(b->group, (const uint8_t *)event.at, event.n, &b->err));
	buf_done(&event);
	buf_done(&body);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

RUN(GROUP(a_transaction_ends_with_its_xid),
    GROUP(case_9_a_query_commit_ends_one_too),
    GROUP(case_10_ddl_is_a_group_of_its_own),
    GROUP(a_mariadb_transaction_has_no_begin),
    GROUP(case_8_a_rollback_takes_the_rows_back),
    GROUP(case_5_7_a_crash_in_a_transaction_takes_it_back),
    GROUP(case_11_create_table_select_stays_open_until_its_xid),
    GROUP(a_temporary_table_in_a_transaction_does_not_end_it),
    GROUP(case_24_known_gtids_are_passed_over),
    GROUP(file_positions_move_between_groups_too),
    GROUP(case_21_offsets_go_beyond_four_gigabytes),
    GROUP(what_lies_before_the_offset_is_passed_over),
    GROUP(rows_of_other_tables_are_counted_only),
    GROUP(case_59_several_maps_may_come_before_the_rows),
    GROUP(case_58_a_table_id_can_come_to_mean_another_table),
    GROUP(case_58_maps_do_not_outlive_their_file),
    GROUP(case_6_a_fake_rotate_drops_nothing),
    GROUP(many_tables_are_kept_apart),
    GROUP(case_57_a_map_that_the_schema_contradicts_is_refused),
    GROUP(a_table_the_schema_lacks_is_refused),
    GROUP(case_41_43_44_the_flags_say_whether_actions_ran),
    GROUP(case_51_statements_on_our_tables_are_refused),
    GROUP(case_27_an_incident_stops), GROUP(case_86_a_flipped_bit_is_found),
    GROUP(case_26_an_unknown_event_stops_unless_it_may_be_ignored),
    GROUP(case_162_each_event_says_which_columns_it_has),
    GROUP(a_log_without_checksums_is_read_too))
