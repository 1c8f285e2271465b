#include "base/pg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/mem.h"
#include "base/pg_private.h"

/* libpq's pipeline: after each statement's results comes a NULL, after the
 * sync a PGRES_PIPELINE_SYNC and no NULL. Answers are taken while statements
 * are still being queued: else the server, blocked on sending them, would
 * stop reading, and both sides would wait for ever. */

enum { UNSENT_MAX = 1024 * 1024 };

void pg_pipe_begin(struct pg *pg)
{
	struct pg_pipe *pipe = &pg->pipe;

	assert(!pipe->open);
	*pipe = (struct pg_pipe){ .open = true,
				  .failed = SIZE_MAX,
				  .keeps = pipe->keeps,
				  .keep_size = pipe->keep_size };
	if (pipe->keep_size)
		memset(pipe->keeps, 0, pipe->keep_size * sizeof(*pipe->keeps));
	if (pg->lost || !PQenterPipelineMode(pg->conn))
		pg_lost(pg, &pipe->err);
}

/* Where statement i's result goes; grows the array. */
static struct pg_result ***keep_slot(struct pg_pipe *pipe, size_t i)
{
	if (i >= pipe->keep_size) {
		size_t size = pipe->keep_size ? pipe->keep_size : 16;

		while (size <= i)
			size *= 2;
		pipe->keeps =
			mem_realloc(pipe->keeps, size * sizeof(*pipe->keeps));
		memset(pipe->keeps + pipe->keep_size, 0,
		       (size - pipe->keep_size) * sizeof(*pipe->keeps));
		pipe->keep_size = size;
	}
	return &pipe->keeps[i];
}

size_t pg_pipe_queued(const struct pg *pg)
{
	return pg->pipe.queued;
}

void pg_pipe_keep(struct pg *pg, struct pg_result **ret)
{
	*ret = NULL;
	*keep_slot(&pg->pipe, pg->pipe.queued) = ret;
}

static void take_result(struct pg *pg, PGresult *result)
{
	struct pg_pipe *pipe = &pg->pipe;
	size_t i = pipe->answered;
	struct pg_result *r = (struct pg_result *)result;

	pipe->result_seen = true;
	/* No switch: newer libpqs have more of these. */
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	    status == PGRES_EMPTY_QUERY) {
		pipe->rows += pg_affected(r);
		if (i < pipe->keep_size && pipe->keeps[i]) {
			pg_result_free(*pipe->keeps[i]);
			*pipe->keeps[i] = r;
			return;
		}
	} else if (status != PGRES_PIPELINE_ABORTED && pipe->err.code == 0) {
		/* What is aborted was skipped after the failure. */
		pg_refused(pg, r, &pipe->err);
		pipe->failed = i < pipe->queued ? i : SIZE_MAX;
	}
	PQclear(result);
}

/* One step of libpq's result queue; true after the sync's. */
static bool take_next(struct pg *pg)
{
	struct pg_pipe *pipe = &pg->pipe;
	PGresult *result = PQgetResult(pg->conn);

	if (result && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		return true;
	}
	if (result) {
		take_result(pg, result);
	} else {
		pipe->out_of_step = !pipe->result_seen;
		pipe->answered++;
		pipe->result_seen = false;
	}
	return false;
}

static void take_arrived(struct pg *pg)
{
	struct pg_pipe *pipe = &pg->pipe;

	while (pipe->answered < pipe->queued && !PQisBusy(pg->conn) &&
	       !pg->lost && !pipe->out_of_step)
		take_next(pg);
}

/* Sends all, taking what arrives meanwhile. */
static void relieve(struct pg *pg)
{
	struct pg_pipe *pipe = &pg->pipe;
	struct err lost = { 0 };

	pipe->unsent = 0;
	while (!pg->lost && PQflush(pg->conn) > 0) {
		if (pg_wait_socket(pg, true, &lost) == 0)
			take_arrived(pg);
		else if (pipe->err.code == 0)
			pipe->err = lost;
	}
}

static void queued(struct pg *pg, int ok, size_t bytes)
{
	struct pg_pipe *pipe = &pg->pipe;

	if (!ok) {
		pg_lost(pg, &pipe->err);
		return;
	}
	pipe->queued++;
	pipe->unsent += bytes;
	if (pipe->unsent >= UNSENT_MAX)
		relieve(pg);
}

/* After a connection error nothing more is sent; a refused statement makes
 * the server skip what follows, which is the same to us. */
static bool may_queue(const struct pg *pg)
{
	assert(pg->pipe.open);
	return !pg->lost && pg->pipe.err.code == 0;
}

void pg_pipe_query(struct pg *pg, const char *sql,
		   const struct pg_param *params, size_t count)
{
	struct pg_arrays a;

	if (!may_queue(pg))
		return;
	size_t bytes = pg_arrays_fill(&a, params, count) + strlen(sql);
	queued(pg,
	       PQsendQueryParams(pg->conn, sql, (int)count, NULL, a.values,
				 a.lengths, a.formats, 0),
	       bytes);
}

void pg_pipe_prepare(struct pg *pg, const char *name, const char *sql)
{
	if (!may_queue(pg))
		return;
	queued(pg, PQsendPrepare(pg->conn, name, sql, 0, NULL), strlen(sql));
}

void pg_pipe_run(struct pg *pg, const char *name, const struct pg_param *params,
		 size_t count)
{
	struct pg_arrays a;

	if (!may_queue(pg))
		return;
	size_t bytes = pg_arrays_fill(&a, params, count) + 32;
	queued(pg,
	       PQsendQueryPrepared(pg->conn, name, (int)count, a.values,
				   a.lengths, a.formats, 0),
	       bytes);
}

/* Takes everything up to the sync's own answer. */
static void take_all(struct pg *pg)
{
	struct pg_pipe *pipe = &pg->pipe;
	struct err lost = { 0 };
	bool synced = false;

	while (!synced && !pg->lost) {
		if (pg_wait(pg, &lost) == 0)
			synced = take_next(pg);
		if (!synced && !pg->lost &&
		    (pipe->out_of_step || PQstatus(pg->conn) == CONNECTION_BAD))
			pg_lost(pg, &lost);
	}
	if (lost.code != 0 && pipe->err.code == 0)
		pipe->err = lost;
}

int pg_pipe_sync(struct pg *pg, size_t *failed, uint64_t *rows, struct err *err)
{
	struct pg_pipe *pipe = &pg->pipe;

	assert(pipe->open);
	if (!pg->lost) {
		if (PQpipelineSync(pg->conn))
			take_all(pg);
		else
			pg_lost(pg, &pipe->err);
	}
	pipe->open = false;
	if (!pg->lost && !PQexitPipelineMode(pg->conn) && pipe->err.code == 0)
		pg_lost(pg, &pipe->err);
	if (pg->lost && pipe->err.code == 0)
		err_set(&pipe->err, ERR_TARGET_LOST, "connection lost");
	if (failed)
		*failed = pipe->failed;
	if (rows)
		*rows = pipe->rows;
	if (pipe->err.code != 0)
		*err = pipe->err;
	return pipe->err.code;
}
