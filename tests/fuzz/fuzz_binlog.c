/* A binlog of any bytes (seeds: tests/golden/binlog): each event is decoded by
 * what its type says, with what those before it left behind, or refused. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/event.h"
#include "tests/lib/binlog_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAGIC = 4, SIZE_AT = 9, EVENTS_MAX = 200 };

/* Sizes seldom fit once bytes were put in or taken out: what is there is made
 * an event. In memory of its own, where every step outside is seen. */
static void feed(struct binlog_text *text, const uint8_t *at, size_t n)
{
	uint8_t *event = memcpy(mem_zalloc(n), at, n);
	struct err err = { 0 };

	for (size_t i = 0; i < 4; i++)
		event[SIZE_AT + i] = (uint8_t)(n >> (8 * i));
	if (binlog_text_feed(text, event, n, &err) && !err.msg[0])
		__builtin_trap();
	/* A format description without a right checksum is refused: the
	 * events behind it have one all the same. */
	text->format.checksum = CHECKSUM_SKIP;
	text->out->n = 0;
	free(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct binlog_text text;
	CLEANUP(buf_done) struct buf out = { 0 };

	reader_bytes(&r, MAGIC);
	if (r.failed)
		return 0;
	buf_init(&out, 1 << 22);
	binlog_text_init(&text, &out);
	text.skip_checksum = true;
	text.format.mariadb = data[0] & 1;
	for (int i = 0; i < EVENTS_MAX; i++) {
		struct reader head = r;

		reader_bytes(&head, SIZE_AT);
		size_t n = reader_le(&head, 4);
		if (head.failed)
			break;
		if (n < EVENT_HEADER || n > reader_left(&r))
			n = reader_left(&r);
		feed(&text, r.at, n);
		reader_bytes(&r, n);
	}
	binlog_text_done(&text);
	return 0;
}
