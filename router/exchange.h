/* One request and its answer.
 *
 *     IDLE ─▶ COPY ─▶ LINK ─▶ IDLE
 *        └─────────────▲
 *
 * COPY: the read service was asked; its answer is whole when it comes, so any
 *       failure turns into LINK before a byte has left.
 * LINK: an upstream is asked, both bodies streaming. Reads that have a
 *       fallback are held back up to HOLD_MAX; until something was released,
 *       a failure of the upstream is answered by Magento instead.
 *
 * Embedded in its connection. No boolean of it outlives the request. */
#ifndef ROUTER_EXCHANGE_H
#define ROUTER_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/head.h"
#include "router/facts.h"
#include "router/forward.h"
#include "router/ticket.h"
#include "router/upstream.h"

struct conn;
struct loop;
struct read;

enum {
	EXCHANGE_HOLD_MAX = 256 * 1024, /* of an answer that may be replaced */
	EXCHANGE_KEEP = 32 * 1024,	/* memory kept between requests */
	EXCHANGE_CONNECT_MS = 2000,
	EXCHANGE_CONNECT_COPY_MS = 300, /* to another read service */
	EXCHANGE_CONTINUE_MS = 1000,	/* then we send 100 ourselves */
};

enum exchange_state { EXCHANGE_IDLE, EXCHANGE_COPY, EXCHANGE_LINK };
/* What becomes of the upstream's answer. */
enum exchange_mode {
	EXCHANGE_PASS,	  /* streamed as it comes */
	EXCHANGE_COLLECT, /* gathered, then made native */
};

struct exchange {
	struct conn *conn;
	struct loop *loop;
	enum exchange_state state;
	enum exchange_mode mode;
	struct facts facts;
	struct decision decision;
	enum decide_reason reason; /* as decided, or why the copy fell */
	uint16_t upstream;	   /* being asked */
	struct read *read;	   /* in COPY */
	struct link *link;	   /* in LINK */
	bool trusted;		   /* the peer sees reasons */
	bool counted;		   /* in router->magento_busy */
	bool retried;		   /* a fresh connection was tried */
	bool sent_whole;	   /* the request's body has ended */
	bool fencing;		   /* the answer needs a ticket */
	bool ticketed;		   /* a ticket covers what is held */
	bool wait_end;		   /* the one waited for covers the end */
	bool released;		   /* bytes of the answer went to the client */
	bool may_replace;	   /* its failure can be answered elsewhere */
	bool over;		   /* the upstream's answer is complete */
	bool client_gone;
	enum http_framing framing; /* of the answer to the client */
	int status;		   /* 0: none yet */
	bool close;		   /* after this answer */
	struct ticket_wait wait;
	struct buf hold; /* answer not yet released, or collected */
	int64_t start_us;
	char id[FORWARD_ID_MAX];
};

void exchange_init(struct exchange *x, struct conn *conn, struct loop *loop);
void exchange_done(struct exchange *x);

/* conn_head() is complete. */
void exchange_start(struct exchange *x);
void exchange_body(struct exchange *x, struct str bytes);
void exchange_body_end(struct exchange *x);
/* The client takes bytes again. */
void exchange_drained(struct exchange *x);
/* True: a write goes on without its client; conn_detached_done() will come. */
bool exchange_client_gone(struct exchange *x);
/* Ends whatever is under way; nothing is called any more. */
void exchange_cancel(struct exchange *x);

#endif
