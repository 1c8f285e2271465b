/* The address behind "host:port", kept current: asked once at the start and
 * again in the background, at most every 30 s, when it is used. A name that
 * can't be resolved keeps its last address. One per upstream and loop. */
#ifndef ROUTER_RESOLVE_H
#define ROUTER_RESOLVE_H

#include <stdint.h>

struct resolve;
struct sockaddr;
struct uv_loop_s;

/* host is borrowed. Blocks until there is an answer. */
struct resolve *resolve_new(struct uv_loop_s *loop, const char *host,
			    uint16_t port);
/* Frees it, at once or when a question under way has been answered. */
void resolve_free(struct resolve *resolve);
/* NULL: never resolved. */
const struct sockaddr *resolve_address(struct resolve *resolve);

#endif
