/* What all event loops of the process share. Made by main.c before the first
 * loop and alive until the last has ended; only the atomics change. */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "router/cidr.h"
#include "router/decide.h"
#include "router/hash.h"

struct auth_table;
struct fence_table;
struct pg_config;
struct routes;
struct ticket_office;
struct watch;

enum { ROUTER_VIA_MAX = 32 };

struct router {
	const struct routes *routes;
	struct fence_table *fences;
	struct auth_table *auth;
	const struct pg_config *pg;    /* NULL: no route needs the copy */
	struct ticket_office *tickets; /* NULL: the same */
	struct watch *watch;	       /* NULL: `view` holds for ever */
	struct decide_view view;
	struct hash_key secret;
	struct cidr_list trusted;
	char via[ROUTER_VIA_MAX]; /* our name in Via */
	int64_t ryw_wait_ms, copy_timeout_ms, magento_timeout_ms;
	int64_t magento_most;	/* requests at Magento at once */
	int64_t pg_connections; /* per loop */
	atomic_int magento_busy;
	atomic_int_fast64_t fenced_us; /* the latest fence that was set */
	atomic_uint_fast64_t request_ids;
};

#endif
