/* `cdc --bootstrap`: the whole source copied once, beside a running shop.
 *
 * 1. P0, the position the stream will start from, is fixed before anything is
 *    read, together with the metadata tables exactly as of P0 and the plan of
 *    chunks; one target transaction keeps all of it (snapshot.h).
 * 2. Chunks (plan.h) are read in parallel, each in a short consistent
 *    snapshot of its own, and written in one target transaction that also
 *    marks the chunk done (chunk.h).
 * 3. ANALYZE, and the checkpoint at P0: from here `cdc` streams. What the
 *    stream replays over newer chunks converges, since all writes are keyed.
 *
 * Interrupted at any moment it goes on where it was: a chunk is done or was
 * never there. No lock is held but MySQL's on the metadata tables, 2 s at
 * most (design section 6). */
#ifndef CDC_BOOTSTRAP_H
#define CDC_BOOTSTRAP_H

#include "base/defs.h"

struct err;
struct setup;
struct stopper;

/* Needs setup_target(). ERR_OPERATOR when there is something to lose: records
 * that no bootstrap of ours has begun, or a finished one. */
int bootstrap_run(struct setup *setup, const struct stopper *stop,
		  struct err *err) MUST_CHECK;

#endif
