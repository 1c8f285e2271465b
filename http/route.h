/* Which route of a server's table answers a request. Used by server.c. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stddef.h>

#include "http/server.h"

/* NULL when there is none; then `allow` holds the methods, as the header
 * Allow has them, that the path is known with: empty for an unknown path. */
const struct http_route *http_route_find(const struct http_server_conf *conf,
					 const struct http_request *request,
					 char *allow, size_t allow_size);

#endif
