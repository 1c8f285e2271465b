/* From a request's head to the facts that decide() asks for: the route, the
 * native read it names, its client, its permission, its fence. Used by the
 * data path and by /explain, so that both say the same. */
#ifndef ROUTER_FACTS_H
#define ROUTER_FACTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "http/target.h"
#include "router/auth.h"
#include "router/decide.h"
#include "router/read/read.h"
#include "router/routes.h"

struct http_head;
struct router;

struct facts {
	struct decide_facts decide;
	const struct route_match *match; /* with decide.route */
	struct http_target target;	 /* in the arena */
	struct client_key client;
	struct auth_key auth;
	bool native; /* `request` is a read of our own API */
	struct read_request request;
	const char *bad; /* 400 with this text; NULL: none */
};

/* upstream_down is left false: the loop knows. */
void facts_find(struct facts *ret, const struct router *router,
		const struct decide_view *view, const struct http_head *head,
		const char *peer, struct arena *arena);
/* The origin-form target for that upstream: rewritten as the rule says, and
 * for Magento from /api/v1 to /rest/V1. In the arena; at NULL: as it came. */
struct str facts_target(const struct facts *facts, uint16_t upstream,
			struct arena *arena);

#endif
