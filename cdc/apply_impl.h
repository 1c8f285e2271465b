/* What the files of apply.h share; not for others.
 *
 *   apply.c        opening, changes, ends of source transactions, commits
 *   apply_write.c  writing a part of the batch, and barriers
 *   apply_chunk.c  what was read again */
#ifndef CDC_APPLY_IMPL_H
#define CDC_APPLY_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/apply.h"
#include "cdc/audit.h"
#include "cdc/batch.h"
#include "cdc/checkpoint.h"
#include "cdc/claims.h"
#include "cdc/comebacks.h"
#include "cdc/flush.h"
#include "cdc/refetch_log.h"

struct barrier;
struct members;
struct target_shape;
struct writer;

struct apply {
	struct apply_options options;
	struct pg *pg;
	struct target_shape *shapes;
	size_t shape_count;
	const struct fk_graph *graph;
	struct batch *batch;
	struct barrier *barrier;
	struct writer *writer;
	bool *letters; /* tables that have dead letters */
	size_t *ends;  /* flush.h */
	struct flush flush;

	struct checkpoint committed, next;
	bool moved;		/* next.position differs from committed */
	bool open;		/* BEGIN was sent */
	bool ended_written;	/* … and holds ended source transactions */
	bool source_written;	/* … and part of the open one */
	bool source_saved;	/* … behind savepoint "source" */
	size_t early_writes;	/* since BEGIN */
	size_t written_bytes;	/* since BEGIN */
	int64_t ended;		/* source transactions since the last commit */
	int64_t source_changes; /* of the open source transaction */

	struct audit audit; /* of those ended since the last commit */
	struct refetch_log refetch;
	struct refetch_marks *marks; /* borrowed, during apply_chunk() */
	struct members *members;     /* owned */
	struct claims claims;	     /* of the open source transaction */
	struct comebacks comebacks;  /* likewise */
	struct apply_counts counts;
};

/* Opens the target transaction, unless it is open. */
int apply_begin(struct apply *apply, struct err *err) MUST_CHECK;
/* The part of the batch, and with `tail` the end of the transaction. */
int apply_write_part(struct apply *apply, enum batch_part part, bool tail,
		     struct err *err) MUST_CHECK;
/* From here on the target transaction has parts of the open source one. */
int apply_mark_source(struct apply *apply, struct err *err) MUST_CHECK;
struct cascade_doubt;
int apply_find_doubt(struct apply *apply, struct cascade_doubt *doubt,
		     struct err *err) MUST_CHECK;
/* What is to be asked of the target before it changes. */
int apply_settle(struct apply *apply, struct err *err) MUST_CHECK;
/* All that is in the batch, before the source transaction ends. */
int apply_write_early(struct apply *apply, struct err *err) MUST_CHECK;
/* The deletes that were collected, and what they set off. */
int apply_run_barrier(struct apply *apply, struct err *err) MUST_CHECK;

#endif
