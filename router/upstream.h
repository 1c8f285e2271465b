/* Connections to one upstream: pooled, checked before reuse, one response
 * parsed at a time.
 *
 *     link = upstream_take() → [ready] → link_out, link_flush
 *          → head … body … batch … done → link_release | link_abort
 *          → failed (the link is gone already)
 *
 * Idle connections are kept 2 s, less if the peer's Keep-Alive says so, the
 * most recent one first; before reuse the kernel is asked whether the peer
 * closed it or sent anything. All on the loop's thread. */
#ifndef ROUTER_UPSTREAM_H
#define ROUTER_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/head.h"

struct link;
struct resolve;
struct sock_pool;
struct upstream;

enum {
	UPSTREAM_IDLE_MS = 2000,
	UPSTREAM_WRITE_IDLE_MS = 500, /* oldest connection a write may use */
	UPSTREAM_IDLE_MAX = 256,      /* connections kept per loop */
	UPSTREAM_FAILURES = 3,	      /* in a row: ejected */
	UPSTREAM_EJECT_MS = 1000,     /* first time; doubles up to … */
	UPSTREAM_EJECT_MAX_MS = 30000,
};

/*	X(name, text) what ended a link before its response was complete */
#define LINK_FAILURES(X)                                                       \
	X(REFUSED, "refused")  /* no connection; nothing was sent */           \
	X(CLOSED, "closed")    /* before the first byte of a response */       \
	X(CUT, "cut")	       /* inside a response */                         \
	X(BAD, "bad_response") /* not HTTP as we accept it */                  \
	X(TIMEOUT, "timeout")  /* link_deadline() passed */

#define LINK_FAILURE_ENUM(name, text) LINK_##name,
enum link_failure { LINK_FAILURES(LINK_FAILURE_ENUM) LINK_FAILURE_N };
#undef LINK_FAILURE_ENUM

const char *link_failure_name(enum link_failure failure);

struct link_events {
	void (*ready)(void *user); /* connected, after upstream_take() */
	/* Also for 1xx. Borrowed until `done` returns. */
	void (*head)(void *user, const struct http_head *head);
	void (*body)(void *user, struct str bytes);
	void (*done)(void *user);  /* release or abort it now */
	void (*batch)(void *user); /* all bytes of one read were given */
	void (*drained)(void *user);
	void (*failed)(void *user, enum link_failure why);
};

struct link_want {
	bool fresh;	/* no pooled connection */
	bool write;	/* pooled only if idle for a very short time */
	bool head_only; /* the request is HEAD */
	int64_t connect_ms;
};

struct upstream *upstream_new(struct sock_pool *socks, struct resolve *resolve);
/* Closes the idle connections; links in use must have ended. */
void upstream_close_idle(struct upstream *upstream);
void upstream_free(struct upstream *upstream);

/* NULL: refused at once. Not ready yet: `ready` or `failed` will come. */
struct link *upstream_take(struct upstream *upstream,
			   const struct link_want *want,
			   const struct link_events *events, void *user);
bool link_ready(const struct link *link);
bool link_reused(const struct link *link);
struct buf *link_out(struct link *link);
void link_flush(struct link *link);
size_t link_queued(const struct link *link);
void link_deadline(struct link *link, int64_t ms); /* 0: none */
void link_pause(struct link *link);
void link_resume(struct link *link);
/* Back to the pool if both sides allow it; only after `done`. clean: the
 * request was sent whole. */
void link_release(struct link *link, bool clean);
void link_abort(struct link *link);

/* Passive ejection, for upstreams that have somebody to take over. */
void upstream_result(struct upstream *upstream, bool well, int64_t now_ms);
bool upstream_down(const struct upstream *upstream, int64_t now_ms);

#endif
