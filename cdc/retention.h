/* How long until the source purges what the copy has not read yet.
 *
 * A thread with a connection of its own asks the server that the binlog is
 * read from every 5 s for its logs and for how long, or in what size, it keeps
 * them. The estimate stands on the board (ficus_cdc_seconds_until_purge); the
 * log warns when little is left. Purged is gone: a copy that falls behind that
 * far must be made anew, so that people are to know long before.
 *
 *   by age   a log is purged `expire` after its last change, which was not
 *            before the last event the copy has of it
 *   by size  (MariaDB's max_binlog_total_size) when what was written since
 *            fills it: at the speed at which the log grows now
 *
 * Nothing that was read at the end of the newest log can be purged before a
 * whole period has passed. */
#ifndef CDC_RETENTION_H
#define CDC_RETENTION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct board;
struct err;
struct retention;
struct source_config;

#define RETENTION_UNKNOWN (-1.0)
#define RETENTION_NEVER INFINITY

/* The texts of `source`, and the board, are borrowed until retention_stop(). */
int retention_start(const struct source_config *source, struct board *board,
		    struct retention **ret, struct err *err) MUST_CHECK;
void retention_stop(struct retention *retention); /* NULL is fine */

/* What the estimate is made of. */
struct retention_facts {
	double expire_s;     /* by age; 0: not purged by age */
	double event_age_s;  /* of the last event the copy has; <0: unknown */
	double limit_bytes;  /* all logs together; 0: not purged by size */
	double behind_bytes; /* from the copy's file on to the end */
	double bytes_per_s;  /* growth of the log; <=0: not known yet */
	bool newest;	     /* the copy stands in the newest log */
	bool gone;	     /* its log is not listed any more */
};
/* Seconds, RETENTION_UNKNOWN or RETENTION_NEVER. Never negative but then. */
double retention_estimate(const struct retention_facts *facts);

#endif
