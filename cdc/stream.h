/* The binlog stream, read ahead by a thread of its own.
 *
 * The thread takes packets off the connection and puts them into a queue
 * bounded in bytes, so that heartbeats are seen and the server's dump thread
 * does not time out while the applier is busy for a moment. When the queue is
 * full the thread waits, and TCP makes the server wait.
 *
 * One consumer. A lost connection, or any other fault of the reader, is
 * delivered in order: after the packets that were read before it. There is no
 * reconnecting here: close, and open again at the last committed position. */
#ifndef CDC_STREAM_H
#define CDC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct position;
struct source_config;
struct stream;

/* Bytes of one binlog event, header first. */
struct packet {
	const uint8_t *at;
	size_t n;
};

/* Connects, starts the dump behind `from` and then the thread. `config` (and
 * the texts in it) and `from` are only needed during the call. queue_bytes
 * may be passed by one event. */
int stream_open(const struct source_config *config, size_t queue_bytes,
		const struct position *from, struct stream **ret,
		struct err *err) MUST_CHECK;
/* The next event, heartbeats included; ret->at is NULL when none came within
 * timeout_ms (0: don't wait). Valid until the next call. */
int stream_next(struct stream *stream, int64_t timeout_ms, struct packet *ret,
		struct err *err) MUST_CHECK;
void stream_close(struct stream *stream); /* NULL is fine; takes < 1 s */
/* Make stream_next() return ERR_STOPPED; from any thread. */
void stream_cancel(struct stream *stream);

struct stream_counts {
	uint64_t packets, bytes; /* read from the connection */
	uint64_t queued;	 /* bytes waiting now */
	uint64_t full;		 /* times the reader waited for room */
	int64_t heard_us;	 /* monotonic: last packet or heartbeat */
};
void stream_counts(struct stream *stream, struct stream_counts *ret);

#endif
