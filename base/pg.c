#include "base/pg.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pg_error.h"
#include "base/pg_private.h"

enum { COPY_UNSENT_MAX = 256 * 1024 };

static PGresult *libpq_of(const struct pg_result *r)
{
	return (PGresult *)(uintptr_t)r;
}

int pg_lost(struct pg *pg, struct err *err)
{
	const char *message = PQerrorMessage(pg->conn);

	pg->lost = true;
	pg->sqlstate[0] = '\0';
	return pg_error_set(
		err,
		&(struct pg_fault){ .message = *message ? message
							: "connection lost" });
}

static bool is_copy_out(ExecStatusType status)
{
	return status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

int pg_refused(struct pg *pg, const struct pg_result *r, struct err *err)
{
	PGresult *result = libpq_of(r);
	struct pg_fault fault = {
		.sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
		.message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
		.schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME),
		.table = PQresultErrorField(result, PG_DIAG_TABLE_NAME),
		.column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME),
		.constraint =
			PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME),
	};

	if (is_copy_out(PQresultStatus(result))) {
		pg->lost = true; /* it can't be led back to order */
		return err_set(err, ERR_TARGET, "COPY TO is not supported");
	}
	if (!fault.sqlstate) /* libpq's own: the connection broke */
		fault.message = PQresultErrorMessage(result);
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		pg->lost = true;
	memset(pg->sqlstate, 0, sizeof(pg->sqlstate));
	if (fault.sqlstate)
		memcpy(pg->sqlstate, fault.sqlstate,
		       strnlen(fault.sqlstate, 5));
	pg_error_set(err, &fault);
	if (atomic_load(&pg->cancelled) && strcmp(pg->sqlstate, "57014") == 0) {
		atomic_store(&pg->cancelled, false);
		return err_set(err, ERR_STOPPED, "cancelled");
	}
	return err->code;
}

int pg_check(struct pg *pg, struct err *err)
{
	assert(!pg->pipe.open);
	atomic_store(&pg->cancelled, false);
	if (!pg->lost && PQstatus(pg->conn) == CONNECTION_OK)
		return 0;
	pg->lost = true;
	return err_set(err, ERR_TARGET_LOST, "the connection was lost before");
}

int pg_wait_socket(struct pg *pg, bool writing, struct err *err)
{
	struct pollfd wait = { .fd = PQsocket(pg->conn), .events = POLLIN };
	int64_t limit = pg->answer_timeout_ms;
	int64_t deadline = clock_mono_ms() + limit;

	if (writing)
		wait.events |= POLLOUT;
	for (;;) {
		int64_t left = limit ? deadline - clock_mono_ms() : -1;

		if (limit && left <= 0) {
			pg->lost = true;
			pg->sqlstate[0] = '\0';
			return err_set(err, ERR_TARGET_LOST,
				       "no answer for %lld ms",
				       (long long)limit);
		}
		int n = poll(&wait, 1, (int)left);
		if (n > 0)
			break;
		if (n < 0 && errno != EINTR) {
			pg->lost = true;
			return err_set(err, ERR_TARGET_LOST, "poll: %s",
				       strerror(errno));
		}
	}
	if (wait.revents & ~POLLOUT)
		PQconsumeInput(pg->conn);
	return 0;
}

int pg_wait(struct pg *pg, struct err *err)
{
	for (;;) {
		int unsent = PQflush(pg->conn);

		if (unsent < 0 || PQstatus(pg->conn) == CONNECTION_BAD)
			return 0; /* PQgetResult() says it */
		if (unsent == 0 && !PQisBusy(pg->conn))
			return 0;

		int rc = pg_wait_socket(pg, unsent > 0, err);
		if (rc != 0)
			return rc;
	}
}

static bool is_failure(ExecStatusType status)
{
	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE ||
	       is_copy_out(status);
}

/* Takes all results of the statement sent; keeps the last good one for the
 * caller and reports the first failure. */
static int collect(struct pg *pg, struct pg_result **ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *last = NULL;
	int failure = 0;

	for (;;) {
		int rc = pg_wait(pg, err);
		if (rc != 0)
			return rc;

		PGresult *result = PQgetResult(pg->conn);
		if (!result)
			break;
		if (is_failure(PQresultStatus(result))) {
			if (failure == 0)
				failure = pg_refused(
					pg, (struct pg_result *)result, err);
			PQclear(result);
			if (pg->lost)
				break;
			continue;
		}
		pg_result_free(last);
		last = (struct pg_result *)result;
		/* COPY … FROM: the rest comes after the data. */
		if (PQresultStatus(result) == PGRES_COPY_IN)
			break;
	}
	if (failure == 0 && ret)
		*ret = TAKE(last);
	return failure;
}

static int sent(struct pg *pg, int ok, struct pg_result **ret, struct err *err)
{
	return ok ? collect(pg, ret, err) : pg_lost(pg, err);
}

int pg_exec(struct pg *pg, const char *sql, struct err *err)
{
	int rc = pg_check(pg, err);

	return rc ? rc : sent(pg, PQsendQuery(pg->conn, sql), NULL, err);
}

size_t pg_arrays_fill(struct pg_arrays *arrays, const struct pg_param *params,
		      size_t count)
{
	size_t bytes = 0;

	assert(count <= PG_PARAMS_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *at = params[i].at;

		assert(params[i].n <= INT32_MAX);
		assert(!at || params[i].binary || at[params[i].n] == '\0');
		arrays->values[i] = at;
		arrays->lengths[i] = (int)params[i].n;
		arrays->formats[i] = params[i].binary;
		bytes += params[i].n;
	}
	return bytes;
}

int pg_query(struct pg *pg, const char *sql, const struct pg_param *params,
	     size_t count, struct pg_result **ret, struct err *err)
{
	struct pg_arrays a;
	int rc = pg_check(pg, err);

	if (rc != 0)
		return rc;
	pg_arrays_fill(&a, params, count);
	return sent(pg,
		    PQsendQueryParams(pg->conn, sql, (int)count, NULL, a.values,
				      a.lengths, a.formats, 0),
		    ret, err);
}

int pg_prepare(struct pg *pg, const char *name, const char *sql,
	       struct err *err)
{
	int rc = pg_check(pg, err);

	return rc ? rc
		  : sent(pg, PQsendPrepare(pg->conn, name, sql, 0, NULL), NULL,
			 err);
}

int pg_run(struct pg *pg, const char *name, const struct pg_param *params,
	   size_t count, struct pg_result **ret, struct err *err)
{
	struct pg_arrays a;
	int rc = pg_check(pg, err);

	if (rc != 0)
		return rc;
	pg_arrays_fill(&a, params, count);
	return sent(pg,
		    PQsendQueryPrepared(pg->conn, name, (int)count, a.values,
					a.lengths, a.formats, 0),
		    ret, err);
}

int pg_copy_begin(struct pg *pg, const char *sql, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_check(pg, err);

	if (rc == 0)
		rc = sent(pg, PQsendQuery(pg->conn, sql), &r, err);
	if (rc == 0 && PQresultStatus(libpq_of(r)) != PGRES_COPY_IN)
		rc = err_set(err, ERR_TARGET, "not a COPY … FROM STDIN");
	pg->pipe.unsent = 0;
	return rc;
}

static int send_all(struct pg *pg, struct err *err)
{
	int unsent;

	while ((unsent = PQflush(pg->conn)) > 0) {
		int rc = pg_wait_socket(pg, true, err);

		if (rc != 0)
			return rc;
	}
	return unsent < 0 ? pg_lost(pg, err) : 0;
}

int pg_copy_put(struct pg *pg, const void *bytes, size_t n, struct err *err)
{
	const char *at = bytes;

	while (n) {
		size_t part = n < COPY_UNSENT_MAX ? n : COPY_UNSENT_MAX;

		if (pg->lost || PQputCopyData(pg->conn, at, (int)part) != 1)
			return pg_lost(pg, err);
		at += part;
		n -= part;
		pg->pipe.unsent += part;
		if (pg->pipe.unsent < COPY_UNSENT_MAX)
			continue;
		pg->pipe.unsent = 0;
		int rc = send_all(pg, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int pg_copy_end(struct pg *pg, uint64_t *rows, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg->lost || PQputCopyEnd(pg->conn, NULL) != 1)
		return pg_lost(pg, err);
	int rc = collect(pg, &r, err);
	if (rc == 0 && rows)
		*rows = pg_affected(r);
	return rc;
}

int pg_copy_abort(struct pg *pg, struct err *err)
{
	if (pg->lost || PQputCopyEnd(pg->conn, "given up by ficus") != 1)
		return pg_lost(pg, err);
	int rc = collect(pg, NULL, err);
	/* The failure that was asked for. */
	return rc != 0 && strcmp(pg->sqlstate, "57014") == 0 ? 0 : rc;
}

/* A notification that has arrived already. */
static const char *take_notify(struct pg *pg)
{
	PGnotify *notify = PQnotifies(pg->conn);

	if (!notify)
		return NULL;
	free(pg->channel);
	pg->channel = mem_strdup(notify->relname);
	PQfreemem(notify);
	return pg->channel;
}

int pg_wait_notify(struct pg *pg, int64_t timeout_ms, const char **channel,
		   struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int rc = pg_check(pg, err);

	if (rc != 0)
		return rc;
	for (;;) {
		*channel = take_notify(pg);
		if (*channel)
			return 0;

		struct pollfd wait = { .fd = PQsocket(pg->conn),
				       .events = POLLIN };
		int64_t left = deadline - clock_mono_ms();
		int n = poll(&wait, 1, left > 0 ? (int)left : 0);
		if (n < 0 && errno != EINTR)
			return pg_lost(pg, err);
		if (n > 0 && !PQconsumeInput(pg->conn))
			return pg_lost(pg, err);
		if (n == 0)
			return 0;
	}
}
