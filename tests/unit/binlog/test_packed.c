/* Compressed and fragmented events from bytes made by hand: what the servers
 * at hand do not write, and what none should. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/fragments.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/types.h"
#include "tests/unit/binlog/event.h"

enum { EVENT_MAX = 1 << 20, INNER = 1000, BIG = 300 * 1024 };

static struct err err;

/* ---- Payloads ---- */

/* Events as they stand in a payload: 0 … count - 1 in the server id. */
static void add_inner(struct buf *out, size_t count, size_t body)
{
	uint8_t *at = mem_zalloc(EVENT_HEADER + body);

	for (size_t i = 0; i < count; i++) {
		put_le(at, 1700000000, 4);
		at[4] = EVENT_ROWS_QUERY;
		put_le(at + 5, i, 4);
		put_le(at + 9, EVENT_HEADER + body, 4);
		buf_add(out, at, EVENT_HEADER + body);
	}
	free(at);
}

/* One frame, made without knowing the size, as the server does. */
static void add_frame(struct buf *out, const void *bytes, size_t n, int level)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_inBuffer in = { bytes, n, 0 };
	ZSTD_outBuffer to = { .size = ZSTD_compressBound(n) + 1024 };

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
	to.dst = buf_room(out, to.size);
	assert_non_null(to.dst);
	ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_flush);
	assert_int_equal(ZSTD_compressStream2(zstd, &to, &in, ZSTD_e_end), 0);
	out->n += to.pos;
	ZSTD_freeCCtx(zstd);
}

/* How many events come out, each in its place; or a negative code. */
static int events_of(struct payload_stream *stream, const struct payload *from,
		     size_t body)
{
	const uint8_t *at = NULL;
	size_t n = 0;
	int count = 0, rc;

	err = (struct err){ 0 };
	payload_open(stream, from);
	while ((rc = payload_next(stream, &at, &n, &err)) > 0) {
		struct event event;

		assert_int_equal(
			event_parse(at, n, CHECKSUM_NONE, &event, &err), 0);
		assert_int_equal(event.server_id, count);
		assert_int_equal(n, EVENT_HEADER + body);
		count++;
	}
	payload_close(stream);
	return rc < 0 ? rc : count;
}

static int expand(const struct buf *bytes, enum payload_compression how,
		  size_t max, size_t body)
{
	struct payload_stream *stream = payload_stream_new(max);
	struct payload payload = {
		.compression = how,
		.uncompressed = 7, /* wrong, and of no consequence */
		.bytes = reader_of(bytes->at, bytes->n),
	};
	int first = events_of(stream, &payload, body);

	/* The same stream takes another payload, whatever came before. */
	assert_int_equal(events_of(stream, &payload, body), first);
	payload_stream_free(stream);
	return first;
}

TEST(case_80_81_events_come_out_one_by_one)
{
	static const size_t bodies[] = { 0, 1, 100, BIG };

	for (size_t i = 0; i < LENGTH(bodies); i++) {
		CLEANUP(buf_done) struct buf plain, frame;
		size_t count = bodies[i] == BIG ? 9 : INNER;

		buf_init(&plain, 1 << 24);
		buf_init(&frame, 1 << 24);
		add_inner(&plain, count, bodies[i]);
		add_frame(&frame, plain.at, plain.n, 3);
		assert_int_equal(
			expand(&frame, PAYLOAD_ZSTD, EVENT_MAX, bodies[i]),
			count);
		assert_int_equal(
			expand(&plain, PAYLOAD_NONE, EVENT_MAX, bodies[i]),
			count);
		buf_reset(&frame, 0);
		/* Two frames; the border is inside an event. */
		add_frame(&frame, plain.at, plain.n / 2 + 3, 1);
		add_frame(&frame, plain.at + plain.n / 2 + 3,
			  plain.n - plain.n / 2 - 3, 19);
		assert_int_equal(
			expand(&frame, PAYLOAD_ZSTD, EVENT_MAX, bodies[i]),
			count);
	}
}

TEST(case_80_a_payload_that_ends_early)
{
	CLEANUP(buf_done) struct buf plain, frame;

	buf_init(&plain, 1 << 20);
	buf_init(&frame, 1 << 20);
	add_inner(&plain, 3, 50);
	add_frame(&frame, plain.at, plain.n, 3);
	for (size_t n = 1; n < frame.n; n++) {
		struct buf part = frame;

		part.n = n;
		assert_int_equal(expand(&part, PAYLOAD_ZSTD, EVENT_MAX, 50),
				 ERR_CORRUPT);
	}
	plain.n -= 1;
	assert_int_equal(expand(&plain, PAYLOAD_NONE, EVENT_MAX, 50),
			 ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "in the middle of an event"));
	/* A whole frame with half an event. */
	buf_reset(&frame, 0);
	add_frame(&frame, plain.at, plain.n, 3);
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, EVENT_MAX, 50),
			 ERR_CORRUPT);
	/* No zstd at all. */
	assert_int_equal(expand(&plain, PAYLOAD_ZSTD, EVENT_MAX, 50),
			 ERR_CORRUPT);
	buf_reset(&frame, 0);
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, EVENT_MAX, 50), 0);
}

TEST(case_80_what_is_too_large_inside_is_refused)
{
	CLEANUP(buf_done) struct buf plain, frame;

	buf_init(&plain, 1 << 24);
	buf_init(&frame, 1 << 24);
	add_inner(&plain, 1, EVENT_MAX);
	add_frame(&frame, plain.at, plain.n, 3);
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, EVENT_MAX, 0),
			 ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "max_value_size"));
	/* Smaller than its own header. */
	put_le((uint8_t *)plain.at + 9, 18, 4);
	assert_int_equal(expand(&plain, PAYLOAD_NONE, EVENT_MAX, 0),
			 ERR_CORRUPT);
}

TEST(case_81_any_compression_level_within_the_limit)
{
	CLEANUP(buf_done) struct buf plain, frame;

	buf_init(&plain, 1 << 24);
	buf_init(&frame, 1 << 24);
	add_inner(&plain, 2, 100);
	add_frame(&frame, plain.at, plain.n, 19); /* window: 8 MiB */
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, 1 << 24, 100), 2);
	buf_reset(&frame, 0);
	add_frame(&frame, plain.at, plain.n, 22); /* window: 128 MiB */
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, 1 << 24, 100),
			 ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "compression_level_zstd"));
	assert_int_equal(expand(&frame, PAYLOAD_ZSTD, 1 << 27, 100), 2);
}

/* ---- MariaDB's ---- */

/* The header and the bytes, zlib's header in front or not. */
static void add_deflated(struct buf *out, const void *bytes, size_t n,
			 uint8_t head, bool bare)
{
	z_stream z = { 0 };
	size_t width = head & 7, room = n + 100;

	buf_addc(out, (char)head);
	for (size_t i = width; i-- > 0;)
		buf_addc(out, (char)(n >> 8 * i));
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED,
				      bare ? -MAX_WBITS : MAX_WBITS, 8, 0),
			 Z_OK);
	z.next_in = (Bytef *)(uintptr_t)bytes;
	z.avail_in = (uInt)n;
	z.next_out = buf_room(out, room);
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += room - z.avail_out;
	deflateEnd(&z);
}

static const char TEXT[] = "insert into a values (1), (1), (1), (1), (1)";

static int read_deflated(const struct buf *bytes, size_t max, struct buf *out)
{
	struct event event =
		bare_event(EVENT_QUERY_COMPRESSED, bytes->at, bytes->n);

	err = (struct err){ 0 };
	buf_done(out);
	buf_init(out, max);
	return deflated_read(&event, event.body, out, &err);
}

TEST(case_82_the_rest_of_an_event)
{
	CLEANUP(buf_done) struct buf packed, out;

	buf_init(&out, 0);
	for (uint8_t width = 1; width <= 4; width++) {
		buf_init(&packed, 1000);
		add_deflated(&packed, TEXT, sizeof(TEXT), 0x80 | width, false);
		assert_int_equal(read_deflated(&packed, 1000, &out), 0);
		assert_int_equal(out.n, sizeof(TEXT));
		assert_string_equal(out.at, TEXT);
		assert_int_equal(read_deflated(&packed, sizeof(TEXT) - 1, &out),
				 ERR_OPERATOR);
		for (size_t n = packed.n; n-- > 0;) {
			packed.n = n;
			assert_int_equal(read_deflated(&packed, 1000, &out),
					 ERR_CORRUPT);
		}
		buf_done(&packed);
	}
	buf_init(&packed, 1000);
	add_deflated(&packed, TEXT, sizeof(TEXT), 0x81, false);
	packed.at[1]++; /* the length says one more */
	assert_int_equal(read_deflated(&packed, 1000, &out), ERR_CORRUPT);
	packed.at[1] = (char)(packed.at[1] - 2);
	assert_int_equal(read_deflated(&packed, 1000, &out), ERR_CORRUPT);
	packed.at[1]++;
	packed.at[0] = (char)0x91; /* another algorithm */
	assert_int_equal(read_deflated(&packed, 1000, &out), ERR_CORRUPT);
}

static void column_is(const struct buf *bytes, const char *want, size_t n)
{
	struct deflated packed;
	char out[100];

	assert_true(
		deflated_parse_column(reader_of(bytes->at, bytes->n), &packed));
	assert_int_equal(packed.size, n);
	assert_true(deflated_expand(&packed, out));
	assert_memory_equal(out, want, n);
}

TEST(case_83_the_value_of_a_compressed_column)
{
	CLEANUP(buf_done) struct buf packed;
	struct deflated ignored;

	buf_init(&packed, 1000);
	column_is(&packed, "", 0);
	buf_add(&packed, "\0abc", 4);
	column_is(&packed, "abc", 3);
	buf_reset(&packed, 0);
	buf_addc(&packed, '\0');
	column_is(&packed, "", 0);
	buf_reset(&packed, 0);
	add_deflated(&packed, TEXT, sizeof(TEXT), 0x81, false);
	column_is(&packed, TEXT, sizeof(TEXT));
	buf_reset(&packed, 0);
	add_deflated(&packed, TEXT, sizeof(TEXT), 0x8a, true);
	column_is(&packed, TEXT, sizeof(TEXT));
	packed.at[0] = (char)0x98; /* another method */
	assert_false(deflated_parse_column(reader_of(packed.at, packed.n),
					   &ignored));
	assert_false(deflated_parse_column(reader_of("\x82\1", 2), &ignored));
	assert_false(deflated_parse_column(reader_of("\x80\1", 2), &ignored));
}

TEST(case_82_a_query_is_as_if_it_had_come_plain)
{
	static const char head[] = "\7\0\0\0\1\0\0\0\4\0\0\5\0"
				   "\0\1\0\0\0shop\0";
	CLEANUP(buf_done) struct buf body, out;
	struct query query;
	struct event event;

	buf_init(&body, 1000);
	buf_init(&out, 1000);
	buf_add(&body, head, sizeof(head) - 1);
	add_deflated(&body, TEXT, sizeof(TEXT) - 1, 0x81, false);
	event = bare_event(EVENT_QUERY_COMPRESSED, body.at, body.n);
	assert_int_equal(deflated_query(&event, &out, &err), 0);
	event = bare_event(EVENT_QUERY, out.at, out.n);
	assert_int_equal(query_parse(&event, &query, &err), 0);
	assert_true(str_eqs(query.sql, TEXT));
	assert_true(str_eqs(query.schema, "shop"));
	assert_int_equal(query.flags2, 1);
	for (size_t n = 0; n < body.n; n++) {
		event = bare_event(EVENT_QUERY_COMPRESSED, body.at, n);
		buf_reset(&out, 1000);
		assert_int_equal(deflated_query(&event, &out, &err),
				 ERR_CORRUPT);
	}
}

static void rows_expand_to(uint8_t type, bool v2, enum row_op op)
{
	static const char images[] = "\0\5\0\0\0\0\6\0\0\0";
	CLEANUP(buf_done) struct buf body, out;
	struct format format;
	struct event event;
	struct rows rows;

	format_init(&format, CHECKSUM_NONE);
	buf_init(&body, 1000);
	buf_init(&out, 1000);
	buf_add(&body, "\x2a\0\0\0\0\0\1\0", 8);
	if (v2)
		buf_add(&body, "\2\0", 2);
	buf_add(&body, "\1\1\1", op == ROW_UPDATE ? 3 : 2);
	add_deflated(&body, images, sizeof(images) - 1, 0x81, false);
	event = bare_event(type, body.at, body.n);
	assert_true(event_is_rows(type));
	assert_int_equal(rows_parse(&event, &format, &rows, &err), 0);
	assert_int_equal(rows.op, op);
	assert_int_equal(rows.table_id, 42);
	assert_true(rows.packed);
	assert_int_equal(rows_expand(&rows, &event, &out, &err), 0);
	assert_false(rows.packed);
	assert_int_equal(reader_left(&rows.body), sizeof(images) - 1);
	assert_memory_equal(rows.body.at, images, sizeof(images) - 1);
}

TEST(case_82_rows_of_all_kinds)
{
	rows_expand_to(EVENT_WRITE_ROWS_COMPRESSED_V1, false, ROW_INSERT);
	rows_expand_to(EVENT_UPDATE_ROWS_COMPRESSED_V1, false, ROW_UPDATE);
	rows_expand_to(EVENT_DELETE_ROWS_COMPRESSED_V1, false, ROW_DELETE);
	rows_expand_to(EVENT_WRITE_ROWS_COMPRESSED, true, ROW_INSERT);
	rows_expand_to(EVENT_UPDATE_ROWS_COMPRESSED, true, ROW_UPDATE);
	rows_expand_to(EVENT_DELETE_ROWS_COMPRESSED, true, ROW_DELETE);
}

/* ---- Fragments ---- */

static int fragment(struct fragments *fragments, uint32_t number,
		    uint32_t total, uint64_t size, const char *piece)
{
	uint8_t body[100];
	size_t n = 9;

	put_le(body, total, 4);
	put_le(body + 4, number, 4);
	body[8] = size > 0;
	if (size) {
		put_le(body + 9, size, 8);
		n += 8;
	}
	memcpy(body + n, piece, strlen(piece));
	n += strlen(piece);
	struct event event = bare_event(EVENT_PARTIAL_ROW_DATA, body, n);
	return fragments_add(fragments, &event, &err);
}

TEST(case_84_fragments_are_put_together)
{
	struct fragments f;

	fragments_init(&f, 100);
	assert_int_equal(fragments_expect_none(&f, &err), 0);
	assert_int_equal(fragment(&f, 1, 3, 7, "abc"), 0);
	assert_int_equal(fragments_expect_none(&f, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "fragment 1 and 2 of 3"));
	assert_int_equal(fragment(&f, 2, 3, 0, "de"), 0);
	assert_int_equal(fragment(&f, 3, 3, 0, "fg"), 1);
	assert_string_equal(f.bytes.at, "abcdefg");
	fragments_drop(&f);
	assert_int_equal(fragments_expect_none(&f, &err), 0);
	assert_int_equal(fragment(&f, 1, 1, 0, "x"), 1);
	fragments_done(&f);
}

TEST(case_84_fragments_that_do_not_fit)
{
	static const struct {
		uint32_t number, total;
	} wrong[] = { { 1, 3 }, { 3, 3 }, { 2, 4 }, { 0, 3 }, { 4, 3 } };
	struct fragments f;

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		fragments_init(&f, 100);
		assert_int_equal(fragment(&f, 1, 3, 0, "abc"), 0);
		assert_int_equal(
			fragment(&f, wrong[i].number, wrong[i].total, 0, "de"),
			ERR_CORRUPT);
		fragments_done(&f);
	}
	fragments_init(&f, 5);
	assert_int_equal(fragment(&f, 2, 3, 0, "abc"), ERR_CORRUPT);
	assert_int_equal(fragment(&f, 1, 2, 0, "abc"), 0);
	assert_int_equal(fragment(&f, 2, 2, 0, "abc"), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "max_value_size"));
	fragments_drop(&f);
	assert_int_equal(fragment(&f, 1, 2, 6, "abc"), ERR_OPERATOR);
	fragments_drop(&f);
	assert_int_equal(fragment(&f, 1, 1, 5, "abc"), ERR_CORRUPT);
	fragments_done(&f);
}

RUN(CASE(case_80_81_events_come_out_one_by_one),
    CASE(case_80_a_payload_that_ends_early),
    CASE(case_80_what_is_too_large_inside_is_refused),
    CASE(case_81_any_compression_level_within_the_limit),
    CASE(case_82_the_rest_of_an_event),
    CASE(case_83_the_value_of_a_compressed_column),
    CASE(case_82_a_query_is_as_if_it_had_come_plain),
    CASE(case_82_rows_of_all_kinds), CASE(case_84_fragments_are_put_together),
    CASE(case_84_fragments_that_do_not_fit))
