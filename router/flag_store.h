/* Changing and showing flags in PostgreSQL, for `router --flag`, `--status`
 * and the admin address. Each call makes its own connection. */
#ifndef ROUTER_FLAG_STORE_H
#define ROUTER_FLAG_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct buf;
struct err;
struct pg_config;

struct flag_change {
	const char *name; /* "customer_read", …, or "all" */
	bool enabled;
	uint16_t percent_bp;
	const char *reason, *actor;
	int64_t version; /* changed only if this is it; 0: in any case */
};

/* *ret_version: the new one (of the last flag). ERR_CONFIG: no such flag.
 * ERR_LIMIT: the version is another by now. */
int flag_store_set(const struct pg_config *pg_config,
		   const struct flag_change *change, int64_t *ret_version,
		   struct err *err) MUST_CHECK;
/* One screen: cdc's state, lag, flags with their reasons. */
int flag_store_status(const struct pg_config *pg_config, struct buf *out,
		      struct err *err) MUST_CHECK;
/* [{"name":…,"enabled":…,"percent":…,"version":…,"reason":…,…},…] */
int flag_store_json(const struct pg_config *pg_config, struct buf *out,
		    struct err *err) MUST_CHECK;

#endif
