/* What lies ahead in the source's log: which statements between two positions
 * are about tables of ours.
 *
 * Reads that part of the log over a stream of its own, under our server id,
 * so that no other stream may be open meanwhile. Rows are passed over. */
#ifndef CDC_LOG_AHEAD_H
#define CDC_LOG_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/binlog/position.h"
#include "cdc/ddl.h"

struct err;
struct source_config;
struct stopper;

struct log_ahead_one {
	char *file; /* owned; with `end`: where the statement ends */
	uint64_t end;
	const struct mapping_table *table;
	unsigned effects; /* enum ddl_effect */
};

/* Zeroed is empty. */
struct log_ahead {
	struct log_ahead_one *all; /* owned; in the log's order */
	size_t count;
};

struct log_ahead_options {
	const struct source_config *source;
	struct ddl_scope scope;
	size_t queue_bytes;
	uint64_t max_event;
	const struct stopper *stop; /* may be NULL */
};

/* From `from` up to the file and offset of `until`. ERR_STOPPED when asked to
 * stop, ERR_SOURCE_LOST when the log does not get there. */
int log_ahead_read(const struct log_ahead_options *options,
		   const struct position *from, const struct position *until,
		   struct log_ahead *ret, struct err *err) MUST_CHECK;
void log_ahead_done(struct log_ahead *ahead);

/* Does `a` stand at or behind `b`, by file and offset? False when they are of
 * different logs. */
bool log_ahead_reached(const struct position *a, const struct position *b);

#endif
