/* The one function that ends a connection early is finish(): an answer of
 * ours that is flushed before the socket closes; end() closes it at once.
 * Both may be called in every state, and a second call does nothing. Memory is
 * free again in closed_cb(), or, when a write outlives its client, when both
 * the socket and the exchange are done. */
#include "router/conn.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/parse.h"
#include "http/write.h"
#include "router/conn_state.h"
#include "router/exchange.h"
#include "router/loop.h"
#include "router/sock.h"

struct conn {
	struct loop *loop;
	struct sock *sock; /* NULL: closed */
	enum conn_state state;
	bool pumping;  /* inside pump() */
	bool answered; /* the answer to this request is in `out` */
	bool close;    /* after that answer */
	bool timed;    /* the head's deadline runs */
	bool wants_continue;
	unsigned requests;
	struct http_parse parse;
	struct exchange exchange;
	struct buf pending; /* bytes of the next requests */
	struct conn *next, *prev;
};

static void move(struct conn *c, enum conn_state to)
{
	assert(conn_state_may(c->state, to));
	c->state = to;
}

static bool ending(const struct conn *c)
{
	return c->state >= CONN_DETACHED;
}

static void release(struct conn *c)
{
	struct loop *loop = c->loop;

	move(c, CONN_CLOSED);
	*(c->prev ? &c->prev->next : &loop->conns) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	buf_reset(&c->pending, CONN_PENDING_MAX);
	c->prev = NULL;
	c->next = loop->free_conns;
	loop->free_conns = c;
	loop_check(loop);
}

static void end(struct conn *c, bool reset)
{
	if (ending(c))
		return;
	exchange_cancel(&c->exchange);
	move(c, CONN_CLOSING);
	sock_close(c->sock, reset);
}

static void finish(struct conn *c)
{
	if (ending(c))
		return;
	move(c, CONN_CLOSING);
	sock_finish(c->sock);
}

static void gone(struct conn *c)
{
	if (ending(c))
		return;
	if (c->state == CONN_BODY || c->state == CONN_ANSWER) {
		c->loop->stats.aborted_clients++;
		c->loop->stats.status[0]++;
		if (exchange_client_gone(&c->exchange)) {
			move(c, CONN_DETACHED);
			sock_close(c->sock, false);
			return;
		}
	}
	end(c, false);
}

void conn_detached_done(struct conn *c)
{
	assert(c->state == CONN_DETACHED);
	move(c, CONN_CLOSING);
	if (!c->sock)
		release(c);
}

static void refuse(struct conn *c, int status, const char *why)
{
	c->loop->stats.bad_requests++;
	c->loop->stats.status[status / 100]++;
	exchange_cancel(&c->exchange);
	http_write_error(sock_out(c->sock), status, why, true);
	finish(c);
}

/* Ready for the next request, unless this was the last. */
static void next_request(struct conn *c)
{
	if (c->close || conn_last(c)) {
		finish(c);
		return;
	}
	http_parse_next(&c->parse);
	move(c, CONN_HEAD);
	c->answered = c->timed = c->wants_continue = false;
	sock_deadline(c->sock, CONN_IDLE_MS);
}

static void head_ready(struct conn *c)
{
	move(c, CONN_BODY);
	c->requests++;
	c->wants_continue =
		c->parse.head.expect_continue && c->parse.head.minor == 1;
	sock_deadline(c->sock, c->wants_continue ? EXCHANGE_CONTINUE_MS : 0);
	exchange_start(&c->exchange);
}

static void body_ready(struct conn *c)
{
	c->wants_continue = false;
	if (!c->answered)
		exchange_body(&c->exchange, c->parse.body);
}

static void request_ready(struct conn *c)
{
	move(c, CONN_ANSWER);
	sock_deadline(c->sock, 0);
	if (!c->answered)
		exchange_body_end(&c->exchange);
	if (c->answered && c->state == CONN_ANSWER)
		next_request(c);
}

/* All input is used up. */
static void starved(struct conn *c)
{
	if (c->state == CONN_BODY && c->answered) {
		finish(c); /* the rest of the body is not wanted */
		return;
	}
	if (c->state == CONN_BODY && !c->wants_continue)
		sock_deadline(c->sock, CONN_BODY_MS);
	if (c->state == CONN_HEAD && !c->timed &&
	    http_parse_started(&c->parse)) {
		c->timed = true;
		sock_deadline(c->sock, CONN_HEAD_MS);
	}
}

static bool step(struct conn *c, struct str *in)
{
	switch (http_parse_feed(&c->parse, in)) {
	case HTTP_PARSE_MORE:
		starved(c);
		return false;
	case HTTP_PARSE_HEAD:
		head_ready(c);
		break;
	case HTTP_PARSE_BODY:
		body_ready(c);
		break;
	case HTTP_PARSE_DONE:
		request_ready(c);
		break;
	case HTTP_PARSE_BAD:
		refuse(c, c->parse.status, c->parse.why);
		break;
	}
	return c->state == CONN_HEAD || c->state == CONN_BODY;
}

static void pump(struct conn *c, struct str *in)
{
	c->pumping = true;
	while (step(c, in))
		;
	c->pumping = false;
}

static void keep(struct conn *c, struct str bytes)
{
	if (bytes.n == 0 || ending(c))
		return;
	buf_add(&c->pending, bytes.at, bytes.n);
	if (c->pending.n >= CONN_PENDING_MAX)
		sock_pause(c->sock);
}

static void bytes_cb(void *user, struct str bytes)
{
	struct conn *c = user;

	if (ending(c))
		return;
	if (c->pending.n == 0 && c->state != CONN_ANSWER)
		pump(c, &bytes);
	keep(c, bytes);
}

/* What came in while an answer was under way. */
static void resume(struct conn *c)
{
	struct str in = { c->pending.at, c->pending.n };

	if (c->state != CONN_HEAD)
		return;
	if (in.n > 0) {
		pump(c, &in);
		buf_eat(&c->pending, c->pending.n - in.n);
	}
	if (!ending(c) && c->pending.n < CONN_PENDING_MAX)
		sock_resume(c->sock);
}

void conn_answered(struct conn *c, bool close)
{
	c->answered = true;
	c->close |= close;
	sock_flush(c->sock);
	if (c->pumping || ending(c))
		return;
	if (c->state == CONN_BODY) {
		finish(c);
		return;
	}
	next_request(c);
	resume(c);
}

void conn_abort(struct conn *c)
{
	end(c, true);
}

static void eof_cb(void *user)
{
	struct conn *c = user;

	if (c->state == CONN_ANSWER)
		c->close = true; /* half closed: it may still read */
	else
		gone(c);
}

static void lost_cb(void *user)
{
	gone(user);
}

static void drained_cb(void *user)
{
	struct conn *c = user;

	if (c->state == CONN_ANSWER)
		sock_deadline(c->sock, 0);
	if (c->state == CONN_ANSWER || c->state == CONN_BODY)
		exchange_drained(&c->exchange);
}

static void timeout_cb(void *user)
{
	struct conn *c = user;

	if (c->wants_continue) {
		conn_continue(c);
		sock_deadline(c->sock, CONN_BODY_MS);
	} else if (c->state == CONN_HEAD && !http_parse_started(&c->parse)) {
		end(c, false);
	} else if (c->state == CONN_HEAD ||
		   (c->state == CONN_BODY && !c->exchange.released)) {
		refuse(c, 408, "the request did not come in time");
	} else {
		end(c, true);
	}
}

static void closed_cb(void *user)
{
	struct conn *c = user;

	c->sock = NULL;
	if (c->state == CONN_CLOSING)
		release(c);
}

static const struct sock_events events = {
	.bytes = bytes_cb,
	.eof = eof_cb,
	.lost = lost_cb,
	.drained = drained_cb,
	.timeout = timeout_cb,
	.closed = closed_cb,
};

static struct conn *conn_take(struct loop *loop)
{
	struct conn *c = loop->free_conns;

	if (c) {
		loop->free_conns = c->next;
		http_parse_next(&c->parse);
	} else {
		c = mem_zalloc(sizeof(*c));
		c->loop = loop;
		http_parse_init_request(&c->parse);
		exchange_init(&c->exchange, c, loop);
		buf_init(&c->pending, CONN_PENDING_MAX + SOCK_READ);
	}
	c->state = CONN_HEAD;
	c->pumping = c->answered = c->close = c->timed = false;
	c->wants_continue = false;
	c->requests = 0;
	c->prev = NULL;
	c->next = loop->conns;
	if (c->next)
		c->next->prev = c;
	loop->conns = c;
	return c;
}

void conn_open(struct loop *loop, int fd)
{
	struct conn *c = conn_take(loop);

	loop->stats.connections++;
	c->sock = sock_take(loop->socks, &events, c);
	if (!sock_accept(c->sock, fd)) {
		end(c, false);
		return;
	}
	sock_deadline(c->sock, CONN_HEAD_MS);
}

void conn_drain(struct conn *c, bool hard)
{
	if (hard && c->state == CONN_DETACHED) {
		exchange_cancel(&c->exchange);
		conn_detached_done(c);
	} else if (hard) {
		end(c, true);
	} else if (c->state == CONN_HEAD && !http_parse_started(&c->parse)) {
		end(c, false);
	}
}

struct conn *conn_next(const struct conn *c)
{
	return c->next;
}

void conn_free(struct conn *c)
{
	http_parse_done(&c->parse);
	exchange_done(&c->exchange);
	buf_done(&c->pending);
	free(c);
}

const struct http_head *conn_head(const struct conn *c)
{
	return &c->parse.head;
}

const char *conn_peer(struct conn *c)
{
	return sock_peer(c->sock);
}

struct buf *conn_out(struct conn *c)
{
	return sock_out(c->sock);
}

void conn_flush(struct conn *c)
{
	sock_flush(c->sock);
	if (c->state == CONN_ANSWER && sock_queued(c->sock) > 0)
		sock_deadline(c->sock, CONN_WRITE_MS);
}

size_t conn_queued(const struct conn *c)
{
	return sock_queued(c->sock);
}

bool conn_last(const struct conn *c)
{
	return c->close || c->loop->draining || !c->parse.head.keep_alive ||
	       c->requests >= CONN_REQUESTS_MAX;
}

void conn_continue(struct conn *c)
{
	if (!c->wants_continue)
		return;
	c->wants_continue = false;
	buf_adds(sock_out(c->sock), "HTTP/1.1 100 Continue\r\n\r\n");
	sock_flush(c->sock);
}

void conn_hold_body(struct conn *c, bool hold)
{
	if (c->state != CONN_BODY)
		return;
	if (hold)
		sock_pause(c->sock);
	else
		sock_resume(c->sock);
}
