#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/types.h"
#include "cdc/binlog/xa_name.h"
#include "tests/unit/binlog/event.h"

TEST(case_6_a_fake_rotate_is_told_from_a_real_one)
{
	static const char body[] = "\4\0\0\0\0\0\0\0mysql-bin.000008";
	struct event event = bare_event(EVENT_ROTATE, body, sizeof(body) - 1);
	struct err err = { 0 };
	struct rotate rotate;

	assert_int_equal(rotate_parse(&event, &rotate, &err), 0);
	assert_int_equal(rotate.position, 4);
	assert_true(str_eqs(rotate.file, "mysql-bin.000008"));
	assert_false(rotate.fake);
	event.timestamp = 0;
	event.flags = EVENT_ARTIFICIAL;
	assert_int_equal(rotate_parse(&event, &rotate, &err), 0);
	assert_true(rotate.fake);
	event.body.end = event.body.at + 8;
	assert_int_equal(rotate_parse(&event, &rotate, &err), ERR_CORRUPT);
}

/* thread 5, 2 s, schema "shop", no error, then status variables */
#define HEAD(vars) "\5\0\0\0\2\0\0\0\4\0\0" vars "\0"
#define QUERY(vars, bytes) HEAD(vars) bytes "shop\0DROP TABLE t\0"
#define PARSE(text) parse(text, sizeof(text) - 1)

static struct query query;

static int parse(const char *body, size_t n)
{
	struct event event = bare_event(EVENT_QUERY, body, n);
	struct err err = { 0 };

	return query_parse(&event, &query, &err);
}

TEST(a_query_without_variables)
{
	assert_int_equal(PARSE(QUERY("\0", "")), 0);
	assert_int_equal(query.thread_id, 5);
	assert_int_equal(query.seconds, 2);
	assert_true(str_eqs(query.schema, "shop"));
	assert_true(str_eqs(query.sql, "DROP TABLE t"));
	assert_int_equal(query.has, 0);
}

TEST(every_status_variable_is_walked)
{
	assert_int_equal(PARSE(QUERY("\x84", "\0\0\0\0\4"	       /* 5 */
					     "\1\1\2\3\4\5\6\7\10"     /* 14 */
					     "\2\3std\0"	       /* 20 */
					     "\3\1\0\2\0"	       /* 25 */
					     "\6\3std"		       /* 30 */
					     "\x83\1AAAA"	       /* 36 */
					     "\4\x2d\0\x21\0\xff\0"    /* 43 */
					     "\5\6+00:00"	       /* 51 */
					     "\7\1\0"		       /* 54 */
					     "\x08\x3f\0"	       /* 57 */
					     "\x09\1\1\1\1\1\1\1\1"    /* 66 */
					     "\x0a\1\1\1\1"	       /* 71 */
					     "\x0b\4root\x09localhost" /* 87 */
					     "\x0c\2shop\0test\0"      /* 99 */
					     "\x0c\xfe"		       /* 101 */
					     "\x10\1"		       /* 103 */
					     "\x11\1\1\1\1\1\1\1\1"    /* 112 */
					     "\x12\xff\0"	       /* 115 */
					     "\x13\1\x14\1"	       /* 119 */
					     "\x81\1\1\1\1\1\1\1\1"    /* 128 */
					     "\x80\1\0\0" /* 132 */)),
			 0);
	assert_false(query.cut);
	/* The last one is right only if all before it were. */
	assert_int_equal(query.microseconds, 1);
	assert_int_equal(PARSE(QUERY("\x33", "\0\0\0\0\4"
					     "\1\1\2\3\4\5\6\7\10"
					     "\4\x2d\0\x21\0\xff\0"
					     "\5\6+00:00"
					     "\x0c\2a\0b\0"
					     "\x12\xff\0"
					     "\x11\2\0\0\0\0\0\0\0"
					     "\x0d\x40\x42\x0f")),
			 0);
	assert_false(query.cut);
	assert_int_equal(query.flags2, QUERY_NO_FOREIGN_KEY_CHECKS);
	assert_true(query.sql_mode == 0x0807060504030201);
	assert_int_equal(query.charset_client, 45);
	assert_int_equal(query.collation_connection, 33);
	assert_int_equal(query.collation_server, 255);
	assert_true(str_eqs(query.time_zone, "+00:00"));
	assert_int_equal(query.utf8mb4_collation, 255);
	assert_int_equal(query.ddl_xid, 2);
	assert_int_equal(query.microseconds, 1000000);
	assert_true(str_eqs(query.sql, "DROP TABLE t"));
}

TEST(a_status_variable_of_tomorrow_ends_the_walk_only)
{
	assert_int_equal(PARSE(QUERY("\x07", "\0\1\0\0\0\x63\x99")), 0);
	assert_true(query.cut);
	assert_int_equal(query.has, QUERY_FLAGS2);
	assert_true(str_eqs(query.sql, "DROP TABLE t"));
}

TEST(case_85_truncated_queries_are_refused)
{
	static const char body[] = QUERY("\x08", "\5\6+00:00");

	/* Behind schema and NUL, a cut shortens the text and no more. */
	for (size_t n = 0; n < 13 + 8 + 5; n++)
		assert_int_equal(parse(body, n), ERR_CORRUPT);
	assert_int_equal(parse(body, 13 + 8 + 5), 0);
}

TEST(texts_that_matter_to_transactions)
{
	static const struct {
		const char *sql;
		enum query_kind kind;
	} texts[] = {
		{ "BEGIN", QUERY_BEGIN },
		{ "COMMIT", QUERY_COMMIT },
		{ "commit /* added by node */", QUERY_COMMIT },
		{ "ROLLBACK", QUERY_ROLLBACK },
		{ "ROLLBACK TO `s1`", QUERY_ROLLBACK_TO },
		{ "SAVEPOINT `s1`", QUERY_SAVEPOINT },
		{ "XA START X'61',X'',1", QUERY_XA_START },
		{ "XA END X'61',X'',1", QUERY_XA_END },
		{ "XA COMMIT X'61',X'',1", QUERY_XA_COMMIT },
		{ "XA ROLLBACK X'61',X'',1", QUERY_XA_ROLLBACK },
		{ "# Dummy event replacing event type 162", QUERY_DUMMY },
		{ "CREATE TABLE begin (i int)", QUERY_OTHER },
		{ "BEGINNING", QUERY_OTHER },
		{ "", QUERY_OTHER },
	};

	for (size_t i = 0; i < LENGTH(texts); i++)
		assert_int_equal(query_kind(str_of(texts[i].sql)),
				 texts[i].kind);
	assert_true(query_starts_transaction(
		STR("CREATE TABLE `t` (`a` int) START TRANSACTION")));
	assert_false(query_starts_transaction(STR("START TRANSACTION")));
}

static struct heartbeat beat;

static int heartbeat(uint8_t type, const char *body, size_t n)
{
	struct event event = bare_event(type, body, n);
	struct err err = { 0 };

	return heartbeat_parse(&event, &beat, &err);
}

TEST(case_98_all_forms_of_heartbeat)
{
	assert_int_equal(heartbeat(EVENT_HEARTBEAT, "bin.000001", 10), 0);
	assert_int_equal(beat.position, 4242);
	assert_true(str_eqs(beat.file, "bin.000001"));
	assert_int_equal(
		heartbeat(EVENT_HEARTBEAT, "\1\0\0\0\1\0\0\0bin.000001", 18),
		0);
	assert_true(beat.position == 0x100000001);
	assert_true(str_eqs(beat.file, "bin.000001"));
	assert_int_equal(heartbeat(EVENT_HEARTBEAT_V2,
				   "\1\5bin.1\2\11\xfe\1\0\0\0\1\0\0\0\0",
				   7 + 11 + 1),
			 0);
	assert_true(beat.position == 0x100000001);
	assert_true(str_eqs(beat.file, "bin.1"));
	assert_int_equal(heartbeat(EVENT_HEARTBEAT_V2, "\1\5bin", 5),
			 ERR_CORRUPT);
	assert_int_equal(heartbeat(EVENT_HEARTBEAT, "", 0), ERR_CORRUPT);
}

TEST(incident_xid_and_xa_prepare)
{
	static const char xa[] = "\1\1\0\0\0\3\0\0\0\2\0\0\0abcde";
	struct event event = bare_event(EVENT_INCIDENT, "\1\0\4lost", 7);
	struct err err = { 0 };
	struct incident incident;
	struct xa_prepare prepare;
	uint64_t xid;

	assert_int_equal(incident_parse(&event, &incident, &err), 0);
	assert_int_equal(incident.number, 1);
	assert_true(str_eqs(incident.message, "lost"));
	event = bare_event(EVENT_XID, "\1\0\0\0\0\0\0\2", 8);
	assert_int_equal(xid_parse(&event, &xid, &err), 0);
	assert_true(xid == 0x0200000000000001);
	for (size_t n = 0; n < sizeof(xa) - 1; n++) {
		event = bare_event(EVENT_XA_PREPARE, xa, n);
		assert_int_equal(xa_prepare_parse(&event, &prepare, &err),
				 ERR_CORRUPT);
	}
	event = bare_event(EVENT_XA_PREPARE, xa, sizeof(xa) - 1);
	assert_int_equal(xa_prepare_parse(&event, &prepare, &err), 0);
	assert_true(prepare.one_phase);
	assert_true(str_eqs(prepare.xid.gtrid, "abc"));
	assert_true(str_eqs(prepare.xid.bqual, "de"));
}

static struct payload payload;

static int parse_payload(const char *body, size_t n)
{
	struct event event = bare_event(EVENT_TRANSACTION_PAYLOAD, body, n);
	struct err err = { 0 };

	return payload_parse(&event, &payload, &err);
}

TEST(case_80_81_the_header_of_a_payload)
{
	static const char zstd[] = "\2\1\0\3\3\xfc\xe8\3\1\1\5\0abcde";
	static const char none[] = "\2\3\xfc\xff\0\1\1\2\0ab";

	assert_int_equal(parse_payload(zstd, sizeof(zstd) - 1), 0);
	assert_int_equal(payload.compression, PAYLOAD_ZSTD);
	assert_int_equal(payload.uncompressed, 1000);
	assert_int_equal(reader_left(&payload.bytes), 5);
	assert_memory_equal(payload.bytes.at, "abcde", 5);
	for (size_t n = 0; n < sizeof(zstd) - 1; n++)
		assert_int_equal(parse_payload(zstd, n), ERR_CORRUPT);
	assert_int_equal(parse_payload(none, sizeof(none) - 1), 0);
	assert_int_equal(payload.compression, PAYLOAD_NONE);
	assert_int_equal(parse_payload("\2\1\1\1\1\0\0", 7), ERR_OPERATOR);
}

/* "-": names nothing. */
static void named(const char *text, const char *expected)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, XA_NAME_MAX);
	if (!xa_name_parse(str_of(text), &out))
		buf_adds(&out, "-");
	assert_string_equal(buf_str(&out), expected);
}

TEST(case_12_names_of_xa_transactions)
{
	named("X'61',X'62',7", "X'61',X'62',7");
	named("X'C3A9',X'',4294967295 ONE PHASE", "X'c3a9',X'',4294967295");
	named(" 'a' , 'b' , 3 ", "X'61',X'62',3");
	named("'it''s'", "X'69742773',X'',1");
	named("\"a'b\",0x00ff", "X'612762',X'00ff',1");
	named("x'61' one phase", "X'61',X'',1");
	named("''", "-");
	named("", "-");
	named("a", "-");
	named("'a", "-");
	named("X'6'", "-");
	named("X'61", "-");
	named("0x", "-");
	named("'a',", "-");
	named("'a','b',", "-");
	named("'a','b',x", "-");
	named("'a','b',4294967296", "-");
	named("'0123456789012345678901234567890123456789012345678901234567890"
	      "1234'",
	      "-");
}

TEST(the_longest_name_fits)
{
	static const char part[XID_PART_MAX] = { 1 };
	const struct xid xid = { UINT32_MAX,
				 { part, sizeof(part) },
				 { part, sizeof(part) } };
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, XA_NAME_MAX);
	xa_name_format(&xid, &out);
	assert_false(out.failed);
	assert_int_equal(out.n, XA_NAME_MAX);
}

RUN(CASE(case_12_names_of_xa_transactions), CASE(the_longest_name_fits),
    CASE(case_6_a_fake_rotate_is_told_from_a_real_one),
    CASE(a_query_without_variables), CASE(every_status_variable_is_walked),
    CASE(a_status_variable_of_tomorrow_ends_the_walk_only),
    CASE(case_85_truncated_queries_are_refused),
    CASE(texts_that_matter_to_transactions),
    CASE(case_98_all_forms_of_heartbeat), CASE(incident_xid_and_xa_prepare),
    CASE(case_80_81_the_header_of_a_payload))
