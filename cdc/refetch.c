#include "cdc/refetch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/thread.h"
#include "cdc/apply.h"
#include "cdc/batch.h"
#include "cdc/binlog/position.h"
#include "cdc/board.h"
#include "cdc/chunk.h"
#include "cdc/head.h"
#include "cdc/passing.h"
#include "cdc/refetch_read.h"
#include "cdc/schema.h"
#include "cdc/setup.h"
#include "cdc/snapshot.h"
#include "cdc/source.h"
#include "transform/mapping.h"

enum {
	READ_MS = 100,	    /* nothing new is begun after it */
	PATIENCE_MS = 1000, /* the applier waits no longer, at first */
	PATIENCE_MAX = 4,   /* times; what is smallest must be read once */
	REST_MS = 20,	    /* the stream's time between two reads, at least */
	RETRY_MS = 500,	    /* first pause after a failure; then doubled */
	RETRY_MAX_MS = 30000,
	CONNECT_MS = 3000,
	ANSWER_MS = 10000,
	IDLE_MS = 10000, /* connections are kept so long */
	/* So much is read at once as can be read and written in this time. */
	PAUSE_LONG_MS = 150,
	PAUSE_SHORT_MS = 60,
	BYTES_FIRST = 512 * 1024,
	BYTES_MIN = 32 * 1024,
	BYTES_MAX = 8 * 1024 * 1024,
	TEXT_MAX = 1024 * 1024,
};

/* Keys first: they are quick. */
static const char pending_sql[] =
	"select id, source_table, selection, progress, resync from "
	"ficus.refetch"
	" where read_position is null"
	" order by selection = '', source_table, selection limit 1000";
static const char failed_sql[] =
	"update ficus.refetch set attempts = attempts + 1, error = $1"
	" where id in (select id from ficus.refetch"
	" where read_position is null order by id limit 1000)";

/*
 *   IDLE ──▶ WANTED ──▶ READY ──▶ READING ──▶ DONE ──▶ READY, IDLE
 *              ▲                    │  │
 *              └──── failed ────────┘  └──▶ GIVEN_UP ──▶ WANTED
 *
 * The applier wants, lets read, takes what is done and gives up; the thread
 * connects and reads. */
enum refetch_state { IDLE, WANTED, READY, READING, GIVEN_UP, DONE };

struct refetch {
	struct setup setup; /* a copy, with shorter patience; borrows */
	struct board *board;
	struct apply *apply;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum refetch_state state;
	bool stop;
	struct source *source; /* the reader's, while it may be cancelled */

	/* Of who the state says: the applier's in DONE, else the thread's. */
	struct position applied;
	char *file;
	struct pg *pg;
	struct schema *schema;
	struct chunk_reader *reader;
	struct refetch_round round;
	struct position read_at;
	struct buf read_text;
	bool none; /* nothing was pending */

	/* Of the thread alone. */
	int failures;

	/* Of the applier alone; but `bytes` is read while it waits. */
	size_t bytes;
	int given_up; /* reads in a row, PATIENCE_MAX - 1 at most */
	struct passing passing;
	bool work;
	uint64_t seen;	       /* of apply_counts.refetches */
	int64_t rest_until_us; /* monotonic */
};

/* --- the thread --- */

static int connect_pg(struct refetch *r, struct err *err)
{
	return r->pg ? 0 : pg_connect(&r->setup.target, &r->pg, err);
}

static void publish_source(struct refetch *r, struct source *source)
{
	pthread_mutex_lock(&r->lock);
	r->source = source;
	pthread_mutex_unlock(&r->lock);
}

static void disconnect(struct refetch *r)
{
	publish_source(r, NULL);
	chunk_reader_close(r->reader);
	r->reader = NULL;
	pg_close(r->pg);
	r->pg = NULL;
}

static int connect_both(struct refetch *r, struct err *err)
{
	int rc = connect_pg(r, err);

	if (rc == 0 && !r->reader)
		rc = chunk_reader_open(&r->setup, NULL, &r->reader, err);
	if (rc == 0)
		publish_source(r, chunk_reader_source(r->reader));
	r->round.reader = r->reader;
	return rc;
}

/* The kept schema is that of the position the copy stands at. */
static int load_schema(struct refetch *r, struct err *err)
{
	bool found = false;

	schema_free(r->schema);
	r->schema = NULL;
	int rc = schema_load(r->pg, &r->schema, &found, err);
	if (rc == 0 && !found)
		return err_set(err, ERR_OPERATOR,
			       "the target has no source schema");
	if (rc == 0)
		chunk_reader_use(r->reader, r->schema);
	r->round.schema = r->schema;
	return rc;
}

static int read_pending(struct refetch *r, const struct pg_result *pending,
			struct err *err)
{
	struct source *source = chunk_reader_source(r->reader);
	int rc = load_schema(r, err);

	if (rc == 0)
		rc = snapshot_begin_after(source, &r->applied, r->file,
					  &r->read_at, err);
	r->round.until_us = clock_mono_us() + (int64_t)READ_MS * 1000;
	if (rc == 0)
		rc = chunk_read_map(r->reader, err);
	if (rc == 0)
		rc = refetch_round_read(&r->round, pending, err);
	if (rc == 0)
		rc = source_exec(source, "commit", err);
	return rc;
}

static int read_round(struct refetch *r, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *pending = NULL;

	refetch_round_reset(&r->round);
	batch_reset(chunk_batch(r->reader));
	position_done(&r->read_at);
	position_init(&r->read_at);
	r->round.bytes_max = r->bytes;
	if (pg_query(r->pg, pending_sql, NULL, 0, &pending, err) < 0)
		return err->code;
	r->none = pg_rows(pending) == 0;
	if (r->none)
		return 0;
	if (read_pending(r, pending, err) < 0)
		return err->code;
	buf_reset(&r->read_text, TEXT_MAX);
	position_format(&r->read_at, &r->read_text);
	return 0;
}

static void complain(struct refetch *r, const struct err *err)
{
	const struct pg_param param = pg_param_text(err->msg);
	struct err ignored = { 0 };

	if (r->failures == 0)
		log_warn("reading again failed, trying on", KV_ERR(err));
	if (connect_pg(r, &ignored) == 0 &&
	    pg_query(r->pg, failed_sql, &param, 1, NULL, &ignored) < 0)
		log_debug("refetch error not kept", KV_ERR(&ignored));
	disconnect(r);
}

/* Locked. */
static void back_off(struct refetch *r)
{
	int64_t ms = (int64_t)RETRY_MS << (r->failures < 6 ? r->failures : 6);
	struct timespec until =
		thread_until(ms < RETRY_MAX_MS ? ms : (int64_t)RETRY_MAX_MS);

	r->failures++;
	while (!r->stop &&
	       pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0)
		;
}

/* Locked; unlocked while it works. */
static void settle(struct refetch *r, int rc, const struct err *err,
		   enum refetch_state good)
{
	bool late = rc == 0 && r->state == GIVEN_UP;
	struct err slow = { 0 };

	if (late)
		err_set(&slow, ERR_IO, "the source took too long to answer");
	if (rc < 0 || late) {
		bool stop = r->stop; /* then it failed for that */

		pthread_mutex_unlock(&r->lock);
		if (late)
			refetch_round_slow(&r->round);
		if (!stop)
			complain(r, late ? &slow : err);
		pthread_mutex_lock(&r->lock);
		r->state = WANTED;
		pthread_cond_broadcast(&r->changed);
		back_off(r);
		return;
	}
	if (good == DONE)
		r->failures = 0;
	r->state = good;
	pthread_cond_broadcast(&r->changed);
}

/* Locked. */
static void wait_for_work(struct refetch *r)
{
	struct timespec until = thread_until(IDLE_MS);

	if (pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0 ||
	    r->state != IDLE || (!r->reader && !r->pg))
		return;
	pthread_mutex_unlock(&r->lock);
	disconnect(r);
	pthread_mutex_lock(&r->lock);
}

static void *run(void *user)
{
	struct refetch *r = user;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		bool reading = r->state == READING;
		struct err err = { 0 };

		if (!reading && r->state != WANTED) {
			wait_for_work(r);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		int rc = reading ? read_round(r, &err) : connect_both(r, &err);
		pthread_mutex_lock(&r->lock);
		settle(r, rc, &err, reading ? DONE : READY);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* --- the applier's side --- */

static int load(struct refetch *r, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	int rc = pg_connect(&r->setup.target, &pg, err);

	if (rc == 0)
		rc = pg_query(pg,
			      "select distinct read_position"
			      " from ficus.refetch",
			      NULL, 0, &rows, err);
	for (size_t i = 0; rc == 0 && i < pg_rows(rows); i++) {
		struct position at = { 0 };

		if (pg_null(rows, i, 0)) {
			r->work = true;
			continue;
		}
		rc = position_parse(pg_value(rows, i, 0), &at, err);
		if (rc == 0)
			passing_add(&r->passing, &at, pg_text(rows, i, 0));
		position_done(&at);
	}
	return rc < 0 ? err_wrap(err, "ficus.refetch") : 0;
}

int refetch_new(const struct setup *setup, struct board *board,
		struct apply *apply, struct refetch **ret, struct err *err)
{
	struct refetch *r = mem_zalloc(sizeof(*r));

	r->setup = *setup;
	r->board = board;
	r->apply = apply;
	r->bytes = BYTES_FIRST;
	if (r->setup.source.connect_timeout_ms > CONNECT_MS)
		r->setup.source.connect_timeout_ms = CONNECT_MS;
	r->setup.source.read_timeout_ms = ANSWER_MS;
	pthread_mutex_init(&r->lock, NULL);
	thread_cond_init(&r->changed);
	position_init(&r->applied);
	position_init(&r->read_at);
	buf_init(&r->read_text, TEXT_MAX);
	refetch_round_init(&r->round, setup->mapping);
	int rc = load(r, err);
	if (rc == 0 && thread_start(&r->thread, run, r) != 0)
		rc = err_set(err, ERR_IO, "no thread for reading again");
	r->started = rc == 0;
	if (rc < 0)
		refetch_free(r);
	else
		*ret = r;
	return rc;
}

static void end_thread(struct refetch *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	if (r->source)
		source_cancel(r->source);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
}

void refetch_free(struct refetch *r)
{
	if (!r)
		return;
	if (r->started)
		end_thread(r);
	disconnect(r);
	schema_free(r->schema);
	refetch_round_done(&r->round);
	position_done(&r->applied);
	position_done(&r->read_at);
	buf_done(&r->read_text);
	free(r->file);
	passing_done(&r->passing);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Write what was read. */
static int take(struct refetch *r, struct err *err)
{
	r->work = !r->none;
	if (r->none)
		return 0;
	for (const struct refetch_ask *a = r->round.asks; a; a = a->next)
		if (apply_refetch(r->apply, a->table,
				  a->selection.kind == VALUE_TEXT
					  ? &a->selection
					  : NULL,
				  err) < 0)
			return err->code;
	for (const struct refetch_gone *g = r->round.gone; g; g = g->next)
		apply_descend(r->apply, g->table->target, g->values);
	r->round.marks.read_position = buf_str(&r->read_text);
	passing_add(&r->passing, &r->read_at, buf_str(&r->read_text));
	return apply_chunk(r->apply, chunk_batch(r->reader), &r->round.marks,
			   err);
}

/* Locked. Lets the thread read while we stand still. */
static bool let_read(struct refetch *r, const struct position *applied,
		     const char *file)
{
	struct timespec until =
		thread_until((int64_t)PATIENCE_MS * (r->given_up + 1));

	position_done(&r->applied);
	position_init(&r->applied);
	position_copy(&r->applied, applied);
	free(r->file);
	r->file = mem_strdup(file);
	r->state = READING;
	pthread_cond_broadcast(&r->changed);
	while (r->state == READING &&
	       pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0)
		;
	if (r->state == READING)
		r->state = GIVEN_UP;
	if (r->state == DONE)
		r->given_up = 0;
	else if (r->given_up + 1 < PATIENCE_MAX)
		r->given_up++;
	return r->state == DONE;
}

/* How long the stream stood still says how much it may be next time. */
static void adapt(struct refetch *r, int64_t paused_us)
{
	if (paused_us > (int64_t)PAUSE_LONG_MS * 1000 && r->bytes > BYTES_MIN)
		r->bytes /= 2;
	if (paused_us >= (int64_t)PAUSE_SHORT_MS * 1000)
		return;
	if (r->bytes < BYTES_MAX)
		r->bytes *= 2;
	refetch_round_quick(&r->round);
}

static int heal(struct refetch *r, const struct position *applied,
		const char *file, struct err *err)
{
	int64_t begun = clock_mono_us(), now;
	bool done;
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	if (r->state == IDLE) {
		r->state = WANTED;
		pthread_cond_broadcast(&r->changed);
	}
	done = r->state == READY && let_read(r, applied, file);
	pthread_mutex_unlock(&r->lock);
	if (done)
		rc = take(r, err);
	pthread_mutex_lock(&r->lock);
	if (done) {
		r->state = r->work ? READY : IDLE;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	now = clock_mono_us();
	if (done)
		adapt(r, now - begun);
	r->rest_until_us = now + (now - begun) + (int64_t)REST_MS * 1000;
	return rc;
}

void refetch_wake(struct refetch *r)
{
	r->work = true;
}

static int settle_passed(struct refetch *r, const struct position *applied,
			 struct err *err)
{
	int64_t sampled_us = INT64_MIN;
	size_t i = 0;

	if (r->passing.count > 0 && r->board->head)
		sampled_us = head_proven(r->board->head, applied);
	while (passing_find(&r->passing, applied, sampled_us, &i)) {
		if (apply_refetched(r->apply, r->passing.all[i].text, err) < 0)
			return err->code;
		r->work = true; /* some of it is to be read once more */
		passing_drop(&r->passing, i);
	}
	return 0;
}

int refetch_turn(struct refetch *r, const struct position *applied,
		 const char *file, struct err *err)
{
	uint64_t asked = apply_counts(r->apply)->refetches;

	if (settle_passed(r, applied, err) < 0)
		return err->code;
	if (asked != r->seen)
		r->work = true;
	r->seen = asked;
	if (!r->work || clock_mono_us() < r->rest_until_us)
		return 0;
	return heal(r, applied, file, err);
}
