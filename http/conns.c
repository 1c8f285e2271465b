/* One connection:
 *
 *   READING ──request──▶ ANSWERING ──written, keep-alive──▶ READING
 *      │                     └─────written, last──▶ LINGERING
 *      └─fault: answered too─▶ ANSWERING                │
 *   any ──end, error, timeout──▶ CLOSING ◀──────────────┘
 *
 * While an answer is being written nothing is read; bytes of the next request
 * that came with the last read wait in `rest`. LINGERING has sent its FIN and
 * throws away what still comes, because closing with unread input would make
 * the kernel reset the connection and lose the answer. */
#include "http/conns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "base/str.h"
#include "http/parse.h"
#include "http/route.h"
#include "http/server.h"
#include "http/write.h"

enum {
	READ_SIZE = 16 * 1024,
	OUT_KEEP = 64 * 1024, /* of a buffer, between answers */
	LINGER_MS = 2000,
	LINGER_BYTES = 256 * 1024,
	CLOSE_MS = 1000, /* for answers under way at http_conns_close() */
};

enum conn_state { READING, ANSWERING, LINGERING, CLOSING };

struct conn {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct http_conns *conns; /* outlives the connection */
	struct conn *next, **prev;
	enum conn_state state;
	unsigned n_handles; /* not yet closed; freed with the last */
	bool close_after;   /* the answer under way is the last */
	bool timed;	    /* the request timeout runs */
	size_t lingered;    /* bytes thrown away */
	struct http_parse parse;
	struct buf body;  /* of the request */
	struct buf rest;  /* input behind the request being answered */
	struct buf head;  /* of the answer */
	struct buf reply; /* body of the answer */
	char peer[INET6_ADDRSTRLEN];
};

struct http_conns {
	const struct http_server_conf *conf;
	struct conn *first; /* newest */
	unsigned n_open;    /* connections that are not closing */
	bool closing;
	void (*freed)(void *user);
	void *user;
	char input[READ_SIZE]; /* consumed before the read callback ends */
};

static void conn_serve(struct conn *conn, struct str in);

struct http_conns *http_conns_new(const struct http_server_conf *conf,
				  void (*freed)(void *user), void *user)
{
	struct http_conns *conns =
		(struct http_conns *)mem_zalloc(sizeof(*conns));

	conns->conf = conf;
	conns->freed = freed;
	conns->user = user;
	return conns;
}

/* The end */

static void conn_free(struct conn *conn)
{
	struct http_conns *conns = conn->conns;

	*conn->prev = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	http_parse_done(&conn->parse);
	buf_done(&conn->body);
	buf_done(&conn->rest);
	buf_done(&conn->head);
	buf_done(&conn->reply);
	free(conn);
	conns->freed(conns->user);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *conn = (struct conn *)handle->data;

	if (--conn->n_handles == 0)
		conn_free(conn);
}

static void conn_close(struct conn *conn)
{
	if (conn->state == CLOSING)
		return;
	conn->state = CLOSING;
	conn->conns->n_open--;
	uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
}

/* Reading */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	struct conn *conn = (struct conn *)handle->data;

	(void)size;
	*ret = uv_buf_init(conn->conns->input, READ_SIZE);
}

static void linger(struct conn *conn, size_t n)
{
	conn->lingered += n;
	if (conn->lingered > LINGER_BYTES)
		conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *conn = (struct conn *)stream->data;

	if (conn->state == CLOSING || n == 0)
		return;
	if (n < 0)
		conn_close(conn);
	else if (conn->state == LINGERING)
		linger(conn, (size_t)n);
	else
		conn_serve(conn, (struct str){ buf->base, (size_t)n });
}

static void on_timeout(uv_timer_t *timer);

static void set_timeout(struct conn *conn, uint64_t ms)
{
	int failed = uv_timer_start(&conn->timer, on_timeout, ms, 0);

	assert(failed == 0); /* only a closing timer cannot be started */
}

static void conn_read(struct conn *conn)
{
	if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0)
		conn_close(conn);
}

/* Answering */

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct conn *conn = (struct conn *)request->handle->data;

	if (conn->state == CLOSING)
		return;
	if (status != 0)
		conn_close(conn);
}

static void conn_linger(struct conn *conn)
{
	conn->state = LINGERING;
	set_timeout(conn, LINGER_MS);
	if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp,
			on_shutdown) != 0)
		conn_close(conn);
	else
		conn_read(conn);
}

static void conn_next(struct conn *conn)
{
	struct buf rest = conn->rest;

	http_parse_next(&conn->parse);
	buf_reset(&conn->body, OUT_KEEP);
	buf_reset(&conn->head, OUT_KEEP);
	buf_reset(&conn->reply, OUT_KEEP);
	conn->state = READING;
	conn->timed = false;
	set_timeout(conn, HTTP_SERVER_IDLE_MS);
	conn_read(conn);
	if (conn->state == CLOSING || rest.n == 0)
		return;
	buf_init(&conn->rest, READ_SIZE);
	conn_serve(conn, (struct str){ rest.at, rest.n });
	buf_done(&rest);
}

static void on_written(uv_write_t *request, int status)
{
	struct conn *conn = (struct conn *)request->handle->data;

	if (conn->state == CLOSING)
		return;
	if (status != 0)
		conn_close(conn);
	else if (conn->close_after)
		conn_linger(conn);
	else
		conn_next(conn);
}

static void conn_write(struct conn *conn)
{
	uv_buf_t bufs[2] = {
		uv_buf_init(conn->head.at, (unsigned)conn->head.n),
		uv_buf_init(conn->reply.at, (unsigned)conn->reply.n),
	};
	bool with_body = conn->parse.head.method != HTTP_METHOD_HEAD;

	(void)uv_read_stop((uv_stream_t *)&conn->tcp);
	conn->state = ANSWERING;
	set_timeout(conn, HTTP_SERVER_HEAD_MS);
	if (conn->head.failed ||
	    uv_write(&conn->write, (uv_stream_t *)&conn->tcp, bufs,
		     with_body && conn->reply.n ? 2 : 1, on_written) != 0)
		conn_close(conn);
}

/* status, type and extra as in the reply; its body is conn->reply. */
static void conn_answer(struct conn *conn, const struct http_reply *reply)
{
	const struct http_head *request = &conn->parse.head;
	struct http_pair extra = {
		str_of(reply->extra_name),
		str_of(reply->extra_value),
	};
	struct http_answer answer = {
		.status = reply->status,
		.type = reply->type,
		.body = { conn->reply.at, conn->reply.n },
		.close = conn->close_after,
		.keep_alive_1_0 = request->minor == 0,
		.head_only = true, /* the body goes out beside the head */
		.pairs = &extra,
		.n_pairs = reply->extra_name ? 1 : 0,
	};

	http_write_answer(&conn->head, &answer);
	conn_write(conn);
}

static void answer_error(struct conn *conn, int status, const char *text)
{
	buf_reset(&conn->reply, OUT_KEEP);
	buf_addf(&conn->reply, "{\"error\":\"%s\"}\n", text);
	conn_answer(conn, &(struct http_reply){ .status = status,
						.type = "application/json" });
}

static void on_timeout(uv_timer_t *timer)
{
	struct conn *conn = (struct conn *)timer->data;

	if (conn->state != READING || !conn->timed) {
		conn_close(conn);
		return;
	}
	conn->close_after = true;
	conn->parse.head.method = HTTP_METHOD_NONE;
	answer_error(conn, 408, "the request took too long");
}

/* Routes */

static void no_route(struct conn *conn, struct http_reply *reply)
{
	bool known = reply->extra_value[0] != '\0';

	reply->status = known ? 405 : 404;
	reply->extra_name = known ? "Allow" : NULL;
	reply->type = "application/json";
	buf_addf(&conn->reply, "{\"error\":\"%s\"}\n",
		 known ? "method not allowed" : "no such endpoint");
}

static void call_route(const struct http_route *route, struct conn *conn,
		       const struct http_request *request,
		       struct http_reply *reply)
{
	reply->body = conn->reply;
	route->handler(route->user, request, reply);
	conn->reply = reply->body;
	assert(reply->status >= 200 && reply->status <= 599);
	if (!conn->reply.failed)
		return;
	buf_reset(&conn->reply, 0);
	buf_adds(&conn->reply, "{\"error\":\"the answer is too large\"}\n");
	reply->status = 500;
	reply->type = "application/json";
}

static void conn_dispatch(struct conn *conn)
{
	const struct http_head *head = &conn->parse.head;
	const struct http_server_conf *conf = conn->conns->conf;
	struct http_request request = {
		.method = (enum http_method)head->method,
		.query = head->target,
		.body = { buf_str(&conn->body), conn->body.n },
		.head = head,
		.peer = conn->peer,
	};
	struct http_reply reply = { .status = 200,
				    .type = "text/plain; charset=utf-8" };

	request.path = str_split(&request.query, '?');
	const struct http_route *route = http_route_find(
		conf, &request, reply.extra_value, sizeof(reply.extra_value));
	if (route)
		call_route(route, conn, &request, &reply);
	else
		no_route(conn, &reply);
	conn->close_after = !head->keep_alive || conn->conns->closing;
	conn_answer(conn, &reply);
}

/* Requests */

static void go_on(struct conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char copy[sizeof(text)];

	memcpy(copy, text, sizeof(text));
	uv_buf_t buf = uv_buf_init(copy, sizeof(text) - 1);
	/* The socket's buffer is empty here; a client that does not get the
	 * whole line sends its body without it, or runs into the timeout. */
	(void)uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);
}

static void conn_refuse(struct conn *conn)
{
	conn->close_after = true;
	conn->parse.head.method = HTTP_METHOD_NONE;
	answer_error(conn, conn->parse.status, conn->parse.why);
}

/* Takes input until the request is complete, refused, or more is needed. */
static void conn_serve(struct conn *conn, struct str in)
{
	enum http_parse_event event;

	if (!conn->timed) {
		conn->timed = true;
		set_timeout(conn, HTTP_SERVER_HEAD_MS);
	}
	do {
		event = http_parse_feed(&conn->parse, &in);
		if (event == HTTP_PARSE_BODY)
			buf_add(&conn->body, conn->parse.body.at,
				conn->parse.body.n);
		else if (event == HTTP_PARSE_HEAD &&
			 conn->parse.head.expect_continue && in.n == 0)
			go_on(conn);
	} while (event == HTTP_PARSE_HEAD || event == HTTP_PARSE_BODY);

	if (event == HTTP_PARSE_BAD) {
		conn_refuse(conn);
	} else if (event == HTTP_PARSE_DONE) {
		buf_add(&conn->rest, in.at, in.n);
		conn_dispatch(conn);
	}
}

/* Connections */

static void read_peer(struct conn *conn)
{
	struct sockaddr_storage address;
	int size = sizeof(address);

	if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address,
			       &size) != 0)
		return;
	if (address.ss_family == AF_INET)
		(void)uv_ip4_name((struct sockaddr_in *)&address, conn->peer,
				  sizeof(conn->peer));
	else
		(void)uv_ip6_name((struct sockaddr_in6 *)&address, conn->peer,
				  sizeof(conn->peer));
}

static struct conn *conn_new(struct http_conns *conns, uv_loop_t *loop)
{
	struct conn *conn = (struct conn *)mem_zalloc(sizeof(*conn));

	conn->conns = conns;
	http_parse_init_request(&conn->parse);
	conn->parse.body_max = HTTP_SERVER_BODY_MAX;
	buf_init(&conn->body, HTTP_SERVER_BODY_MAX);
	buf_init(&conn->rest, READ_SIZE);
	buf_init(&conn->head, OUT_KEEP);
	buf_init(&conn->reply, HTTP_SERVER_ANSWER_MAX);
	(void)uv_tcp_init(loop, &conn->tcp); /* these two only fill in */
	(void)uv_timer_init(loop, &conn->timer);
	conn->tcp.data = conn;
	conn->timer.data = conn;
	conn->n_handles = 2;
	conn->next = conns->first;
	conn->prev = &conns->first;
	if (conn->next)
		conn->next->prev = &conn->next;
	conns->first = conn;
	conns->n_open++;
	return conn;
}

/* With all places taken the one waiting longest for a request gives way. */
static void make_room(struct http_conns *conns)
{
	struct conn *idle = NULL;

	if (conns->n_open < HTTP_SERVER_CONNS)
		return;
	for (struct conn *conn = conns->first; conn; conn = conn->next) {
		if (conn->state == READING && !conn->timed)
			idle = conn;
	}
	if (idle)
		conn_close(idle);
}

void http_conns_accept(struct http_conns *conns, struct uv_stream_s *listener)
{
	make_room(conns);
	struct conn *conn = conn_new(conns, listener->loop);
	if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0 ||
	    conns->n_open > HTTP_SERVER_CONNS) {
		conn_close(conn);
		return;
	}
	(void)uv_tcp_nodelay(&conn->tcp, 1);
	read_peer(conn);
	set_timeout(conn, HTTP_SERVER_IDLE_MS);
	conn_read(conn);
}

void http_conns_close(struct http_conns *conns)
{
	struct conn *next;

	conns->closing = true;
	for (struct conn *conn = conns->first; conn; conn = next) {
		next = conn->next;
		if (conn->state == ANSWERING) {
			conn->close_after = true;
			set_timeout(conn, CLOSE_MS);
		} else {
			conn_close(conn);
		}
	}
}

bool http_conns_gone(const struct http_conns *conns)
{
	return !conns->first;
}

void http_conns_free(struct http_conns *conns)
{
	if (!conns)
		return;
	assert(!conns->first);
	free(conns);
}
