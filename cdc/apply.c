/* A target transaction, from the first write to COMMIT.
 *
 * Most batches are written by apply_commit() in one pipeline: BEGIN, the
 * tables, audit, checkpoint, COMMIT. Two things open the target transaction
 * earlier: a batch over its budget, and a barrier. Then `open` is true, and
 * what follows is added to it until a source transaction ends and the caller
 * commits.
 *
 * Writing early while a source transaction is open: first what the ended
 * ones left, then savepoint "source", then the open one's part. So
 * apply_abandon() can always undo exactly the open source transaction:
 *
 *     nothing of it written        forget its part of the batch
 *     written behind a savepoint   ROLLBACK TO source
 *     written, no ended one before ROLLBACK
 *
 * Each write that may be refused stands behind savepoint "part" (or is the
 * whole transaction): on ERR_DATA it is rolled back and done again in halves
 * down to the one item, which becomes a dead letter. */
#include "cdc/apply.h"

#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/apply_impl.h"
#include "cdc/audit.h"
#include "cdc/barrier.h"
#include "cdc/batch.h"
#include "cdc/cascade.h"
#include "cdc/checkpoint.h"
#include "cdc/claims.h"
#include "cdc/dead_letter.h"
#include "cdc/epoch.h"
#include "cdc/flush.h"
#include "cdc/members.h"
#include "cdc/refetch_log.h"
#include "cdc/target.h"
#include "cdc/writer.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum { EARLY_WRITES_MAX = 32 }; /* savepoints before a commit is due */

/* --- opening --- */

static int read_state(struct apply *apply, struct err *err)
{
	int found = 0;

	if (checkpoint_read(apply->pg, &apply->committed, &found, err) < 0)
		return err->code;
	if (!found)
		return err_set(err, ERR_OPERATOR,
			       "the target has no checkpoint: run "
			       "cdc --bootstrap");
	checkpoint_copy(&apply->next, &apply->committed);
	if (audit_read(&apply->audit, apply->pg, err) < 0)
		return err->code;
	return dead_letter_tables(apply->pg, apply->shapes, apply->shape_count,
				  apply->letters, err);
}

/* A delete may have run in doubt before; not before the first transaction. */
static int remember_doubt(struct apply *apply, struct err *err)
{
	struct cascade_doubt doubt = { 0 };

	if (apply->committed.transactions == 0)
		return 0;
	if (apply_find_doubt(apply, &doubt, err) < 0)
		return err->code;
	if (doubt.rows)
		comebacks_watch_all(&apply->comebacks);
	return 0;
}

static int open_session(struct apply *apply, struct err *err)
{
	const struct apply_options *o = &apply->options;
	int64_t epoch = 0;

	if (target_connect(o->target, o->synchronous_commit, &apply->pg, err) <
		    0 ||
	    epoch_take(apply->pg, o->instance, o->takeover, &epoch, err) < 0 ||
	    read_state(apply, err) < 0 || remember_doubt(apply, err) < 0)
		return err->code;
	apply->next.epoch = epoch;
	return 0;
}

int apply_open(const struct apply_options *options, struct apply **ret,
	       struct err *err)
{
	struct apply *apply = mem_zalloc(sizeof(*apply));

	apply->options = *options;
	audit_init(&apply->audit);
	refetch_log_init(&apply->refetch, options->mapping);
	claims_init(&apply->claims);
	apply->shape_count = options->mapping->target_count;
	apply->letters = mem_array(apply->shape_count, sizeof(bool));
	apply->ends = mem_array(apply->shape_count, sizeof(size_t));
	if (target_shapes_new(options->mapping, &apply->shapes, err) < 0) {
		apply_close(apply);
		return err->code;
	}
	comebacks_init(&apply->comebacks, apply->shapes, apply->shape_count);
	if (open_session(apply, err) < 0) {
		apply_close(apply);
		return err->code;
	}
	apply->batch = batch_new(apply->shapes, apply->shape_count);
	apply->members = members_new(options->mapping);
	apply->barrier = barrier_new(apply->shapes, apply->shape_count);
	apply->writer =
		writer_new(apply->pg, apply->shapes, apply->shape_count);
	apply->flush = (struct flush){
		.pg = apply->pg,
		.shapes = apply->shapes,
		.shape_count = apply->shape_count,
		.batch = apply->batch,
		.writer = apply->writer,
		.position = apply->committed.position,
		.stop_on_error = options->stop_on_error,
		.letters = apply->letters,
		.ends = apply->ends,
		.refused = DOMAIN_UNKNOWN,
	};
	*ret = apply;
	return 0;
}

void apply_close(struct apply *apply)
{
	if (!apply)
		return;
	writer_free(apply->writer);
	barrier_free(apply->barrier);
	members_free(apply->members);
	batch_free(apply->batch);
	pg_close(apply->pg);
	checkpoint_done(&apply->committed);
	checkpoint_done(&apply->next);
	audit_done(&apply->audit);
	refetch_log_done(&apply->refetch);
	claims_done(&apply->claims);
	comebacks_done(&apply->comebacks);
	free(apply->shapes);
	free(apply->letters);
	free(apply->ends);
	free(apply);
}

const struct checkpoint *apply_checkpoint(const struct apply *apply)
{
	return &apply->committed;
}

int64_t apply_epoch(const struct apply *apply)
{
	return apply->next.epoch;
}

enum domain apply_refused(const struct apply *apply)
{
	return apply->flush.refused;
}

int apply_alive(struct apply *apply, struct err *err)
{
	const char *ignored = NULL;

	if (pg_wait_notify(apply->pg, 0, &ignored, err) < 0)
		return err_wrap(err, "the idle connection to the target");
	return 0;
}

void apply_set_foreign_keys(struct apply *apply, const struct fk_graph *graph)
{
	apply->graph = graph;
}

const struct apply_counts *apply_counts(const struct apply *apply)
{
	return &apply->counts;
}

/* --- changes --- */

static void count(struct apply_counts *counts, const struct record_change *c)
{
	counts->changes++;
	counts->upserts += c->op == RECORD_UPSERT;
	counts->deletes += c->op == RECORD_DELETE;
	counts->values_set += c->op == RECORD_SET;
	counts->values_unset += c->op == RECORD_UNSET;
	counts->refetches += c->op == RECORD_REFETCH;
}

static bool is_barrier(const struct apply *apply,
		       const struct record_change *change)
{
	size_t actions = 0;

	if (change->op != RECORD_DELETE || !change->actions || !apply->graph)
		return false;
	fk_actions(apply->graph, change->table, &actions);
	return actions > 0;
}

static int add_to_barrier(struct apply *apply,
			  const struct record_change *change, struct err *err)
{
	const struct target_table *table = barrier_table(apply->barrier);

	if (table && table != change->table &&
	    apply_run_barrier(apply, err) < 0)
		return err->code;
	if (apply_write_early(apply, err) < 0)
		return err->code;
	barrier_add(apply->barrier, change);
	if (barrier_bytes(apply->barrier) > apply->options.batch_bytes)
		return apply_run_barrier(apply, err);
	return 0;
}

int apply_change(void *user, const struct record_change *change,
		 struct err *err)
{
	struct apply *apply = user;

	count(&apply->counts, change);
	apply->source_changes++;
	if (change->op == RECORD_REFETCH) {
		bool whole = change->value.kind != VALUE_TEXT;

		refetch_log_add(&apply->refetch, change->source,
				whole ? NULL : &change->value);
		return 0;
	}
	members_note(apply->members, change);
	if (is_barrier(apply, change))
		return add_to_barrier(apply, change, err);
	if (apply_run_barrier(apply, err) < 0)
		return err->code;
	if (change->arrives)
		comebacks_add(&apply->comebacks, change, apply->batch,
			      apply->graph, &apply->refetch);
	if (change->op == RECORD_SET && change->source)
		claims_add(&apply->claims, change, apply->batch,
			   &apply->refetch);
	batch_add(apply->batch, change);
	if (batch_bytes(apply->batch) <= apply->options.batch_bytes)
		return 0;
	return apply_write_early(apply, err);
}

int apply_refetch(struct apply *apply, const struct mapping_table *table,
		  const struct value *selection, struct err *err)
{
	(void)err;
	apply->counts.refetches++;
	refetch_log_add(&apply->refetch, table, selection);
	return 0;
}

int apply_join(struct apply *apply, struct pg **ret, struct err *err)
{
	if (apply_run_barrier(apply, err) < 0 ||
	    apply_write_early(apply, err) < 0 || apply_begin(apply, err) < 0 ||
	    apply_mark_source(apply, err) < 0)
		return err->code;
	apply->early_writes++;
	*ret = apply->pg;
	return 0;
}

static int end_written(struct apply *apply, struct err *err)
{
	if (!apply->source_written)
		return 0;
	if (apply->source_saved &&
	    pg_exec(apply->pg, "release savepoint source", err) < 0)
		return err->code;
	if (batch_bytes(apply->batch) < apply->written_bytes)
		apply->counts.streamed_transactions++;
	apply->source_written = false;
	apply->source_saved = false;
	apply->ended_written = true;
	return 0;
}

/* What the open source transaction gave may be committed. */
static int end_source(struct apply *apply, struct err *err)
{
	if (apply_run_barrier(apply, err) < 0 || apply_settle(apply, err) < 0 ||
	    end_written(apply, err) < 0)
		return err->code;
	batch_end(apply->batch);
	refetch_log_end(&apply->refetch);
	apply->moved = true;
	apply->next.changes += apply->source_changes;
	return 0;
}

int apply_amend(struct apply *apply, struct err *err)
{
	int rc = end_source(apply, err);

	apply->source_changes = 0;
	return rc;
}

bool apply_source_open(const struct apply *apply)
{
	return apply->source_changes > 0 || apply->source_written ||
	       barrier_table(apply->barrier);
}

int apply_transaction(struct apply *apply, struct pg **ret, struct err *err)
{
	assert(!apply_source_open(apply));
	if (apply_begin(apply, err) < 0)
		return err->code;
	if (!batch_empty(apply->batch)) {
		apply->early_writes++;
		apply->written_bytes += batch_bytes(apply->batch);
		if (apply_write_part(apply, BATCH_ALL, false, err) < 0)
			return err->code;
		batch_reset(apply->batch);
	}
	apply->ended_written = true;
	*ret = apply->pg;
	return 0;
}

int apply_end(struct apply *apply, const char *position,
	      const char *file_position, const char *transaction,
	      struct err *err)
{
	if (end_source(apply, err) < 0)
		return err->code;
	checkpoint_move(&apply->next, position, file_position);
	if (transaction) {
		apply->ended++;
		apply->next.transactions++;
		apply->counts.transactions++;
		if (apply->options.audit)
			audit_add(&apply->audit, transaction,
				  apply->source_changes);
	}
	apply->source_changes = 0;
	return 0;
}

void apply_origin(struct apply *apply, const char *source_id,
		  int64_t log_created, int64_t source_time)
{
	checkpoint_origin(&apply->next, source_id, log_created, source_time);
}

int apply_abandon(struct apply *apply, struct err *err)
{
	barrier_reset(apply->barrier);
	refetch_log_abandon(&apply->refetch);
	claims_reset(&apply->claims);
	comebacks_reset(&apply->comebacks);
	apply->source_changes = 0;
	if (!apply->source_written) {
		batch_abandon(apply->batch);
		return 0;
	}
	/* All that is in the batch came behind what was written. */
	batch_reset(apply->batch);
	apply->source_written = false;
	if (apply->source_saved) {
		apply->source_saved = false;
		return pg_exec(apply->pg,
			       "rollback to savepoint source;"
			       " release savepoint source",
			       err);
	}
	apply->open = false;
	return pg_exec(apply->pg, "rollback", err);
}

/* --- committing --- */

bool apply_pending(const struct apply *apply)
{
	return apply->moved || apply->open || !batch_empty(apply->batch);
}

bool apply_full(const struct apply *apply)
{
	size_t bytes = batch_bytes(apply->batch) + apply->written_bytes;

	return apply->ended >= apply->options.batch_transactions ||
	       bytes >= apply->options.batch_bytes / 2 ||
	       apply->early_writes >= EARLY_WRITES_MAX;
}

static void committed(struct apply *apply)
{
	checkpoint_done(&apply->committed);
	apply->committed = apply->next;
	checkpoint_copy(&apply->next, &apply->committed);
	apply->flush.position = apply->committed.position;
	audit_committed(&apply->audit);
	refetch_log_reset(&apply->refetch);
	batch_reset(apply->batch);
	apply->moved = false;
	apply->ended_written = false;
	apply->ended = 0;
	apply->early_writes = 0;
	apply->written_bytes = 0;
	apply->counts.commits++;
}

/* What bootstrap.since leaves out, once all is written. */
static int settle_members(struct apply *apply, struct err *err)
{
	if (!members_pending(apply->members))
		return 0;
	if (apply_begin(apply, err) < 0 ||
	    apply_write_part(apply, BATCH_ALL, false, err) < 0 ||
	    members_settle(apply->members, apply->pg, err) < 0)
		return err->code;
	batch_reset(apply->batch);
	return 0;
}

int apply_commit(struct apply *apply, int64_t passed_ticket, struct err *err)
{
	/* Only whole source transactions. */
	assert(apply->source_changes == 0 && !apply->source_written &&
	       !barrier_table(apply->barrier));
	apply->next.seq = apply->committed.seq + 1;
	if (passed_ticket > apply->next.passed_ticket)
		apply->next.passed_ticket = passed_ticket;
	if (settle_members(apply, err) < 0 ||
	    apply_write_part(apply, BATCH_ALL, true, err) < 0)
		return err->code;
	committed(apply);
	return 0;
}
