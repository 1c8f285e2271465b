#include "router/proxy.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/write.h"
#include "router/admission.h"
#include "router/answer.h"
#include "router/auth.h"
#include "router/conn.h"
#include "router/exchange.h"
#include "router/fence.h"
#include "router/loop.h"
#include "router/proxy_request.h"
#include "router/router.h"
#include "router/routes.h"
#include "router/sock.h"
#include "router/transcode.h"
#include "router/upstream.h"

static const struct link_events events;
static void release(struct exchange *x);
static void written_cb(void *user);

bool proxy_is_read(const struct exchange *x)
{
	const struct decide_facts *d = &x->facts.decide;

	return (d->method == HTTP_METHOD_GET ||
		d->method == HTTP_METHOD_HEAD) &&
	       !d->has_body && !d->override;
}

void proxy_uncount(struct exchange *x)
{
	if (x->counted)
		admission_give(x->loop->router);
	x->counted = false;
}

static bool admit(struct exchange *x)
{
	enum admission_kind kind = ADMISSION_WRITE;

	if (proxy_is_read(x))
		kind = x->reason >= DECIDE_FELL_STALE ? ADMISSION_FALLEN
						      : ADMISSION_READ;
	x->counted = true;
	return admission_take(x->loop->router, kind);
}

void proxy_fence(struct exchange *x)
{
	struct router *router = x->loop->router;
	int64_t now = clock_mono_us();

	if (!x->fencing)
		return;
	fence_set(router->fences, &x->facts.client, now,
		  x->loop->view.health.passed_us);
	atomic_store(&router->fenced_us, now);
}

static bool link_open(struct exchange *x, bool fresh)
{
	const struct http_head *head = conn_head(x->conn);
	struct link_want want = {
		.fresh = fresh,
		.write = !proxy_is_read(x),
		.head_only = head->method == HTTP_METHOD_HEAD &&
			     x->mode == EXCHANGE_PASS,
		.connect_ms = x->may_replace ? EXCHANGE_CONNECT_COPY_MS
					     : EXCHANGE_CONNECT_MS,
	};

	x->link = upstream_take(x->loop->upstreams[x->upstream], &want, &events,
				x);
	if (!x->link)
		return false;
	proxy_request_write(x);
	if (link_ready(x->link)) {
		link_flush(x->link);
		link_deadline(x->link, proxy_request_ms(x));
	}
	return true;
}

static bool flags_on(const struct exchange *x)
{
	return x->loop->desk && flags_any_on(&x->loop->view.flags);
}

/* An answer of ours in place of the upstream's. */
static void give_up(struct exchange *x, int status, const char *text)
{
	x->may_replace = false;
	answer_hold_error(x, status, text);
	x->over = true;
	proxy_uncount(x);
	release(x);
}

void proxy_start(struct exchange *x, uint16_t upstream)
{
	bool magento = upstream == ROUTE_MAGENTO;

	x->state = EXCHANGE_LINK;
	x->upstream = upstream;
	x->mode = magento && x->facts.native ? EXCHANGE_COLLECT : EXCHANGE_PASS;
	x->may_replace = !magento && x->decision.fallback;
	x->fencing = magento && flags_on(x);
	if (magento && !admit(x)) {
		x->loop->stats.shed++;
		x->fencing = false;
		give_up(x, 503, "Magento is busy");
		return;
	}
	if (!link_open(x, false)) {
		x->loop->stats.failures[LINK_REFUSED]++;
		x->fencing = false;
		if (x->may_replace) {
			x->reason = DECIDE_FELL_ERROR;
			proxy_start(x, ROUTE_MAGENTO);
			return;
		}
		give_up(x, 502, "the upstream has no address");
	}
}

/* ---- the request ---- */

void proxy_body(struct exchange *x, struct str bytes)
{
	struct buf *out;

	if (!x->link || x->over)
		return;
	out = link_out(x->link);
	if (conn_head(x->conn)->framing == HTTP_BODY_CHUNKED)
		http_write_chunk(out, bytes);
	else
		buf_add(out, bytes.at, bytes.n);
	link_flush(x->link);
	link_deadline(x->link, proxy_request_ms(x));
	if (link_queued(x->link) > SOCK_HIGH)
		conn_hold_body(x->conn, true);
}

void proxy_body_end(struct exchange *x)
{
	if (!x->link || x->over)
		return;
	if (conn_head(x->conn)->framing == HTTP_BODY_CHUNKED)
		http_write_last_chunk(link_out(x->link));
	link_flush(x->link);
}

static void ready_cb(void *user)
{
	struct exchange *x = user;

	link_flush(x->link);
	link_deadline(x->link, proxy_request_ms(x));
}

static void drained_cb(void *user)
{
	struct exchange *x = user;

	if (!x->client_gone)
		conn_hold_body(x->conn, false);
}

/* ---- the answer ---- */

static bool worth_replacing(int status)
{
	/* 429 passes: moving overload to Magento helps nobody. */
	return status >= 500 || status == 404 || status == 401 || status == 403;
}

static void fall_back(struct exchange *x, enum decide_reason reason)
{
	x->reason = reason;
	buf_reset(&x->hold, EXCHANGE_KEEP);
	x->status = 0;
	proxy_start(x, ROUTE_MAGENTO);
}

static void informational(struct exchange *x, const struct http_head *head)
{
	if (head->status == 100 && !x->client_gone)
		conn_continue(x->conn);
	/* Others are hints (103) that a read may do without. */
}

static void learn(struct exchange *x, int status)
{
	const struct route *route = x->facts.decide.route;

	if (!route || !route->gated || x->upstream != ROUTE_MAGENTO ||
	    x->facts.decide.template <0)
		return;
	auth_learn(x->loop->router->auth, &x->facts.auth, status,
		   clock_mono_us(), clock_wall_us() / 1000000);
}

static void head_write(struct exchange *x, const struct http_head *head)
{
	const struct http_head *request = conn_head(x->conn);
	struct forward_response what = {
		.id = x->id,
		.upstream = x->upstream,
		.reason = x->reason,
		.trusted = x->trusted,
		.close = conn_last(x->conn) || !x->sent_whole,
		.client_1_0 = request->minor == 0,
		.keep_alive_1_0 = request->minor == 0,
		.arena = &x->loop->scratch,
	};

	arena_reset(&x->loop->scratch);
	x->framing = forward_response(&x->hold, x->loop->router, head, &what);
	x->close |= what.close || x->framing == HTTP_BODY_UNTIL_CLOSE;
}

static void head_cb(void *user, const struct http_head *head)
{
	struct exchange *x = user;

	if (head->status == 101) {
		struct link *link = x->link;

		x->link = NULL;
		link_abort(link);
		events.failed(x, LINK_BAD);
		return;
	}
	if (head->status < 200) {
		informational(x, head);
		return;
	}
	x->status = head->status;
	if (x->may_replace && worth_replacing(head->status)) {
		link_abort(x->link);
		x->link = NULL;
		if (head->status >= 500)
			upstream_result(x->loop->upstreams[x->upstream], false,
					clock_mono_ms());
		fall_back(x, head->status == 404 ? DECIDE_FELL_NOT_FOUND
						 : DECIDE_FELL_ERROR);
		return;
	}
	learn(x, head->status);
	proxy_fence(x);
	if (x->mode == EXCHANGE_PASS && !x->client_gone)
		head_write(x, head);
}

static void body_cb(void *user, struct str bytes)
{
	struct exchange *x = user;
	struct link *link = x->link;

	link_deadline(link, x->may_replace
				    ? proxy_request_ms(x)
				    : x->loop->router->magento_timeout_ms);
	if (x->client_gone)
		return;
	if (x->mode == EXCHANGE_PASS && x->framing == HTTP_BODY_CHUNKED)
		http_write_chunk(&x->hold, bytes);
	else
		buf_add(&x->hold, bytes.at, bytes.n);
	if (x->hold.failed) {
		x->link = NULL;
		link_abort(link);
		buf_reset(&x->hold, EXCHANGE_KEEP);
		x->hold.failed = false;
		give_up(x, 502, "the upstream's answer is too large");
	}
}

/* A ticket for what is held. False: wait for it. */
static bool ticket_ok(struct exchange *x)
{
	struct stats *stats = &x->loop->stats;

	if (!x->fencing || x->ticketed)
		return true;
	if (x->wait.desk)
		return false;
	stats->tickets++;
	proxy_fence(x);
	x->wait_end = x->over;
	x->wait.written = written_cb;
	x->wait.user = x;
	if (ticket_take(x->loop->desk, &x->facts.client, &x->wait))
		return false;
	stats->tickets_late++;
	x->ticketed = true;
	return true;
}

static void written_cb(void *user)
{
	struct exchange *x = user;

	/* What came meanwhile needs a later one. */
	x->ticketed = x->wait_end || !x->over;
	release(x);
}

static void hold_release(struct exchange *x)
{
	struct buf *out = conn_out(x->conn);

	if (x->hold.n == 0)
		return;
	if (out->n == 0) {
		struct buf swap = *out;

		*out = x->hold;
		x->hold = swap;
	} else {
		buf_add(out, x->hold.at, x->hold.n);
		buf_reset(&x->hold, EXCHANGE_KEEP);
	}
	x->released = true;
}

/* Gives the client what may go, and stops the upstream when that is more
 * than the client takes. */
static void release(struct exchange *x)
{
	if (!x->client_gone) {
		bool wait = !ticket_ok(x) ||
			    (x->may_replace && !x->over &&
			     x->hold.n < EXCHANGE_HOLD_MAX) ||
			    (x->mode == EXCHANGE_COLLECT && !x->over);

		if (wait) {
			if (x->link && x->mode == EXCHANGE_PASS &&
			    x->hold.n > SOCK_HIGH)
				link_pause(x->link);
			return;
		}
		x->may_replace = false;
		hold_release(x);
	}
	if (x->over) {
		answer_over(x);
		return;
	}
	if (x->client_gone)
		return;
	conn_flush(x->conn);
	if (!x->link)
		return;
	if (conn_queued(x->conn) > SOCK_HIGH)
		link_pause(x->link);
	else
		link_resume(x->link);
}

static void batch_cb(void *user)
{
	struct exchange *x = user;

	if (x->status && x->mode == EXCHANGE_PASS)
		release(x);
}

/* Magento's whole answer in hold → ours in its place. */
static void make_native(struct exchange *x)
{
	CLEANUP(buf_done) struct buf body;
	struct str raw = { buf_str(&x->hold), x->hold.n };
	struct err err = { 0 };
	bool found = true;
	int rc = 0;

	buf_init(&body, TRANSCODE_BODY_MAX);
	if (x->status == 200)
		rc = transcode_body(&x->facts.request, raw, &body, &found,
				    &err);
	else
		transcode_error(x->status, raw, &body);
	if (rc < 0 || body.failed) {
		x->loop->stats.untranscoded++;
		answer_hold_error(x, 502, "Magento's answer is not understood");
	} else if (!found) {
		answer_hold_error(x, 404, "not found");
	} else {
		answer_hold(x, x->status, "application/json",
			    (struct str){ buf_str(&body), body.n });
	}
}

static void done_cb(void *user)
{
	struct exchange *x = user;
	struct link *link = x->link;

	if (x->mode == EXCHANGE_PASS && !x->client_gone &&
	    x->framing == HTTP_BODY_CHUNKED)
		http_write_last_chunk(&x->hold);
	x->link = NULL;
	x->over = true;
	/* A ticket waited for now does not cover the end. */
	x->ticketed = false;
	upstream_result(x->loop->upstreams[x->upstream], true, 0);
	link_release(link, x->sent_whole);
	proxy_uncount(x);
	if (x->mode == EXCHANGE_COLLECT && !x->client_gone)
		make_native(x);
	release(x);
}

static void failed_status(struct exchange *x, enum link_failure why)
{
	static const char *const texts[] = {
		[LINK_REFUSED] = "the upstream does not answer",
		[LINK_CLOSED] = "the upstream closed the connection",
		[LINK_CUT] = "the upstream's answer was cut off",
		[LINK_BAD] = "the upstream's answer is not valid HTTP",
		[LINK_TIMEOUT] = "the upstream is too slow",
	};

	if (!proxy_is_read(x) && why != LINK_REFUSED)
		x->loop->stats.unknown_writes++;
	else if (why == LINK_REFUSED)
		x->fencing = false; /* nothing was seen */
	give_up(x, why == LINK_TIMEOUT ? 504 : 502, texts[why]);
}

static void failed_cb(void *user, enum link_failure why)
{
	struct exchange *x = user;
	bool reused = x->link && link_reused(x->link);
	bool stale = reused && why == LINK_CLOSED && proxy_is_read(x);

	x->link = NULL;
	if (stale && !x->retried && !x->client_gone) {
		x->retried = true;
		x->loop->stats.retried++;
		if (link_open(x, true))
			return;
	}
	x->loop->stats.failures[why]++;
	upstream_result(x->loop->upstreams[x->upstream], false,
			clock_mono_ms());
	proxy_uncount(x);
	if (x->client_gone) {
		x->over = true;
		proxy_fence(x);
		answer_over(x);
	} else if (x->may_replace && !x->released) {
		fall_back(x, why == LINK_TIMEOUT ? DECIDE_FELL_TIMEOUT
						 : DECIDE_FELL_ERROR);
	} else if (!x->released) {
		failed_status(x, why);
	} else {
		x->loop->stats.truncated++;
		x->loop->stats.status[0]++;
		conn_abort(x->conn);
	}
}

static const struct link_events events = {
	.ready = ready_cb,
	.head = head_cb,
	.body = body_cb,
	.done = done_cb,
	.batch = batch_cb,
	.drained = drained_cb,
	.failed = failed_cb,
};
