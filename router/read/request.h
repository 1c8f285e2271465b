/* What is asked of the read service: an entity or a page of them, and what the
 * copy must prove before it may answer. A plain value; nothing in it is owned.
 */
#ifndef ROUTER_READ_REQUEST_H
#define ROUTER_READ_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	READ_SKU_MAX = 64 * 4, /* bytes of 64 characters */
	READ_CLIENT_MAX = 32,  /* bytes of ficus.ticket.client */
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
	bool whole;		   /* the copy must have all of the domain */
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

enum read_domain read_kind_domain(enum read_kind kind);
const char *read_domain_name(enum read_domain domain); /* "customer", … */
const char *read_kind_template(enum read_kind kind); /* "customers/{id}", … */
bool read_kind_is_list(enum read_kind kind);

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
