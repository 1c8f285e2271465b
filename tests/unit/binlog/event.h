/* Makes events for tests: a header in front of a body, a checksum behind. */
#ifndef TESTS_UNIT_BINLOG_EVENT_H
#define TESTS_UNIT_BINLOG_EVENT_H

#include <stdint.h>
#include <string.h>

#include "cdc/binlog/event.h"

enum { MADE_MAX = 4096 };

static inline void put_le(uint8_t *at, uint64_t number, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(number >> (8 * i));
}

/* n of the bytes in `out`. */
static inline size_t make_event(uint8_t out[MADE_MAX], uint8_t type,
				uint16_t flags, const void *body, size_t n)
{
	size_t size = EVENT_HEADER + n + EVENT_CHECKSUM;

	memset(out, 0, EVENT_HEADER);
	put_le(out, 1700000000, 4);
	out[4] = type;
	put_le(out + 5, 7, 4);
	put_le(out + 9, size, 4);
	put_le(out + 13, 4242, 4);
	put_le(out + 17, flags, 2);
	memcpy(out + EVENT_HEADER, body, n);
	put_le(out + size - 4, event_crc(out, size - 4), 4);
	return size;
}

/* An event with just a type and a body. */
static inline struct event bare_event(uint8_t type, const void *body, size_t n)
{
	return (struct event){ .type = type,
			       .size = (uint32_t)(n + EVENT_HEADER),
			       .server_id = 7,
			       .log_pos = 4242,
			       .timestamp = 1700000000,
			       .body = reader_of(body, n) };
}

#endif
