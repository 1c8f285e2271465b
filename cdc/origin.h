/* Does the log of the server that answers now continue the copy's?
 *
 * Asked before each stream is opened. A copy may go on only if the server has
 * everything that the copy has, in the same history:
 *   the same server  its log must be the log that was read: a reset (RESET
 *                    MASTER, RESET BINARY LOGS AND GTIDS) gives the same names
 *                    and numbers anew, so that a position may be valid and mean
 *                    something else. The creation time of the file tells.
 *   another server   (failover, a restored or cloned one) only GTIDs can prove
 *                    it: all of the copy's must be in its log or its past.
 * Refusals are ERR_OPERATOR and end in the way out; what the server itself
 * refuses when the stream is opened (purged logs) is said there. */
#ifndef CDC_ORIGIN_H
#define CDC_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct head;
struct position;
struct source;
struct source_config;

struct origin {
	const char *source_id;	   /* identity of the server, as stored */
	const char *file_position; /* "mysql-bin.000007:4211"; "": unknown */
	int64_t log_created;	   /* Unix time of that file; 0: unknown */
	const char *mode;	   /* source.position_mode */
};

struct origin_here {
	char *identity;	     /* of the server; the caller frees it */
	int64_t log_created; /* of the file, if it is there; else 0 */
};

/* *position may become another one that means the same place: without domains
 * that the server has dropped, or file and offset when the server no longer
 * gives GTIDs. ERR_SOURCE_LOST while the server has not committed what it has
 * sent already. */
int origin_check(const struct source_config *config,
		 const struct origin *origin, struct position *position,
		 struct origin_here *ret, struct err *err) MUST_CHECK;

/* While the stream goes on: what was read from the log must be before its end.
 * Zeroed at first; to be asked now and then, with the number of transactions
 * read so far. For a head that is sampled at the server the log is of. */
struct origin_watch {
	uint64_t ends;
	int64_t seen_us;    /* when `ends` was found changed, monotonic */
	int64_t lacking_us; /* since when the head is before it; 0: it is not */
};

/* ERR_SOURCE_LOST: the log was reset, or another server has taken the address;
 * origin_check() will say which. */
int origin_watch(struct origin_watch *watch, struct head *head,
		 const struct position *read, uint64_t ends,
		 struct err *err) MUST_CHECK;

#endif
