#include "tests/unit/cdc/group_bench.h"

#include <stdio.h>

/* Every way in which a group of events can end, and what counts then. */

/* ---- Prepared transactions ---- */

static void prepare_mysql(struct bench *b, uint64_t gno, const char *start,
			  unsigned id)
{
	good(b, gtid(b, gno));
	good(b, query(b, start));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, id));
	good(b, query(b, "XA END X'61',X'',1"));
	wrote(b, "");
	good(b, xa_prepare(b, "a", false));
}

static void plain_transaction(struct bench *b, uint64_t gno, unsigned id)
{
	good(b, gtid(b, gno));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, id));
	good(b, xid(b));
}

TEST(case_12_rows_of_an_xa_transaction_come_with_its_commit)
{
	struct bench *b = *state;

	open_mysql(b);
	prepare_mysql(b, 6, "XA START X'61',X'',1", 3);
	wrote(b, "[mysql:" U ":1-6 " U ":6 1] ");
	plain_transaction(b, 7, 4);
	wrote(b, "+4 [mysql:" U ":1-7 " U ":7 1] ");
	good(b, send_rotate(b, "bin.000002", 4, false));
	good(b, send_format(b, "8.4.2"));
	good(b, gtid(b, 8));
	good(b, query(b, "XA COMMIT X'61',X'',1"));
	wrote(b, "+3 [mysql:" U ":1-8 " U ":8 1] ");
	assert_int_equal(group_counts(b->group)->prepared, 1);
}

TEST(case_12_mariadb_names_it_in_the_gtid)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_xa_gtid(b, 6, "order-7"));
	good(b, map(b, STORE, "store"));
	good(b, delete (b, 3, 1));
	good(b, query(b, "XA END X'6f726465722d37',X'',1"));
	good(b, xa_prepare(b, "order-7", false));
	wrote(b, "[mariadb:0-1-6 0-1-6 1] ");
	good(b, maria_gtid(b, 7, 128 | 1));
	good(b, query(b, "XA COMMIT X'6f726465722d37',X'',1"));
	wrote(b, "-3! [mariadb:0-1-7 0-1-7 1] ");
}

TEST(case_12_rolled_back_it_never_was)
{
	struct bench *b = *state;

	open_mysql(b);
	prepare_mysql(b, 6, "XA START X'61',X'',1", 3);
	good(b, gtid(b, 7));
	good(b, query(b, "XA ROLLBACK X'61',X'',1"));
	wrote(b, "[mysql:" U ":1-6 " U ":6 1] [mysql:" U ":1-7 " U ":7 0] ");
	/* The name is free again. */
	prepare_mysql(b, 8, "XA START X'61',X'',1", 4);
	good(b, gtid(b, 9));
	good(b, query(b, "XA COMMIT X'61',X'',1"));
	wrote(b, "[mysql:" U ":1-8 " U ":8 1] +4 [mysql:" U ":1-9 " U ":9 1] ");
}

TEST(case_12_in_one_phase_it_is_committed_at_once)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "XA END X'61',X'',1"));
	good(b, xa_prepare(b, "a", true));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
	assert_int_equal(group_counts(b->group)->prepared, 0);
}

TEST(case_12_any_form_of_its_name_will_do)
{
	static const char *const commits[] = { "XA COMMIT X'61',X'',1",
					       "XA COMMIT 'a'",
					       "xa commit 0x61,''",
					       "XA COMMIT  x'61' , '' , 1" };
	struct bench *b = *state;

	open_mysql(b);
	for (unsigned i = 0; i < LENGTH(commits); i++) {
		prepare_mysql(b, 6 + 2 * i, "XA START 'a','',1", 3);
		buf_reset(&b->journal, 64 * 1024);
		good(b, gtid(b, 7 + 2 * i));
		good(b, query(b, commits[i]));
		assert_true(strncmp(buf_str(&b->journal), "+3 [", 4) == 0);
		buf_reset(&b->journal, 64 * 1024);
	}
}

TEST(case_12_another_name_is_another_transaction)
{
	struct bench *b = *state;

	open_mysql(b);
	prepare_mysql(b, 6, "XA START X'61',X'',1", 3);
	good(b, gtid(b, 7));
	refused(b, query(b, "XA COMMIT X'61',X'',2"), ERR_OPERATOR,
		"X'61',X'',2");
}

TEST(case_12_of_other_tables_it_passes_by)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, OTHER, "quote"));
	good(b, insert(b, OTHER, 3));
	good(b, query(b, "XA END X'61',X'',1"));
	good(b, xa_prepare(b, "a", false));
	good(b, gtid(b, 7));
	good(b, query(b, "XA COMMIT X'61',X'',1"));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] [mysql:" U ":1-7 " U ":7 0] ");
}

TEST(case_13_prepared_before_our_time_its_rows_are_not_known)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA ROLLBACK X'62',X'',1"));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	good(b, gtid(b, 7));
	refused(b, query(b, "XA COMMIT X'63',X'',1"), ERR_OPERATOR,
		"cdc --bootstrap");
	wrote(b, "");
}

TEST(case_12_what_was_done_before_is_not_asked_for_again)
{
	struct bench *b = *state;

	open_log(b, "mysql:" U ":1-7", "8.4.2");
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "XA END X'61',X'',1"));
	good(b, xa_prepare(b, "a", false));
	good(b, gtid(b, 7));
	good(b, query(b, "XA COMMIT X'61',X'',1"));
	wrote(b, "");
	assert_int_equal(group_counts(b->group)->groups_known, 2);
}

TEST(case_5_12_a_crash_before_the_prepare_takes_it_back)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_xa_gtid(b, 6, "a"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, send_format(b, "10.11.6-MariaDB-log"));
	wrote(b, "< ");
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 4));
	good(b, xid(b));
	wrote(b, "+4 [mariadb:0-1-6 0-1-6 1] ");
}

TEST(case_8_12_rolled_back_in_its_own_group)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "XA START X'61',X'',1"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "XA END X'61',X'',1"));
	good(b, query(b, "XA ROLLBACK X'61',X'',1"));
	wrote(b, "< [mysql:" U ":1-6 - 0] ");
}

TEST(a_prepare_without_a_transaction_is_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	refused(b, xa_prepare(b, "a", false), ERR_CORRUPT, "no transaction");
}

TEST(an_xa_statement_without_a_name_is_refused)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	refused(b, query(b, "XA COMMIT "), ERR_CORRUPT, "without a name");
}

/* ---- ROLLBACK and savepoints ---- */

TEST(case_8_rows_behind_a_savepoint_are_taken_back)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, 1));
	good(b, query(b, "SAVEPOINT `a b`"));
	good(b, insert(b, STORE, 2));
	good(b, query(b, "SAVEPOINT `c`"));
	good(b, insert(b, STORE, 3));
	good(b, query(b, "ROLLBACK TO `c`"));
	good(b, insert(b, STORE, 4));
	good(b, query(b, "ROLLBACK TO `A B`"));
	good(b, insert(b, STORE, 5));
	wrote(b, "+1 ");
	good(b, xid(b));
	wrote(b, "+5 [mysql:" U ":1-6 " U ":6 5] ");
}

TEST(case_8_a_savepoint_set_again_moves)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, insert(b, STORE, 1));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, insert(b, STORE, 2));
	good(b, query(b, "ROLLBACK TO `a`"));
	good(b, query(b, "COMMIT"));
	wrote(b, "+1 [mysql:" U ":1-6 " U ":6 2] ");
}

TEST(case_8_158_a_savepoint_ends_with_its_transaction)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, insert(b, STORE, 1));
	good(b, query(b, "ROLLBACK"));
	wrote(b, "< [mysql:" U ":1-6 - 0] ");
	good(b, gtid(b, 7));
	good(b, query(b, "BEGIN"));
	good(b, insert(b, STORE, 2));
	wrote(b, "+2 ");
	refused(b, query(b, "ROLLBACK TO `a`"), ERR_OPERATOR, "savepoint");
}

TEST(case_8_what_may_have_lasted_is_read_again)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, map(b, LINK, "store_link")); /* its engine is not known */
	good(b, insert(b, STORE, 3));
	good(b, insert(b, LINK, 9));
	good(b, insert(b, LINK, 10));
	good(b, query(b, "ROLLBACK"));
	wrote(b, "+3 +9 +10 < ?store_link [mysql:" U ":1-6 - 0] ");
	plain_transaction(b, 7, 4);
	wrote(b, "+4 [mysql:" U ":1-7 " U ":7 1] ");
	good(b, gtid(b, 8));
	good(b, query(b, "BEGIN"));
	good(b, insert(b, STORE, 5));
	good(b, query(b, "SAVEPOINT `a`"));
	good(b, insert(b, LINK, 11));
	good(b, query(b, "ROLLBACK TO `a`"));
	good(b, xid(b));
	wrote(b, "+5 ?store_link [mysql:" U ":1-8 " U ":8 2] ");
}

/* ---- The position ---- */

/* One event of a group: a type, and what it says. */
struct step {
	char kind; /* G GTID, X MariaDB XA GTID, Q query, M map, R row,
		    * I XID, P XA_PREPARE */
	const char *sql;
};

static int take(struct bench *b, const struct step *step, uint64_t number)
{
	switch (step->kind) {
	case 'G':
		return gtid(b, number);
	case 'X':
		return maria_xa_gtid(b, number, "a");
	case 'M':
		return map(b, STORE, "store");
	case 'R':
		return insert(b, STORE, (unsigned)number);
	case 'I':
		return xid(b);
	case 'P':
		return xa_prepare(b, "a", false);
	default:
		return query(b, step->sql);
	}
}

/* No end is reported, so that nothing can be committed, before the group's
 * last event was fed; whoever stops anywhere before comes again to all of it.
 */
TEST(case_1_a_position_never_runs_ahead_of_the_last_event)
{
	static const struct step groups[][7] = {
		{ { 'G', "" },
		  { 'Q', "BEGIN" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'I', "" } },
		{ { 'G', "" },
		  { 'Q', "BEGIN" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'Q', "COMMIT" } },
		{ { 'G', "" },
		  { 'Q', "BEGIN" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'Q', "ROLLBACK" } },
		{ { 'G', "" },
		  { 'Q', "BEGIN" },
		  { 'Q', "SAVEPOINT `a`" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'Q', "ROLLBACK TO `a`" },
		  { 'I', "" } },
		{ { 'G', "" }, { 'Q', "DROP TABLE x" } },
		{ { 'G', "" },
		  { 'Q', "BEGIN" },
		  { 'Q', "CREATE TABLE x (a int) START TRANSACTION" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'I', "" } },
		{ { 'G', "" },
		  { 'Q', "XA START X'61',X'',1" },
		  { 'M', "" },
		  { 'R', "" },
		  { 'Q', "XA END X'61',X'',1" },
		  { 'P', "" } },
		{ { 'G', "" }, { 'Q', "XA COMMIT X'61',X'',1" } },
	};
	struct bench *b = *state;

	open_mysql(b);
	for (unsigned g = 0; g < LENGTH(groups); g++) {
		size_t steps = 0;

		while (steps < LENGTH(groups[g]) && groups[g][steps].kind)
			steps++;
		for (size_t i = 0; i < steps; i++) {
			good(b, take(b, &groups[g][i], 6 + g));
			if (!strchr(buf_str(&b->journal), '[') !=
			    (i + 1 < steps))
				fail_msg("group %u, event %zu: %s", g, i,
					 buf_str(&b->journal));
			assert_true(group_is_open(b->group) == (i + 1 < steps));
		}
		buf_reset(&b->journal, 64 * 1024);
	}
}

static const uint8_t UUID_NONE[16];

static int anonymous(struct bench *b)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 0, 1);
	buf_add(&body, UUID_NONE, sizeof(UUID_NONE));
	put(&body, 0, 8);
	return send_event(b, EVENT_ANONYMOUS_GTID, &body);
}

static void anonymous_transaction(struct bench *b, unsigned id)
{
	good(b, anonymous(b));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, insert(b, STORE, id));
	good(b, xid(b));
}

TEST(case_25_groups_with_and_without_gtid_may_be_mixed)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	plain_transaction(b, 6, 3);
	anonymous_transaction(b, 4);
	plain_transaction(b, 7, 5);
	assert_non_null(strstr(buf_str(&b->journal), "+4 [file:bin.000001:"));
	assert_non_null(strstr(buf_str(&b->journal), "+5 [file:bin.000001:"));
}

/* A set would not say that it is done, and a restart would do it again. */
TEST(case_25_a_set_of_gtids_does_not_hold_a_group_without)
{
	struct bench *b = *state;

	open_mysql(b);
	plain_transaction(b, 6, 3);
	refused(b, anonymous(b), ERR_SOURCE_LOST, "position_mode: file");
}

/* ---- Statements ---- */

TEST(case_54_a_memory_table_emptied_by_a_restart_passes_by)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "DELETE FROM `shop`.`mem`"));
	good(b, gtid(b, 7));
	good(b, query(b, "TRUNCATE TABLE `shop`.`mem` /* generated by server "
			 "*/"));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] D:TRUNCATE TABLE `shop`.`mem` "
		 "/* generated by server */ [mysql:" U ":1-7 " U ":7 0] ");
}

/* LOAD DATA, whose file the log has in events of its own. */
static int load_data(struct bench *b, const char *sql)
{
	struct buf body;

	buf_init(&body, EVENT_MAX);
	put(&body, 1, 4);
	buf_adds(&body, "1,2\n");
	good(b, send_event(b, EVENT_BEGIN_LOAD_QUERY, &body));
	buf_init(&body, EVENT_MAX);
	put(&body, 1, 4);
	buf_adds(&body, "3,4\n");
	good(b, send_event(b, EVENT_APPEND_BLOCK, &body));
	buf_init(&body, EVENT_MAX);
	put(&body, 7, 8);
	put(&body, 4, 1);
	put(&body, 0, 2);
	put(&body, 0, 2);
	put(&body, 1, 4);
	put(&body, 9, 8);
	put(&body, 0, 1);
	buf_add(&body, "shop", 5);
	buf_adds(&body, sql);
	return send_event(b, EVENT_EXECUTE_LOAD_QUERY, &body);
}

TEST(case_52_load_data_as_a_statement)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, load_data(b, "LOAD DATA INFILE '/tmp/store' INTO TABLE quote"));
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	good(b, gtid(b, 7));
	good(b, query(b, "BEGIN"));
	refused(b, load_data(b, "LOAD DATA INFILE '/tmp/x' INTO TABLE store"),
		ERR_OPERATOR, "binlog_format=ROW");
}

RUN(GROUP(case_12_rows_of_an_xa_transaction_come_with_its_commit),
    GROUP(case_12_mariadb_names_it_in_the_gtid),
    GROUP(case_12_rolled_back_it_never_was),
    GROUP(case_12_in_one_phase_it_is_committed_at_once),
    GROUP(case_12_any_form_of_its_name_will_do),
    GROUP(case_12_another_name_is_another_transaction),
    GROUP(case_12_of_other_tables_it_passes_by),
    GROUP(case_13_prepared_before_our_time_its_rows_are_not_known),
    GROUP(case_12_what_was_done_before_is_not_asked_for_again),
    GROUP(case_5_12_a_crash_before_the_prepare_takes_it_back),
    GROUP(case_8_12_rolled_back_in_its_own_group),
    GROUP(a_prepare_without_a_transaction_is_refused),
    GROUP(an_xa_statement_without_a_name_is_refused),
    GROUP(case_8_rows_behind_a_savepoint_are_taken_back),
    GROUP(case_8_a_savepoint_set_again_moves),
    GROUP(case_8_158_a_savepoint_ends_with_its_transaction),
    GROUP(case_8_what_may_have_lasted_is_read_again),
    GROUP(case_1_a_position_never_runs_ahead_of_the_last_event),
    GROUP(case_25_groups_with_and_without_gtid_may_be_mixed),
    GROUP(case_25_a_set_of_gtids_does_not_hold_a_group_without),
    GROUP(case_52_load_data_as_a_statement),
    GROUP(case_54_a_memory_table_emptied_by_a_restart_passes_by))
