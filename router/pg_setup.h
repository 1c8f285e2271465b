/* How pg_pool's connections are made: libpq's keywords, and what a session
 * runs and prepares before it is used. Made once per pool, owned by it. */
#ifndef ROUTER_PG_SETUP_H
#define ROUTER_PG_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct pg_config;
struct pg_conn; /* libpq's PGconn */
struct pg_pool_statement;

enum { PG_SETUP_NAME_MAX = 24 };

struct pg_setup {
	char **keywords, **values; /* of PQconnectStartParams; owned */
	char *schema;		   /* owned */
	int64_t statement_timeout_ms;
	const struct pg_pool_statement *statements; /* borrowed */
	size_t count;
};

/* ERR_CONFIG when config->options are not libpq's. On failure nothing is
 * left to be freed. */
int pg_setup_init(struct pg_setup *setup, const struct pg_config *config,
		  struct err *err) MUST_CHECK;
void pg_setup_done(struct pg_setup *setup);

/* A connection that has begun to be made; owned by the caller, NULL without
 * memory. Failures show in its status. */
struct pg_conn *pg_setup_connect(const struct pg_setup *setup);
/* Queues, in pipeline mode, all that a new session runs: its settings, then
 * one PREPARE for each statement; and the sync. False: the connection failed.
 */
bool pg_setup_send(const struct pg_setup *setup, struct pg_conn *pg);
/* What the server knows a statement as. */
void pg_setup_name(char name[PG_SETUP_NAME_MAX], size_t index);

#endif
