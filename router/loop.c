#include "router/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/listen.h"
#include "router/conn.h"
#include "router/read/read.h"
#include "router/resolve.h"
#include "router/router.h"
#include "router/routes.h"
#include "router/sock.h"
#include "router/ticket.h"
#include "router/upstream.h"
#include "router/watch.h"

enum {
	ACCEPTS_MAX = 64,      /* per turn of the loop */
	ACCEPT_PAUSE_MS = 100, /* without descriptors */
	STATS_MS = 250,
};

/* WORK ─▶ DRAIN (no listener) ─▶ CLOSE (no connection) ─▶ the loop ends */
enum phase { PHASE_WORK, PHASE_DRAIN, PHASE_CLOSE };

struct loop_impl {
	uv_loop_t uv;
	uv_poll_t listener;
	uv_timer_t timer, accept_again;
	uv_async_t stop;
	pthread_t thread;
	int fd;
	uint16_t port;
	enum phase phase;
	uint64_t drain_ms;   /* when it began */
	atomic_int stopping; /* 1: drain, 2: hard */
};

const struct decide_view *loop_view(struct loop *loop)
{
	if (loop->router->watch)
		(void)watch_view(loop->router->watch, &loop->view_version,
				 &loop->view);
	return &loop->view;
}

static void accept_again_cb(uv_timer_t *timer);
static void accept_cb(uv_poll_t *poll, int status, int events);

static void accept_pause(struct loop *loop)
{
	(void)uv_poll_stop(&loop->impl->listener);
	(void)uv_timer_start(&loop->impl->accept_again, accept_again_cb,
			     ACCEPT_PAUSE_MS, 0);
}

static void accept_cb(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)events;
	for (int i = 0; status == 0 && i < ACCEPTS_MAX; i++) {
		int fd = accept4(loop->impl->fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_open(loop, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			accept_pause(loop);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void accept_again_cb(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	if (loop->impl->phase == PHASE_WORK)
		(void)uv_poll_start(&loop->impl->listener, UV_READABLE,
				    accept_cb);
}

/* ---- the end ---- */

static void upstreams_close(struct loop *loop)
{
	for (size_t i = 0; i < loop->router->routes->n_upstreams; i++) {
		if (loop->upstreams[i])
			upstream_close_idle(loop->upstreams[i]);
	}
}

/* Nothing under way any more: close what keeps the loop alive. */
static void phase_close(struct loop *loop)
{
	struct loop_impl *impl = loop->impl;

	impl->phase = PHASE_CLOSE;
	upstreams_close(loop);
	if (loop->read)
		read_close(loop->read, NULL, NULL);
	if (loop->desk)
		ticket_desk_close(loop->desk, NULL, NULL);
	uv_close((uv_handle_t *)&impl->stop, NULL);
	uv_close((uv_handle_t *)&impl->timer, NULL);
	uv_close((uv_handle_t *)&impl->accept_again, NULL);
	stats_flush(&loop->stats);
}

void loop_check(struct loop *loop)
{
	if (loop->impl->phase == PHASE_DRAIN && !loop->conns)
		phase_close(loop);
}

static void conns_drain(struct loop *loop, bool hard)
{
	struct conn *next;

	for (struct conn *c = loop->conns; c; c = next) {
		next = conn_next(c);
		conn_drain(c, hard);
	}
}

static void drain(struct loop *loop)
{
	struct loop_impl *impl = loop->impl;

	if (impl->phase != PHASE_WORK)
		return;
	impl->phase = PHASE_DRAIN;
	impl->drain_ms = uv_now(&impl->uv);
	loop->draining = true;
	/* Who connected already is served, not reset. */
	accept_cb(&impl->listener, 0, UV_READABLE);
	uv_close((uv_handle_t *)&impl->listener, NULL);
	(void)close(impl->fd);
	conns_drain(loop, false);
	loop_check(loop);
}

static void stop_cb(uv_async_t *async)
{
	struct loop *loop = async->data;

	drain(loop);
	if (atomic_load(&loop->impl->stopping) > 1 &&
	    loop->impl->phase == PHASE_DRAIN)
		conns_drain(loop, true);
}

static void timer_cb(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	struct loop_impl *impl = loop->impl;

	stats_flush(&loop->stats);
	if (impl->phase == PHASE_DRAIN &&
	    uv_now(&impl->uv) - impl->drain_ms > LOOP_DRAIN_MS)
		conns_drain(loop, true);
}

/* ---- the thread ---- */

static void *loop_main(void *arg)
{
	struct loop *loop = arg;

	(void)uv_run(&loop->impl->uv, UV_RUN_DEFAULT);
	return NULL;
}

static void upstreams_open(struct loop *loop)
{
	const struct routes *routes = loop->router->routes;

	loop->upstreams =
		mem_array(routes->n_upstreams, sizeof(struct upstream *));
	for (size_t i = 0; i < routes->n_upstreams; i++) {
		const struct route_upstream *up = &routes->upstreams[i];
		struct resolve *resolve;

		if (!up->host)
			continue;
		resolve = resolve_new(&loop->impl->uv, up->host, up->port);
		if (!resolve_address(resolve))
			log_warn("upstream has no address yet",
				 KV_STR("upstream", up->name),
				 KV_STR("host", up->host));
		loop->upstreams[i] = upstream_new(loop->socks, resolve);
	}
}

static int services_open(struct loop *loop, struct err *err)
{
	struct router *router = loop->router;
	struct read_conf conf = { .pg = router->pg,
				  .connections = router->pg_connections };

	if (router->tickets)
		loop->desk = ticket_desk_open(router->tickets, &loop->impl->uv);
	if (!router->pg)
		return 0;
	return read_open(&loop->impl->uv, &conf, &loop->read, err);
}

static void handles_open(struct loop *loop)
{
	struct loop_impl *impl = loop->impl;

	impl->listener.data = impl->timer.data = loop;
	impl->accept_again.data = impl->stop.data = loop;
	(void)uv_poll_init(&impl->uv, &impl->listener, impl->fd);
	(void)uv_poll_start(&impl->listener, UV_READABLE, accept_cb);
	(void)uv_timer_init(&impl->uv, &impl->timer);
	(void)uv_timer_init(&impl->uv, &impl->accept_again);
	(void)uv_timer_start(&impl->timer, timer_cb, STATS_MS, STATS_MS);
	(void)uv_async_init(&impl->uv, &impl->stop, stop_cb);
}

int loop_start(struct router *router, const char *listen, bool shared,
	       struct loop **ret, struct err *err)
{
	struct http_listen how = { .address = listen,
				   .setting = "router.listen",
				   .reuse_port = shared };
	struct loop *loop = mem_zalloc(sizeof(*loop));
	struct loop_impl *impl = mem_zalloc(sizeof(*impl));
	int rc;

	loop->router = router;
	loop->impl = impl;
	loop->view = router->view;
	rc = http_listen(&how, &impl->fd, &impl->port, err);
	if (rc < 0) {
		free(impl);
		free(loop);
		return rc;
	}
	(void)uv_loop_init(&impl->uv);
	arena_init(&loop->scratch);
	loop->socks = sock_pool_new(&impl->uv);
	handles_open(loop);
	upstreams_open(loop);
	rc = services_open(loop, err);
	if (thread_start(&impl->thread, loop_main, loop) != 0)
		abort(); /* no threads: as no memory */
	if (rc < 0) {
		loop_stop(loop, true);
		loop_join(loop);
		loop_free(loop);
		return rc;
	}
	*ret = loop;
	return 0;
}

uint16_t loop_port(const struct loop *loop)
{
	return loop->impl->port;
}

void loop_stop(struct loop *loop, bool hard)
{
	int level = hard ? 2 : 1, before = 0;

	if (!atomic_compare_exchange_strong(&loop->impl->stopping, &before,
					    level) &&
	    level > before)
		atomic_store(&loop->impl->stopping, level);
	(void)uv_async_send(&loop->impl->stop);
}

void loop_join(struct loop *loop)
{
	(void)pthread_join(loop->impl->thread, NULL);
}

void loop_free(struct loop *loop)
{
	for (size_t i = 0; i < loop->router->routes->n_upstreams; i++)
		upstream_free(loop->upstreams[i]);
	while (loop->free_conns) {
		struct conn *c = loop->free_conns;

		loop->free_conns = conn_next(c);
		conn_free(c);
	}
	free(loop->upstreams);
	sock_pool_free(loop->socks);
	arena_done(&loop->scratch);
	(void)uv_loop_close(&loop->impl->uv);
	free(loop->impl);
	free(loop);
}
