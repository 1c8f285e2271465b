/* A request as the steps of a pg_pool job, with the texts of its parameters.
 * Embedded in the read; the job borrows the parameters until it ends. */
#ifndef ROUTER_READ_QUERY_H
#define ROUTER_READ_QUERY_H

#include "base/pg.h"
#include "router/pg_pool.h"
#include "router/read/request.h"

struct plan_kind;

enum { QUERY_SKU_KEYS_MAX = 4096 };

struct query {
	char sku_keys[QUERY_SKU_KEYS_MAX]; /* a text[] */
	char number[2][24];
	struct pg_param keys[2], proof[2], records;
	struct pg_pool_step steps[PG_POOL_STEPS_MAX];
	size_t count;
};

/* The request and the plan are borrowed as long as the query is used. */
void query_init(struct query *query, const struct read_request *request,
		const struct plan_kind *plan);

#endif
