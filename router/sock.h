/* One TCP connection of the data path, client or upstream: buffered writes
 * with back-pressure, reading into the loop's one buffer, one deadline.
 *
 *     sock_take → sock_connect / sock_accept → … → sock_close → closed()
 *
 * Socks come from a list of their loop and go back to it after `closed`, with
 * their buffers, so that a request costs no malloc after warm-up. All calls
 * and callbacks are on the loop's thread. After sock_close() only `closed` is
 * called; every other callback is the last thing its caller does with the
 * sock, so that it may be closed inside. libuv's types stay inside sock.c. */
#ifndef ROUTER_SOCK_H
#define ROUTER_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct sock;
struct sock_pool; /* of one loop */
struct sockaddr;
struct uv_loop_s;

enum {
	SOCK_HIGH = 256 * 1024, /* queued bytes at which the source pauses */
	SOCK_LOW = 64 * 1024,
	SOCK_OUT_MAX = 16 * 1024 * 1024,
	SOCK_KEEP = 64 * 1024, /* buffer memory kept for the next use */
	SOCK_READ = 64 * 1024,
};

struct sock_events {
	void (*connected)(void *user); /* sock_connect() succeeded */
	void (*bytes)(void *user, struct str bytes);
	void (*eof)(void *user);     /* the peer will send no more */
	void (*lost)(void *user);    /* connect failed, reset, write error */
	void (*drained)(void *user); /* queued bytes fell below SOCK_LOW */
	void (*timeout)(void *user); /* the deadline passed */
	void (*closed)(void *user);  /* forget it now */
};

struct sock_pool *sock_pool_new(struct uv_loop_s *loop);
/* All socks must be closed and their callbacks done. */
void sock_pool_free(struct sock_pool *pool);

struct sock *sock_take(struct sock_pool *pool, const struct sock_events *events,
		       void *user);
/* Takes over a connected descriptor and reads; false: it is no good, close. */
bool sock_accept(struct sock *sock, int fd);
/* False: refused at once (no descriptors, bad address). */
bool sock_connect(struct sock *sock, const struct sockaddr *address);

/* Append to it, then flush. */
struct buf *sock_out(struct sock *sock);
void sock_flush(struct sock *sock);
size_t sock_queued(const struct sock *sock); /* not yet in the kernel */

void sock_pause(struct sock *sock); /* stop reading; idempotent */
void sock_resume(struct sock *sock);
/* One deadline, relative; 0: none. Costs no system call. */
void sock_deadline(struct sock *sock, int64_t ms);
/* An idle connection is still open and has sent nothing (MSG_PEEK). */
bool sock_alive(const struct sock *sock);
/* "10.0.0.1" of the peer; "" when it is gone already. */
const char *sock_peer(struct sock *sock);

/* Idempotent. Queued bytes are lost unless they were flushed. reset: RST
 * instead of FIN, so that a cut message is never taken for a whole one. */
void sock_close(struct sock *sock, bool reset);
/* No more writes: FIN behind what is queued, then lingering: reads and drops
 * up to 64 KiB or 2 s, so that the peer gets the last answer. Then closes. */
void sock_finish(struct sock *sock);

#endif
