/* TRANSACTION_PAYLOAD: a compressed transaction.
 *
 * Inside are the events of one transaction, BEGIN to XID, without checksums
 * and with log_pos 0; the GTID event stands before. The format description of
 * the log holds for them.
 *
 * payload_parse() reads the header; a struct payload_stream expands what
 * follows event by event, so that memory is bounded by the largest event
 * inside and the window of the compression, whatever the header says. */
#ifndef CDC_BINLOG_PAYLOAD_H
#define CDC_BINLOG_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct err;
struct event;
struct payload_stream;

enum payload_compression { PAYLOAD_ZSTD = 0, PAYLOAD_NONE = 255 };

struct payload {
	enum payload_compression compression;
	/* What the server says; a hint, never a size to allocate. */
	uint64_t uncompressed;
	struct reader bytes; /* borrowed from the event */
};

/* ERR_CORRUPT when truncated, ERR_OPERATOR for another compression. */
int payload_parse(const struct event *event, struct payload *ret,
		  struct err *err) MUST_CHECK;

/* max: bytes of the largest event inside; it bounds the window, too. */
struct payload_stream *payload_stream_new(size_t max);
void payload_stream_free(struct payload_stream *stream); /* NULL is fine */

/* Begin with a payload, whose bytes stay borrowed until payload_close(). */
void payload_open(struct payload_stream *stream, const struct payload *payload);
/* The next event inside, header first: 1, or 0 behind the last. *ret is valid
 * until the next call. ERR_CORRUPT, or ERR_OPERATOR with the cure when an
 * event or the window is above the limit. */
int payload_next(struct payload_stream *stream, const uint8_t **ret,
		 size_t *ret_n, struct err *err) MUST_CHECK;
/* Gives back what a large payload took. */
void payload_close(struct payload_stream *stream);

#endif
