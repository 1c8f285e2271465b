#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"

#define A "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define B "4e11fa47-71ca-11e1-9e33-c80aa9429562"

static struct position position_of(const char *text)
{
	struct position position = { 0 };
	struct err err = { 0 };

	if (position_parse(str_of(text), &position, &err))
		fail_msg("%s", err.msg);
	return position;
}

static void prints(const struct position *position, const char *want)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, 100000);
	position_format(position, &out);
	assert_string_equal(buf_str(&out), want);
}

TEST(texts_are_brought_into_one_form)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
		{ "mysql:" A ":1-5", "mysql:" A ":1-5" },
		{ "mysql:" B ":2," A ":7:1-3:4-5",
		  "mysql:" A ":1-5:7," B ":2" },
		{ "mysql: " A ":1-3:5-9:4 ,\n" B ":1-1",
		  "mysql:" A ":1-9," B ":1" },
		{ "mysql:" A ":1-5:Zed:1-3:abc:2:1",
		  "mysql:" A ":1-5:abc:1-2:zed:1-3" },
		{ "mysql:", "mysql:" },
		{ "mariadb:1-2-9, 0-1-5", "mariadb:0-1-5,1-2-9" },
		{ "mariadb:", "mariadb:" },
		{ " file:mysql-bin.000007:4211 ",
		  "file:mysql-bin.000007:4211" },
		{ "file:a:b.000001:18446744073709551615",
		  "file:a:b.000001:18446744073709551615" },
	};

	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct position position = position_of(texts[i].in);

		prints(&position, texts[i].out);
		position_done(&position);
	}
}

TEST(what_is_no_position_is_refused)
{
	static const char *const texts[] = {
		"",
		A ":1-5",
		"mysql:" A,
		"mysql:" A ":",
		"mysql:" A ":0",
		"mysql:" A ":5-1",
		"mysql:" A ":1-",
		"mysql:" A ":1-9223372036854775807",
		"mysql:" A ":tag",
		"mysql:" A ":1:tag",
		"mysql:x:1",
		"mariadb:0-1",
		"mariadb:0-1-5,0-1-6",
		"mariadb:4294967296-1-5",
		"mariadb:0-1--5",
		"file:x",
		"file::4",
		"file:x:",
		"file:x:-1",
	};

	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct position position = { 0 };
		struct err err = { 0 };

		assert_int_equal(
			position_parse(str_of(texts[i]), &position, &err),
			ERR_CONFIG);
		assert_true(err.msg[0] != '\0');
	}
}

static bool contains(const char *whole, const char *part)
{
	struct position a = position_of(whole), b = position_of(part);
	bool yes = position_contains(&a, &b);

	position_done(&a);
	position_done(&b);
	return yes;
}

TEST(case_14_sets_contain_what_they_hold)
{
	assert_true(contains("mysql:" A ":1-10", "mysql:" A ":3-5:7"));
	assert_true(contains("mysql:" A ":1-10," B ":1", "mysql:" B ":1"));
	assert_true(contains("mysql:" A ":1-10", "mysql:"));
	assert_false(contains("mysql:" A ":1-5:7-10", "mysql:" A ":4-8"));
	assert_false(contains("mysql:" A ":1-5", "mysql:" A ":6"));
	assert_false(contains("mysql:" A ":1-5", "mysql:" B ":1"));
	assert_false(contains("mysql:" A ":1-5", "mysql:" A ":t:1"));
	assert_true(contains("mysql:" A ":t:1-5", "mysql:" A ":t:1"));
	assert_true(contains("mariadb:0-1-5,1-1-1", "mariadb:0-2-5"));
	assert_false(contains("mariadb:0-1-5", "mariadb:0-1-6"));
	assert_false(contains("mariadb:0-1-5", "mariadb:1-1-1"));
	assert_false(contains("mariadb:0-1-5", "mysql:"));
}

TEST(case_22_file_numbers_are_numbers)
{
	assert_true(contains("file:b.1000000:4", "file:b.999999:9999"));
	assert_false(contains("file:b.999999:9999", "file:b.1000000:4"));
	assert_true(contains("file:b.000002:4", "file:b.000002:4"));
	assert_false(contains("file:b.000002:4", "file:b.000002:5"));
	/* case 21: offsets of more than 32 bits */
	assert_true(contains("file:b.000002:4294967300",
			     "file:b.000002:4294967296"));
	assert_false(contains("file:b.000002:4", "file:c.000001:4"));
	assert_false(contains("file:c.000001:4", "file:b.000002:4"));
}

TEST(a_position_advances_by_gtids_of_its_kind)
{
	struct position position = { 0 };
	struct gtid gtid = { .kind = GTID_MYSQL, .gno = 2 };
	struct gtid maria = {
		.kind = GTID_MARIADB, .domain = 1, .server = 3, .seq = 4
	};

	assert_true(uuid_parse(STR(A), gtid.uuid));
	position_advance(&position, &gtid);
	prints(&position, "mysql:" A ":2");
	assert_true(position_has(&position, &gtid));
	gtid.gno = 1;
	assert_false(position_has(&position, &gtid));
	position_advance(&position, &gtid);
	prints(&position, "mysql:" A ":1-2");
	position_advance(&position, &maria);
	prints(&position, "mysql:" A ":1-2");
	position_set_file(&position, STR("b.000003"), 99);
	prints(&position, "mysql:" A ":1-2");
	position_done(&position);
	position_advance(&position, &maria);
	prints(&position, "mariadb:1-3-4");
	assert_true(position_has(&position, &maria));
	maria.seq = 5;
	assert_false(position_has(&position, &maria));
	position_done(&position);
}

TEST(copies_are_equal_and_apart)
{
	struct position a = position_of("mysql:" A ":1-5:7");
	struct position b = { 0 };
	struct gtid gtid = { .kind = GTID_MYSQL, .gno = 6 };
	CLEANUP(buf_done) struct buf out;

	position_set_file(&a, STR("b.000003"), UINT64_C(1) << 33);
	position_copy(&b, &a);
	assert_true(position_equal(&a, &b));
	assert_true(uuid_parse(STR(A), gtid.uuid));
	position_advance(&b, &gtid);
	prints(&b, "mysql:" A ":1-7");
	assert_false(position_equal(&a, &b));
	assert_true(position_contains(&b, &a));
	assert_int_equal(gtid_set_missing(&a.mysql, &b.mysql), 1);
	assert_int_equal(gtid_set_missing(&b.mysql, &a.mysql), 0);
	buf_init(&out, 100);
	position_format_file(&b, &out);
	assert_string_equal(buf_str(&out), "b.000003:8589934592");
	position_done(&a);
	position_done(&b);
}

TEST(a_set_grows_in_any_order)
{
	uint8_t uuid[UUID_BYTES];
	struct position position = position_of("mysql:");

	/* 1..1000 by steps of 7, which visits each number once. */
	assert_true(uuid_parse(STR(A), uuid));
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t n = i * 7 % 1000 + 1;

		gtid_set_add(&position.mysql, uuid, "",
			     (struct gtid_interval){ n, n });
	}
	prints(&position, "mysql:" A ":1-1000");
	position_done(&position);
}

static void encodes(const char *text, const char *bytes, size_t n)
{
	struct position position = position_of(text);
	CLEANUP(gtid_set_done) struct gtid_set back = { 0 };
	CLEANUP(buf_done) struct buf out;
	struct err err = { 0 };

	buf_init(&out, 10000);
	gtid_set_encode(&position.mysql, &out);
	assert_int_equal(out.n, n);
	assert_memory_equal(out.at, bytes, n);
	for (size_t i = 0; i <= n; i++) {
		struct reader r = reader_of(bytes, i);

		gtid_set_done(&back);
		assert_int_equal(gtid_set_decode(&back, &r, &err),
				 i < n ? ERR_CORRUPT : 0);
	}
	assert_true(gtid_set_equal(&back, &position.mysql));
	position_done(&position);
}

#define RAW(first)                                                             \
	first "\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"
#define ENCODES(text, bytes) encodes(text, bytes, sizeof(bytes) - 1)

TEST(sets_as_the_dump_command_wants_them)
{
	ENCODES("mysql:", "\0\0\0\0\0\0\0\0");
	ENCODES("mysql:" A ":1-5:7",
		"\1\0\0\0\0\0\0\0" RAW("\x3e") "\2\0\0\0\0\0\0\0"
					       "\1\0\0\0\0\0\0\0\6\0\0\0\0\0\0"
					       "\0\7\0\0\0\0\0\0\0\x08\0\0\0\0"
					       "\0\0\0");
	ENCODES("mysql:" A ":1:ab:2",
		"\1\2\0\0\0\0\0\1" RAW("\x3e") "\0\1\0\0\0\0\0\0\0"
					       "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0"
					       "\0" RAW("\x3e") "\4"
								"ab\1\0\0\0\0\0"
								"\0\0\2\0\0\0\0"
								"\0\0\0\3\0\0\0"
								"\0\0\0\0");
}

TEST(case_19_another_servers_number_must_be_higher)
{
	struct position position = { 0 };
	struct err err = { 0 };
	struct gtid gtid = {
		.kind = GTID_MARIADB, .domain = 1, .server = 9, .seq = 4
	};

	assert_int_equal(
		position_parse(STR("mariadb:0-1-7,1-2-4"), &position, &err), 0);
	assert_false(position_may_follow(&position, &gtid));
	gtid.seq = 5;
	assert_true(position_may_follow(&position, &gtid));
	gtid = (struct gtid){ .kind = GTID_MARIADB, .domain = 1, .server = 2 };
	assert_true(position_may_follow(&position, &gtid)); /* known */
	gtid.domain = 2;
	assert_true(position_may_follow(&position, &gtid));
	gtid_pos_drop(&position.mariadb, 5);
	prints(&position, "mariadb:0-1-7,1-2-4");
	gtid_pos_drop(&position.mariadb, 0);
	prints(&position, "mariadb:1-2-4");
	position_done(&position);
}

TEST(a_gtid_list_of_mariadb)
{
	static const char body[] = "\2\0\0\x10"
				   "\1\0\0\0\2\0\0\0\3\0\0\0\0\0\0\0"
				   "\0\0\0\0\4\0\0\0\5\0\0\0\0\0\0\0";
	struct event event =
		bare_event(EVENT_GTID_LIST, body, sizeof(body) - 1);
	struct err err = { 0 };
	struct gtid_pos pos;
	CLEANUP(buf_done) struct buf out;

	assert_int_equal(gtid_pos_decode(&event, &pos, &err), 0);
	buf_init(&out, 100);
	gtid_pos_format(&pos, &out);
	assert_string_equal(buf_str(&out), "0-4-5,1-2-3");
	gtid_pos_done(&pos);
	for (size_t n = 0; n < sizeof(body) - 1; n++) {
		event = bare_event(EVENT_GTID_LIST, body, n);
		assert_int_equal(gtid_pos_decode(&event, &pos, &err),
				 ERR_CORRUPT);
	}
}

RUN(CASE(texts_are_brought_into_one_form), CASE(what_is_no_position_is_refused),
    CASE(case_14_sets_contain_what_they_hold),
    CASE(case_22_file_numbers_are_numbers),
    CASE(case_19_another_servers_number_must_be_higher),
    CASE(a_position_advances_by_gtids_of_its_kind),
    CASE(copies_are_equal_and_apart), CASE(a_set_grows_in_any_order),
    CASE(sets_as_the_dump_command_wants_them), CASE(a_gtid_list_of_mariadb))
