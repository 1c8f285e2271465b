/* One column's value on its way from the source to the target.
 *
 * Times carry no zone: TIMESTAMP is UTC, and so must be the session that
 * writes it into a timestamptz.
 *
 * TEXT is what SELECT prints under SET NAMES utf8mb4 and time_zone '+00:00':
 * UTF-8, integers in decimal, decimals exact with their scale, zero dates as
 * 0000-00-00. Stream and snapshot give the same text for the same value.
 * BYTES are raw (BINARY, BLOB, BIT big-endian, GEOMETRY). ABSENT is a column
 * the row image does not hold, or one nobody wants; it is not NULL. */
#ifndef TRANSFORM_VALUE_H
#define TRANSFORM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum value_kind { VALUE_ABSENT, VALUE_NULL, VALUE_TEXT, VALUE_BYTES };

struct value {
	const char *at; /* borrowed: an arena's or the event's bytes */
	uint32_t n;
	uint8_t kind; /* enum value_kind */
};

static inline bool value_has(struct value v)
{
	return v.kind == VALUE_TEXT || v.kind == VALUE_BYTES;
}

#endif
