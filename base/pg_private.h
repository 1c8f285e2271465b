/* What pg.c, pg_connect.c and pg_pipe.c share; nobody else includes it. */
#ifndef BASE_PG_PRIVATE_H
#define BASE_PG_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/pg.h"

struct pg_conn;	  /* libpq's PGconn */
struct pg_cancel; /* libpq's PGcancel */

/* The pipeline that is open, if any. */
struct pg_pipe {
	bool open;
	size_t queued, answered; /* statements */
	size_t unsent;		 /* bytes queued since the last full flush */
	bool result_seen;	 /* the statement being answered gave one */
	bool out_of_step;	 /* libpq's queue is not as ours */
	size_t failed;		 /* index of the first failure, or SIZE_MAX */
	uint64_t rows;
	struct err err;		   /* the first failure */
	struct pg_result ***keeps; /* owned; where results go, or NULL each */
	size_t keep_size;
};

struct pg {
	struct pg_conn *conn;	  /* owned */
	struct pg_cancel *cancel; /* owned */
	bool lost;		  /* given up; libpq may not know it */
	atomic_bool cancelled;	  /* pg_cancel() asked */
	int64_t answer_timeout_ms;
	char sqlstate[6];
	char *channel; /* owned; of the last notification */
	struct pg_pipe pipe;
};

/* Waits for the socket, at most the answer time-out; 0 when it is ready. What
 * came in is read. A connection that broke is ready too: PQgetResult() then
 * reports it, with the server's last words. */
int pg_wait_socket(struct pg *pg, bool writing, struct err *err) MUST_CHECK;
/* Sends what waits and receives until a result can be had without blocking. */
int pg_wait(struct pg *pg, struct err *err) MUST_CHECK;
/* err from what libpq says about the connection, which is lost. */
int pg_lost(struct pg *pg, struct err *err);
/* err from a failed result. */
int pg_refused(struct pg *pg, const struct pg_result *r, struct err *err);
/* ERR_TARGET_LOST when the connection is gone, else 0. */
int pg_check(struct pg *pg, struct err *err) MUST_CHECK;

/* Parameters as libpq takes them. */
struct pg_arrays {
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX], formats[PG_PARAMS_MAX];
};
/* Returns their bytes. */
size_t pg_arrays_fill(struct pg_arrays *arrays, const struct pg_param *params,
		      size_t count);

#endif
