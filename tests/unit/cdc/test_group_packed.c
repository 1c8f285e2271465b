/* Events inside others, in fragments, without what belongs to them. */
#include "tests/unit/cdc/group_bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { INSIDE_MAX = 64 * 1024 };

/* What is sent from here on goes into `inside`. */
static void begin_inside(struct bench *b, struct buf *inside)
{
	buf_init(inside, INSIDE_MAX);
	b->into = inside;
}

/* It was a payload that is not compressed. */
static int send_payload(struct bench *b, struct buf *inside)
{
	struct buf body;

	b->into = NULL;
	buf_init(&body, EVENT_MAX);
	put(&body, 1, 1); /* size */
	put(&body, 3, 1);
	put(&body, 0xfc, 1);
	put(&body, inside->n, 2);
	put(&body, 2, 1); /* compression: none */
	put(&body, 3, 1);
	put(&body, 0xfc, 1);
	put(&body, 255, 2);
	put(&body, 0, 1);
	buf_add(&body, inside->at, inside->n);
	buf_done(inside);
	return send_event(b, EVENT_TRANSACTION_PAYLOAD, &body);
}

static void add_transaction(struct bench *b, unsigned id)
{
	query(b, "BEGIN");
	map(b, STORE, "store");
	insert(b, STORE, id);
	insert(b, STORE, id + 1);
	xid(b);
}

TEST(case_80_a_payload_is_a_transaction)
{
	struct bench *b = *state;
	struct buf inside;

	open_mysql(b);
	good(b, gtid(b, 6));
	begin_inside(b, &inside);
	add_transaction(b, 3);
	good(b, send_payload(b, &inside));
	wrote(b, "+3 +4 [mysql:" U ":1-6 " U ":6 2] ");
	/* Known from before: nothing of it is looked at. */
	good(b, gtid(b, 4));
	begin_inside(b, &inside);
	buf_adds(&inside, "no events");
	good(b, send_payload(b, &inside));
	wrote(b, "");
	assert_int_equal(group_counts(b->group)->groups_known, 1);
	assert_false(group_is_open(b->group));
}

TEST(case_80_the_position_is_the_end_of_the_payload)
{
	struct bench *b = *state;
	char expected[100];
	struct buf inside;

	open_log(b, "file:bin.000001:4", "8.4.2");
	buf_reset(&b->journal, 1024);
	begin_inside(b, &inside);
	add_transaction(b, 3);
	good(b, send_payload(b, &inside));
	snprintf(expected, sizeof(expected),
		 "+3 +4 [file:bin.000001:%u bin.000001:%u 2] ", b->at, b->at);
	wrote(b, expected);
}

TEST(case_80_what_does_not_belong_into_a_payload)
{
	struct bench *b = *state;
	struct buf inside;

	open_mysql(b);
	good(b, gtid(b, 6));
	begin_inside(b, &inside);
	query(b, "BEGIN");
	gtid(b, 7);
	refused(b, send_payload(b, &inside), ERR_CORRUPT,
		"GTID (33) inside a transaction payload");
	begin_inside(b, &inside);
	send_rotate(b, "bin.000009", 4, false);
	refused(b, send_payload(b, &inside), ERR_CORRUPT, "ROTATE");
	begin_inside(b, &inside);
	map(b, STORE, "store");
	insert(b, STORE, 3);
	inside.n--;
	refused(b, send_payload(b, &inside), ERR_CORRUPT,
		"in the middle of an event");
}

/* A rows event in two pieces; which come, from 1, as bits. */
static int send_fragments(struct bench *b, unsigned which, unsigned id)
{
	struct buf inside, body;
	int fail = 0;

	begin_inside(b, &inside);
	insert(b, STORE, id);
	b->into = NULL;
	for (unsigned i = 0; i < 2 && !fail; i++) {
		size_t half = inside.n / 2;

		if (!(which >> i & 1))
			continue;
		buf_init(&body, EVENT_MAX);
		put(&body, 2, 4);
		put(&body, i + 1, 4);
		put(&body, i == 0, 1);
		if (i == 0)
			put(&body, inside.n, 8);
		buf_add(&body, i ? inside.at + half : inside.at,
			i ? inside.n - half : half);
		fail = send_event(b, EVENT_PARTIAL_ROW_DATA, &body);
	}
	buf_done(&inside);
	return fail;
}

TEST(case_84_fragments_become_rows)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, send_fragments(b, 3, 7));
	good(b, send_fragments(b, 3, 8));
	good(b, xid(b));
	wrote(b, "+7 +8 [mariadb:0-1-6 0-1-6 2] ");
}

TEST(case_84_an_end_before_the_last_fragment)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, send_fragments(b, 1, 7));
	refused(b, xid(b), ERR_CORRUPT, "between fragment 1 and 2 of 2");
}

TEST(case_84_fragments_go_with_a_group_cut_off)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, send_fragments(b, 1, 7));
	/* The server crashed and started again. */
	good(b, send_format(b, "12.3.1-MariaDB-log"));
	good(b, maria_gtid(b, 6, 0));
	good(b, map(b, STORE, "store"));
	good(b, send_fragments(b, 3, 8));
	good(b, xid(b));
	wrote(b, "+8 [mariadb:0-1-6 0-1-6 1] ");
	/* Of a group that was done before they are not even put together. */
	good(b, maria_gtid(b, 5, 0));
	good(b, send_fragments(b, 2, 9));
	good(b, xid(b));
	wrote(b, "");
}

TEST(rows_without_their_map_name_the_place)
{
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	refused(b, insert(b, OTHER, 3), ERR_CORRUPT,
		"WRITE_ROWS: rows of table id 71 without its map");
	assert_non_null(strstr(b->err.msg, "bin.000001:"));
}

TEST(case_60_a_dummy_id_ends_a_statement)
{
	struct bench *b = *state;
	struct buf body;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	buf_init(&body, EVENT_MAX);
	put(&body, 0xffffffffffff, 6);
	put(&body, 1, 2);
	put(&body, 2, 2);
	put(&body, 0, 1);
	good(b, send_event(b, EVENT_WRITE_ROWS, &body));
	good(b, insert(b, STORE, 3));
	good(b, xid(b));
	wrote(b, "+3 [mysql:" U ":1-6 " U ":6 1] ");
}

TEST(case_157_a_statement_of_several_row_events)
{
	static const unsigned ids[] = { 3, 4 };
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	good(b, map(b, STORE, "store"));
	good(b, rows_as(b, EVENT_WRITE_ROWS, STORE, 0, ids, 2));
	good(b, rows_as(b, EVENT_WRITE_ROWS, STORE, 0, ids, 1));
	good(b, rows_as(b, EVENT_WRITE_ROWS, STORE, 1, ids + 1, 1));
	good(b, xid(b));
	wrote(b, "+3 +4 +3 +4 [mysql:" U ":1-6 " U ":6 4] ");
}

static int heartbeat(struct bench *b, const char *file, uint32_t offset)
{
	struct buf body;
	uint32_t at = b->at;
	int fail;

	buf_init(&body, EVENT_MAX);
	buf_adds(&body, file);
	/* Not artificial: it says where the server is. */
	b->at = offset - (uint32_t)(19 + body.n + 4);
	fail = send_flagged(b, EVENT_HEARTBEAT, 0, &body);
	buf_done(&body);
	b->at = at;
	return fail;
}

TEST(case_28_a_heartbeat_moves_offsets_and_no_gtid)
{
	struct bench *b = *state;

	open_log(b, "file:bin.000001:4", "8.4.2");
	buf_reset(&b->journal, 1024);
	good(b, heartbeat(b, "bin.000001", 5000));
	wrote(b, "[file:bin.000001:5000 - 0] ");
	open_mysql(b);
	good(b, heartbeat(b, "bin.000001", 5000));
	wrote(b, "");
	assert_int_equal(group_counts(b->group)->heartbeats, 1);
}

TEST(case_89_an_event_the_server_replaced)
{
	struct bench *b = *state;

	open_mariadb(b);
	good(b, maria_gtid(b, 6, 0));
	refused(b,
		query(b, "# Dummy event replacing event type 172 that slave "
			 "cannot handle."),
		ERR_OPERATOR, "thinks we do not know");
}

TEST(case_156_159_events_that_say_nothing_of_rows)
{
	static const int types[] = { EVENT_START_ENCRYPTION,
				     EVENT_ANNOTATE_ROWS, EVENT_ROWS_QUERY,
				     EVENT_BINLOG_CHECKPOINT, EVENT_RAND };
	struct bench *b = *state;

	open_mysql(b);
	good(b, gtid(b, 6));
	good(b, query(b, "BEGIN"));
	for (size_t i = 0; i < LENGTH(types); i++) {
		struct buf body;

		buf_init(&body, EVENT_MAX);
		buf_adds(&body, "secret");
		good(b, send_event(b, types[i], &body));
	}
	good(b, xid(b));
	wrote(b, "[mysql:" U ":1-6 " U ":6 0] ");
	assert_int_equal(group_counts(b->group)->ignored_events, LENGTH(types));
}

TEST(case_23_events_without_an_offset)
{
	struct bench *b = *state;
	uint32_t begun;

	open_log(b, "file:bin.000001:4", "11.8.2-MariaDB-log");
	good(b, maria_gtid(b, 6, 0));
	begun = b->at;
	b->no_offset = true;
	good(b, map(b, STORE, "store"));
	refused(b, insert(b, OTHER, 3), ERR_CORRUPT, "without its map");
	/* The place is that of the rows, behind the map. */
	assert_int_equal(strtoul(strchr(b->err.msg, ':') + 1, NULL, 10),
			 begun + 19 + 4 + 8 + 6 + 7 + 1 + 2 + 1 + 2 + 1);
}

RUN(GROUP(case_80_a_payload_is_a_transaction),
    GROUP(case_80_the_position_is_the_end_of_the_payload),
    GROUP(case_80_what_does_not_belong_into_a_payload),
    GROUP(case_84_fragments_become_rows),
    GROUP(case_84_an_end_before_the_last_fragment),
    GROUP(case_84_fragments_go_with_a_group_cut_off),
    GROUP(rows_without_their_map_name_the_place),
    GROUP(case_60_a_dummy_id_ends_a_statement),
    GROUP(case_157_a_statement_of_several_row_events),
    GROUP(case_28_a_heartbeat_moves_offsets_and_no_gtid),
    GROUP(case_89_an_event_the_server_replaced),
    GROUP(case_156_159_events_that_say_nothing_of_rows),
    GROUP(case_23_events_without_an_offset))
