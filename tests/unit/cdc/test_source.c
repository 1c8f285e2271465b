#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defs.h"
#include "base/err.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/head.h"
#include "cdc/origin.h"
#include "cdc/schema.h"
#include "cdc/schema_keys.h"
#include "cdc/source.h"
#include "cdc/stream.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

/* Against the server of FICUS_TEST_MYSQL ("host port user password database",
 * a user who may do everything, an empty database; "-" is no password).
 * tests/integration/test_source.py gives one of each kind. */

enum { TYPE_AT = 4, WAIT_MS = 5000, MIB = 1 << 20 };

static struct {
	struct source_config config;
	char host[128], user[64], password[64], database[64];
	int port;
	struct source *writer; /* for what the tests make happen */
} on;

static struct err err;

static int open_server(void **state)
{
	const char *where = getenv("FICUS_TEST_MYSQL");

	(void)state;
	if (!where || sscanf(where, "%127s %d %63s %63s %63s", on.host,
			     &on.port, on.user, on.password, on.database) != 5)
		return -1;
	if (strcmp(on.password, "-") == 0)
		on.password[0] = '\0';
	on.config = (struct source_config){
		.host = on.host,
		.user = on.user,
		.password = on.password,
		.database = on.database,
		.tls = "preferred",
		.tls_ca = "",
		.port = on.port,
		.connect_timeout_ms = 5000,
		.read_timeout_ms = 60000,
		.heartbeat_ms = 200,
		.server_id = 4711,
		.max_event = 32 * MIB,
	};
	if (source_connect(&on.config, &on.writer, &err)) {
		print_error("%s\n", err.msg);
		return -1;
	}
	return 0;
}

static int close_server(void **state)
{
	(void)state;
	source_close(on.writer);
	return 0;
}

static void good(int result)
{
	if (result)
		fail_msg("%s", err.msg);
}

static void refused(int result, int code, const char *part)
{
	if (result != code || !strstr(err.msg, part))
		fail_msg("%d: %s", result, err.msg);
	err = (struct err){ 0 };
}

static void run(const char *sql)
{
	good(source_exec(on.writer, sql, &err));
}

static void head_of(const char *mode, struct position *ret)
{
	good(source_head(on.writer, mode, ret, &err));
}

static struct stream *open_at(const struct position *from)
{
	struct stream *stream = NULL;

	good(stream_open(&on.config, 16 * MIB, from, &stream, &err));
	return stream;
}

/* Until an event of that type comes; false after WAIT_MS. */
static bool await(struct stream *stream, uint8_t type)
{
	int64_t end = clock_mono_ms() + WAIT_MS;
	struct packet packet;

	while (clock_mono_ms() < end) {
		good(stream_next(stream, 100, &packet, &err));
		if (packet.at && packet.at[TYPE_AT] == type)
			return true;
	}
	return false;
}

/* ---- Queries ---- */

TEST(refusals_name_the_cure)
{
	struct source_config config = on.config;
	struct source *source = NULL;

	config.password = "wrong";
	refused(source_connect(&config, &source, &err), ERR_SOURCE,
		"source.password");
	config = on.config;
	config.database = "nowhere";
	refused(source_connect(&config, &source, &err), ERR_SOURCE,
		"source.database");
	config = on.config;
	config.port = 1;
	refused(source_connect(&config, &source, &err), ERR_SOURCE_LOST,
		"source.port");
	config = on.config;
	config.host = "nowhere.invalid";
	refused(source_connect(&config, &source, &err), ERR_SOURCE_LOST,
		"source.host");
	assert_null(source);
}

TEST(values_come_as_the_transform_wants_them)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	const struct value *v;
	bool row = false;

	run("create table kinds (a int, b varchar(9), c varbinary(9), "
	    "d decimal(9,3), e timestamp(3) null, f char(5), g bit(9), h "
	    "text)");
	run("insert into kinds values (-7, 'é', x'00ff', 1.5, "
	    "'2026-03-01 12:00:00.25', 'ab', b'100000001', null)");
	good(source_query(on.writer, "select * from kinds", &rows, &err));
	good(source_next(rows, &row, &err));
	assert_true(row);
	v = source_values(rows);
	assert_int_equal(source_columns(rows), 8);
	assert_string_equal(source_column(rows, 3), "d");
	assert_int_equal(source_int(rows, 0), -7);
	assert_int_equal(v[0].kind, VALUE_TEXT);
	assert_true(str_eqs(source_text(rows, 1), "é"));
	assert_int_equal(v[1].kind, VALUE_TEXT);
	assert_int_equal(v[2].kind, VALUE_BYTES);
	assert_int_equal(v[2].n, 2);
	assert_true(str_eqs(source_text(rows, 3), "1.500"));
	assert_true(str_eqs(source_text(rows, 4), "2026-03-01 12:00:00.250"));
	assert_true(str_eqs(source_text(rows, 5), "ab"));
	assert_int_equal(v[6].kind, VALUE_BYTES);
	assert_int_equal(v[7].kind, VALUE_NULL);
	assert_true(source_null(rows, 7));
	good(source_next(rows, &row, &err));
	assert_false(row);
}

TEST(a_streamed_result_can_be_left_halfway)
{
	struct source_rows *rows = NULL;
	char *one = NULL;
	bool row = false;

	good(source_stream(on.writer,
			   "select 1 from information_schema.columns", &rows,
			   &err));
	good(source_next(rows, &row, &err));
	assert_true(row);
	source_rows_free(rows);
	good(source_one(on.writer, "select 42", &one, &err));
	assert_string_equal(one, "42");
	free(one);
	refused(source_exec(on.writer, "selec 'secret'", &err), ERR_SOURCE,
		"syntax");
	good(source_one(on.writer, "select null", &one, &err));
	assert_null(one);
	good(source_variable(on.writer, "no_such_variable", &one, &err));
	assert_null(one);
}

/* ---- The schema ---- */

static struct mapping_table mapped[] = {
	{ .source = (char[]){ "parent" } },
	{ .source = (char[]){ "child" } },
	{ .source = (char[]){ "missing" } },
};

static void make_family(void)
{
	run("create table parent (id int unsigned not null, "
	    "name varchar(20) character set latin1, primary key (id))");
	run("create table child (a int not null, b int not null, "
	    "parent_id int unsigned, kind enum('x','y'), primary key (b, a), "
	    "constraint `odd``name` foreign key (parent_id) references "
	    "parent (id) on delete cascade on update no action, "
	    "constraint other foreign key (parent_id) references parent (id) "
	    "on delete set null)");
}

static void check_family(const struct schema *schema)
{
	const struct table_def *child = schema_table(schema, STR("child"));
	const struct table_def *parent = schema_table(schema, STR("parent"));
	const struct fk_row *keys;
	size_t count;

	assert_int_equal(schema_table_count(schema), 2);
	assert_null(schema_table(schema, STR("missing")));
	assert_null(schema_table(schema, STR("chil")));
	assert_int_equal(child->count, 4);
	assert_int_equal(child->columns[0].key, 2);
	assert_int_equal(child->columns[1].key, 1);
	assert_string_equal(child->columns[3].type, "enum('x','y')");
	assert_true(parent->columns[0].is_unsigned);
	assert_string_equal(parent->columns[1].charset, "latin1");
	assert_true(parent->columns[1].nullable);
	keys = schema_foreign_keys(schema, &count);
	assert_int_equal(count, 2);
	assert_string_equal(keys[0].constraint, "odd`name");
	assert_string_equal(keys[0].child_table, "child");
	assert_string_equal(keys[0].parent_table, "parent");
	assert_string_equal(keys[0].parent_column, "id");
	assert_string_equal(keys[0].on_delete, "CASCADE");
	assert_string_equal(keys[1].on_delete, "SET NULL");
}

/* MariaDB hides the rules from who may only read. */
TEST(the_schema_is_read_by_a_user_who_may_only_read)
{
	struct mapping mapping = { .table_count = LENGTH(mapped),
				   .tables = mapped,
				   .prefix = (char[]){ "" } };
	CLEANUP(schema_freep) struct schema *mine = NULL;
	CLEANUP(schema_freep) struct schema *theirs = NULL;
	CLEANUP(source_closep) struct source *reader = NULL;
	struct source_config config = on.config;

	make_family();
	run("create user if not exists reader@'%' identified by 'planted-pw'");
	run("grant select on *.* to reader@'%'");
	config.user = "reader";
	config.password = "planted-pw";
	good(source_connect(&config, &reader, &err));
	good(schema_read(on.writer, on.database, &mapping, &mine, &err));
	check_family(mine);
	good(schema_read(reader, on.database, &mapping, &theirs, &err));
	check_family(theirs);
	assert_true(schema_equal(mine, theirs));
}

TEST(rules_are_found_in_what_show_create_prints)
{
	static const char create[] =
		"CREATE TABLE `c` (\n"
		"  `a` int COMMENT 'x) ON DELETE CASCADE',\n"
		"  KEY `k` (`a`),\n"
		"  CONSTRAINT `k1` FOREIGN KEY (`a`) REFERENCES `p` (`ON "
		"DELETE CASCADE`),\n"
		"  CONSTRAINT `k2` FOREIGN KEY (`a`) REFERENCES `p` (`b`) ON "
		"DELETE SET NULL ON UPDATE CASCADE,\n"
		"  CONSTRAINT `k``3` FOREIGN KEY (`a`) REFERENCES `p` (`b`) ON "
		"UPDATE NO ACTION\n"
		") ENGINE=InnoDB";
	const char *on_delete, *on_update;

	assert_true(schema_key_rules(create, "k1", &on_delete, &on_update));
	assert_string_equal(on_delete, "RESTRICT");
	assert_string_equal(on_update, "RESTRICT");
	assert_true(schema_key_rules(create, "k2", &on_delete, &on_update));
	assert_string_equal(on_delete, "SET NULL");
	assert_string_equal(on_update, "CASCADE");
	assert_true(schema_key_rules(create, "k`3", &on_delete, &on_update));
	assert_string_equal(on_update, "NO ACTION");
	assert_false(schema_key_rules(create, "k", &on_delete, &on_update));
}

/* ---- The stream ---- */

static void stream_from(const char *mode)
{
	struct position head;
	struct stream *stream;

	run("create table if not exists t (id int primary key, v longblob)");
	run("delete from t");
	head_of(mode, &head);
	stream = open_at(&head);
	run("insert into t values (1, 'one')");
	assert_true(await(stream, EVENT_TABLE_MAP));
	assert_true(await(stream, EVENT_XID));
	stream_close(stream);
	position_done(&head);
}

TEST(a_stream_starts_behind_a_gtid_position)
{
	stream_from("gtid");
}

TEST(a_stream_starts_behind_a_file_position)
{
	stream_from("file");
}

TEST(an_idle_stream_has_heartbeats)
{
	struct stream_counts counts;
	struct position head;
	struct stream *stream;
	struct packet packet = { 0 };

	head_of("auto", &head);
	stream = open_at(&head);
	assert_true(await(stream, EVENT_HEARTBEAT));
	/* Long enough to miss three, if they did not come. */
	for (int64_t end = clock_mono_ms() + 1500; clock_mono_ms() < end;)
		good(stream_next(stream, 50, &packet, &err));
	stream_counts(stream, &counts);
	assert_true(clock_mono_us() - counts.heard_us < 600 * 1000);
	stream_close(stream);
	position_done(&head);
}

TEST(a_large_event_arrives_whole)
{
	struct packet packet = { 0 };
	struct position head;
	struct stream *stream;
	size_t longest = 0;

	run("create table if not exists t (id int primary key, v longblob)");
	run("delete from t");
	head_of("auto", &head);
	stream = open_at(&head);
	/* Beyond one packet of the protocol, and exactly at its limit. */
	run("insert into t values (1, repeat('x', 20000000))");
	run("insert into t values (2, repeat('x', 16777215 - 60))");
	for (int i = 0; i < 2;) {
		good(stream_next(stream, WAIT_MS, &packet, &err));
		assert_non_null(packet.at);
		if (packet.n > longest)
			longest = packet.n;
		i += packet.at[TYPE_AT] == EVENT_XID;
	}
	assert_in_range(longest, 20000000, 20000200);
	stream_close(stream);
	position_done(&head);
	run("delete from t");
}

TEST(a_larger_event_than_allowed_is_no_lost_connection)
{
	struct source_config config = on.config;
	struct packet packet = { 0 };
	struct stream *stream = NULL;
	struct position head;
	int fail = 0;

	run("create table if not exists t (id int primary key, v longblob)");
	head_of("auto", &head);
	config.max_event = MIB;
	good(stream_open(&config, MIB, &head, &stream, &err));
	run("insert into t values (77, repeat('x', 3000000))");
	while (!fail)
		fail = stream_next(stream, WAIT_MS, &packet, &err);
	refused(fail, ERR_OPERATOR, "replication.max_value_size");
	stream_close(stream);
	position_done(&head);
	run("delete from t");
}

TEST(a_slow_consumer_holds_the_reader_back)
{
	enum { LIMIT = 4 * MIB, ROWS = 40 };
	struct stream_counts counts;
	struct packet packet = { 0 };
	struct stream *stream = NULL;
	struct position head;
	int seen = 0;

	run("create table if not exists t (id int primary key, v longblob)");
	run("delete from t");
	head_of("auto", &head);
	for (int i = 0; i < ROWS; i++) {
		char sql[80];

		snprintf(sql, sizeof(sql),
			 "insert into t values (%d, repeat('x', 1000000))", i);
		run(sql);
	}
	good(stream_open(&on.config, LIMIT, &head, &stream, &err));
	good(stream_next(stream, WAIT_MS, &packet, &err));
	do { /* until the reader waits */
		usleep(10000);
		stream_counts(stream, &counts);
	} while (counts.full == 0);
	usleep(100000);
	stream_counts(stream, &counts);
	assert_in_range(counts.queued, LIMIT, LIMIT + 1100000);
	while (seen < ROWS) {
		good(stream_next(stream, WAIT_MS, &packet, &err));
		assert_non_null(packet.at);
		seen += packet.at[TYPE_AT] == EVENT_XID;
	}
	stream_close(stream);
	position_done(&head);
	run("delete from t");
}

TEST(cancelling_and_closing_are_quick)
{
	struct packet packet = { 0 };
	struct position head;
	struct stream *stream;
	int64_t begun;
	int fail = 0;

	head_of("auto", &head);
	stream = open_at(&head);
	begun = clock_mono_ms();
	stream_cancel(stream);
	while (!fail)
		fail = stream_next(stream, WAIT_MS, &packet, &err);
	refused(fail, ERR_STOPPED, "stopped");
	stream_close(stream);
	assert_in_range(clock_mono_ms() - begun, 0, 900);
	position_done(&head);
}

static void kill_dump(void)
{
	char *id = NULL, sql[64];

	good(source_one(on.writer,
			"select id from information_schema.processlist where "
			"command like 'Binlog Dump%' limit 1",
			&id, &err));
	assert_non_null(id);
	snprintf(sql, sizeof(sql), "kill %s", id);
	run(sql);
	free(id);
}

TEST(what_was_read_comes_before_the_loss)
{
	struct packet packet = { 0 };
	struct position head;
	struct stream *stream;
	int fail = 0, xids = 0;

	run("create table if not exists t (id int primary key, v longblob)");
	run("delete from t");
	head_of("auto", &head);
	stream = open_at(&head);
	assert_true(await(stream, EVENT_HEARTBEAT));
	run("insert into t values (1, 'a')");
	run("insert into t values (2, 'b')");
	usleep(200000);
	kill_dump();
	while (!fail) {
		fail = stream_next(stream, WAIT_MS, &packet, &err);
		xids += !fail && packet.at && packet.at[TYPE_AT] == EVENT_XID;
	}
	assert_int_equal(xids, 2);
	refused(fail, ERR_SOURCE_LOST, "binlog");
	stream_close(stream);
	position_done(&head);
}

static void refuses_position(const char *text, const char *part)
{
	struct packet packet = { 0 };
	struct stream *stream = NULL;
	struct position position;
	int fail;

	good(position_parse(str_of(text), &position, &err));
	fail = stream_open(&on.config, MIB, &position, &stream, &err);
	while (!fail)
		fail = stream_next(stream, WAIT_MS, &packet, &err);
	refused(fail, ERR_OPERATOR, part);
	stream_close(stream);
	position_done(&position);
}

TEST(a_position_the_server_has_not_is_refused)
{
	bool maria = source_server(on.writer)->flavour == SOURCE_MARIADB;

	refuses_position("file:mysql-bin.000999:4", "run cdc --bootstrap");
	refuses_position("file:mysql-bin.000001:99999999999",
			 "run cdc --bootstrap");
	refuses_position(maria ? "mariadb:0-1-999999999"
			       : "mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:"
				 "1-5",
			 "run cdc --bootstrap");
	refuses_position(maria ? "mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:"
				 "1-5"
			       : "mariadb:0-1-5",
			 "run cdc --bootstrap");
}

TEST(a_file_position_is_one_servers_own)
{
	struct position head;
	char *identity = NULL;
	struct origin origin = { .file_position = "", .mode = "file" };
	struct origin_here here = { 0 };

	head_of("file", &head);
	good(source_identity(on.writer, &identity, &err));
	origin.source_id = identity;
	good(origin_check(&on.config, &origin, &head, &here, &err));
	assert_string_equal(here.identity, identity);
	free(here.identity);
	origin.source_id = "mysql:other";
	refused(origin_check(&on.config, &origin, &head, &here, &err),
		ERR_OPERATOR, "mysql:other");
	free(identity);
	position_done(&head);
}

/* ---- The head ---- */

static int64_t await_passed(struct head *head, const struct position *applied,
			    int64_t since)
{
	int64_t passed = INT64_MIN;

	for (int64_t end = clock_mono_ms() + WAIT_MS; clock_mono_ms() < end;) {
		passed = head_passed(head, applied);
		if (passed >= since)
			break;
		usleep(5000);
	}
	return passed;
}

/* The sampler's connection: the only other one of this program's. */
static void kill_head(void)
{
	char *id = NULL, sql[64];

	good(source_one(on.writer,
			"select id from information_schema.processlist where "
			"command = 'Sleep' and id <> connection_id() "
			"and db = database() limit 1",
			&id, &err));
	assert_non_null(id);
	snprintf(sql, sizeof(sql), "kill %s", id);
	run(sql);
	free(id);
}

TEST(the_head_passes_once_it_is_applied)
{
	struct position before, after;
	struct head *head = NULL;
	int64_t asked;

	run("create table if not exists t (id int primary key, v longblob)");
	head_of("gtid", &before);
	good(head_start(&on.config, "gtid", &head, &err));
	asked = clock_mono_us();
	head_poke(head);
	assert_true(await_passed(head, &before, asked) >= asked);
	run("replace into t values (5, 'x')");
	asked = clock_mono_us();
	head_poke(head);
	usleep(300000);
	assert_true(head_passed(head, &before) < asked);
	head_of("gtid", &after);
	assert_true(await_passed(head, &after, asked) >= asked);
	/* It finds back by itself, and what passed has passed. */
	kill_head();
	head_forget(head);
	asked = clock_mono_us();
	assert_true(await_passed(head, &after, asked) >= asked);
	head_stop(head);
	position_done(&before);
	position_done(&after);
}

static int clean(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	return source_exec(on.writer,
			   "drop table if exists kinds, child, parent, t",
			   &err);
}

#define LIVE(name) cmocka_unit_test_setup(name, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(refusals_name_the_cure),
		LIVE(values_come_as_the_transform_wants_them),
		LIVE(a_streamed_result_can_be_left_halfway),
		LIVE(the_schema_is_read_by_a_user_who_may_only_read),
		LIVE(a_stream_starts_behind_a_gtid_position),
		LIVE(a_stream_starts_behind_a_file_position),
		LIVE(an_idle_stream_has_heartbeats),
		LIVE(a_large_event_arrives_whole),
		LIVE(a_larger_event_than_allowed_is_no_lost_connection),
		LIVE(a_slow_consumer_holds_the_reader_back),
		LIVE(cancelling_and_closing_are_quick),
		LIVE(what_was_read_comes_before_the_loss),
		LIVE(a_position_the_server_has_not_is_refused),
		LIVE(a_file_position_is_one_servers_own),
		LIVE(the_head_passes_once_it_is_applied),
		CASE(rules_are_found_in_what_show_create_prints),
	};
	const struct CMUnitTest alone[] = {
		CASE(rules_are_found_in_what_show_create_prints),
	};

	if (getenv("FICUS_TEST_MYSQL"))
		return cmocka_run_group_tests(tests, open_server, close_server);
	return cmocka_run_group_tests(alone, NULL, NULL);
}
