/* Writing a part of the batch, at once or, when the target refuses some of it,
 * piece by piece.
 *
 * Part of the applier (apply.c), which owns the target transaction: it calls
 * batch_collect() and flush_prepare(), then either queues the part into its
 * pipeline, or, in an open transaction, has it written by halves down to the
 * one refused item, which becomes a dead letter. */
#ifndef CDC_FLUSH_H
#define CDC_FLUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/batch.h"
#include "transform/mapping.h"

struct err;
struct pg;
struct target_shape;
struct writer;

struct flush {
	struct pg *pg;			   /* borrowed, as are these: */
	const struct target_shape *shapes; /* by the table's index */
	size_t shape_count;
	struct batch *batch;
	struct writer *writer;
	const char *position; /* the last committed, for dead letters */
	bool stop_on_error;   /* no dead letters */
	bool *letters;	      /* owned by apply: tables that have some */
	uint64_t dead_letters;
	uint64_t tries; /* statements' groups that bisecting sent */
	/* Owned by apply: where in the pipeline each table's statements end. */
	size_t *ends;
	bool ends_known;
	/* Whose statement ERR_TARGET was for. */
	enum domain refused; /* or DOMAIN_UNKNOWN */
};

/* The statements the collected items need. Not within a pipeline. */
int flush_prepare(struct flush *f, struct err *err) MUST_CHECK;
/* Queues the collected part. ERR_DATA: a value does not fit; what was queued
 * stays queued, and flush_sync() must follow. */
int flush_queue(struct flush *f, enum batch_part part,
		struct err *err) MUST_CHECK;
/* Ends the pipeline; rc is what queueing gave, err its error. */
int flush_sync(struct flush *f, int rc, struct err *err) MUST_CHECK;
/* The collected part, in an open transaction, each piece behind a savepoint.
 * ERR_OPERATOR: a refused record must not be set aside. */
int flush_bisecting(struct flush *f, enum batch_part part,
		    struct err *err) MUST_CHECK;

#endif
