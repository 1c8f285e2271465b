#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"

/* Against the server of FICUS_TEST_PG ("host=127.0.0.1 port=… user=…
 * dbname=…", a role that may create tables and end backends). */

static struct pg *pg;

static struct pg_config config_of(const char *options)
{
	return (struct pg_config){ .application = "test_pg",
				   .options = options,
				   .connect_timeout_ms = 5000,
				   .tcp_user_timeout_ms = 5000,
				   .answer_timeout_ms = 20000 };
}

static int open_pg(void **state)
{
	const char *where = getenv("FICUS_TEST_PG");
	struct pg_config config = config_of(where);
	struct err err = { 0 };

	(void)state;
	if (pg_connect(&config, &pg, &err) != 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int close_pg(void **state)
{
	(void)state;
	pg_close(pg);
	pg = NULL;
	return 0;
}

static void exec(const char *sql)
{
	struct err err = { 0 };

	if (pg_exec(pg, sql, &err) != 0)
		fail_msg("%s: %s", sql, err.msg);
}

static int64_t one_int(const char *sql)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err = { 0 };

	if (pg_query(pg, sql, NULL, 0, &r, &err) != 0)
		fail_msg("%s: %s", sql, err.msg);
	assert_int_equal(pg_rows(r), 1);
	return pg_int(r, 0, 0);
}

TEST(a_session_is_set_up)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err = { 0 };

	assert_int_equal(pg_query(pg,
				  "select current_setting('timezone'), "
				  "current_setting('search_path'), "
				  "current_setting('client_encoding'), "
				  "current_setting('application_name')",
				  NULL, 0, &r, &err),
			 0);
	assert_string_equal(pg_text(r, 0, 0), "UTC");
	assert_string_equal(pg_text(r, 0, 1), "public");
	assert_string_equal(pg_text(r, 0, 2), "UTF8");
	assert_string_equal(pg_text(r, 0, 3), "test_pg");
	assert_true(pg_server_version(pg) >= 130000);
	assert_int_equal(pg_backend_pid(pg),
			 one_int("select pg_backend_pid()"));
	assert_true(pg_socket(pg) >= 0);
}

TEST(parameters_and_results_of_each_kind)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err = { 0 };
	const unsigned char seven[] = { 0, 0, 0, 0, 0, 0, 0, 7 };
	const struct pg_param params[] = {
		pg_param_text("text"),
		{ .at = seven, .n = sizeof(seven), .binary = true },
		pg_param_text(NULL),
		pg_param_text("t"),
	};

	assert_int_equal(pg_query(pg,
				  "select $1::text as a, $2::bigint, "
				  "$3::text, $4::bool",
				  params, 4, &r, &err),
			 0);
	assert_int_equal(pg_columns(r), 4);
	assert_string_equal(pg_column_name(r, 0), "a");
	assert_true(str_eqs(pg_value(r, 0, 0), "text"));
	assert_int_equal(pg_int(r, 0, 1), 7);
	assert_false(pg_null(r, 0, 0));
	assert_true(pg_null(r, 0, 2));
	assert_true(pg_bool(r, 0, 3));
}

TEST(an_empty_buffer_is_an_empty_text_and_no_null)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct buf empty;
	struct err err = { 0 };

	buf_init(&empty, 10);
	assert_int_equal(pg_query(pg, "select $1::text",
				  (struct pg_param[]){ pg_param_buf(&empty) },
				  1, &r, &err),
			 0);
	assert_false(pg_null(r, 0, 0));
	buf_done(&empty);
}

TEST(prepared_statements_and_affected_rows)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct err err = { 0 };

	exec("create temp table t (i int)");
	assert_int_equal(pg_prepare(pg, "ins",
				    "insert into t select "
				    "generate_series(1, $1::int)",
				    &err),
			 0);
	assert_int_equal(pg_run(pg, "ins",
				(struct pg_param[]){ pg_param_text("5") }, 1,
				&r, &err),
			 0);
	assert_int_equal(pg_affected(r), 5);
	assert_int_equal(one_int("select count(*) from t"), 5);
}

TEST(a_transaction_is_known)
{
	struct err err = { 0 };

	assert_false(pg_in_transaction(pg));
	exec("begin");
	assert_true(pg_in_transaction(pg));
	assert_int_equal(pg_exec(pg, "select 1/0", &err), ERR_DATA);
	assert_true(pg_in_transaction(pg));
	exec("rollback");
	assert_false(pg_in_transaction(pg));
}

TEST(errors_name_things_but_no_values)
{
	struct err err = { 0 };

	exec("create temp table u (i int primary key, s varchar(3) not null)");
	exec("insert into u values (42424, 'a')");
	assert_int_equal(pg_exec(pg, "insert into u values (42424, 'b')", &err),
			 ERR_DATA);
	assert_string_equal(pg_sqlstate(pg), "23505");
	assert_non_null(strstr(err.msg, "SQLSTATE 23505"));
	assert_non_null(strstr(err.msg, "table u"));
	assert_non_null(strstr(err.msg, "constraint u_pkey"));
	assert_null(strstr(err.msg, "42424"));

	assert_int_equal(pg_exec(pg, "insert into u values (1, null)", &err),
			 ERR_DATA);
	assert_non_null(strstr(err.msg, "column s"));
	assert_int_equal(
		pg_query(pg, "select $1::int",
			 (struct pg_param[]){ pg_param_text("se\"cret") }, 1,
			 NULL, &err),
		ERR_DATA);
	assert_null(strstr(err.msg, "se"));
	assert_non_null(strstr(err.msg, "22P02"));
	assert_int_equal(pg_exec(pg, "selec", &err), ERR_TARGET);
	assert_non_null(strstr(err.msg, "42601"));
	assert_false(pg_is_lost(pg));
}

TEST(a_pipeline_sums_rows_and_keeps_what_is_asked_for)
{
	CLEANUP(pg_result_freep) struct pg_result *first = NULL, *last = NULL;
	struct err err = { 0 };
	size_t failed;
	uint64_t rows;

	exec("create temp table p (i int)");
	for (int round = 0; round < 2; round++) {
		pg_result_free(first);
		pg_result_free(last);
		pg_pipe_begin(pg);
		pg_pipe_keep(pg, &first);
		pg_pipe_query(pg, "select 'one'", NULL, 0);
		pg_pipe_prepare(pg, round ? "b" : "a",
				"insert into p values ($1::int), (2)");
		pg_pipe_run(pg, round ? "b" : "a",
			    (struct pg_param[]){ pg_param_text("1") }, 1);
		pg_pipe_keep(pg, &last);
		pg_pipe_query(pg, "select i from p order by i", NULL, 0);
		assert_int_equal(pg_pipe_sync(pg, &failed, &rows, &err), 0);
		assert_int_equal(failed, SIZE_MAX);
		assert_string_equal(pg_text(first, 0, 0), "one");
		assert_int_equal(pg_rows(last), 2 + 2 * round);
		assert_int_equal(rows, 1 + 2 + 2 + 2 * round);
	}
	assert_int_equal(one_int("select count(*) from p"), 4);
}

TEST(an_empty_pipeline_does_nothing)
{
	struct err err = { 0 };
	uint64_t rows;

	pg_pipe_begin(pg);
	assert_int_equal(pg_pipe_sync(pg, NULL, &rows, &err), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(one_int("select 1"), 1);
}

TEST(the_failed_statement_of_a_pipeline_is_named)
{
	CLEANUP(pg_result_freep) struct pg_result *before = NULL, *after = NULL;
	struct err err = { 0 };
	size_t failed;

	exec("create temp table f (i int)");
	pg_pipe_begin(pg);
	pg_pipe_keep(pg, &before);
	pg_pipe_query(pg, "insert into f values (1)", NULL, 0);
	pg_pipe_query(pg, "insert into f values (1/0)", NULL, 0);
	pg_pipe_keep(pg, &after);
	pg_pipe_query(pg, "select 3", NULL, 0);
	assert_int_equal(pg_pipe_sync(pg, &failed, NULL, &err), ERR_DATA);
	assert_int_equal(failed, 1);
	assert_non_null(before);
	assert_null(after);
	assert_string_equal(pg_sqlstate(pg), "22012");
	assert_int_equal(one_int("select count(*) from f"), 0);
}

/* 64 MiB each way: blocking sends would stop both sides for ever. */
TEST(a_large_pipeline_does_not_deadlock)
{
	enum { BYTES = 1 << 20, TIMES = 64 };
	CLEANUP(mem_freep) char *big = mem_zalloc(BYTES + 1);
	CLEANUP(pg_result_freep) struct pg_result *kept = NULL;
	struct err err = { 0 };
	uint64_t rows;

	memset(big, 'x', BYTES);
	pg_pipe_begin(pg);
	for (int i = 0; i < TIMES; i++) {
		if (i == TIMES / 2)
			pg_pipe_keep(pg, &kept);
		pg_pipe_query(pg, "select $1::text",
			      (struct pg_param[]){ pg_param_text(big) }, 1);
	}
	assert_int_equal(pg_pipe_sync(pg, NULL, &rows, &err), 0);
	assert_int_equal(rows, TIMES);
	assert_int_equal(pg_value(kept, 0, 0).n, BYTES);
}

TEST(many_small_statements_pass_through_one_pipeline)
{
	struct err err = { 0 };
	uint64_t rows;

	exec("create temp table s (i int)");
	pg_pipe_begin(pg);
	for (int i = 0; i < 20000; i++)
		pg_pipe_query(pg, "insert into s values (1)", NULL, 0);
	assert_int_equal(pg_pipe_sync(pg, NULL, &rows, &err), 0);
	assert_int_equal(rows, 20000);
}

TEST(copy_takes_many_rows)
{
	struct err err = { 0 };
	uint64_t rows = 0;

	exec("create temp table c (i int, t text)");
	assert_int_equal(pg_copy_begin(pg, "copy c from stdin", &err), 0);
	for (int i = 0; i < 100000; i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "%d\ttext %d\n", i, i);

		assert_int_equal(pg_copy_put(pg, line, (size_t)n, &err), 0);
	}
	assert_int_equal(pg_copy_end(pg, &rows, &err), 0);
	assert_int_equal(rows, 100000);
	assert_int_equal(one_int("select max(i) from c"), 99999);
}

TEST(copy_of_bad_data_says_no_value)
{
	struct err err = { 0 };

	exec("create temp table d (i int)");
	assert_int_equal(pg_copy_begin(pg, "copy d from stdin", &err), 0);
	assert_int_equal(pg_copy_put(pg, "hidden\n", 7, &err), 0);
	assert_int_equal(pg_copy_end(pg, NULL, &err), ERR_DATA);
	assert_null(strstr(err.msg, "hidden"));
	assert_int_equal(pg_copy_begin(pg, "select 1", &err), ERR_TARGET);
	assert_int_equal(pg_copy_begin(pg, "copy d from stdin", &err), 0);
	assert_int_equal(pg_copy_put(pg, "1\n", 2, &err), 0);
	assert_int_equal(pg_copy_abort(pg, &err), 0);
	assert_int_equal(one_int("select count(*) from d"), 0);
}

TEST(copy_to_the_client_is_refused_and_ends_the_connection)
{
	struct err err = { 0 };

	assert_int_equal(pg_exec(pg, "copy (select 1) to stdout", &err),
			 ERR_TARGET);
	assert_true(pg_is_lost(pg));
}

TEST(notifications_are_waited_for)
{
	struct err err = { 0 };
	const char *channel = "";
	int64_t before = clock_mono_ms();

	assert_int_equal(pg_wait_notify(pg, 50, &channel, &err), 0);
	assert_null(channel);
	assert_true(clock_mono_ms() - before >= 49);
	exec("listen ficus_test; notify ficus_test");
	assert_int_equal(pg_wait_notify(pg, 5000, &channel, &err), 0);
	assert_string_equal(channel, "ficus_test");
	assert_int_equal(pg_wait_notify(pg, 0, &channel, &err), 0);
	assert_null(channel);
}

TEST(a_backend_that_is_ended_is_a_lost_target)
{
	struct err err = { 0 };

	assert_int_equal(pg_exec(pg,
				 "select pg_terminate_backend("
				 "pg_backend_pid())",
				 &err),
			 ERR_TARGET_LOST);
	assert_string_equal(pg_sqlstate(pg), "57P01");
	assert_int_equal(pg_exec(pg, "select 1", &err), ERR_TARGET_LOST);
	assert_true(pg_is_lost(pg));
	assert_int_equal(pg_exec(pg, "select 1", &err), ERR_TARGET_LOST);
}

TEST(a_backend_that_is_ended_in_a_pipeline_is_a_lost_target)
{
	struct err err = { 0 };
	size_t failed;

	pg_pipe_begin(pg);
	pg_pipe_query(pg, "select 1", NULL, 0);
	pg_pipe_query(pg, "select pg_terminate_backend(pg_backend_pid())", NULL,
		      0);
	for (int i = 0; i < 1000; i++)
		pg_pipe_query(pg, "select 1", NULL, 0);
	assert_int_equal(pg_pipe_sync(pg, &failed, NULL, &err),
			 ERR_TARGET_LOST);
	/* Unknown when sending failed before the answer could be read. */
	assert_true(failed == 1 || failed == SIZE_MAX);
	pg_pipe_begin(pg);
	pg_pipe_query(pg, "select 1", NULL, 0);
	assert_int_equal(pg_pipe_sync(pg, NULL, NULL, &err), ERR_TARGET_LOST);
}

TEST(a_server_that_does_not_answer_is_given_up)
{
	struct err err = { 0 };
	int64_t before = clock_mono_ms();

	assert_int_equal(pg_set_timeout(pg, 100), 20000);
	assert_int_equal(pg_exec(pg, "select pg_sleep(10)", &err),
			 ERR_TARGET_LOST);
	assert_string_equal(err.msg, "no answer for 100 ms");
	assert_true(clock_mono_ms() - before < 5000);
	assert_int_equal(pg_exec(pg, "select 1", &err), ERR_TARGET_LOST);
}

static void *cancel_soon(void *unused)
{
	usleep(100 * 1000);
	pg_cancel(pg);
	return unused;
}

TEST(another_thread_can_cancel)
{
	struct err err = { 0 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	assert_int_equal(pg_exec(pg, "select pg_sleep(10)", &err), ERR_STOPPED);
	pthread_join(thread, NULL);
	assert_int_equal(one_int("select 1"), 1);
	exec("set statement_timeout = 50");
	assert_int_equal(pg_exec(pg, "select pg_sleep(10)", &err),
			 ERR_TARGET_LOST);
}

static void refuse(const char *more, int code, const char *text)
{
	char options[512];
	struct pg_config config = config_of(options);
	struct pg *none = NULL;
	struct err err = { 0 };

	snprintf(options, sizeof(options), "%s %s", getenv("FICUS_TEST_PG"),
		 more);
	config.connect_timeout_ms = 1000;
	assert_int_equal(pg_connect(&config, &none, &err), code);
	assert_null(none);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, text);
	assert_null(strstr(err.msg, "hunter2"));
}

TEST(connections_are_refused_with_the_cure)
{
	refuse("dbname=none_such", ERR_TARGET,
	       "create the database or set target.database");
	refuse("user=none_such password=hunter2", ERR_TARGET,
	       "check target.user and target.password");
	refuse("port=1 password=hunter2", ERR_TARGET_LOST,
	       "Connection refused");
	refuse("passwort=hunter2", ERR_CONFIG, "target.options");
	refuse("host=192.0.2.1 password=hunter2", ERR_TARGET_LOST, "");
}

TEST(names_and_texts_are_quoted)
{
	struct buf sql;

	buf_init(&sql, 1000);
	buf_adds(&sql, "select octet_length(");
	pg_quote_text(&sql, STR("a'b\\c"));
	buf_adds(&sql, ") as ");
	pg_quote_name(&sql, "x\"y");
	assert_string_equal(buf_str(&sql),
			    "select octet_length( E'a''b\\\\c') as \"x\"\"y\"");
	assert_int_equal(one_int(buf_str(&sql)), 5);
	buf_done(&sql);
}

#define SERVER(name) cmocka_unit_test_setup_teardown(name, open_pg, close_pg)
RUN_WITH("FICUS_TEST_PG", SERVER(a_session_is_set_up),
	 SERVER(parameters_and_results_of_each_kind),
	 SERVER(an_empty_buffer_is_an_empty_text_and_no_null),
	 SERVER(prepared_statements_and_affected_rows),
	 SERVER(a_transaction_is_known),
	 SERVER(errors_name_things_but_no_values),
	 SERVER(a_pipeline_sums_rows_and_keeps_what_is_asked_for),
	 SERVER(an_empty_pipeline_does_nothing),
	 SERVER(the_failed_statement_of_a_pipeline_is_named),
	 SERVER(a_large_pipeline_does_not_deadlock),
	 SERVER(many_small_statements_pass_through_one_pipeline),
	 SERVER(copy_takes_many_rows), SERVER(copy_of_bad_data_says_no_value),
	 SERVER(copy_to_the_client_is_refused_and_ends_the_connection),
	 SERVER(notifications_are_waited_for),
	 SERVER(a_backend_that_is_ended_is_a_lost_target),
	 SERVER(a_backend_that_is_ended_in_a_pipeline_is_a_lost_target),
	 SERVER(a_server_that_does_not_answer_is_given_up),
	 SERVER(another_thread_can_cancel),
	 SERVER(connections_are_refused_with_the_cure),
	 SERVER(names_and_texts_are_quoted))
