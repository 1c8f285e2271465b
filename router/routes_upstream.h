/* The list of upstreams that routes name; part of making struct routes. */
#ifndef ROUTER_ROUTES_UPSTREAM_H
#define ROUTER_ROUTES_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct routes;
struct routes_conf;

/* Magento, the copy, and those of router.upstreams. */
int routes_upstreams_init(struct routes *routes, const struct routes_conf *conf,
			  struct err *err) MUST_CHECK;
/* Index of the upstream a destination means, made when it is a new DNS name.
 * ERR_CONFIG when a port is missing or there are too many. port 0: none. */
int routes_upstream(struct routes *routes, const char *host, uint16_t port,
		    unsigned line, struct err *err) MUST_CHECK;
/* "host:port" or "[v6]:port"; host goes into the arena of routes. */
bool routes_address(struct routes *routes, struct str text,
		    const char **ret_host, uint16_t *ret_port);

#endif
