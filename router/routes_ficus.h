/* The `x-ficus` part of a rule, and what a rule means where it says nothing;
 * part of making struct routes. */
#ifndef ROUTER_ROUTES_FICUS_H
#define ROUTER_ROUTES_FICUS_H

#include <stdint.h>

#include "base/defs.h"

struct err;
struct route;
struct routes;
struct routes_conf;
struct yaml;
struct yaml_node;

/* node may be NULL. Fills domain, flag, resource, shape, auth, ryw, fallback,
 * max_lag, omit, templates and gated; the destinations are known already. */
int routes_ficus(struct routes *routes, struct route *rule,
		 const struct yaml *doc, const struct yaml_node *node,
		 const struct routes_conf *conf, struct err *err) MUST_CHECK;
/* "1h", "5m", "2s", "250ms"; the units of Istio. */
int routes_duration(const struct yaml *doc, const struct yaml_node *node,
		    int64_t *ret_ms, struct err *err) MUST_CHECK;

#endif
