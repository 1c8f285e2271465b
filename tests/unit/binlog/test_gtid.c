#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/gtid.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"

#define UUID "\x3e\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"
#define UUID_AS_TEXT "3e11fa47-71ca-11e1-9e33-c80aa9429562"

static struct gtid gtid;

static int parse(uint8_t type, const void *body, size_t n)
{
	struct event event = bare_event(type, body, n);
	struct err err = { 0 };

	return gtid_parse(&event, &gtid, &err);
}

static void prints(const char *want)
{
	CLEANUP(buf_done) struct buf out;

	buf_init(&out, 1000);
	gtid_format(&gtid, &out);
	assert_string_equal(buf_str(&out), want);
}

#define CLASSIC                                                                \
	"\1" UUID "\5\0\0\0\0\0\0\0"                                           \
	"\2\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0"
/* immediate 1, original the same; length 300; version */
#define TIMES "\1\0\0\0\0\0\0\xfc\x2c\1\x90\x5f\1\0"

TEST(a_gtid_of_mysql)
{
	static const char body[] = CLASSIC TIMES;

	assert_int_equal(parse(EVENT_GTID, body, sizeof(body) - 1), 0);
	assert_int_equal(gtid.kind, GTID_MYSQL);
	prints(UUID_AS_TEXT ":5");
	assert_int_equal(gtid.last_committed, 3);
	assert_int_equal(gtid.sequence_number, 4);
	assert_int_equal(gtid.immediate_commit_us, 1);
	assert_int_equal(gtid.original_commit_us, 1);
	assert_int_equal(gtid.transaction_bytes, 300);
	/* MySQL 5.6 and 5.7 end earlier */
	assert_int_equal(parse(EVENT_GTID, body, 42), 0);
	assert_int_equal(gtid.immediate_commit_us, 0);
	assert_int_equal(parse(EVENT_GTID, body, 25), 0);
	for (size_t n = 0; n < 25; n++)
		assert_int_equal(parse(EVENT_GTID, body, n), ERR_CORRUPT);
}

TEST(an_original_commit_time_of_another_server)
{
	static const char body[] = CLASSIC "\1\0\0\0\0\0\x80"
					   "\7\0\0\0\0\0\0"
					   "\x20";

	assert_int_equal(parse(EVENT_GTID, body, sizeof(body) - 1), 0);
	assert_int_equal(gtid.immediate_commit_us, 1);
	assert_int_equal(gtid.original_commit_us, 7);
	assert_int_equal(gtid.transaction_bytes, 32);
	assert_int_equal(parse(EVENT_ANONYMOUS_GTID, body, sizeof(body) - 1),
			 0);
	assert_int_equal(gtid.kind, GTID_NONE);
	prints("anonymous");
}

TEST(a_gtid_of_number_zero_is_none)
{
	static const char body[] = "\1" UUID "\0\0\0\0\0\0\0\0";

	assert_int_equal(parse(EVENT_GTID, body, sizeof(body) - 1),
			 ERR_CORRUPT);
	assert_int_equal(parse(EVENT_ANONYMOUS_GTID, body, sizeof(body) - 1),
			 0);
}

static size_t put_varint(uint8_t *at, uint64_t number)
{
	unsigned n = 1;

	while (n < 9 && number >> (7 * n))
		n++;
	if (n == 9) {
		at[0] = 0xff;
		put_le(at + 1, number, 8);
		return 9;
	}
	put_le(at, number << n | ((1u << (n - 1)) - 1), n);
	return n;
}

static size_t put_signed(uint8_t *at, int64_t number)
{
	uint64_t zigzag = number < 0 ? ((uint64_t) - (number + 1) << 1) | 1
				     : (uint64_t)number << 1;

	return put_varint(at, zigzag);
}

/* As MySQL 8.3 and later write it, with every field. */
static size_t tagged(uint8_t out[MADE_MAX], const char *tag, int64_t gno,
		     uint8_t extra_field)
{
	static const uint8_t uuid[] = UUID;
	uint8_t fields[512];
	size_t n = 0;

	fields[n++] = 0 << 1;
	n += put_varint(fields + n, 1);
	fields[n++] = 1 << 1;
	for (size_t i = 0; i < UUID_BYTES; i++)
		n += put_varint(fields + n, uuid[i]);
	fields[n++] = 2 << 1;
	n += put_signed(fields + n, gno);
	fields[n++] = 3 << 1;
	n += put_varint(fields + n, strlen(tag));
	memcpy(fields + n, tag, strlen(tag));
	n += strlen(tag);
	fields[n++] = 4 << 1;
	n += put_signed(fields + n, -1);
	fields[n++] = 5 << 1;
	n += put_signed(fields + n, 300);
	fields[n++] = 6 << 1;
	n += put_varint(fields + n, UINT64_C(1700000000123456));
	fields[n++] = 8 << 1;
	n += put_varint(fields + n, UINT64_MAX);
	fields[n++] = 9 << 1;
	n += put_varint(fields + n, 90700);
	if (extra_field) {
		fields[n++] = (uint8_t)(extra_field << 1);
		n += put_varint(fields + n, 1);
	}
	/* The size counts itself and what stands before it: here 1 + 2 + 1. */
	out[0] = 1 << 1;
	put_le(out + 1, (n + 4) << 2 | 1, 2);
	out[3] = 0;
	memcpy(out + 4, fields, n);
	return n + 4;
}

TEST(a_tagged_gtid)
{
	uint8_t body[MADE_MAX];
	size_t n = tagged(body, "my_tag1", 70000, 0);

	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), 0);
	prints(UUID_AS_TEXT ":my_tag1:70000");
	assert_int_equal(gtid.last_committed, -1);
	assert_int_equal(gtid.sequence_number, 300);
	assert_true(gtid.immediate_commit_us == 1700000000123456);
	assert_true(gtid.original_commit_us == 1700000000123456);
	assert_true(gtid.transaction_bytes == UINT64_MAX);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(parse(EVENT_GTID_TAGGED, body, i),
				 ERR_CORRUPT);
	/* A field of tomorrow, which may be ignored. */
	n = tagged(body, "", 1, 40);
	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), 0);
	prints(UUID_AS_TEXT ":1");
}

TEST(a_tagged_gtid_that_cannot_be)
{
	uint8_t body[MADE_MAX];
	size_t n = tagged(body, "Bad-tag", 1, 0);

	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), ERR_CORRUPT);
	n = tagged(body, "tag", -5, 0);
	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), ERR_CORRUPT);
	/* The number says one more than the field's. */
	n = tagged(body, "tag", 5, 0);
	body[3] = 12 << 1;
	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), 0);
	body[3] = 13 << 1;
	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), ERR_OPERATOR);
	body[3] = 0;
	body[0] = 2 << 1; /* another format of messages */
	assert_int_equal(parse(EVENT_GTID_TAGGED, body, n), ERR_OPERATOR);
}

TEST(a_gtid_of_mariadb)
{
	static const char plain[] = "\5\0\0\0\0\0\0\1\2\0\0\0\4\0\0\0\0\0\0";
	static const char ddl[] = "\5\0\0\0\0\0\0\0\2\0\0\0\x29";
	static const char group[] = "\5\0\0\0\0\0\0\0\2\0\0\0\6\x09\0\0\0\0\0\0"
				    "\0";
	static const char xa[] = "\5\0\0\0\0\0\0\0\2\0\0\0\x44\1\0\0\0\3\1abcd"
				 "\4\7\0\0\0\0\0\0\0";

	assert_int_equal(parse(EVENT_MARIADB_GTID, plain, sizeof(plain) - 1),
			 0);
	prints("2-7-72057594037927941");
	assert_int_equal(parse(EVENT_MARIADB_GTID, ddl, sizeof(ddl) - 1), 0);
	prints("2-7-5");
	assert_true(gtid.flags2 & GTID_STANDALONE);
	assert_int_equal(parse(EVENT_MARIADB_GTID, group, sizeof(group) - 1),
			 0);
	assert_int_equal(gtid.commit_id, 9);
	assert_int_equal(parse(EVENT_MARIADB_GTID, xa, sizeof(xa) - 1), 0);
	assert_true(str_eqs(gtid.xid.gtrid, "abc"));
	assert_true(str_eqs(gtid.xid.bqual, "d"));
	assert_int_equal(gtid.flags_extra, GTID_COMMIT_ALTER);
	assert_int_equal(gtid.start_alter, 7);
	for (size_t n = 0; n < 13; n++)
		assert_int_equal(parse(EVENT_MARIADB_GTID, xa, n), ERR_CORRUPT);
}

TEST(uuids_and_tags)
{
	uint8_t uuid[UUID_BYTES];
	char tag[GTID_TAG_MAX + 1];

	assert_true(uuid_parse(STR(UUID_AS_TEXT), uuid));
	assert_memory_equal(uuid, UUID, UUID_BYTES);
	assert_true(uuid_parse(STR("3E11FA4771CA11E19E33C80AA9429562"), uuid));
	assert_false(
		uuid_parse(STR("3e11fa47-71ca-11e1-9e33-c80aa942956"), uuid));
	assert_false(
		uuid_parse(STR("3e11fa47-71ca-11e1-9e33-c80aa942956g"), uuid));
	assert_false(
		uuid_parse(STR("3e11fa47+71ca-11e1-9e33-c80aa9429562"), uuid));
	assert_true(gtid_tag_parse(STR("Abc_9"), tag));
	assert_string_equal(tag, "abc_9");
	assert_false(gtid_tag_parse(STR("9a"), tag));
	assert_false(gtid_tag_parse(STR(""), tag));
	assert_false(
		gtid_tag_parse(STR("a12345678901234567890123456789012"), tag));
}

RUN(CASE(a_gtid_of_mysql), CASE(an_original_commit_time_of_another_server),
    CASE(a_gtid_of_number_zero_is_none), CASE(a_tagged_gtid),
    CASE(a_tagged_gtid_that_cannot_be), CASE(a_gtid_of_mariadb),
    CASE(uuids_and_tags))
