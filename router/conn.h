/* A client connection: requests come in one after another, each is one
 * exchange (exchange.h), answers go out in the same order.
 *
 * Pooled by its loop; between accept and the last close callback of its
 * socket it is in loop->conns. What a client sends while an answer is under
 * way waits in a bounded buffer; then reading stops. */
#ifndef ROUTER_CONN_H
#define ROUTER_CONN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct conn;
struct http_head;
struct loop;

enum {
	CONN_HEAD_MS = 10 * 1000,  /* a head, from its first byte */
	CONN_IDLE_MS = 60 * 1000,  /* between requests */
	CONN_BODY_MS = 30 * 1000,  /* between two pieces of a body */
	CONN_WRITE_MS = 30 * 1000, /* a client that does not read */
	CONN_PENDING_MAX = 16 * 1024,
	CONN_REQUESTS_MAX = 10000, /* then Connection: close */
};

/* Takes over the descriptor. */
void conn_open(struct loop *loop, int fd);
/* Ends it if it is between requests; all of it with hard. */
void conn_drain(struct conn *conn, bool hard);
struct conn *conn_next(const struct conn *conn); /* in loop->conns */
void conn_free(struct conn *conn); /* only from loop->free_conns */

/* For the exchange. */
const struct http_head *conn_head(const struct conn *conn);
const char *conn_peer(struct conn *conn);
struct buf *conn_out(struct conn *conn);
void conn_flush(struct conn *conn);
size_t conn_queued(const struct conn *conn);
bool conn_last(const struct conn *conn); /* answer with Connection: close */
/* "100 Continue" to a client that waits for it; once. */
void conn_continue(struct conn *conn);
/* The upstream is slow in taking the body, or no more. */
void conn_hold_body(struct conn *conn, bool hold);
/* The answer is in conn_out(), whole. close: nothing else will be read. */
void conn_answered(struct conn *conn, bool close);
/* The answer can't be finished: RST, so that nobody takes it for whole. */
void conn_abort(struct conn *conn);
/* A detached exchange has ended. */
void conn_detached_done(struct conn *conn);

#endif
