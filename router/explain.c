#include "router/explain.h"

#include "base/buf.h"
#include "base/json.h"
#include "http/parse.h"
#include "router/facts.h"
#include "router/router.h"

static void text(struct json *w, const char *key, const char *value)
{
	json_key(w, key);
	json_str(w, value);
}

static void number(struct json *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_int(w, value);
}

static void truth(struct json *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}

static int refuse(struct buf *out, const char *why)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	text(&w, "error", why);
	json_end_object(&w);
	return 400;
}

static void route_write(struct json *w, const struct facts *facts)
{
	const struct route *route = facts->decide.route;

	json_key(w, "route");
	if (!route) {
		json_null(w);
		return;
	}
	json_begin_object(w);
	text(w, "name", route->name);
	number(w, "line", facts->match ? facts->match->line : route->line);
	truth(w, "gated", route->gated);
	text(w, "domain", domain_name(route->domain));
	text(w, "flag", domain_flag(route->flag));
	text(w, "resource", route_resource_name(route->resource));
	json_end_object(w);
}

static void gate_write(struct json *w, const struct facts *facts,
		       const struct decide_view *view)
{
	static const char *const fences[] = { "none", "ticket", "unknown" };
	const struct decide_facts *d = &facts->decide;
	enum domain flag = d->route->flag;
	int64_t lag = health_lag(&view->health, d->now_us);

	json_key(w, "gate");
	json_begin_object(w);
	if (flag != DOMAIN_NONE) {
		truth(w, "flag_on", flag_on(&view->flags.flag[flag]));
		number(w, "percent_bp", view->flags.flag[flag].percent_bp);
		number(w, "bucket", flag_bucket(flag, d->subject));
	}
	json_key(w, "lag_ms");
	if (lag < 0)
		json_null(w);
	else
		json_int(w, lag);
	truth(w, "proven", view->health.proven);
	truth(w, "fresh", view->health.fresh[d->route->domain]);
	truth(w, "up", view->health.up[d->route->domain]);
	truth(w, "authorised", d->authorised);
	text(w, "fence", fences[d->fence]);
	number(w, "ticket", d->ticket);
	json_end_object(w);
}

static void decision_write(struct json *w, const struct router *router,
			   const struct facts *facts,
			   const struct decide_view *view)
{
	struct decision d = decide(&facts->decide, view);

	text(w, "target", router->routes->upstreams[d.upstream].name);
	text(w, "reason", decide_reason_name(d.reason));
	text(w, "because", decide_reason_help(d.reason));
	truth(w, "fallback", d.fallback);
	if (facts->bad)
		text(w, "refused", facts->bad);
}

static void all_write(struct buf *out, const struct router *router,
		      const struct decide_view *view,
		      const struct http_head *head, const char *peer)
{
	struct arena arena;
	struct facts facts;
	struct json w;

	arena_init(&arena);
	facts_find(&facts, router, view, head, peer, &arena);
	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "method");
	json_strn(&w, head->method_text);
	json_key(&w, "path");
	json_strn(&w, head->target);
	decision_write(&w, router, &facts, view);
	if (facts.target.odd != HTTP_ODD_NONE)
		text(&w, "odd_path", http_odd_text(facts.target.odd));
	route_write(&w, &facts);
	if (facts.decide.route && facts.decide.route->gated)
		gate_write(&w, &facts, view);
	json_end_object(&w);
	arena_done(&arena);
}

int explain_write(struct buf *out, const struct router *router,
		  const struct decide_view *view, const struct explain *what)
{
	CLEANUP(buf_done) struct buf raw;
	struct http_parse parse;
	struct str in;
	int status = 200;

	buf_init(&raw, HTTP_HEAD_MAX);
	buf_add(&raw, what->method.at, what->method.n);
	buf_addc(&raw, ' ');
	buf_add(&raw, what->path.at, what->path.n);
	buf_adds(&raw, " HTTP/1.1\r\nHost: explain\r\n");
	if (what->client.n > 0) {
		buf_adds(&raw, "Authorization: ");
		buf_add(&raw, what->client.at, what->client.n);
		buf_adds(&raw, "\r\n");
	}
	buf_adds(&raw, "\r\n");
	if (raw.failed)
		return refuse(out, "the path is too long");
	in = (struct str){ raw.at, raw.n };
	http_parse_init_request(&parse);
	if (http_parse_feed(&parse, &in) == HTTP_PARSE_HEAD && in.n == 0)
		all_write(out, router, view, &parse.head, what->peer);
	else
		status = refuse(out, parse.why ? parse.why
					       : "this is not one request");
	http_parse_done(&parse);
	return status;
}
