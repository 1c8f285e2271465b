/* Where the copy stands (table ficus.checkpoint), as last committed. */
#ifndef CDC_CHECKPOINT_H
#define CDC_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct pg;

struct checkpoint {
	int64_t seq, epoch, passed_ticket, transactions, changes;
	char *position;	     /* owned; canonical text (binlog/position.h) */
	char *file_position; /* owned; informational */
	char *source_id;     /* owned; identity of the server */
	int64_t log_created; /* Unix time of file_position's file; 0: unknown */
	int64_t source_time; /* Unix time of the last event; 0: unknown */
};

/* *found is 0 when there is none yet. */
int checkpoint_read(struct pg *pg, struct checkpoint *ret, int *found,
		    struct err *err) MUST_CHECK;
void checkpoint_done(struct checkpoint *checkpoint);
/* *to is overwritten: what it owned must be gone. */
void checkpoint_copy(struct checkpoint *to, const struct checkpoint *from);
/* Both are copied; file_position may be NULL. */
void checkpoint_move(struct checkpoint *checkpoint, const char *position,
		     const char *file_position);

/* The next checkpoint is of this server, log and time. Of another server than
 * before, what is known of the file means nothing. As before: NULL, a negative
 * log_created, a source_time of 0. */
void checkpoint_origin(struct checkpoint *checkpoint, const char *source_id,
		       int64_t log_created, int64_t source_time);

enum {
	CHECKPOINT_KEEP = 1000, /* newest rows that stay */
	CHECKPOINT_TRIM = 256,	/* commits between two trims */
};

/* Queues the row as the pipeline's last statement before COMMIT. It fails
 * (checkpoint_superseded) when the epoch is no longer the caller's, and keeps
 * a successor out until the commit is done. Older rows are trimmed now and
 * then. */
void checkpoint_queue(struct pg *pg, const struct checkpoint *checkpoint);
/* Was that why the pipeline failed? */
bool checkpoint_superseded(const struct err *err);
/* The error of a commit: what makes it fail as data is never the records'
 * fault. Returns its code. */
int checkpoint_refused(struct err *err);

#endif
