/* The connections of a small server (http/server.h): reading requests, calling
 * the routes, writing answers.
 *
 * Owned by its server, which accepts with it and frees it when, after
 * http_conns_close(), the last connection is gone. All on the loop's thread. */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H

#include <stdbool.h>

struct http_conns;
struct http_server_conf;
struct uv_stream_s; /* libuv's uv_stream_t */

/* conf is borrowed. freed(user) is called whenever a connection has been
 * freed; it may free the connections' owner when none is left. */
struct http_conns *http_conns_new(const struct http_server_conf *conf,
				  void (*freed)(void *user), void *user);
/* One connection waits at the listener. With all places taken an idle one
 * gives way, or the new one is closed. */
void http_conns_accept(struct http_conns *conns, struct uv_stream_s *listener);
/* Closes all; answers under way get 1 s. */
void http_conns_close(struct http_conns *conns);
bool http_conns_gone(const struct http_conns *conns);
void http_conns_free(struct http_conns *conns); /* none left; NULL is fine */

#endif
