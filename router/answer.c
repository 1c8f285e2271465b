#include "router/answer.h"

#include "base/clock.h"
#include "base/json.h"
#include "http/write.h"
#include "router/conn.h"
#include "router/exchange.h"
#include "router/loop.h"
#include "router/routes.h"

enum { ERROR_TEXT_MAX = 1024 };

static void write_answer(struct exchange *x, struct buf *out, int status,
			 const char *type, struct str body)
{
	const struct http_head *head = conn_head(x->conn);
	struct forward_response what = { .upstream = x->upstream,
					 .reason = x->reason,
					 .trusted = x->trusted,
					 .arena = &x->loop->scratch };
	struct http_pair pairs[4] = {
		{ STR("X-Request-Id"), str_of(x->id) },
		{ STR("X-Ficus-Route"), { 0 } },
		{ STR("Cache-Control"), STR("no-store") },
		{ STR("Retry-After"), STR("1") },
	};
	struct http_answer answer = {
		.status = status,
		.type = type,
		.body = body,
		.close = x->close || conn_last(x->conn),
		.head_only = head->method == HTTP_METHOD_HEAD,
		.pairs = pairs,
		.n_pairs = status >= 502 && status <= 504 ? 4 : 3,
	};

	arena_reset(&x->loop->scratch);
	pairs[1].value = forward_route(&what);
	answer.keep_alive_1_0 = !answer.close && head->minor == 0;
	x->close = answer.close;
	x->status = status;
	http_write_answer(out, &answer);
}

void answer_over(struct exchange *x)
{
	struct stats *stats = &x->loop->stats;
	uint64_t *reasons = stats->other;

	if (x->upstream == ROUTE_COPY)
		reasons = stats->copy;
	else if (x->upstream == ROUTE_MAGENTO)
		reasons = stats->magento;
	reasons[x->reason]++;
	stats->status[x->status / 100]++;
	stats_time(x->upstream, (double)(clock_mono_us() - x->start_us) / 1e6);
	x->state = EXCHANGE_IDLE;
	if (x->client_gone)
		conn_detached_done(x->conn);
	else
		conn_answered(x->conn, x->close);
}

void answer_send(struct exchange *x, int status, const char *type,
		 struct str body)
{
	write_answer(x, conn_out(x->conn), status, type, body);
	answer_over(x);
}

static void error_text(struct buf *out, const char *text)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "error");
	json_str(&w, text);
	json_end_object(&w);
}

void answer_error(struct exchange *x, int status, const char *text)
{
	CLEANUP(buf_done) struct buf body;

	buf_init(&body, ERROR_TEXT_MAX);
	error_text(&body, text);
	answer_send(x, status, "application/json",
		    (struct str){ buf_str(&body), body.n });
}

void answer_hold(struct exchange *x, int status, const char *type,
		 struct str body)
{
	buf_reset(&x->hold, EXCHANGE_KEEP);
	write_answer(x, &x->hold, status, type, body);
}

void answer_hold_error(struct exchange *x, int status, const char *text)
{
	CLEANUP(buf_done) struct buf body;

	buf_init(&body, ERROR_TEXT_MAX);
	error_text(&body, text);
	answer_hold(x, status, "application/json",
		    (struct str){ buf_str(&body), body.n });
}
