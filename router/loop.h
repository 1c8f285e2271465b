/* One event loop with all it owns: a listener, client connections, pools of
 * upstream connections, a read service, a ticket desk. Each runs in a thread
 * of its own, and nothing here is touched by any other; what they share is
 * struct router. */
#ifndef ROUTER_LOOP_H
#define ROUTER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "router/decide.h"
#include "router/stats.h"

struct conn;
struct err;
struct loop_impl; /* libuv's things */
struct read_service;
struct router;
struct sock_pool;
struct ticket_desk;
struct upstream;

enum { LOOP_DRAIN_MS = 30000 }; /* then answers under way are cut */

struct loop {
	struct router *router;
	struct loop_impl *impl;
	struct sock_pool *socks;
	struct upstream **upstreams; /* by index; the copy's is NULL */
	struct read_service *read;   /* NULL: no route needs it */
	struct ticket_desk *desk;    /* NULL: the same */
	struct decide_view view;     /* loop_view() refreshes it */
	uint64_t view_version;
	struct arena scratch; /* reset whenever a request begins */
	struct conn *conns, *free_conns;
	struct stats stats;
	bool draining;
};

/* Listens and starts the thread. listen: "127.0.0.1:8080"; shared: several
 * loops on one port. */
int loop_start(struct router *router, const char *listen, bool shared,
	       struct loop **ret, struct err *err) MUST_CHECK;
uint16_t loop_port(const struct loop *loop);
/* No more connections; idle ones end, requests under way are finished. From
 * any thread, any number of times. hard: cut what is under way. */
void loop_stop(struct loop *loop, bool hard);
/* Waits for the thread to end; then loop_free(), and no loop_stop(). */
void loop_join(struct loop *loop);
void loop_free(struct loop *loop);

/* On the loop's thread. */
const struct decide_view *loop_view(struct loop *loop);
/* A connection is gone; a draining loop may end. */
void loop_check(struct loop *loop);

#endif
