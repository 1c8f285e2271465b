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
#include "base/str.h"

struct err;
struct pg_config;
struct read;	     /* one read under way */
struct read_service; /* connections and their queue */
struct uv_loop_s;    /* libuv's uv_loop_t */

enum {
	READ_BODY_MAX = 256 * 1024, /* larger answers are READ_ERROR */
	READ_SKU_MAX = 64 * 4,	    /* bytes of 64 characters */
	READ_CLIENT_MAX = 32,	    /* bytes of ficus.ticket.client */
	READ_LIMIT_DEFAULT = 20,
	READ_LIMIT_MAX = 200,
	READ_PAGE_MAX = 1000000,
};

/*	X(name, path below /api/v1/, domain) */
#define READ_KINDS(X)                                                          \
	X(CUSTOMER, "customers/{id}", CUSTOMER)                                \
	X(PRODUCT_BY_SKU, "products/{sku}", CATALOG)                           \
	X(PRODUCT_BY_ID, "products/by-id/{id}", CATALOG)                       \
	X(CATEGORY, "categories/{id}", CATALOG)                                \
	X(ORDER, "orders/{id}", ORDER)                                         \
	X(CUSTOMERS, "customers", CUSTOMER)                                    \
	X(PRODUCTS, "products", CATALOG)                                       \
	X(CATEGORIES, "categories", CATALOG)                                   \
	X(ORDERS, "orders", ORDER)

#define READ_ENUM(name, path, domain) READ_##name,
enum read_kind { READ_KINDS(READ_ENUM) READ_KIND_COUNT };
#undef READ_ENUM

enum read_domain {
	READ_DOMAIN_CUSTOMER,
	READ_DOMAIN_CATALOG,
	READ_DOMAIN_ORDER,
};

/* What the snapshot must prove. All zero but max_lag_ms asks the least. */
struct read_needs {
	int64_t epoch;		   /* of the applier; 0: any */
	int64_t postgres_start_us; /* Unix time of the server; 0: any */
	int64_t system_identifier; /* of the server; 0: any */
	int64_t max_lag_ms;	   /* lag_ms plus the status row's age */
	int64_t ticket;		   /* passed_ticket must reach it; 0: none */
	/* Tickets any router took for this client count also (ficus.ticket);
	 * client_n 0: not asked. */
	uint8_t client[READ_CLIENT_MAX];
	size_t client_n;
	/* How long a read refused by its fence alone may wait for the copy to
	 * get there; 0: not at all. Counts within timeout_ms. */
	int64_t wait_ms;
};

struct read_request {
	enum read_kind kind;
	int64_t id;		    /* > 0; of the kinds with {id} */
	char sku[READ_SKU_MAX + 1]; /* decoded UTF-8; of PRODUCT_BY_SKU */
	int64_t page;		    /* 1 … READ_PAGE_MAX; of the lists */
	int64_t limit;		    /* 1 … READ_LIMIT_MAX; of the lists */
	struct read_needs needs;
	int64_t timeout_ms; /* from read_start() to the callback; > 0 */
};

/*	X(name, text for logs, metrics and /explain) */
#define READ_OUTCOMES(X)                                                       \
	X(OK, "ok")                                                            \
	X(NOT_FOUND, "not_found") /* the copy has no such entity */            \
	X(REFUSED_STALE, "stale") /* lag, age or a domain not fresh */         \
	X(REFUSED_FENCE, "fence") /* the client's ticket has not passed */     \
	X(REFUSED_UNHEALTHY, "unhealthy") /* a dead letter of this key */      \
	X(REFUSED_EPOCH, "epoch")     /* another applier, server or start */   \
	X(ERROR, "error")	      /* SQL, size, no schema */               \
	X(UNAVAILABLE, "unavailable") /* no connection */                      \
	X(TIMEOUT, "timeout")	      /* timeout_ms passed */

#define READ_ENUM(name, text) READ_##name,
enum read_outcome { READ_OUTCOMES(READ_ENUM) READ_OUTCOME_COUNT };
#undef READ_ENUM

const char *read_outcome_name(enum read_outcome outcome);
enum read_domain read_kind_domain(enum read_kind kind);
const char *read_domain_name(enum read_domain domain); /* "customer", … */
const char *read_kind_template(enum read_kind kind); /* "customers/{id}", … */
bool read_kind_is_list(enum read_kind kind);

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

/* A native URL into a request (kind, id, sku, page, limit; the rest as it
 * was). path is what follows "/api/v1/", query what follows "?", both raw. */
enum read_parsed {
	READ_PARSED,
	READ_NO_ROUTE, /* no native read has this path: 404 */
	READ_BAD,      /* *why says what is wrong (constant text): 400 */
};
enum read_parsed read_request_parse(struct str path, struct str query,
				    struct read_request *ret, const char **why);

#endif
