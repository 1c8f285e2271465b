/* A small HTTP server for endpoints: /metrics, /healthz, dashboards, admin.
 *
 * Handlers are called one at a time on the loop's thread and fill the answer
 * before they return. Not for the data path: at most 64 connections, bodies
 * of at most 64 KiB, answers of at most 16 MiB, 10 s for a request, 60 s
 * between two of them, requests of one connection in order.
 *
 * Two ways to run it: on a loop of the caller (all calls on that thread), or
 * with a thread and loop of its own (http_server_thread_*), where handlers
 * run on that thread and must lock what they share. On a loop of the caller
 * the process must ignore SIGPIPE. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/head.h"

struct uv_loop_s; /* libuv's uv_loop_t */
struct http_server;
struct http_server_thread;

enum {
	HTTP_SERVER_CONNS = 64,
	HTTP_SERVER_BODY_MAX = 64 * 1024,
	HTTP_SERVER_ANSWER_MAX = 16 * 1024 * 1024,
	HTTP_SERVER_HEAD_MS = 10 * 1000, /* whole request, from its start */
	HTTP_SERVER_IDLE_MS = 60 * 1000,
};

/* Borrowed for the time of the handler's call. */
struct http_request {
	enum http_method method; /* a HEAD is shown to handlers of GET as it
				  * is; the body of the answer is left out */
	struct str path;	 /* raw, undecoded, without the query */
	struct str query;	 /* raw; empty when there is none */
	struct str body;
	const struct http_head *head;
	const char *peer; /* numeric address */
};

/* To be filled; starts as 200, text/plain, empty body. */
struct http_reply {
	int status;
	const char *type; /* Content-Type; constant text */
	struct buf body;  /* append; do not free */
	/* One more header (Retry-After, Location, …); constant name. */
	const char *extra_name;
	char extra_value[128];
};

typedef void (*http_handler_cb)(void *user, const struct http_request *request,
				struct http_reply *reply);

/* The first route whose path matches and whose method fits is called. A path
 * known only with other methods is 405, else 404. GET answers HEAD also. */
struct http_route {
	const char *path;
	enum http_method method;
	bool prefix; /* path and everything below it, at a `/` boundary */
	http_handler_cb handler;
	void *user;
};

/* The texts and the table are borrowed for the life of the server. */
struct http_server_conf {
	const char *listen;  /* "127.0.0.1:9187", "[::1]:0", "localhost:80" */
	const char *setting; /* its name in ficus.yaml, for error texts */
	const struct http_route *routes; /* as many as n_routes */
	size_t n_routes;
};

/* Listens at once. NULL with ERR_CONFIG when the address is no address, in
 * use, not ours or not allowed; the text names the address and the cure. */
struct http_server *http_server_open(struct uv_loop_s *loop,
				     const struct http_server_conf *conf,
				     struct err *err);
uint16_t http_server_port(const struct http_server *server);
/* Closes the listener and all connections (answers under way get 1 s); then
 * frees the server and calls closed(user); closed may be NULL. Once only. */
void http_server_close(struct http_server *server, void (*closed)(void *user),
		       void *user);

struct http_server_thread *
http_server_thread_start(const struct http_server_conf *conf, struct err *err);
uint16_t http_server_thread_port(const struct http_server_thread *thread);
/* Returns when all is closed and the thread has ended. NULL is allowed. */
void http_server_thread_stop(struct http_server_thread *thread);

#endif
