/* Values whose former place no row image told.
 *
 * MySQL logs an INSERT … ON DUPLICATE KEY UPDATE of a value, under
 * binlog_row_image=MINIMAL, as an update of value_id 7 to the whole place
 * (entity, store, attribute), which it nearly always had before. A value table
 * has one row per place: so if the copy holds something at that place just
 * before the update, it is this row that stood there, and nothing else is to
 * be done. If it does not, the value came from a place that nobody knows: the
 * whole table must be read again.
 *
 * The copy's word is taken only while no request for the whole table is
 * pending, none that was read ahead of the stream and none for an entity with
 * all that hangs on it: each may have left or put something at the place.
 *
 * Embedded in the applier; holds the claims of the open source transaction
 * that the batch knows nothing of, until the batch is written or the
 * transaction ends. */
#ifndef CDC_CLAIMS_H
#define CDC_CLAIMS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"

struct batch;
struct claim;
struct err;
struct pg;
struct record_change;
struct refetch_log;

struct claims {
	struct arena arena;
	struct claim *first;
	size_t count;
};

void claims_init(struct claims *claims);
void claims_done(struct claims *claims);
void claims_reset(struct claims *claims);
/* change: a RECORD_SET with a source, not yet in the batch. */
void claims_add(struct claims *claims, const struct record_change *change,
		const struct batch *batch, struct refetch_log *log);
/* Asks the target, which must be as it was before the batch, and forgets. */
int claims_settle(struct claims *claims, struct pg *pg, struct refetch_log *log,
		  struct err *err) MUST_CHECK;

#endif
