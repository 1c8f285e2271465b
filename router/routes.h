/* The routes: which request goes where, in the order of the file.
 *
 * Made by routes_load.h from an Istio VirtualService document, immutable
 * afterwards, shared by all threads. The first rule one of whose matches fits
 * is taken; what fits none goes to Magento. A prefix ends at a segment
 * boundary: "/products" does not match "/products-render-info".
 *
 * Two destinations always exist: Magento, and `copy`, the read service inside
 * this program. A rule that sends reads to anything but Magento and knows its
 * domain is gated: flag, lag, fences and health decide for each request
 * whether it is used or Magento asked instead (decide.h). */
#ifndef ROUTER_ROUTES_H
#define ROUTER_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/head.h"
#include "router/domain.h"
#include "router/template.h"

struct http_target;

enum {
	ROUTE_MAGENTO = 0, /* index in routes->upstreams */
	ROUTE_COPY = 1,
	ROUTE_UPSTREAMS_MAX = 64,
	ROUTE_RULES_MAX = 1000,
	ROUTE_MATCHES_MAX = 64,
	ROUTE_DESTINATIONS_MAX = 8,
	ROUTE_TEMPLATES_MAX = 64,
};

/*	X(name, text, domain) */
#define ROUTE_RESOURCES(X)                                                     \
	X(NONE, "none", DOMAIN_NONE)                                           \
	X(CUSTOMERS, "customers", DOMAIN_CUSTOMER)                             \
	X(PRODUCTS, "products", DOMAIN_CATALOG)                                \
	X(CATEGORIES, "categories", DOMAIN_CATALOG)                            \
	X(ORDERS, "orders", DOMAIN_ORDER)

#define ROUTE_RESOURCE_ENUM(name, text, domain) ROUTE_##name,
enum route_resource { ROUTE_RESOURCES(ROUTE_RESOURCE_ENUM) ROUTE_RESOURCE_N };
#undef ROUTE_RESOURCE_ENUM

enum route_auth { ROUTE_AUTH_MAGENTO, ROUTE_AUTH_NONE };
enum route_ryw { ROUTE_RYW_STRICT, ROUTE_RYW_WEAK, ROUTE_RYW_NONE };
enum route_shape { ROUTE_SHAPE_OTHER, ROUTE_SHAPE_NATIVE, ROUTE_SHAPE_MAGENTO };

struct route_upstream {
	const char *name; /* as the routes call it */
	const char *host; /* NULL for `copy` */
	uint16_t port;
	unsigned line; /* of its first use in the routes; 0: a setting */
};

enum route_path { ROUTE_PATH_ANY, ROUTE_PATH_PREFIX, ROUTE_PATH_EXACT };

struct route_match {
	enum route_path kind;
	struct str path;  /* raw, undecoded */
	unsigned methods; /* bits 1 << enum http_method */
	unsigned line;
};

struct route_destination {
	uint16_t upstream; /* index in routes->upstreams */
	uint16_t weight;   /* percent; all of a rule sum up to 100 */
};

struct route {
	const char *name; /* "customers-read", or "rule N" */
	unsigned line;
	unsigned index;
	struct route_match *matches;
	size_t n_matches;
	struct route_destination destinations[ROUTE_DESTINATIONS_MAX];
	size_t n_destinations;
	struct str rewrite; /* replaces what matched; at NULL: none */
	int64_t timeout_ms; /* first byte of the answer; 0: the default */
	enum domain domain; /* DOMAIN_NONE: not gated */
	enum domain flag;   /* DOMAIN_NONE: always on */
	int64_t max_lag_ms; /* 0: router.max_lag */
	enum route_resource resource;
	enum route_shape shape;
	enum route_auth auth;
	enum route_ryw ryw;
	bool gated;	   /* reads that decide() may send elsewhere */
	bool fallback;	   /* a failed read is asked of Magento */
	const char **omit; /* fields the operator accepts to lose */
	size_t n_omit;
	struct template *templates; /* paths the destination can answer */
	size_t n_templates;	    /* 0: all that match */
};

struct routes {
	struct arena arena; /* everything below */
	struct route *rules;
	size_t n;
	struct route_upstream *upstreams;
	size_t n_upstreams;
	const char **warnings; /* for the log at start and --check-config */
	size_t n_warnings;
};

void routes_free(struct routes *routes);
void routes_freep(struct routes **routes);

/* NULL: no rule. *ret_match (may be NULL) is the match that fitted. */
const struct route *routes_find(const struct routes *routes,
				enum http_method method, struct str path,
				const struct route_match **ret_match);
/* Index of the template the target fits, or -1. A rule without templates has
 * one, 0, that everything fits unless it is odd. */
int route_template(const struct route *route, const struct http_target *target);
/* Does every request of `b` fit `a`? */
bool route_match_covers(const struct route_match *a,
			const struct route_match *b);

const char *route_resource_name(enum route_resource resource);
enum domain route_resource_domain(enum route_resource resource);
enum route_resource route_resource_of(struct str name); /* NONE: unknown */

#endif
