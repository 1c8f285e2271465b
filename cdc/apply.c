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
#include "cdc/audit.h"
#include "cdc/barrier.h"
#include "cdc/batch.h"
#include "cdc/checkpoint.h"
#include "cdc/claims.h"
#include "cdc/dead_letter.h"
#include "cdc/descend.h"
#include "cdc/epoch.h"
#include "cdc/flush.h"
#include "cdc/refetch_log.h"
#include "cdc/target.h"
#include "cdc/writer.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum { EARLY_WRITES_MAX = 32 }; /* savepoints before a commit is due */

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
	struct claims claims;	     /* of the open source transaction */
	struct apply_counts counts;
};

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

static int open_session(struct apply *apply, struct err *err)
{
	const struct apply_options *o = &apply->options;
	int64_t epoch = 0;

	if (target_connect(o->target, o->synchronous_commit, &apply->pg, err) <
		    0 ||
	    epoch_take(apply->pg, o->instance, o->takeover, &epoch, err) < 0 ||
	    read_state(apply, err) < 0)
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
	if (target_shapes_new(options->mapping, &apply->shapes, err) < 0 ||
	    open_session(apply, err) < 0) {
		apply_close(apply);
		return err->code;
	}
	apply->batch = batch_new(apply->shapes, apply->shape_count);
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
	batch_free(apply->batch);
	pg_close(apply->pg);
	checkpoint_done(&apply->committed);
	checkpoint_done(&apply->next);
	audit_done(&apply->audit);
	refetch_log_done(&apply->refetch);
	claims_done(&apply->claims);
	free(apply->shapes);
	free(apply->letters);
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

/* --- writing a part of the batch --- */

static int begin(struct apply *apply, struct err *err)
{
	if (apply->open)
		return 0;
	if (pg_exec(apply->pg, "begin", err) < 0)
		return err->code;
	apply->open = true;
	apply->early_writes = 0;
	apply->written_bytes = 0;
	return 0;
}

static void queue_tail(struct apply *apply)
{
	audit_queue(&apply->audit, apply->pg, apply->next.seq);
	if (apply->marks)
		refetch_marks_queue(apply->marks, apply->pg);
	refetch_log_queue(&apply->refetch, apply->pg);
	checkpoint_queue(apply->pg, &apply->next);
	pg_pipe_query(apply->pg, "commit", NULL, 0);
}

static int commit_alone(struct apply *apply, struct err *err)
{
	pg_pipe_begin(apply->pg);
	queue_tail(apply);
	return flush_sync(&apply->flush, 0, err) < 0 ? checkpoint_refused(err)
						     : 0;
}

/* The whole part, and with `tail` the end of the transaction. */
static int write_at_once(struct apply *apply, enum batch_part part, bool tail,
			 struct err *err)
{
	bool saved = apply->open;

	pg_pipe_begin(apply->pg);
	pg_pipe_query(apply->pg, saved ? "savepoint part" : "begin", NULL, 0);
	int rc = flush_queue(&apply->flush, part, err);
	if (rc == 0 && tail)
		queue_tail(apply);
	else if (rc == 0 && saved)
		pg_pipe_query(apply->pg, "release savepoint part", NULL, 0);
	rc = flush_sync(&apply->flush, rc, err);
	if (rc == 0)
		apply->open = !tail;
	return rc;
}

static int write_part(struct apply *apply, enum batch_part part, bool tail,
		      struct err *err)
{
	batch_collect(apply->batch, part);
	if (flush_prepare(&apply->flush, err) < 0)
		return err->code;

	struct err refusal = { 0 };
	int rc = write_at_once(apply, part, tail, &refusal);
	if (rc == 0)
		return 0;
	if (rc != ERR_DATA || checkpoint_superseded(&refusal)) {
		*err = refusal;
		return tail ? checkpoint_refused(err) : rc;
	}
	if (pg_exec(apply->pg,
		    apply->open ? "rollback to savepoint part;"
				  " release savepoint part"
				: "rollback; begin",
		    err) < 0)
		return err->code;
	apply->open = true;
	rc = flush_bisecting(&apply->flush, part, err);
	apply->counts.dead_letters = apply->flush.dead_letters;
	if (rc < 0)
		return rc;
	if (!tail)
		return 0;
	apply->open = false;
	return commit_alone(apply, err);
}

/* --- writing before the end of a source transaction --- */

/* From here on the target transaction has parts of the open source one. */
static int mark_source(struct apply *apply, struct err *err)
{
	if (apply->source_written)
		return 0;
	if (apply->ended_written) {
		if (pg_exec(apply->pg, "savepoint source", err) < 0)
			return err->code;
		apply->source_saved = true;
	}
	apply->source_written = true;
	return 0;
}

static int write_early(struct apply *apply, struct err *err)
{
	if (batch_empty(apply->batch))
		return 0;
	if (begin(apply, err) < 0 ||
	    claims_settle(&apply->claims, apply->pg, &apply->refetch, err) < 0)
		return err->code;
	apply->early_writes++;
	apply->written_bytes += batch_bytes(apply->batch);
	if (!apply->source_written && apply->ended > 0) {
		if (write_part(apply, BATCH_ENDED, false, err) < 0)
			return err->code;
		apply->ended_written = true;
	}
	if (mark_source(apply, err) < 0 ||
	    write_part(apply, BATCH_OPEN, false, err) < 0)
		return err->code;
	batch_reset(apply->batch);
	return 0;
}

/* While rows are to be read again, a cascade works on what may not be so. */
static int is_certain(struct apply *apply, bool *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	*ret = false;
	if (apply->refetch.count > 0)
		return 0;
	if (pg_query(apply->pg, "select not exists (select from ficus.refetch)",
		     NULL, 0, &r, err) < 0)
		return err->code;
	*ret = str_eqs(pg_value(r, 0, 0), "t");
	return 0;
}

static int run_barrier(struct apply *apply, struct err *err)
{
	uint64_t rows = 0;
	bool certain = false;

	if (!barrier_table(apply->barrier))
		return 0;
	if (begin(apply, err) < 0 || mark_source(apply, err) < 0 ||
	    is_certain(apply, &certain, err) < 0 ||
	    barrier_run(apply->barrier, apply->pg, apply->graph,
			certain ? NULL : &apply->refetch, &rows, err) < 0)
		return err->code;
	apply->early_writes++;
	apply->counts.barriers++;
	apply->counts.cascaded_rows += rows;
	return 0;
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

	if (table && table != change->table && run_barrier(apply, err) < 0)
		return err->code;
	if (write_early(apply, err) < 0)
		return err->code;
	barrier_add(apply->barrier, change);
	if (barrier_bytes(apply->barrier) > apply->options.batch_bytes)
		return run_barrier(apply, err);
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
	if (is_barrier(apply, change))
		return add_to_barrier(apply, change, err);
	if (run_barrier(apply, err) < 0)
		return err->code;
	if (change->op == RECORD_SET && change->source)
		claims_add(&apply->claims, change, apply->batch,
			   &apply->refetch);
	batch_add(apply->batch, change);
	if (batch_bytes(apply->batch) <= apply->options.batch_bytes)
		return 0;
	return write_early(apply, err);
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
	if (run_barrier(apply, err) < 0 || write_early(apply, err) < 0 ||
	    begin(apply, err) < 0 || mark_source(apply, err) < 0)
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
	if (run_barrier(apply, err) < 0 ||
	    claims_settle(&apply->claims, apply->pg, &apply->refetch, err) <
		    0 ||
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
	if (begin(apply, err) < 0)
		return err->code;
	if (!batch_empty(apply->batch)) {
		apply->early_writes++;
		apply->written_bytes += batch_bytes(apply->batch);
		if (write_part(apply, BATCH_ALL, false, err) < 0)
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

/* --- what was read again --- */

static void chunk_item(struct apply *apply, const struct target_shape *shape,
		       const struct batch_item *item, struct value *values)
{
	const struct batch_row *row = item->row;
	struct record_change change = {
		.op = RECORD_DELETE,
		.table = shape->table,
		.values = values,
	};

	if (row->op == BATCH_UPSERT) {
		change.op = RECORD_UPSERT;
		change.values = row->values;
		batch_add(apply->batch, &change);
		return;
	}
	for (size_t i = 0; i < shape->key_count; i++)
		values[shape->key[i]] = item->entry->key[i];
	if (row->op == BATCH_DELETE || row->cleared)
		batch_add(apply->batch, &change);
	for (uint32_t i = 0; i < row->count; i++) {
		const struct batch_attribute *a = &row->attributes[i];

		change.op = a->value.kind == VALUE_ABSENT ? RECORD_UNSET
							  : RECORD_SET;
		change.attribute = *a->name;
		change.value = a->value;
		change.json = a->json;
		batch_add(apply->batch, &change);
	}
}

/* Into our own batch: statements are prepared by its column sets. */
static void take_chunk(struct apply *apply, struct batch *chunk)
{
	batch_end(chunk);
	batch_collect(chunk, BATCH_ALL);
	for (size_t table = 0; table < apply->shape_count; table++) {
		const struct batch_item *items;
		size_t count = batch_items(chunk, table, &items);

		for (size_t i = 0; i < count; i++) {
			struct value values[TARGET_COLUMNS_MAX] = { 0 };

			chunk_item(apply, &apply->shapes[table], &items[i],
				   values);
		}
	}
	batch_reset(chunk);
}

int apply_chunk(struct apply *apply, struct batch *chunk,
		struct refetch_marks *read, struct err *err)
{
	assert(batch_empty(apply->batch) && !apply->open);
	take_chunk(apply, chunk);
	batch_end(apply->batch);
	refetch_log_end(&apply->refetch);
	apply->marks = read;
	int rc = apply_commit(apply, 0, err);
	apply->marks = NULL;
	return rc;
}

void apply_descend(struct apply *apply, const struct target_table *table,
		   const struct value *values)
{
	descend(&apply->refetch, apply->graph, table, values);
}

int apply_refetched(struct apply *apply, const char *read_position,
		    struct err *err)
{
	const struct pg_param param = pg_param_text(read_position);
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	assert(batch_empty(apply->batch) && !apply->open);
	if (begin(apply, err) < 0 ||
	    pg_query(apply->pg,
		     "delete from ficus.refetch where read_position = $1",
		     &param, 1, &r, err) < 0)
		return err->code;
	apply->counts.refetched += pg_affected(r);
	return apply_commit(apply, 0, err);
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

int apply_commit(struct apply *apply, int64_t passed_ticket, struct err *err)
{
	/* Only whole source transactions. */
	assert(apply->source_changes == 0 && !apply->source_written &&
	       !barrier_table(apply->barrier));
	apply->next.seq = apply->committed.seq + 1;
	if (passed_ticket > apply->next.passed_ticket)
		apply->next.passed_ticket = passed_ticket;
	if (write_part(apply, BATCH_ALL, true, err) < 0)
		return err->code;
	committed(apply);
	return 0;
}
