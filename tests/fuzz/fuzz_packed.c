/* Compressed and fragmented events of any bytes: what comes out is within the
 * limit, or they are refused. The first byte says which kind. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/fragments.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/types.h"

enum { LIMIT = 1 << 16, EVENTS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand_payload(const struct payload *payload)
{
	struct payload_stream *stream = payload_stream_new(LIMIT);
	const uint8_t *at = NULL;
	struct err err = { 0 };
	size_t n = 0;

	payload_open(stream, payload);
	for (int i = 0; i < EVENTS_MAX; i++) {
		struct event event;

		if (payload_next(stream, &at, &n, &err) <= 0)
			break;
		if (n > LIMIT ||
		    event_parse(at, n, CHECKSUM_NONE, &event, &err))
			__builtin_trap();
	}
	payload_close(stream);
	payload_stream_free(stream);
}

static void try_payload(const struct event *event, struct reader body)
{
	struct payload payload;
	struct err err = { 0 };

	if (payload_parse(event, &payload, &err) == 0)
		expand_payload(&payload);
	/* Whatever the header would say. */
	payload =
		(struct payload){ .compression = PAYLOAD_ZSTD, .bytes = body };
	expand_payload(&payload);
	payload.compression = PAYLOAD_NONE;
	expand_payload(&payload);
}

static void try_deflated(const struct event *event, struct reader body)
{
	CLEANUP(buf_done) struct buf out;
	struct deflated column;
	struct err err = { 0 };

	buf_init(&out, LIMIT);
	(void)!deflated_query(event, &out, &err);
	buf_reset(&out, 0);
	(void)!deflated_read(event, body, &out, &err);
	if (deflated_parse_column(body, &column) && column.size <= LIMIT) {
		void *expanded = malloc(column.size);

		(void)!deflated_expand(&column, expanded);
		free(expanded);
	}
}

/* Pieces of up to 64 bytes. */
static void try_fragments(struct reader body)
{
	struct fragments fragments;
	struct err err = { 0 };

	fragments_init(&fragments, LIMIT);
	while (reader_left(&body)) {
		size_t n = reader_le(&body, 1) % 64;
		struct event piece = { .type = EVENT_PARTIAL_ROW_DATA };

		if (n > reader_left(&body))
			n = reader_left(&body);
		piece.body = reader_sub(&body, n);
		(void)!fragments_expect_none(&fragments, &err);
		if (fragments_add(&fragments, &piece, &err))
			fragments_drop(&fragments);
	}
	fragments_done(&fragments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader body = reader_of(data, size);
	struct event event = { .type = EVENT_QUERY_COMPRESSED,
			       .size = (uint32_t)size };
	uint64_t kind = reader_le(&body, 1);

	if (size == 0)
		return 0;
	event.body = body;
	if (kind % 3 == 0)
		try_payload(&event, body);
	else if (kind % 3 == 1)
		try_deflated(&event, body);
	else
		try_fragments(body);
	return 0;
}
