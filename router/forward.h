/* The heads that leave us: what a proxy adds, replaces and removes
 * (RFC 9110 7.6, router.md 2.4).
 *
 * To the upstream: Via, X-Forwarded-For, -Proto, -Host, X-Request-Id; what a
 * peer that is not trusted says of these is replaced. To the client: Via,
 * X-Request-Id, X-Ficus-Route. */
#ifndef ROUTER_FORWARD_H
#define ROUTER_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/head.h"
#include "http/write.h"
#include "router/decide.h"

struct router;

enum { FORWARD_ID_MAX = 64 };

struct forward_request {
	const struct http_head *head;
	const char *peer;
	bool trusted;	   /* the peer's own X-Forwarded-* are believed */
	struct str target; /* at NULL: as it came */
	const char *host;  /* for HTTP/1.0 without Host */
	const char *id;	   /* X-Request-Id */
	bool transcode;	   /* the answer will be read by us: plain JSON */
};

/* False: our name is in Via already; answer 508. */
bool forward_via_ok(const struct router *router, const struct http_head *head);
/* The client's X-Request-Id if it is one, else a new one. */
void forward_id(struct router *router, const struct http_head *head,
		char ret[FORWARD_ID_MAX]);
void forward_request(struct buf *out, const struct router *router,
		     const struct forward_request *what, struct arena *arena);

struct forward_response {
	const char *id;
	uint16_t upstream; /* that answered */
	enum decide_reason reason;
	bool trusted; /* sees the reason */
	bool close;
	bool client_1_0, keep_alive_1_0;
	struct arena *arena;
};

/* Returns the framing of the body to follow. */
enum http_framing forward_response(struct buf *out, const struct router *router,
				   const struct http_head *head,
				   const struct forward_response *what);
/* "magento;reason=flag_off" or just "magento". */
struct str forward_route(const struct forward_response *what);

#endif
