#include "router/facts.h"

#include <string.h>

#include "base/clock.h"
#include "http/head.h"
#include "router/client_key.h"
#include "router/router.h"

static const char native_prefix[] = "/api/v1/";

static bool may_be_write(const struct http_head *head, struct str query)
{
	if (head->first[HTTP_FIELD_X_HTTP_METHOD] ||
	    head->first[HTTP_FIELD_X_HTTP_METHOD_OVERRIDE] ||
	    head->first[HTTP_FIELD_X_METHOD_OVERRIDE])
		return true;
	return query.n > 0 && memmem(query.at, query.n, "_method=", 8);
}

/* Sticky: a client stays with its destination. */
static uint16_t destination_of(const struct route *route, uint64_t subject)
{
	unsigned place = (unsigned)(subject / 7 % 100), sum = 0;

	for (size_t i = 0; i < route->n_destinations; i++) {
		sum += route->destinations[i].weight;
		if (place < sum)
			return route->destinations[i].upstream;
	}
	return route->destinations[0].upstream;
}

/* The path as the rule's rewrite leaves it, without the query. */
static struct str path_rewritten(const struct facts *facts, struct arena *arena)
{
	const struct route *route = facts->decide.route;
	struct str path = facts->target.path, tail = { "", 0 };
	const char *text;

	if (!route || !route->rewrite.at || !facts->match)
		return path;
	if (facts->match->kind == ROUTE_PATH_PREFIX)
		tail = (struct str){ path.at + facts->match->path.n,
				     path.n - facts->match->path.n };
	/* "/" for "/api/" and "/x": one slash between the two. */
	if (tail.n && tail.at[0] != '/' &&
	    route->rewrite.at[route->rewrite.n - 1] != '/')
		text = arena_printf(arena, "%.*s/%.*s", (int)route->rewrite.n,
				    route->rewrite.at, (int)tail.n, tail.at);
	else
		text = arena_printf(arena, "%.*s%.*s", (int)route->rewrite.n,
				    route->rewrite.at, (int)tail.n, tail.at);
	return str_of(text);
}

static bool is_read(enum http_method method)
{
	return method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD;
}

static void native_find(struct facts *facts, struct arena *arena)
{
	const struct route *route = facts->decide.route;
	struct str path = path_rewritten(facts, arena);
	struct str query = facts->target.query;
	const char *why = NULL;
	size_t skip = sizeof(native_prefix) - 1;

	if (route->resource == ROUTE_NONE || facts->decide.odd_path ||
	    !str_starts(path, native_prefix))
		return;
	path = (struct str){ path.at + skip, path.n - skip };
	switch (read_request_parse(path, query.at ? query : STR(""),
				   &facts->request, &why)) {
	case READ_PARSED:
		facts->native = true;
		break;
	case READ_NO_ROUTE:
		break;
	case READ_BAD:
		facts->bad = why;
		break;
	}
}

static int template_of(const struct facts *facts)
{
	int template = route_template(facts->decide.route, &facts->target);

	if (facts->decide.upstream != ROUTE_COPY || template <0)
		return template;
	return facts->native ? (int)facts->request.kind : -1;
}

/* The store code in /rest/<store>/V1, else the Store header. */
static struct str store_of(const struct http_target *target,
			   const struct http_head *head)
{
	if (target->n > 2 && str_eqs(target->segments[0], "rest") &&
	    str_eqs(target->segments[2], "V1"))
		return target->segments[1];
	return http_head_get(head, HTTP_FIELD_STORE);
}

static void gate_find(struct facts *facts, const struct router *router,
		      const struct decide_view *view,
		      const struct http_head *head)
{
	struct decide_facts *d = &facts->decide;

	d->template = template_of(facts);
	facts->auth =
		auth_key_of(head, d->route->index, d->template,
			    store_of(&facts->target, head), router->secret);
	d->authorised = d->route->auth == ROUTE_AUTH_NONE ||
			auth_allowed(router->auth, &facts->auth, d->now_us);
	d->fence = fence_check(router->fences, &facts->client,
			       view->health.passed_us,
			       view->health.passed_ticket, &d->ticket);
}

void facts_find(struct facts *ret, const struct router *router,
		const struct decide_view *view, const struct http_head *head,
		const char *peer, struct arena *arena)
{
	struct decide_facts *d = &ret->decide;

	*d = (struct decide_facts){
		.method = (enum http_method)head->method,
		.now_us = clock_mono_us(),
		.has_body =
			head->framing == HTTP_BODY_CHUNKED ||
			(head->framing == HTTP_BODY_LENGTH && head->length > 0),
	};
	ret->match = NULL;
	ret->native = false;
	ret->bad = NULL;
	http_target_parse(&ret->target, head->target, arena);
	d->odd_path = ret->target.odd != HTTP_ODD_NONE;
	d->override = may_be_write(head, ret->target.query);
	d->route = routes_find(router->routes, d->method, ret->target.path,
			       &ret->match);
	ret->client = client_key_of(head, peer, router->secret);
	d->subject = client_key_hash(&ret->client);
	if (!d->route)
		return;
	d->upstream = destination_of(d->route, d->subject);
	if (is_read(d->method) && !d->override && !d->has_body)
		native_find(ret, arena);
	if (d->route->gated)
		gate_find(ret, router, view, head);
}

/* Of our own API, which Magento knows under /rest/V1 only; whichever rule
 * sends it there, and be it none. */
static bool is_native(const struct route *route, struct str path)
{
	size_t skip = sizeof(native_prefix) - 1;

	if (!str_starts(path, native_prefix))
		return false;
	path = (struct str){ path.at + skip, path.n - skip };
	return (route && route->resource != ROUTE_NONE) ||
	       route_resource_of(str_split(&path, '/')) != ROUTE_NONE;
}

struct str facts_target(const struct facts *facts, uint16_t upstream,
			struct arena *arena)
{
	const struct route *route = facts->decide.route;
	struct str path = path_rewritten(facts, arena);
	struct str query = facts->target.query;
	const char *mark = query.at ? "?" : "";
	size_t skip = sizeof(native_prefix) - 1;

	if (upstream == ROUTE_MAGENTO && is_native(route, path))
		return str_of(arena_printf(arena, "/rest/V1/%.*s%s%.*s",
					   (int)(path.n - skip), path.at + skip,
					   mark, (int)query.n,
					   query.at ? query.at : ""));
	if (path.at == facts->target.path.at)
		return (struct str){ 0 };
	return str_of(arena_printf(arena, "%.*s%s%.*s", (int)path.n, path.at,
				   mark, (int)query.n,
				   query.at ? query.at : ""));
}
