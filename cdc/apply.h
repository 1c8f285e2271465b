/* The applier: record changes in, committed target transactions out.
 *
 * Changes of a batch are coalesced per key in an arena and written set-based;
 * one target transaction takes one or more whole source transactions, its last
 * statement is the checkpoint. A batch over its byte budget is written into
 * the open target transaction at once (apply is then "streaming" a large
 * source transaction) and committed only at a source transaction's end.
 *
 * After any error other than ERR_DATA handled inside, the batch is gone: the
 * caller closes the applier, makes a new one and resumes the stream from
 * apply_checkpoint(). One thread owns it. */
#ifndef CDC_APPLY_H
#define CDC_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "transform/mapping.h"

struct apply;
struct batch;
struct checkpoint;
struct err;
struct fk_graph;
struct pg;
struct pg_config;
struct record_change;
struct refetch_marks;
struct value;

struct apply_options {
	const struct pg_config *target;
	const struct mapping *mapping; /* columns loaded (catalog.h) */
	size_t batch_bytes;
	int64_t batch_transactions;
	bool synchronous_commit, audit, stop_on_error;
	bool takeover; /* end the session of a cdc that applies already */
	const char *instance; /* host:pid, for ficus.epoch */
};

/* Connects, takes the advisory lock, raises the epoch, reads the checkpoint.
 * Without a checkpoint: ERR_OPERATOR "run cdc --bootstrap". */
int apply_open(const struct apply_options *options, struct apply **ret,
	       struct err *err) MUST_CHECK;
void apply_close(struct apply *apply); /* rolls back what is not committed */

/* As last committed: until our first commit the epoch in it is another's. */
const struct checkpoint *apply_checkpoint(const struct apply *apply);
int64_t apply_epoch(const struct apply *apply); /* ours */
/* After ERR_TARGET: whose records the target refused, or DOMAIN_UNKNOWN. */
enum domain apply_refused(const struct apply *apply);
/* Is the connection still there? An idle one would not be missed, though the
 * target may have gone back to an older checkpoint in a crash. Does not wait;
 * ERR_TARGET_LOST. */
int apply_alive(struct apply *apply, struct err *err) MUST_CHECK;
void apply_set_foreign_keys(struct apply *apply, const struct fk_graph *graph);

/* A record_sink (user is the struct apply). */
int apply_change(void *user, const struct record_change *change,
		 struct err *err) MUST_CHECK;

/* Rows of a source table must be read again, because the log does not say what
 * they are now: part of the open source transaction like any change, and done
 * through ficus.refetch once that is committed. selection: as in a
 * RECORD_REFETCH; NULL: the whole table. */
int apply_refetch(struct apply *apply, const struct mapping_table *table,
		  const struct value *selection, struct err *err) MUST_CHECK;

/* The connection, for statements of the caller's own that belong to the open
 * source transaction: committed with it, undone by apply_abandon(). Borrowed
 * until the next call of apply. */
int apply_join(struct apply *apply, struct pg **ret,
	       struct err *err) MUST_CHECK;

/* A row of that table is gone from what was read, ahead of the stream: its
 * children are to be read again, as the foreign keys say; and once more when
 * the stream is there. It may bring children of the row until then, and the
 * delete that took them all finds nothing to begin with. By target column. */
void apply_descend(struct apply *apply, const struct target_table *table,
		   const struct value *values);
/* Between source transactions, with nothing pending: the rows of a batch made
 * elsewhere, and that the requests of `read` were read for it; with it what
 * apply_refetch() was told. Committed on return. The batch is reset. */
int apply_chunk(struct apply *apply, struct batch *chunk,
		struct refetch_marks *read, struct err *err) MUST_CHECK;
/* The copy has passed that read_position: what was read there is done, but for
 * what is to be read once more. */
int apply_refetched(struct apply *apply, const char *read_position,
		    struct err *err) MUST_CHECK;

/* The source transaction is complete: everything up to `position` (canonical
 * text) may be committed. `transaction` names it for the audit (GTID or
 * file:offset); NULL when it was no transaction (position moved only).
 * file_position is informational. */
int apply_end(struct apply *apply, const char *position,
	      const char *file_position, const char *transaction,
	      struct err *err) MUST_CHECK;
/* For the next apply_end(): checkpoint_origin(). */
void apply_origin(struct apply *apply, const char *source_id,
		  int64_t log_created, int64_t source_time);
/* What came since the last apply_end() belongs to what that ended, too. */
int apply_amend(struct apply *apply, struct err *err) MUST_CHECK;
/* Has the open source transaction given anything? */
bool apply_source_open(const struct apply *apply);
/* Write all there is into the target transaction, and give it to the caller
 * for statements of his own: they are committed with the next apply_commit(),
 * or not at all. Only while apply_source_open() is false. */
int apply_transaction(struct apply *apply, struct pg **ret,
		      struct err *err) MUST_CHECK;
/* The open source transaction did not happen (ROLLBACK, lost stream). What it
 * gave since the last apply_end() is undone. */
int apply_abandon(struct apply *apply, struct err *err) MUST_CHECK;

/* Is there anything to commit; must it be committed now (budget reached)? */
bool apply_pending(const struct apply *apply);
bool apply_full(const struct apply *apply);
/* passed_ticket: highest ticket whose head the ended position contains. */
int apply_commit(struct apply *apply, int64_t passed_ticket,
		 struct err *err) MUST_CHECK;

struct apply_counts {
	uint64_t transactions, changes, commits, barriers, cascaded_rows;
	uint64_t upserts, deletes, values_set, values_unset, dead_letters;
	uint64_t streamed_transactions;
	uint64_t
		bisect_tries; /* rounds to find the refused ones among others */
	uint64_t refetches, refetched; /* requested, and done */
	uint64_t refetch_rows; /* rows and keys that were read for them */
};
const struct apply_counts *apply_counts(const struct apply *apply);

#endif
