/* PARTIAL_ROW_DATA: a rows event that MariaDB (12.3 and later) has cut into
 * several, because it was longer than binlog_row_event_fragment_threshold.
 *
 * Each has u32 count of fragments, u32 number of this one from 1, u8 flags
 * (1: u64 size of the whole follows, in the first), and its piece of the rows
 * event, header included. They come one behind the other in one group. */
#ifndef CDC_BINLOG_FRAGMENTS_H
#define CDC_BINLOG_FRAGMENTS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"

struct err;
struct event;

/* Embedded in its user; all zero but for the buffer's limit. */
struct fragments {
	struct buf bytes; /* of the event, as far as they came */
	uint32_t total, have;
	uint64_t size; /* as the first one said; 0: it did not */
};

void fragments_init(struct fragments *fragments, size_t max);
void fragments_done(struct fragments *fragments);
/* Forget what came, and give memory back. */
void fragments_drop(struct fragments *fragments);

/* 1: this was the last, the event is in ->bytes until fragments_drop().
 * 0: more are to come. ERR_CORRUPT when one is missing or comes twice,
 * ERR_OPERATOR when the whole is longer than the limit. */
int fragments_add(struct fragments *fragments, const struct event *event,
		  struct err *err) MUST_CHECK;
/* Another event follows: ERR_CORRUPT if a fragment is missing. */
int fragments_expect_none(const struct fragments *fragments,
			  struct err *err) MUST_CHECK;

#endif
