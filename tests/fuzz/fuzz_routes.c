/* Routes documents of any bytes: refused with a text, or loaded; what loads
 * finds its rule for a path made of the same bytes without falling over, and
 * a gated rule is never one that takes writes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "http/target.h"
#include "router/routes.h"
#include "router/routes_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void find_all(const struct routes *routes, struct str path)
{
	for (int m = HTTP_METHOD_GET; m <= HTTP_METHOD_OPTIONS; m++) {
		const struct route_match *match = NULL;
		const struct route *route =
			routes_find(routes, (enum http_method)m, path, &match);
		struct http_target target;
		struct arena arena;

		if (!route)
			continue;
		if (!match || (route->gated && m != HTTP_METHOD_GET &&
			       m != HTTP_METHOD_HEAD))
			abort();
		arena_init(&arena);
		http_target_parse(&target, path, &arena);
		if (route_template(route, &target) >= 0 &&
		    target.odd != HTTP_ODD_NONE)
			abort();
		arena_done(&arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct routes_conf conf = { "127.0.0.1:80",
						 "a=copy,b=h:1,c=magento",
						 false };
	struct routes *routes = NULL;
	struct err err = { 0 };
	int rc = routes_parse("f", bytes, n, &conf, &routes, &err);

	if (rc < 0) {
		if (rc != ERR_CONFIG || err.msg[0] == '\0')
			abort();
		return 0;
	}
	find_all(routes,
		 (struct str){ (const char *)bytes, n < 200 ? n : 200 });
	for (size_t i = 0; i < routes->n; i++)
		find_all(routes, routes->rules[i].matches[0].path);
	routes_free(routes);
	return 0;
}
