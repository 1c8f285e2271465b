/* What was read ahead of the stream and is not passed yet: the source's heads
 * of the moments of reading.
 *
 * Passed is such a head by its position, or by time: a head of the source that
 * was sampled after the read is behind it, in whatever form positions are
 * written. Else a position of another form, or of a server that is no more,
 * would never be passed. Embedded in the healer. */
#ifndef CDC_PASSING_H
#define CDC_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/binlog/position.h"

struct read_ahead {
	struct position at;
	char *text;	 /* owned; `at`, as ficus.refetch has it */
	int64_t read_us; /* monotonic; not before it was read */
};

struct passing {
	struct read_ahead *all; /* owned */
	size_t count;
};

void passing_done(struct passing *passing);
/* Read just now, or by an earlier session. Copied; each text once. */
void passing_add(struct passing *passing, const struct position *at,
		 const char *text);
/* One that is passed where the copy stands at `applied`, which contains a head
 * that was sampled at sampled_us (INT64_MIN: none). */
bool passing_find(const struct passing *passing, const struct position *applied,
		  int64_t sampled_us, size_t *ret);
void passing_drop(struct passing *passing, size_t i);

#endif
