/* The listener; what it accepts is http/conns.c's. */
#include "http/server.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"
#include "http/conns.h"
#include "http/listen.h"

enum { BACKLOG = 128 };

struct http_server {
	uv_tcp_t listener;
	struct http_server_conf conf;
	struct http_conns *conns;
	uint16_t port;
	bool closing, listener_closed;
	void (*closed)(void *user);
	void *user;
};

static void free_if_last(void *user)
{
	struct http_server *server = (struct http_server *)user;
	void (*closed)(void *user) = server->closed;
	void *closed_user = server->user;

	if (!server->listener_closed || !http_conns_gone(server->conns))
		return;
	http_conns_free(server->conns);
	free(server);
	if (closed)
		closed(closed_user);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct http_server *server = (struct http_server *)listener->data;

	if (status == 0 && !server->closing)
		http_conns_accept(server->conns, listener);
}

struct http_server *http_server_open(struct uv_loop_s *loop,
				     const struct http_server_conf *conf,
				     struct err *err)
{
	const struct http_listen how = { .address = conf->listen,
					 .setting = conf->setting };
	struct http_server *server;
	uint16_t port;
	int fd;

	if (http_listen(&how, &fd, &port, err) != 0)
		return NULL;
	server = (struct http_server *)mem_zalloc(sizeof(*server));
	server->conf = *conf;
	server->port = port;
	server->conns = http_conns_new(&server->conf, free_if_last, server);
	(void)uv_tcp_init(loop, &server->listener);
	server->listener.data = server;
	/* Both act on a socket that is listening already. */
	int failed = uv_tcp_open(&server->listener, fd);
	assert(failed == 0);
	failed = uv_listen((uv_stream_t *)&server->listener, BACKLOG,
			   on_connection);
	assert(failed == 0);
	return server;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct http_server *server = (struct http_server *)handle->data;

	server->listener_closed = true;
	free_if_last(server);
}

void http_server_close(struct http_server *server, void (*closed)(void *user),
		       void *user)
{
	assert(!server->closing);
	server->closing = true;
	server->closed = closed;
	server->user = user;
	uv_close((uv_handle_t *)&server->listener, on_listener_closed);
	http_conns_close(server->conns);
}
