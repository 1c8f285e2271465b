#include "tests/lib/test.h"

#include "base/err.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"

TEST(a_right_checksum_is_taken_off)
{
	uint8_t bytes[MADE_MAX];
	size_t n = make_event(bytes, EVENT_XID, 0, "\1\2\3\4\5\6\7\10", 8);
	struct err err = { 0 };
	struct event event;

	assert_int_equal(event_parse(bytes, n, CHECKSUM_VERIFY, &event, &err),
			 0);
	assert_int_equal(reader_left(&event.body), 8);
	assert_int_equal(event.server_id, 7);
	assert_int_equal(event.log_pos, 4242);
	assert_int_equal(event_parse(bytes, n, CHECKSUM_NONE, &event, &err), 0);
	assert_int_equal(reader_left(&event.body), 12);
}

TEST(any_flipped_bit_is_seen)
{
	uint8_t bytes[MADE_MAX];
	size_t n = make_event(bytes, EVENT_XID, 0, "\1\2\3\4\5\6\7\10", 8);
	struct err err = { 0 };
	struct event event;

	for (size_t bit = 0; bit < n * 8; bit++) {
		/* In the type, one bit makes a description of it, whose
		 * checksum format_parse() looks at. */
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bytes[4] != EVENT_FORMAT_DESCRIPTION)
			assert_int_equal(event_parse(bytes, n, CHECKSUM_VERIFY,
						     &event, &err),
					 ERR_CORRUPT);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

TEST(case_85_no_truncation_passes)
{
	uint8_t bytes[MADE_MAX];
	size_t n = make_event(bytes, EVENT_XID, 0, "12345678", 8);
	struct err err = { 0 };
	struct event event;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			event_parse(bytes, i, CHECKSUM_SKIP, &event, &err),
			ERR_CORRUPT);
}

static int check(uint8_t type, uint16_t flags, bool *pass, struct err *err)
{
	struct event event = bare_event(type, "", 0);

	event.flags = flags;
	return event_check_type(&event, pass, err);
}

TEST(case_26_unknown_types_stop_unless_ignorable)
{
	struct err err = { 0 };
	bool pass = true;

	assert_int_equal(check(EVENT_TABLE_MAP, 0, &pass, &err), 0);
	assert_false(pass);
	assert_int_equal(check(EVENT_ROWS_QUERY, 0, &pass, &err), 0);
	assert_true(pass);
	pass = false;
	assert_int_equal(check(120, EVENT_IGNORABLE_F, &pass, &err), 0);
	assert_true(pass);
	assert_int_equal(check(120, 0, &pass, &err), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "120"));
	assert_non_null(strstr(err.msg, "4242"));
	assert_int_equal(check(EVENT_PRE_GA_WRITE_ROWS, 0, &pass, &err),
			 ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "5.1.18"));
	assert_string_equal(event_type_name(EVENT_XID), "XID");
	assert_string_equal(event_type_name(99), "unknown");
}

/* A description with 40 post-header lengths, as MySQL makes it. */
static size_t description(uint8_t out[MADE_MAX], const char *server,
			  uint8_t alg)
{
	uint8_t body[2 + 50 + 4 + 1 + 40 + 1] = { 4 };

	memcpy(body + 2, server, strlen(server));
	put_le(body + 52, 99, 4);
	body[56] = 19;
	memset(body + 57, 8, 40);
	body[57 + EVENT_TABLE_MAP - 1] = 8;
	body[57 + EVENT_WRITE_ROWS - 1] = 10;
	body[97] = alg;
	return make_event(out, EVENT_FORMAT_DESCRIPTION, 0, body, sizeof(body));
}

static int parse(const uint8_t *bytes, size_t n, struct format *format,
		 struct err *err)
{
	struct event event;

	if (event_parse(bytes, n, CHECKSUM_VERIFY, &event, err))
		return err->code;
	return format_parse(&event, format, err);
}

TEST(a_description_says_who_and_how)
{
	uint8_t bytes[MADE_MAX];
	struct err err = { 0 };
	struct format format;
	size_t n = description(bytes, "9.7.0", 1);

	assert_int_equal(parse(bytes, n, &format, &err), 0);
	assert_string_equal(format.server, "9.7.0");
	assert_false(format.mariadb);
	assert_int_equal(format.created, 99);
	assert_int_equal(format.checksum, CHECKSUM_VERIFY);
	assert_int_equal(format.post_header[EVENT_WRITE_ROWS], 10);
	n = description(bytes, "5.5.5-10.11.6-MariaDB-log", 0);
	assert_int_equal(parse(bytes, n, &format, &err), 0);
	assert_true(format.mariadb);
	assert_int_equal(format.checksum, CHECKSUM_NONE);
}

TEST(the_flag_of_an_open_file_is_no_part_of_the_checksum)
{
	uint8_t bytes[MADE_MAX];
	struct err err = { 0 };
	struct format format;
	size_t n = description(bytes, "8.0.36", 1);

	bytes[17] |= EVENT_IN_USE;
	assert_int_equal(parse(bytes, n, &format, &err), 0);
	bytes[30] ^= 1;
	assert_int_equal(parse(bytes, n, &format, &err), ERR_CORRUPT);
}

TEST(descriptions_that_cannot_be_are_refused)
{
	uint8_t bytes[MADE_MAX];
	struct err err = { 0 };
	struct format format;
	size_t n = description(bytes, "8.0.36", 7);

	assert_int_equal(parse(bytes, n, &format, &err), ERR_OPERATOR);
	n = description(bytes, "8.0.36", 1);
	bytes[EVENT_HEADER] = 3;
	assert_int_equal(parse(bytes, n, &format, &err), ERR_OPERATOR);
	/* The algorithm alone was changed, or the version. */
	n = description(bytes, "8.0.36", 1);
	bytes[n - EVENT_CHECKSUM - 1] = 0;
	assert_int_equal(parse(bytes, n, &format, &err), ERR_CORRUPT);
	n = description(bytes, "5.5.62", 1);
	assert_int_equal(parse(bytes, n, &format, &err), ERR_OPERATOR);
	n = description(bytes, "8.0.36", 0);
	for (size_t i = EVENT_HEADER; i < n - 60; i++) {
		put_le(bytes + 9, i, 4);
		assert_int_not_equal(parse(bytes, i, &format, &err), 0);
	}
}

RUN(CASE(a_right_checksum_is_taken_off), CASE(any_flipped_bit_is_seen),
    CASE(case_85_no_truncation_passes),
    CASE(case_26_unknown_types_stop_unless_ignorable),
    CASE(a_description_says_who_and_how),
    CASE(the_flag_of_an_open_file_is_no_part_of_the_checksum),
    CASE(descriptions_that_cannot_be_are_refused))
