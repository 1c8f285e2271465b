#include "router/proxy_request.h"

#include "base/buf.h"
#include "router/conn.h"
#include "router/exchange.h"
#include "router/loop.h"
#include "router/router.h"
#include "router/routes.h"
#include "router/transcode.h"
#include "router/upstream.h"

int64_t proxy_request_ms(const struct exchange *x)
{
	const struct route *route = x->facts.decide.route;

	if (route && route->timeout_ms)
		return route->timeout_ms;
	if (x->may_replace)
		return x->loop->router->copy_timeout_ms;
	return x->loop->router->magento_timeout_ms;
}

void proxy_request_write(struct exchange *x)
{
	struct loop *loop = x->loop;
	const struct router *router = loop->router;
	CLEANUP(buf_done) struct buf target;
	struct http_head as_get;
	struct forward_request what = {
		.head = conn_head(x->conn),
		.peer = conn_peer(x->conn),
		.trusted = x->trusted,
		.host = router->routes->upstreams[x->upstream].host,
		.id = x->id,
		.transcode = x->mode == EXCHANGE_COLLECT,
	};

	buf_init(&target, TRANSCODE_TARGET_MAX);
	arena_reset(&loop->scratch);
	if (what.transcode) {
		(void)transcode_fallback_target(&x->facts.request, &target);
		what.target = (struct str){ buf_str(&target), target.n };
		/* The body is needed even if only its length is shown. */
		as_get = *what.head;
		as_get.method_text = STR("GET");
		what.head = &as_get;
	} else {
		what.target =
			facts_target(&x->facts, x->upstream, &loop->scratch);
	}
	forward_request(link_out(x->link), router, &what, &loop->scratch);
}
