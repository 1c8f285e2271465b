#include "cdc/bootstrap.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/thread.h"
#include "cdc/binlog/position.h"
#include "cdc/board.h"
#include "cdc/checkpoint.h"
#include "cdc/chunk.h"
#include "cdc/epoch.h"
#include "cdc/plan.h"
#include "cdc/progress.h"
#include "cdc/publisher.h"
#include "cdc/schema.h"
#include "cdc/setup.h"
#include "cdc/snapshot.h"
#include "cdc/stopper.h"
#include "transform/losses.h"
#include "transform/mapping.h"

enum { POSITION_MAX = 1024 * 1024, WORKERS_MAX = 64, TRIES_MAX = 5 };

struct bootstrap {
	struct setup *setup;	    /* borrowed */
	const struct stopper *stop; /* borrowed */
	struct pg *pg;		    /* owned; holds the claim to apply */
	struct schema *schema;	    /* owned */
	struct plan plan;
	struct progress progress;
	struct board board;
	int64_t epoch;
	/* Shared by the workers. */
	pthread_mutex_t lock;
	size_t next;	  /* chunk to take */
	struct err first; /* the error that ended the work; code 0: none */
};

/* --- may we? */

/* Any row in any target: somebody's records. */
static int refuse_filled(struct bootstrap *b, struct err *err)
{
	const struct mapping *mapping = b->setup->mapping;

	for (size_t i = 0; i < mapping->target_count; i++) {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		CLEANUP(buf_done) struct buf sql;

		buf_init(&sql, 1024);
		buf_adds(&sql, "select 1 from ");
		pg_quote_name(&sql, mapping->targets[i]->name);
		buf_adds(&sql, " limit 1");
		int rc = pg_query(b->pg, buf_str(&sql), NULL, 0, &r, err);
		if (rc < 0)
			return rc;
		if (pg_rows(r) > 0)
			return err_set(
				err, ERR_OPERATOR,
				"the table %s has rows: bootstrap copies "
				"into empty tables only; empty the "
				"record tables, or use another "
				"target.schema or target.database",
				mapping->targets[i]->name);
	}
	return 0;
}

/* *begun: an earlier run fixed P0 and its plan; go on with it. */
static int look_around(struct bootstrap *b, bool *begun, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct checkpoint checkpoint = { 0 };
	int found = 0;
	int rc = checkpoint_read(b->pg, &checkpoint, &found, err);

	if (rc < 0)
		return rc;
	checkpoint_done(&checkpoint);
	if (found)
		return err_set(err, ERR_OPERATOR,
			       "the copy is complete already (there is a "
			       "checkpoint): run cdc; to copy anew, drop the "
			       "schemas ficus and %s of the target first",
			       b->setup->target.schema);
	rc = pg_query(b->pg, "select 1 from ficus.bootstrap", NULL, 0, &r, err);
	if (rc < 0)
		return rc;
	*begun = pg_rows(r) > 0;
	return *begun ? 0 : refuse_filled(b, err);
}

/* --- P0, metadata, plan: one target transaction */

static int store_start(struct pg *pg, const struct position *start,
		       const char *source_id, struct err *err)
{
	CLEANUP(buf_done) struct buf text;

	buf_init(&text, POSITION_MAX);
	position_format(start, &text);
	const struct pg_param params[] = {
		{ buf_str(&text), text.n, false },
		{ source_id, strlen(source_id), false },
	};
	log_info("first position", KV_STR("position", buf_str(&text)));
	return pg_query(pg,
			"insert into ficus.bootstrap (start_position, "
			"source_id) values ($1, $2)",
			params, LENGTH(params), NULL, err);
}

/* Read before and behind P0, and the same: so it is P0's. */
static int prove_schema(struct bootstrap *b, struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	CLEANUP(schema_freep) struct schema *again = NULL;
	int rc = source_connect(&b->setup->source, &source, err);

	if (rc == 0)
		rc = schema_read(source, b->setup->settings.source_database,
				 b->setup->mapping, &again, err);
	if (rc < 0 || schema_equal(again, b->schema))
		return rc;
	return err_set(err, ERR_OPERATOR,
		       "a table was altered while the bootstrap began: run "
		       "cdc --bootstrap again");
}

static int fill_start(struct bootstrap *b, struct chunk_reader *reader,
		      struct position *start, struct err *err)
{
	struct source *source = chunk_reader_source(reader);
	struct pg *pg = chunk_reader_target(reader);
	CLEANUP(mem_freep) char *id = NULL;
	uint64_t rows = 0;
	int rc = source_identity(source, &id, err);

	if (rc == 0)
		rc = pg_exec(pg, "begin", err);
	if (rc == 0)
		rc = snapshot_begin_exact(source, b->setup, start, err);
	if (rc == 0)
		rc = prove_schema(b, err);
	if (rc == 0)
		rc = chunk_read_metadata(reader, &rows, err);
	if (rc == 0)
		rc = plan_make(source, b->schema, b->setup->mapping, pg, err);
	if (rc == 0)
		rc = schema_store(b->schema, pg, err);
	if (rc == 0)
		rc = store_start(pg, start, id, err);
	if (rc == 0)
		rc = source_exec(source, "commit", err);
	if (rc == 0)
		rc = pg_exec(pg, "commit", err);
	if (rc == 0)
		log_info("metadata copied", KV_INT("rows", rows));
	return rc;
}

static int begin_anew(struct bootstrap *b, struct err *err)
{
	struct chunk_reader *reader = NULL;
	struct position start = { 0 };
	int rc = chunk_reader_open(b->setup, b->schema, &reader, err);

	if (rc == 0)
		rc = fill_start(b, reader, &start, err);
	position_done(&start);
	chunk_reader_close(reader);
	return rc < 0 ? err_wrap(err, "bootstrap start") : 0;
}

static int read_schema(struct bootstrap *b, struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	int rc = source_connect(&b->setup->source, &source, err);

	if (rc == 0)
		rc = schema_read(source, b->setup->settings.source_database,
				 b->setup->mapping, &b->schema, err);
	return rc;
}

/* --- chunks */

static const struct chunk_range *take_chunk(struct bootstrap *b)
{
	const struct chunk_range *range = NULL;

	pthread_mutex_lock(&b->lock);
	if (b->first.code == 0 && b->next < b->plan.count)
		range = &b->plan.chunks[b->next++];
	pthread_mutex_unlock(&b->lock);
	return range;
}

static void give_up(struct bootstrap *b, const struct err *err)
{
	pthread_mutex_lock(&b->lock);
	if (b->first.code == 0)
		b->first = *err;
	pthread_mutex_unlock(&b->lock);
}

static bool passing(int code)
{
	return code == ERR_SOURCE_LOST || code == ERR_TARGET_LOST ||
	       code == ERR_IO;
}

/* A chunk is written whole or not at all, so that a lost connection costs
 * another try with new ones. */
static int read_chunk(struct bootstrap *b, struct chunk_reader **reader,
		      const struct chunk_range *range, struct err *err)
{
	int rc = ERR_IO;

	for (int try = 1; try <= TRIES_MAX; try++) {
		uint64_t rows = 0;

		memset(err, 0, sizeof(*err));
		rc = *reader ? 0
			     : chunk_reader_open(b->setup, b->schema, reader,
						 err);
		if (rc == 0)
			rc = chunk_read(*reader, range, &rows, err);
		if (rc == 0) {
			progress_add(&b->progress, rows);
			return 0;
		}
		chunk_reader_close(*reader);
		*reader = NULL;
		if (!passing(rc) || stopper_wait(b->stop, try * 500))
			break;
		log_warn("chunk failed, trying again", KV_INT("try", try),
			 KV_ERR(err));
	}
	return err_wrap(err, "chunk %" PRId64 " of %s", range->id,
			range->family);
}

static void *work(void *user)
{
	struct bootstrap *b = user;
	struct chunk_reader *reader = NULL;
	struct err err = { 0 };

	for (;;) {
		const struct chunk_range *range = take_chunk(b);

		if (!range)
			break;
		if (stopper_wait(b->stop, 0)) {
			err_set(&err, ERR_STOPPED,
				"stopped; run cdc --bootstrap again to go on");
			give_up(b, &err);
			break;
		}
		if (read_chunk(b, &reader, range, &err) < 0) {
			give_up(b, &err);
			break;
		}
	}
	chunk_reader_close(reader);
	return NULL;
}

static int copy(struct bootstrap *b, struct err *err)
{
	pthread_t threads[WORKERS_MAX];
	int64_t workers = b->setup->settings.bootstrap_workers, started = 0;
	int rc = plan_load(b->pg, b->setup->mapping, &b->plan, err);

	if (rc < 0)
		return rc;
	progress_init(&b->progress, "copying", b->plan.total - b->plan.count,
		      b->plan.total);
	while (started < workers &&
	       thread_start(&threads[started], work, b) == 0)
		started++;
	if (started == 0)
		work(b); /* no room for threads: slower, not less */
	for (int64_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	progress_done(&b->progress);
	if (b->first.code == 0)
		return 0;
	*err = b->first;
	return err->code;
}

/* --- the end: the checkpoint the stream starts from */

/* Nobody can ask for metrics here. */
static void report_losses(const struct bootstrap *b)
{
	const struct loss *loss = losses_first(b->setup->losses);

	for (; loss; loss = loss->next)
		for (enum loss_kind kind = 0; kind < LOSS_COUNT; kind++) {
			uint64_t n = loss_count(loss, kind);

			if (n)
				log_warn("values could not be kept as they are",
					 KV_STR("table", loss->table),
					 KV_STR("column", loss->column),
					 KV_STR("kind", loss_kind_name(kind)),
					 KV_INT("values", n));
		}
}

static int finish(struct bootstrap *b, struct err *err)
{
	char sql[1024];
	int rc = pg_exec(b->pg, "analyze", err);

	if (rc < 0)
		return rc;
	snprintf(sql, sizeof(sql),
		 "begin; "
		 "insert into ficus.checkpoint (seq, epoch, position, "
		 "source_id) select 1, %" PRId64 ", start_position, source_id "
		 "from ficus.bootstrap; "
		 "update ficus.bootstrap set copied_at = clock_timestamp(); "
		 "commit",
		 b->epoch);
	rc = pg_exec(b->pg, sql, err);
	report_losses(b);
	if (rc == 0)
		log_info("bootstrap complete; the stream catches up from the "
			 "first position",
			 KV_INT("chunks", b->plan.total),
			 KV_INT("rows", b->progress.rows));
	return rc;
}

static int claim(struct bootstrap *b, struct err *err)
{
	char instance[300], host[256] = "";
	int rc = pg_connect(&b->setup->target, &b->pg, err);

	if (rc == 0) /* indexes take as long as they take */
		pg_set_timeout(b->pg, 0);
	gethostname(host, sizeof(host) - 1);
	snprintf(instance, sizeof(instance), "%s:%ld", host, (long)getpid());
	if (rc == 0)
		rc = epoch_take(b->pg, instance, false, &b->epoch, err);
	b->board.facts.epoch = b->epoch;
	return rc;
}

static int run(struct bootstrap *b, struct err *err)
{
	bool begun = false;
	int rc = claim(b, err);

	if (rc == 0)
		rc = look_around(b, &begun, err);
	if (rc < 0)
		return rc;
	board_state(&b->board, CDC_BOOTSTRAPPING, "copying");
	struct publisher *publisher =
		publisher_start(&b->setup->target, &b->board);
	rc = read_schema(b, err);
	if (rc == 0 && !begun)
		rc = begin_anew(b, err);
	if (rc == 0)
		rc = copy(b, err);
	if (rc == 0)
		rc = finish(b, err);
	publisher_stop(publisher);
	return rc;
}

int bootstrap_run(struct setup *setup, const struct stopper *stop,
		  struct err *err)
{
	struct bootstrap b = { .setup = setup, .stop = stop };

	pthread_mutex_init(&b.lock, NULL);
	board_init(&b.board);
	int rc = run(&b, err);
	plan_done(&b.plan);
	schema_free(b.schema);
	pg_close(b.pg);
	board_done(&b.board);
	pthread_mutex_destroy(&b.lock);
	return rc;
}
