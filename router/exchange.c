#include "router/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "router/answer.h"
#include "router/conn.h"
#include "router/loop.h"
#include "router/proxy.h"
#include "router/router.h"
#include "router/sock.h"
#include "router/upstream.h"

void exchange_init(struct exchange *x, struct conn *conn, struct loop *loop)
{
	*x = (struct exchange){ .conn = conn, .loop = loop };
	buf_init(&x->hold, SOCK_OUT_MAX);
}

void exchange_done(struct exchange *x)
{
	buf_done(&x->hold);
}

static void reset(struct exchange *x)
{
	struct buf hold = x->hold;

	buf_reset(&hold, EXCHANGE_KEEP);
	x->read = NULL;
	x->link = NULL;
	x->state = EXCHANGE_IDLE;
	x->mode = EXCHANGE_PASS;
	x->counted = x->retried = x->sent_whole = x->fencing = false;
	x->ticketed = x->wait_end = x->released = x->may_replace = false;
	x->over = x->client_gone = x->close = false;
	x->status = 0;
	x->wait = (struct ticket_wait){ 0 };
	x->hold = hold;
}

static enum decide_reason fell_of(enum read_outcome outcome)
{
	switch (outcome) {
	case READ_NOT_FOUND:
		return DECIDE_FELL_NOT_FOUND;
	case READ_REFUSED_STALE:
		return DECIDE_FELL_STALE;
	case READ_REFUSED_FENCE:
		return DECIDE_FELL_FENCE;
	case READ_REFUSED_UNHEALTHY:
		return DECIDE_FELL_UNHEALTHY;
	case READ_REFUSED_PARTIAL:
		return DECIDE_FELL_PARTIAL;
	case READ_REFUSED_EPOCH:
		return DECIDE_FELL_EPOCH;
	case READ_TIMEOUT:
		return DECIDE_FELL_TIMEOUT;
	case READ_OK:
	case READ_ERROR:
	case READ_UNAVAILABLE:
	case READ_OUTCOME_COUNT:
		break;
	}
	return DECIDE_FELL_ERROR;
}

static void copy_cb(void *user, struct read_answer *answer)
{
	struct exchange *x = user;

	x->read = NULL;
	if (answer->outcome == READ_OK) {
		answer_send(x, 200, answer->type,
			    (struct str){ answer->body.at, answer->body.n });
		return;
	}
	x->reason = fell_of(answer->outcome);
	if (x->decision.fallback)
		proxy_start(x, ROUTE_MAGENTO);
	else if (answer->outcome == READ_NOT_FOUND)
		answer_error(x, 404, "not found");
	else
		answer_error(x, 503, answer->reason);
}

static void copy_start(struct exchange *x)
{
	const struct router *router = x->loop->router;
	const struct health_view *health = &x->loop->view.health;
	const struct route *route = x->facts.decide.route;
	struct read_request *request = &x->facts.request;
	struct read_needs needs = {
		.epoch = health->epoch,
		.postgres_start_us = health->postgres_start_us,
		.system_identifier = health->system_identifier,
		.max_lag_ms = x->decision.max_lag_ms,
		.ticket = x->decision.ticket,
		.whole = read_kind_is_list(request->kind),
		.wait_ms = router->ryw_wait_ms,
	};

	if (route && route->ryw != ROUTE_RYW_NONE) {
		memcpy(needs.client, x->facts.client.bytes, CLIENT_KEY_BYTES);
		needs.client_n = CLIENT_KEY_BYTES;
	}
	request->needs = needs;
	request->timeout_ms = router->copy_timeout_ms + router->ryw_wait_ms;
	x->state = EXCHANGE_COPY;
	x->upstream = ROUTE_COPY;
	x->read = read_start(x->loop->read, request, copy_cb, x);
}

static bool is_down(const struct loop *loop, uint16_t upstream)
{
	if (upstream == ROUTE_COPY)
		return !loop->read || !read_ready(loop->read);
	return upstream_down(loop->upstreams[upstream], clock_mono_ms());
}

void exchange_start(struct exchange *x)
{
	struct loop *loop = x->loop;
	struct router *router = loop->router;
	const struct http_head *head = conn_head(x->conn);
	const char *peer = conn_peer(x->conn);

	reset(x);
	arena_reset(&loop->scratch);
	x->start_us = clock_mono_us();
	x->trusted = cidr_list_has(&router->trusted, peer);
	x->upstream = ROUTE_MAGENTO;
	x->reason = DECIDE_ROUTE;
	forward_id(router, head, x->id);
	if (!forward_via_ok(router, head)) {
		answer_error(x, 508, "this request came through here already");
		return;
	}
	facts_find(&x->facts, router, loop_view(loop), head, peer,
		   &loop->scratch);
	if (x->facts.bad) {
		answer_error(x, 400, x->facts.bad);
		return;
	}
	if (x->facts.decide.route)
		x->facts.decide.upstream_down =
			is_down(loop, x->facts.decide.upstream);
	x->decision = decide(&x->facts.decide, &loop->view);
	x->reason = x->decision.reason;
	if (x->decision.upstream == ROUTE_COPY)
		copy_start(x);
	else
		proxy_start(x, x->decision.upstream);
}

void exchange_body(struct exchange *x, struct str bytes)
{
	if (x->state == EXCHANGE_LINK)
		proxy_body(x, bytes);
}

void exchange_body_end(struct exchange *x)
{
	x->sent_whole = true;
	if (x->state == EXCHANGE_LINK)
		proxy_body_end(x);
}

void exchange_drained(struct exchange *x)
{
	if (x->state == EXCHANGE_LINK && x->link)
		link_resume(x->link);
}

bool exchange_client_gone(struct exchange *x)
{
	bool write = !proxy_is_read(x);

	if (x->state != EXCHANGE_LINK || !write || !x->link || x->over)
		return false;
	if (!x->sent_whole) {
		/* Magento may have taken what it got: nobody knows. */
		proxy_fence(x);
		x->loop->stats.unknown_writes++;
		return false;
	}
	x->client_gone = true;
	buf_reset(&x->hold, EXCHANGE_KEEP);
	link_resume(x->link);
	return true;
}

void exchange_cancel(struct exchange *x)
{
	if (x->read)
		read_cancel(x->read);
	if (x->link)
		link_abort(x->link);
	x->read = NULL;
	x->link = NULL;
	ticket_cancel(&x->wait);
	proxy_uncount(x);
	x->state = EXCHANGE_IDLE;
}
