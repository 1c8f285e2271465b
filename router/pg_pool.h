/* A pool of PostgreSQL connections on an event loop.
 *
 * A job is a pipeline: statements prepared beforehand, sent in one go and
 * answered together. One job has a connection at a time; jobs wait in order of
 * arrival when all are busy. The pool keeps its connections up by itself, with
 * back-off, and notices a dead one while it is idle.
 *
 * The pool has no deadlines of its own but for connecting: who started a job
 * cancels it. A connection whose job was cancelled is used again once its
 * answer has come, or closed when that takes longer than PG_POOL_DRAIN_MS.
 *
 * All calls and callbacks are on the loop's thread. Resolving a host's name
 * blocks the loop while it connects: give an address, or a name that is in
 * /etc/hosts. libpq's types stay inside pg_session.c,
 * pg_rows.c and pg_setup.c. */
#ifndef ROUTER_PG_POOL_H
#define ROUTER_PG_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct pg_config;
struct pg_param;
struct pg_pool;
struct pg_pool_job;
struct pg_rows;
struct uv_loop_s;

enum {
	PG_POOL_CONNS_MAX = 1000,
	PG_POOL_STEPS_MAX = 16, /* statements in one job */
	PG_POOL_CONNECT_MS = 3000,
	PG_POOL_DRAIN_MS = 1000,
	PG_POOL_DRAIN_SOON_MS = 50, /* it counts as usable */
	PG_POOL_BACKOFF_MS = 50,    /* doubled each time … */
	PG_POOL_BACKOFF_MAX_MS = 2000,
};

/* Prepared on every connection under its index. */
struct pg_pool_statement {
	const char *name; /* unique in the pool */
	const char *sql;
};

struct pg_pool_conf {
	const struct pg_config *pg; /* borrowed during pg_pool_open() */
	int64_t connections;
	int64_t statement_timeout_ms; /* PostgreSQL's, for each statement */
	/* Borrowed for the life of the pool. */
	const struct pg_pool_statement *statements;
	size_t count;
};

struct pg_pool_step {
	size_t statement; /* index of pg_pool_conf.statements */
	const struct pg_param *params;
	size_t count;
};

enum pg_pool_status {
	PG_POOL_OK,
	PG_POOL_FAILED, /* a statement was refused; reason says which, why */
	PG_POOL_LOST,	/* the connection went away */
};

/* Valid until the callback returns. */
struct pg_pool_answer {
	enum pg_pool_status status;
	const char *reason; /* for logs; never has row values */
	/* One for each step done; rows of a step without any are empty. */
	const struct pg_rows *const *rows;
	size_t count;
};

typedef void (*pg_pool_cb)(void *user, const struct pg_pool_answer *answer);

/* Returns at once; connections come up in the background. ERR_CONFIG when
 * the settings cannot be right. */
int pg_pool_open(struct uv_loop_s *loop, const struct pg_pool_conf *conf,
		 struct pg_pool **ret, struct err *err) MUST_CHECK;
/* No job may be left. closed(user) is called when the pool is gone. */
void pg_pool_close(struct pg_pool *pool, void (*closed)(void *user),
		   void *user);

/* Connections that can take a job now or after the one they have. */
size_t pg_pool_usable(const struct pg_pool *pool);
size_t pg_pool_busy(const struct pg_pool *pool);
size_t pg_pool_queued(const struct pg_pool *pool);
uint64_t pg_pool_connects(const struct pg_pool *pool);
/* Why the last connection was lost or not made; "" if none was. */
const char *pg_pool_trouble(const struct pg_pool *pool);

/* The callback comes once, later, unless the job is cancelled. Steps are
 * copied; what their params point to is borrowed until then. */
struct pg_pool_job *pg_pool_start(struct pg_pool *pool,
				  const struct pg_pool_step *steps,
				  size_t count, pg_pool_cb callback,
				  void *user);
void pg_pool_cancel(struct pg_pool_job *job);

#endif
