/* One connection of a pg_pool: it comes up by itself, again and again, and runs
 * one pipeline at a time. Its pool owns it. */
#ifndef ROUTER_PG_SESSION_H
#define ROUTER_PG_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "router/pg_pool.h"

struct pg_session;
struct pg_setup;

enum { PG_SESSION_TROUBLE_MAX = 256 };

/* What a connection shares with the others of its pool. */
struct pg_session_owner {
	struct uv_loop_s *loop;
	const struct pg_setup *setup;
	/* Some connection's state changed: is there work for it, are there
	 * any left? Never from within pg_session_send(). */
	void (*changed)(void *user);
	void *user;
	uint64_t connects;
	char trouble[PG_SESSION_TROUBLE_MAX]; /* the last */
};

/* Starts to connect at once. The owner outlives its connections. */
struct pg_session *pg_session_new(struct pg_session_owner *owner);
/* It must not be busy with a job. closed(user) comes when it is gone. */
void pg_session_close(struct pg_session *conn, void (*closed)(void *user),
		      void *user);

bool pg_session_idle(const struct pg_session *conn);
/* Can take a job now, or soon. */
bool pg_session_usable(const struct pg_session *conn);
bool pg_session_busy(const struct pg_session *conn);

/* Of an idle one. False: the connection turned out dead, nothing was started.
 * The callback comes once, unless pg_session_abandon() is called first. */
bool pg_session_send(struct pg_session *conn, const struct pg_pool_step *steps,
		     size_t count, pg_pool_cb callback, void *user);
void pg_session_abandon(struct pg_session *conn);

#endif
