#include "base/err.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/apply_impl.h"
#include "cdc/barrier.h"
#include "cdc/cascade.h"
#include "cdc/dead_letter.h"
#include "transform/mapping.h"

/* --- writing a part of the batch --- */

int apply_begin(struct apply *apply, struct err *err)
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

int apply_write_part(struct apply *apply, enum batch_part part, bool tail,
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
	apply->counts.bisect_tries = apply->flush.tries;
	if (rc < 0)
		return rc;
	if (!tail)
		return 0;
	apply->open = false;
	return commit_alone(apply, err);
}

/* --- what the target is asked before it changes --- */

/* While rows are to be read again, or the bootstrap's were read ahead of where
 * the stream is, a cascade works on what may not be so. */
static const char doubt_sql[] =
	"select exists (select from ficus.refetch)"
	" or exists (select from ficus.chunks),"
	" exists (select from ficus.refetch where domain = 'metadata')";

int apply_find_doubt(struct apply *apply, struct cascade_doubt *doubt,
		     struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(apply->pg, doubt_sql, NULL, 0, &r, err) < 0)
		return err->code;
	*doubt = (struct cascade_doubt){
		.log = &apply->refetch,
		.rows = str_eqs(pg_value(r, 0, 0), "t") ||
			apply->refetch.count > 0,
		.metadata = str_eqs(pg_value(r, 0, 1), "t") ||
			    refetch_log_has_metadata(&apply->refetch),
	};
	return 0;
}

static int settle_comebacks(struct apply *apply, struct err *err)
{
	struct cascade_doubt doubt = { 0 };

	if (!apply->comebacks.first)
		return 0;
	if (apply_find_doubt(apply, &doubt, err) < 0)
		return err->code;
	if (!doubt.rows) {
		comebacks_watch_none(&apply->comebacks);
		return 0;
	}
	return comebacks_settle(&apply->comebacks, apply->pg, apply->graph,
				&apply->refetch, err);
}

int apply_settle(struct apply *apply, struct err *err)
{
	if (claims_settle(&apply->claims, apply->pg, &apply->refetch, err) < 0)
		return err->code;
	return settle_comebacks(apply, err);
}

/* --- writing before the end of a source transaction --- */

/* From here on the target transaction has parts of the open source one. */
int apply_mark_source(struct apply *apply, struct err *err)
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

int apply_write_early(struct apply *apply, struct err *err)
{
	if (batch_empty(apply->batch))
		return 0;
	if (apply_begin(apply, err) < 0 || apply_settle(apply, err) < 0)
		return err->code;
	apply->early_writes++;
	apply->written_bytes += batch_bytes(apply->batch);
	if (!apply->source_written && apply->ended > 0) {
		if (apply_write_part(apply, BATCH_ENDED, false, err) < 0)
			return err->code;
		apply->ended_written = true;
	}
	if (apply_mark_source(apply, err) < 0 ||
	    apply_write_part(apply, BATCH_OPEN, false, err) < 0)
		return err->code;
	batch_reset(apply->batch);
	return 0;
}

int apply_run_barrier(struct apply *apply, struct err *err)
{
	const struct target_table *table = barrier_table(apply->barrier);
	const struct dead_letter_scope scope = {
		.mapping = apply->options.mapping,
		.graph = apply->graph,
		.letters = apply->letters,
	};
	uint64_t rows = 0;
	struct cascade_doubt doubt = { 0 };

	if (!table)
		return 0;
	if (apply_begin(apply, err) < 0 || apply_mark_source(apply, err) < 0 ||
	    apply_find_doubt(apply, &doubt, err) < 0)
		return err->code;
	if (apply->letters[table->index] &&
	    barrier_clear_letters(apply->barrier, apply->pg, err) < 0)
		return err->code;
	if (doubt.rows)
		comebacks_watch(&apply->comebacks, apply->graph, table);
	if (barrier_run(apply->barrier, apply->pg, apply->graph, &doubt, &rows,
			err) < 0 ||
	    dead_letter_cascaded(apply->pg, &scope, table, &apply->refetch,
				 err) < 0) {
		apply->flush.refused = table->domain;
		return err->code;
	}
	apply->early_writes++;
	apply->counts.barriers++;
	apply->counts.cascaded_rows += rows;
	return 0;
}
