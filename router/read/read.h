/* The read service: customers, products, categories and orders as native
 * JSON, answered from the copy in PostgreSQL.
 *
 * One service per event loop; every call and callback is on the loop's thread.
 * A read proves that the copy may answer (epoch, lag, fence, health) in the
 * same REPEATABLE READ snapshot that the data comes from, so that an OK can be
 * sent without a second thought. Nothing but OK carries data: on any other
 * outcome nothing was sent anywhere, and the caller asks Magento.
 *
 * The life of a read: read_start() → exactly one callback, or read_cancel()
 * before it and none. The handle is dead from then on. */
#ifndef ROUTER_READ_READ_H
#define ROUTER_READ_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "router/read/request.h"

struct err;
struct pg_config;
struct read;	     /* one read under way */
struct read_service; /* connections and their queue */
struct uv_loop_s;    /* libuv's uv_loop_t */

/* Larger answers are READ_ERROR. */
enum { READ_BODY_MAX = 256 * 1024 };

/*	X(name, text for logs, metrics and /explain) */
#define READ_OUTCOMES(X)                                                       \
	X(OK, "ok")                                                            \
	X(NOT_FOUND, "not_found") /* the copy has no such entity */            \
	X(REFUSED_STALE, "stale") /* lag, age or a domain not fresh */         \
	X(REFUSED_FENCE, "fence") /* the client's ticket has not passed */     \
	X(REFUSED_UNHEALTHY, "unhealthy") /* a dead letter of this key */      \
	X(REFUSED_PARTIAL, "partial")	  /* a list; the copy has not all */   \
	X(REFUSED_EPOCH, "epoch")     /* another applier, server or start */   \
	X(ERROR, "error")	      /* SQL, size, no schema */               \
	X(UNAVAILABLE, "unavailable") /* no connection */                      \
	X(TIMEOUT, "timeout")	      /* timeout_ms passed */

#define READ_ENUM(name, text) READ_##name,
enum read_outcome { READ_OUTCOMES(READ_ENUM) READ_OUTCOME_COUNT };
#undef READ_ENUM

const char *read_outcome_name(enum read_outcome outcome);

/* Borrowed until the callback returns, except the body: a callback that sends
 * it later takes it with read_answer_take(). */
struct read_answer {
	enum read_outcome outcome;
	const char *reason; /* one sentence; never holds row values */
	const char *type;   /* Content-Type of the body; constant */
	struct buf body;    /* JSON; empty unless READ_OK */
	/* What the snapshot showed; -1 where it did not get so far. */
	int64_t lag_ms; /* lag plus age of the status row */
	int64_t passed_ticket;
	int64_t epoch;
	int64_t elapsed_us; /* since read_start() */
	int tries;	    /* pipelines run; > 1 after waiting for a fence */
};

typedef void (*read_cb)(void *user, struct read_answer *answer);

/* Moves the body out; the caller frees it with buf_done(). */
struct buf read_answer_take(struct read_answer *answer);

struct read_conf {
	const struct pg_config *pg; /* borrowed during read_open() */
	int64_t connections;	    /* 1 … 1000 */
	int64_t queue_max; /* reads waiting for a connection; 0: 1000 */
};

/* Returns at once; connections come up in the background and for ever come
 * back. ERR_CONFIG for settings that cannot be right. */
int read_open(struct uv_loop_s *loop, const struct read_conf *conf,
	      struct read_service **ret, struct err *err) MUST_CHECK;
/* Every read under way ends as READ_UNAVAILABLE first. closed(user) may be
 * NULL; the service is gone when it is called. */
void read_close(struct read_service *service, void (*closed)(void *user),
		void *user);

/* At least one connection is up. */
bool read_ready(const struct read_service *service);

struct read_stats {
	int64_t connections; /* up */
	int64_t busy;	     /* of them with a read */
	int64_t queued;	     /* reads waiting for one */
	int64_t waiting;     /* reads waiting for their fence */
	uint64_t connects;   /* connections made since the start */
	const char *trouble; /* with the last connection; "": none */
	uint64_t outcomes[READ_OUTCOME_COUNT];
};
void read_stats(const struct read_service *service, struct read_stats *ret);

/* Never calls back before it returns, never fails: what cannot be done is an
 * outcome. The request is copied. */
struct read *read_start(struct read_service *service,
			const struct read_request *request, read_cb callback,
			void *user);
/* The callback will not come. Any read that has not called back. */
void read_cancel(struct read *read);

#endif
