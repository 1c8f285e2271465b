/* The life of a client connection.
 *
 *     HEAD ─▶ BODY ─▶ ANSWER ─▶ HEAD          (keep-alive)
 *               └────────┴────▶ CLOSING ─▶ CLOSED
 *
 * HEAD    between requests, or inside a request's head
 * BODY    the head is known, the exchange runs, the body comes in
 * ANSWER  the request is complete, its answer is not
 * DETACHED the client is gone; a write at Magento is brought to its end
 * CLOSING the socket is being closed, CLOSED: memory may be used again
 *
 * CLOSING can be entered from everywhere, once. */
#ifndef ROUTER_CONN_STATE_H
#define ROUTER_CONN_STATE_H

#include <stdbool.h>

/*	X(state, the states it may move to, as bits) */
#define CONN_STATES(X)                                                         \
	X(HEAD, 1 << CONN_BODY | 1 << CONN_CLOSING)                            \
	X(BODY, 1 << CONN_ANSWER | 1 << CONN_CLOSING | 1 << CONN_DETACHED)     \
	X(ANSWER, 1 << CONN_HEAD | 1 << CONN_CLOSING | 1 << CONN_DETACHED)     \
	X(DETACHED, 1 << CONN_CLOSING)                                         \
	X(CLOSING, 1 << CONN_CLOSED)                                           \
	X(CLOSED, 1 << CONN_HEAD)

#define CONN_STATE_ENUM(name, next) CONN_##name,
enum conn_state { CONN_STATES(CONN_STATE_ENUM) CONN_STATE_N };
#undef CONN_STATE_ENUM

bool conn_state_may(enum conn_state from, enum conn_state to);
const char *conn_state_name(enum conn_state state);

#endif
