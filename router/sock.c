#include "router/sock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/defs.h"
#include "base/mem.h"

enum { LINGER_BYTES = 64 * 1024, LINGER_MS = 2000, USER_TIMEOUT_MS = 30000 };

enum sock_state {
	SOCK_FREE,
	SOCK_TAKEN,
	SOCK_CONNECTING,
	SOCK_OPEN,
	SOCK_FINISHING,
	SOCK_CLOSING,
};

struct sock {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	enum sock_state state;
	int handles; /* with close callbacks to come */
	bool paused, writing, shut;
	bool broken; /* writing failed; `lost` is on its way */
	size_t lingered;
	struct buf out;	   /* not yet given to libuv */
	struct buf flight; /* given to uv_write */
	char peer[INET6_ADDRSTRLEN];
	const struct sock_events *events;
	void *user;
	struct sock_pool *pool;
	struct sock *next; /* in the free list */
};

struct sock_pool {
	uv_loop_t *loop;
	struct sock *free;
	size_t open;
	char read[SOCK_READ]; /* one for all: used up before the next read */
};

struct sock_pool *sock_pool_new(struct uv_loop_s *loop)
{
	struct sock_pool *pool = mem_zalloc(sizeof(*pool));

	pool->loop = loop;
	return pool;
}

void sock_pool_free(struct sock_pool *pool)
{
	if (!pool)
		return;
	assert(pool->open == 0);
	while (pool->free) {
		struct sock *sock = pool->free;

		pool->free = sock->next;
		buf_done(&sock->out);
		buf_done(&sock->flight);
		free(sock);
	}
	free(pool);
}

static bool live(const struct sock *sock)
{
	return sock->state == SOCK_OPEN || sock->state == SOCK_CONNECTING;
}

static void timer_cb(uv_timer_t *timer)
{
	struct sock *sock = timer->data;

	if (sock->state == SOCK_FINISHING)
		sock_close(sock, false);
	else if (live(sock) && sock->broken)
		sock->events->lost(sock->user);
	else if (live(sock))
		sock->events->timeout(sock->user);
}

struct sock *sock_take(struct sock_pool *pool, const struct sock_events *events,
		       void *user)
{
	struct sock *sock = pool->free;

	if (sock) {
		pool->free = sock->next;
	} else {
		sock = mem_zalloc(sizeof(*sock));
		sock->pool = pool;
		buf_init(&sock->out, SOCK_OUT_MAX);
		buf_init(&sock->flight, SOCK_OUT_MAX);
	}
	pool->open++;
	(void)uv_tcp_init(pool->loop, &sock->tcp);
	(void)uv_timer_init(pool->loop, &sock->timer);
	sock->tcp.data = sock;
	sock->timer.data = sock;
	sock->connect.data = sock;
	sock->write.data = sock;
	sock->shutdown.data = sock;
	sock->state = SOCK_TAKEN;
	sock->handles = 2;
	sock->paused = sock->writing = sock->shut = sock->broken = false;
	sock->lingered = 0;
	sock->peer[0] = '\0';
	sock->events = events;
	sock->user = user;
	return sock;
}

static void alloc_cb(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	struct sock *sock = handle->data;

	(void)size;
	*ret = uv_buf_init(sock->pool->read, SOCK_READ);
}

static void linger(struct sock *sock, ssize_t n)
{
	if (n > 0)
		sock->lingered += (size_t)n;
	if (n < 0 || sock->lingered > LINGER_BYTES)
		sock_close(sock, false);
}

static void read_cb(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct sock *sock = stream->data;

	if (n == 0)
		return;
	if (sock->state == SOCK_FINISHING) {
		linger(sock, n);
		return;
	}
	if (sock->state != SOCK_OPEN)
		return;
	if (n > 0) {
		sock->events->bytes(sock->user,
				    (struct str){ buf->base, (size_t)n });
		return;
	}
	/* libuv stops reading by itself then. */
	sock->paused = true;
	if (n == UV_EOF)
		sock->events->eof(sock->user);
	else
		sock->events->lost(sock->user);
}

static void opened(struct sock *sock)
{
	int fd = -1;
	unsigned timeout = USER_TIMEOUT_MS;

	sock->state = SOCK_OPEN;
	(void)uv_tcp_nodelay(&sock->tcp, 1);
	if (uv_fileno((uv_handle_t *)&sock->tcp, &fd) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
				 sizeof(timeout));
	(void)uv_read_start((uv_stream_t *)&sock->tcp, alloc_cb, read_cb);
}

bool sock_accept(struct sock *sock, int fd)
{
	if (uv_tcp_open(&sock->tcp, fd) < 0) {
		(void)close(fd);
		return false;
	}
	opened(sock);
	return true;
}

static void connect_cb(uv_connect_t *request, int status)
{
	struct sock *sock = request->data;

	if (sock->state != SOCK_CONNECTING)
		return;
	if (status < 0) {
		sock->events->lost(sock->user);
		return;
	}
	opened(sock);
	sock->events->connected(sock->user);
}

bool sock_connect(struct sock *sock, const struct sockaddr *address)
{
	sock->state = SOCK_CONNECTING;
	return uv_tcp_connect(&sock->connect, &sock->tcp, address,
			      connect_cb) == 0;
}

struct buf *sock_out(struct sock *sock)
{
	return &sock->out;
}

size_t sock_queued(const struct sock *sock)
{
	return sock->out.n + (sock->writing ? sock->flight.n : 0);
}

static void shut_cb(uv_shutdown_t *request, int status)
{
	struct sock *sock = request->data;

	if (status < 0 && sock->state == SOCK_FINISHING)
		sock_close(sock, false);
}

static void shut(struct sock *sock)
{
	if (sock->shut || sock_queued(sock) > 0)
		return;
	sock->shut = true;
	if (uv_shutdown(&sock->shutdown, (uv_stream_t *)&sock->tcp, shut_cb) <
	    0)
		sock_close(sock, false);
}

static void write_cb(uv_write_t *request, int status);

/* What the kernel does not take at once goes to uv_write, whole; until its
 * callback the rest collects in `out`. */
static bool write_rest(struct sock *sock)
{
	struct buf swap = sock->flight;
	uv_buf_t vec;

	sock->flight = sock->out;
	sock->out = swap;
	buf_reset(&sock->out, SOCK_KEEP);
	vec = uv_buf_init(sock->flight.at, (unsigned)sock->flight.n);
	sock->writing = true;
	if (uv_write(&sock->write, (uv_stream_t *)&sock->tcp, &vec, 1,
		     write_cb) == 0)
		return true;
	sock->writing = false;
	return false;
}

static bool write_out(struct sock *sock)
{
	uv_buf_t vec = uv_buf_init(sock->out.at, (unsigned)sock->out.n);
	int n = uv_try_write((uv_stream_t *)&sock->tcp, &vec, 1);

	if (n < 0 && n != UV_EAGAIN)
		return false;
	if (n > 0) {
		if ((size_t)n == sock->out.n) {
			buf_reset(&sock->out, SOCK_KEEP);
			return true;
		}
		buf_eat(&sock->out, (size_t)n);
	}
	return write_rest(sock);
}

static void write_cb(uv_write_t *request, int status)
{
	struct sock *sock = request->data;

	sock->writing = false;
	buf_reset(&sock->flight, SOCK_KEEP);
	if (sock->state == SOCK_CLOSING)
		return;
	if (status == 0 && sock->out.n > 0 && !write_out(sock))
		status = UV_EPIPE;
	if (sock->state == SOCK_FINISHING) {
		if (status < 0)
			sock_close(sock, false);
		else
			shut(sock);
		return;
	}
	if (status < 0) {
		sock->events->lost(sock->user);
		return;
	}
	if (sock_queued(sock) < SOCK_LOW)
		sock->events->drained(sock->user);
}

void sock_flush(struct sock *sock)
{
	if (sock->state != SOCK_OPEN || sock->broken || sock->out.n == 0)
		return;
	assert(!sock->out.failed);
	if (sock->writing)
		return;
	/* Told from the loop later: the caller need not expect its world to
	 * fall inside this call. */
	if (!write_out(sock)) {
		buf_reset(&sock->out, SOCK_KEEP);
		sock->broken = true;
		(void)uv_timer_start(&sock->timer, timer_cb, 0, 0);
	}
}

void sock_pause(struct sock *sock)
{
	if (sock->paused || sock->state != SOCK_OPEN)
		return;
	sock->paused = true;
	(void)uv_read_stop((uv_stream_t *)&sock->tcp);
}

void sock_resume(struct sock *sock)
{
	if (!sock->paused || sock->state != SOCK_OPEN)
		return;
	sock->paused = false;
	(void)uv_read_start((uv_stream_t *)&sock->tcp, alloc_cb, read_cb);
}

void sock_deadline(struct sock *sock, int64_t ms)
{
	if (sock->broken || (!live(sock) && sock->state != SOCK_TAKEN))
		return;
	if (ms > 0)
		(void)uv_timer_start(&sock->timer, timer_cb, (uint64_t)ms, 0);
	else
		(void)uv_timer_stop(&sock->timer);
}

bool sock_alive(const struct sock *sock)
{
	int fd = -1;
	char c;

	if (sock->state != SOCK_OPEN ||
	    uv_fileno((const uv_handle_t *)&sock->tcp, &fd) < 0)
		return false;
	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EINTR);
}

const char *sock_peer(struct sock *sock)
{
	struct sockaddr_storage address;
	int n = sizeof(address);

	if (sock->peer[0] || !live(sock))
		return sock->peer;
	if (uv_tcp_getpeername(&sock->tcp, (struct sockaddr *)&address, &n) < 0)
		return "";
	if (address.ss_family == AF_INET)
		(void)uv_ip4_name((struct sockaddr_in *)&address, sock->peer,
				  sizeof(sock->peer));
	else
		(void)uv_ip6_name((struct sockaddr_in6 *)&address, sock->peer,
				  sizeof(sock->peer));
	return sock->peer;
}

static void close_cb(uv_handle_t *handle)
{
	struct sock *sock = handle->data;
	struct sock_pool *pool = sock->pool;

	if (--sock->handles > 0)
		return;
	sock->state = SOCK_FREE;
	buf_reset(&sock->out, SOCK_KEEP);
	buf_reset(&sock->flight, SOCK_KEEP);
	pool->open--;
	sock->next = pool->free;
	pool->free = sock;
	sock->events->closed(sock->user);
}

void sock_close(struct sock *sock, bool reset)
{
	if (sock->state == SOCK_CLOSING || sock->state == SOCK_FREE)
		return;
	sock->state = SOCK_CLOSING;
	uv_close((uv_handle_t *)&sock->timer, close_cb);
	if (!reset || uv_tcp_close_reset(&sock->tcp, close_cb) < 0)
		uv_close((uv_handle_t *)&sock->tcp, close_cb);
}

void sock_finish(struct sock *sock)
{
	if (sock->state != SOCK_OPEN) {
		sock_close(sock, false);
		return;
	}
	sock_flush(sock);
	sock->state = SOCK_FINISHING;
	(void)uv_timer_start(&sock->timer, timer_cb, LINGER_MS, 0);
	if (sock->paused)
		(void)uv_read_start((uv_stream_t *)&sock->tcp, alloc_cb,
				    read_cb);
	sock->paused = false;
	shut(sock);
}
