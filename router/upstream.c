#include "router/upstream.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/parse.h"
#include "router/resolve.h"
#include "router/sock.h"

enum { PEEK_MS = 20 };
enum link_state { LINK_CONNECT, LINK_BUSY, LINK_OVER, LINK_IDLE, LINK_GONE };

struct link {
	struct upstream *upstream;
	struct sock *sock; /* NULL: closed */
	enum link_state state;
	bool reused, keep;
	int64_t idle_ms; /* when it became idle */
	int64_t keep_ms; /* how long it may be */
	struct http_parse parse;
	const struct link_events *events;
	void *user;
	struct link *next, *prev; /* of the idle list, next: of the free */
};

struct upstream {
	struct sock_pool *socks;
	struct resolve *resolve;    /* owned */
	struct link *idle, *oldest; /* most recent first */
	size_t n_idle, n_links;
	struct link *free;
	unsigned failures; /* in a row */
	int64_t eject_ms;  /* how long the next ejection lasts */
	int64_t down_until_ms;
};

static const char *const failures[] = {
#define FAILURE_ROW(name, text) [LINK_##name] = (text),
	LINK_FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

const char *link_failure_name(enum link_failure failure)
{
	return failures[failure];
}

struct upstream *upstream_new(struct sock_pool *socks, struct resolve *resolve)
{
	struct upstream *up = mem_zalloc(sizeof(*up));

	up->socks = socks;
	up->resolve = resolve;
	up->eject_ms = UPSTREAM_EJECT_MS;
	return up;
}

static void idle_remove(struct link *link)
{
	struct upstream *up = link->upstream;

	*(link->prev ? &link->prev->next : &up->idle) = link->next;
	*(link->next ? &link->next->prev : &up->oldest) = link->prev;
	link->next = link->prev = NULL;
	up->n_idle--;
}

static void idle_add(struct link *link)
{
	struct upstream *up = link->upstream;

	link->prev = NULL;
	link->next = up->idle;
	*(up->idle ? &up->idle->prev : &up->oldest) = link;
	up->idle = link;
	up->n_idle++;
}

void link_abort(struct link *link)
{
	if (link->state == LINK_GONE)
		return;
	if (link->state == LINK_IDLE)
		idle_remove(link);
	link->state = LINK_GONE;
	sock_close(link->sock, false);
}

static void fail(struct link *link, enum link_failure why)
{
	bool told = link->state == LINK_CONNECT || link->state == LINK_BUSY;

	link_abort(link);
	if (told)
		link->events->failed(link->user, why);
}

static enum link_failure cut_or_closed(const struct link *link)
{
	const struct http_parse *p = &link->parse;

	if (link->state == LINK_CONNECT)
		return LINK_REFUSED;
	return p->state == HTTP_PARSE_IN_HEAD && !http_parse_started(p) &&
			       p->n_1xx == 0
		       ? LINK_CLOSED
		       : LINK_CUT;
}

static void connected_cb(void *user)
{
	struct link *link = user;

	link->state = LINK_BUSY;
	sock_deadline(link->sock, 0);
	link->events->ready(link->user);
}

/* One event of the parser handed on. False: stop feeding. */
static bool step(struct link *link, struct str *in)
{
	switch (http_parse_feed(&link->parse, in)) {
	case HTTP_PARSE_MORE:
		return false;
	case HTTP_PARSE_HEAD:
		link->keep = link->parse.head.keep_alive;
		link->events->head(link->user, &link->parse.head);
		break;
	case HTTP_PARSE_BODY:
		link->events->body(link->user, link->parse.body);
		break;
	case HTTP_PARSE_DONE:
		/* Bytes behind the response: never let them reach anyone. */
		if (in->n > 0)
			link->keep = false;
		link->state = LINK_OVER;
		link->events->done(link->user);
		return false;
	case HTTP_PARSE_BAD:
		fail(link, LINK_BAD);
		return false;
	}
	return link->state == LINK_BUSY;
}

static void bytes_cb(void *user, struct str bytes)
{
	struct link *link = user;

	if (link->state != LINK_BUSY) {
		link_abort(link); /* idle and talking: desync */
		return;
	}
	while (step(link, &bytes))
		;
	if (link->state == LINK_BUSY)
		link->events->batch(link->user);
}

static void eof_cb(void *user)
{
	struct link *link = user;

	if (link->state == LINK_BUSY &&
	    http_parse_eof(&link->parse) == HTTP_PARSE_DONE) {
		link->keep = false;
		link->state = LINK_OVER;
		link->events->done(link->user);
		return;
	}
	fail(link, cut_or_closed(link));
}

static void lost_cb(void *user)
{
	struct link *link = user;

	fail(link, cut_or_closed(link));
}

static void drained_cb(void *user)
{
	struct link *link = user;

	if (link->state == LINK_BUSY)
		link->events->drained(link->user);
}

static void timeout_cb(void *user)
{
	struct link *link = user;

	fail(link, link->state == LINK_CONNECT ? LINK_REFUSED : LINK_TIMEOUT);
}

static void closed_cb(void *user)
{
	struct link *link = user;
	struct upstream *up = link->upstream;

	link->sock = NULL;
	up->n_links--;
	link->next = up->free;
	up->free = link;
}

static const struct sock_events sock_cbs = {
	.connected = connected_cb,
	.bytes = bytes_cb,
	.eof = eof_cb,
	.lost = lost_cb,
	.drained = drained_cb,
	.timeout = timeout_cb,
	.closed = closed_cb,
};

static struct link *link_make(struct upstream *up)
{
	struct link *link = up->free;

	if (link) {
		up->free = link->next;
	} else {
		link = mem_zalloc(sizeof(*link));
		link->upstream = up;
		http_parse_init_response(&link->parse);
	}
	link->next = link->prev = NULL;
	http_parse_next(&link->parse);
	link->reused = false;
	link->keep_ms = UPSTREAM_IDLE_MS;
	up->n_links++;
	return link;
}

static struct link *idle_take(struct upstream *up, const struct link_want *want)
{
	int64_t most = want->write ? UPSTREAM_WRITE_IDLE_MS : UPSTREAM_IDLE_MS;
	int64_t now = clock_mono_ms();

	while (up->idle) {
		struct link *link = up->idle;

		if (now - link->idle_ms > most)
			return NULL; /* the others are older still */
		/* The loop has told of a close that is older than its last
		 * turn; only a write can't afford to find it later. */
		if ((want->write || now - link->idle_ms > PEEK_MS) &&
		    !sock_alive(link->sock)) {
			link_abort(link);
			continue;
		}
		idle_remove(link);
		sock_deadline(link->sock, 0);
		link->reused = true;
		link->state = LINK_BUSY;
		return link;
	}
	return NULL;
}

struct link *upstream_take(struct upstream *up, const struct link_want *want,
			   const struct link_events *events, void *user)
{
	struct link *link = want->fresh ? NULL : idle_take(up, want);
	const struct sockaddr *address;

	if (!link) {
		address = resolve_address(up->resolve);
		if (!address)
			return NULL;
		link = link_make(up);
		link->state = LINK_CONNECT;
		link->sock = sock_take(up->socks, &sock_cbs, link);
		if (!sock_connect(link->sock, address)) {
			link_abort(link);
			return NULL;
		}
		sock_deadline(link->sock, want->connect_ms);
	}
	link->keep = false;
	link->parse.to_head = want->head_only;
	link->events = events;
	link->user = user;
	return link;
}

bool link_ready(const struct link *link)
{
	return link->state == LINK_BUSY;
}

bool link_reused(const struct link *link)
{
	return link->reused;
}

struct buf *link_out(struct link *link)
{
	return sock_out(link->sock);
}

void link_flush(struct link *link)
{
	if (link->state == LINK_BUSY)
		sock_flush(link->sock);
}

size_t link_queued(const struct link *link)
{
	return sock_queued(link->sock);
}

void link_deadline(struct link *link, int64_t ms)
{
	if (link->state == LINK_BUSY)
		sock_deadline(link->sock, ms);
}

void link_pause(struct link *link)
{
	if (link->state == LINK_BUSY)
		sock_pause(link->sock);
}

void link_resume(struct link *link)
{
	if (link->state == LINK_BUSY)
		sock_resume(link->sock);
}

/* "timeout=5, max=100": a second less than the peer allows. */
static int64_t keep_ms_of(const struct http_head *head)
{
	struct str rest = http_head_get(head, HTTP_FIELD_KEEP_ALIVE);
	uint64_t seconds;

	while (rest.at) {
		struct str value = str_trim(str_split(&rest, ','));
		struct str key = str_split(&value, '=');

		if (!str_ieqs(key, "timeout") || !str_to_u64(value, &seconds))
			continue;
		if (seconds <= 1)
			return 0;
		if (seconds < UPSTREAM_IDLE_MS / 1000 + 1)
			return (int64_t)(seconds - 1) * 1000;
	}
	return UPSTREAM_IDLE_MS;
}

void link_release(struct link *link, bool clean)
{
	struct upstream *up = link->upstream;

	assert(link->state == LINK_OVER);
	link->keep_ms = keep_ms_of(&link->parse.head);
	if (!clean || !link->keep || link->keep_ms == 0 ||
	    sock_queued(link->sock) > 0 || up->n_idle >= UPSTREAM_IDLE_MAX) {
		link_abort(link);
		return;
	}
	http_parse_next(&link->parse);
	link->state = LINK_IDLE;
	link->idle_ms = clock_mono_ms();
	sock_resume(link->sock);
	sock_deadline(link->sock, link->keep_ms);
	idle_add(link);
}

void upstream_close_idle(struct upstream *up)
{
	while (up->idle)
		link_abort(up->idle);
}

void upstream_free(struct upstream *up)
{
	if (!up)
		return;
	assert(up->n_links == 0);
	while (up->free) {
		struct link *link = up->free;

		up->free = link->next;
		http_parse_done(&link->parse);
		free(link);
	}
	resolve_free(up->resolve);
	free(up);
}

void upstream_result(struct upstream *up, bool well, int64_t now_ms)
{
	if (well) {
		up->failures = 0;
		up->eject_ms = UPSTREAM_EJECT_MS;
		return;
	}
	if (++up->failures < UPSTREAM_FAILURES)
		return;
	/* The next failure after the pause ejects again, for longer. */
	up->failures = UPSTREAM_FAILURES - 1;
	up->down_until_ms = now_ms + up->eject_ms;
	up->eject_ms *= 2;
	if (up->eject_ms > UPSTREAM_EJECT_MAX_MS)
		up->eject_ms = UPSTREAM_EJECT_MAX_MS;
}

bool upstream_down(const struct upstream *up, int64_t now_ms)
{
	return now_ms < up->down_until_ms;
}
