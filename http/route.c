#include "http/route.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"

static bool path_fits(const struct http_route *route, struct str path)
{
	size_t n = strlen(route->path);

	if (!route->prefix)
		return str_eqs(path, route->path);
	if (!str_starts(path, route->path))
		return false;
	return path.n == n || path.at[n] == '/' || route->path[n - 1] == '/';
}

static bool method_fits(const struct http_route *route, enum http_method method)
{
	return route->method == method ||
	       (route->method == HTTP_METHOD_GET && method == HTTP_METHOD_HEAD);
}

const struct http_route *http_route_find(const struct http_server_conf *conf,
					 const struct http_request *request,
					 char *allow, size_t allow_size)
{
	struct buf methods;

	assert(allow_size > 0);
	allow[0] = '\0';
	buf_init(&methods, allow_size - 1);
	for (size_t i = 0; i < conf->n_routes; i++) {
		const struct http_route *route = &conf->routes[i];

		if (!path_fits(route, request->path))
			continue;
		if (method_fits(route, request->method)) {
			buf_done(&methods);
			allow[0] = '\0';
			return route;
		}
		buf_addf(&methods, "%s%s", methods.n ? ", " : "",
			 http_method_name(route->method));
	}
	memcpy(allow, buf_str(&methods), methods.n + 1);
	buf_done(&methods);
	return NULL;
}
