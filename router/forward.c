#include "router/forward.h"

#include <stdio.h>
#include <string.h>

#include "router/router.h"
#include "router/routes.h"

enum { PAIRS_MAX = 16 };

struct pairs {
	struct http_pair at[PAIRS_MAX];
	size_t n;
};

static void add(struct pairs *pairs, struct str name, struct str value)
{
	pairs->at[pairs->n++] = (struct http_pair){ name, value };
}

static void drop(struct pairs *pairs, struct str name)
{
	add(pairs, name, (struct str){ 0 });
}

bool forward_via_ok(const struct router *router, const struct http_head *head)
{
	for (size_t i = 0; i < head->n; i++) {
		struct str value = http_head_value(head, i);

		if (head->headers[i].field == HTTP_FIELD_VIA && value.n &&
		    memmem(value.at, value.n, router->via, strlen(router->via)))
			return false;
	}
	return true;
}

static bool id_ok(struct str id)
{
	if (id.n == 0 || id.n >= FORWARD_ID_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

void forward_id(struct router *router, const struct http_head *head,
		char ret[FORWARD_ID_MAX])
{
	static const char digits[] = "0123456789abcdef";
	struct str given = http_head_get(head, HTTP_FIELD_X_REQUEST_ID);
	uint64_t n;

	if (id_ok(given)) {
		memcpy(ret, given.at, given.n);
		ret[given.n] = '\0';
		return;
	}
	/* Counted, then hashed: unique here, and it tells nothing. */
	n = atomic_fetch_add_explicit(&router->request_ids, 1,
				      memory_order_relaxed);
	n = hash_sip(router->secret,
		     (struct str){ (const char *)&n, sizeof(n) });
	for (int i = 0; i < 16; i++)
		ret[i] = digits[n >> (4 * i) & 15];
	ret[16] = '\0';
}

static struct str joined(struct arena *arena, struct str before,
			 const char *text)
{
	if (before.n == 0)
		return str_of(text);
	return str_of(arena_printf(arena, "%.*s, %s", (int)before.n, before.at,
				   text));
}

static void forwarded_add(struct pairs *pairs,
			  const struct forward_request *what,
			  struct arena *arena)
{
	const struct http_head *head = what->head;
	struct str chain = { 0 };

	if (what->trusted)
		chain = http_head_get(head, HTTP_FIELD_X_FORWARDED_FOR);
	add(pairs, STR("X-Forwarded-For"), joined(arena, chain, what->peer));
	if (!what->trusted || !head->first[HTTP_FIELD_X_FORWARDED_PROTO])
		add(pairs, STR("X-Forwarded-Proto"), STR("http"));
	if ((!what->trusted || !head->first[HTTP_FIELD_X_FORWARDED_HOST]) &&
	    head->host.n > 0)
		add(pairs, STR("X-Forwarded-Host"), head->host);
	if (!what->trusted) {
		drop(pairs, STR("Forwarded"));
		drop(pairs, STR("X-Forwarded-Port"));
	}
}

void forward_request(struct buf *out, const struct router *router,
		     const struct forward_request *what, struct arena *arena)
{
	struct pairs pairs = { .n = 0 };
	struct http_rewrite how = http_rewrite_of(what->head, false);
	const struct http_head *head = what->head;

	add(&pairs, STR("Via"),
	    joined(arena, http_head_get(head, HTTP_FIELD_VIA),
		   arena_printf(arena, "1.%u %s", (unsigned)head->minor,
				router->via)));
	forwarded_add(&pairs, what, arena);
	add(&pairs, STR("X-Request-Id"), str_of(what->id));
	drop(&pairs, STR("X-Ficus-Route"));
	if (what->transcode) {
		add(&pairs, STR("Accept"), STR("application/json"));
		drop(&pairs, STR("Accept-Encoding"));
		drop(&pairs, STR("Range"));
		drop(&pairs, STR("If-None-Match"));
		drop(&pairs, STR("If-Modified-Since"));
	}
	how.target = what->target;
	if (head->host.n == 0)
		how.host = str_of(what->host);
	how.expect = head->expect_continue;
	how.pairs = pairs.at;
	how.n_pairs = pairs.n;
	http_write_request(out, head, &how);
}

static const char *const targets[] = { "magento", "copy", "upstream" };

struct str forward_route(const struct forward_response *what)
{
	uint16_t index = what->upstream > 2 ? 2 : what->upstream;

	if (!what->trusted)
		return str_of(targets[index]);
	return str_of(arena_printf(what->arena, "%s;reason=%s", targets[index],
				   decide_reason_name(what->reason)));
}

enum http_framing forward_response(struct buf *out, const struct router *router,
				   const struct http_head *head,
				   const struct forward_response *what)
{
	struct pairs pairs = { .n = 0 };
	struct http_rewrite how = http_rewrite_of(head, what->client_1_0);

	add(&pairs, STR("Via"),
	    joined(what->arena, http_head_get(head, HTTP_FIELD_VIA),
		   arena_printf(what->arena, "1.%u %s", (unsigned)head->minor,
				router->via)));
	add(&pairs, STR("X-Request-Id"), str_of(what->id));
	add(&pairs, STR("X-Ficus-Route"), forward_route(what));
	how.pairs = pairs.at;
	how.n_pairs = pairs.n;
	how.close |= what->close;
	how.keep_alive_1_0 = what->keep_alive_1_0 && !how.close;
	http_write_response(out, head, &how);
	return how.framing;
}
