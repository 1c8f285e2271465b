/* Rows that come back: inserted though the copy has them.
 *
 * A row that a cascade took away and that was inserted again under its key is
 * an INSERT in the log, and nothing else; at the source its children went with
 * it. Normally the cascade has taken it here too. In doubt (struct
 * cascade_doubt) it may not have: the copy had the row as it is later, or the
 * row waits to be read again. What hangs on it here may be of before then, and
 * is asked for.
 *
 * Only rows of tables below one whose delete ran in doubt are looked at, until
 * there is no doubt any more.
 *
 * Embedded in the applier; holds the inserts of the open source transaction
 * that the batch knows nothing of, until the batch is written or the
 * transaction ends. */
#ifndef CDC_COMEBACKS_H
#define CDC_COMEBACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"

struct batch;
struct comeback;
struct err;
struct fk_graph;
struct pg;
struct record_change;
struct refetch_log;
struct target_shape;
struct target_table;

struct comebacks {
	struct arena arena;
	struct comeback *first;
	const struct target_shape *shapes; /* borrowed; by the table's index */
	size_t count;
	bool *watched; /* owned; likewise */
	bool any;      /* … is */
};

void comebacks_init(struct comebacks *comebacks,
		    const struct target_shape *shapes, size_t count);
void comebacks_done(struct comebacks *comebacks);
/* What the open transaction inserted did not happen, or is settled. */
void comebacks_reset(struct comebacks *comebacks);

/* A delete of that table ran in doubt. */
void comebacks_watch(struct comebacks *comebacks, const struct fk_graph *graph,
		     const struct target_table *table);
/* One may have, in any. */
void comebacks_watch_all(struct comebacks *comebacks);
/* There is no doubt any more. */
void comebacks_watch_none(struct comebacks *comebacks);

/* change: not yet in the batch. */
void comebacks_add(struct comebacks *comebacks,
		   const struct record_change *change,
		   const struct batch *batch, const struct fk_graph *graph,
		   struct refetch_log *log);
/* Asks the target, which must be as it was before the batch, and forgets. */
int comebacks_settle(struct comebacks *comebacks, struct pg *pg,
		     const struct fk_graph *graph, struct refetch_log *log,
		     struct err *err) MUST_CHECK;

#endif
