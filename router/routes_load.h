/* Routes from a VirtualService document of Istio (networking.istio.io), and
 * our additions under `x-ficus`.
 *
 * Understood of `spec.http[]`: name, match (uri exact|prefix, method exact or
 * a list under oneOf), route (destination host and port, weight), rewrite.uri,
 * timeout. `port` is also accepted beside `destination`, where it is often put
 * by mistake. Every other key is an error with file:line:column: a rule that
 * means less than it says is worse than none.
 *
 *     x-ficus:
 *       flag: customer_read      # or none; default: that of the domain
 *       domain: customer         # customer|catalog|order|none
 *       resource: customers      # customers|products|categories|orders|none
 *       fallback: magento        # or none: a failed read stays failed
 *       max_lag: 2s              # default router.max_lag
 *       auth: magento            # or none: the copy serves anyone
 *       ryw: strict              # or weak (another read service), none
 *       omit: [protect_code]     # fields whose loss is accepted
 *       templates: ["/api/v1/customers/{id}"]
 *
 * domain and resource default to what the path says (".../customers/…"). A
 * host is what router.upstreams calls it, `magento`, `copy`, or a DNS name. */
#ifndef ROUTER_ROUTES_LOAD_H
#define ROUTER_ROUTES_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct err;
struct routes;

struct routes_conf {
	const char *magento;   /* "host:port", router.magento */
	const char *upstreams; /* "name=host:port,name=copy,…" */
	/* auth: none is accepted for customers and orders, and is what the
	 * built-in routes mean. */
	bool allow_auth_none;
};

/* The file, or the built-in routes when path is empty: native reads under
 * /api/v1 from the copy, all else to Magento. */
int routes_load(const char *path, const struct routes_conf *conf,
		struct routes **ret, struct err *err) MUST_CHECK;
/* file is only a name for errors. */
int routes_parse(const char *file, const void *bytes, size_t n,
		 const struct routes_conf *conf, struct routes **ret,
		 struct err *err) MUST_CHECK;

#endif
