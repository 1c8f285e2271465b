/* The server with a thread and a loop of its own. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "base/thread.h"
#include "http/server.h"

struct http_server_thread {
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct http_server *server; /* freed by the loop */
	uint16_t port;
};

static void on_stop(uv_async_t *async)
{
	struct http_server_thread *t = (struct http_server_thread *)async->data;

	http_server_close(t->server, NULL, NULL);
	uv_close((uv_handle_t *)async, NULL);
}

static void *run(void *arg)
{
	struct http_server_thread *t = (struct http_server_thread *)arg;

	(void)uv_run(&t->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* Runs the loop until it is empty, which ends it. */
static void finish(struct http_server_thread *t)
{
	int failed = uv_run(&t->loop, UV_RUN_DEFAULT);

	assert(failed == 0);
	failed = uv_loop_close(&t->loop);
	assert(failed == 0);
	free(t);
}

static struct http_server_thread *give_up(struct http_server_thread *t,
					  const char *what, int number,
					  struct err *err)
{
	(void)err_set(err, ERR_LIMIT, "http server: %s: %s", what,
		      strerror(number));
	if (t->server)
		http_server_close(t->server, NULL, NULL);
	finish(t);
	return NULL;
}

struct http_server_thread *
http_server_thread_start(const struct http_server_conf *conf, struct err *err)
{
	struct http_server_thread *t =
		(struct http_server_thread *)mem_zalloc(sizeof(*t));
	int failed = uv_loop_init(&t->loop);

	if (failed) {
		(void)err_set(err, ERR_LIMIT, "http server: event loop: %s",
			      uv_strerror(failed));
		free(t);
		return NULL;
	}
	t->server = http_server_open(&t->loop, conf, err);
	if (!t->server) {
		finish(t);
		return NULL;
	}
	t->port = http_server_port(t->server);
	failed = uv_async_init(&t->loop, &t->stop, on_stop);
	if (failed)
		return give_up(t, "wake-up", -failed, err);
	t->stop.data = t;
	failed = thread_start(&t->thread, run, t);
	if (failed) {
		uv_close((uv_handle_t *)&t->stop, NULL);
		return give_up(t, "thread", failed, err);
	}
	return t;
}

uint16_t http_server_thread_port(const struct http_server_thread *thread)
{
	return thread->port;
}

void http_server_thread_stop(struct http_server_thread *thread)
{
	if (!thread)
		return;
	(void)uv_async_send(&thread->stop);
	(void)pthread_join(thread->thread, NULL);
	finish(thread);
}
