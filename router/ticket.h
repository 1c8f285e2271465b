/* Tickets: numbers the router takes after Magento answered, so that the copy
 * can prove to contain what that answer showed (ficus.ticket).
 *
 * One thread with one connection writes them, all that are waiting in one
 * statement. An event loop has a desk; an answer waits at it until its row is
 * committed, since another router must find the row before the client can ask
 * there. PostgreSQL away, or slower than TICKET_WAIT_MS: the answer goes out,
 * and the client stays fenced until a later ticket has passed. */
#ifndef ROUTER_TICKET_H
#define ROUTER_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "router/client_key.h"

struct fence_table;
struct pg_config;
struct ticket_desk;
struct ticket_office;
struct uv_loop_s;

enum {
	TICKET_WAIT_MS = 250,
	TICKET_QUEUE_MAX = 16 * 1024, /* keys waiting; more go without */
	TICKET_RING = 1024,	      /* batches not yet passed */
};

/* config and fences are borrowed; name is what ficus.ticket.router shows. */
struct ticket_office *ticket_office_start(const struct pg_config *config,
					  struct fence_table *fences,
					  const char *name);
void ticket_office_stop(struct ticket_office *office); /* joins; NULL is fine */
/* A ticket without a client soon, since nobody may be asking for one. */
void ticket_probe(struct ticket_office *office);
/* passed_ticket of the copy is n: when was the newest ticket of ours up to it
 * taken (clock_mono_us)? 0: none since the last call. */
int64_t ticket_passed(struct ticket_office *office, int64_t n);
/* Tickets written that have not passed, in batches. */
size_t ticket_pending(struct ticket_office *office);
/* Tickets taken before that moment prove nothing any more. */
void ticket_forget(struct ticket_office *office, int64_t before_us);
/* Tickets that could not be written since the start. */
uint64_t ticket_failures(struct ticket_office *office);

/* Part of whoever waits; zero when not waiting. */
struct ticket_wait {
	struct ticket_wait *next, *prev;
	struct ticket_desk *desk; /* NULL: not waiting */
	uint64_t seq;
	int64_t until_us;
	void (*written)(void *user); /* the row is there, or never will be */
	void *user;
};

struct ticket_desk *ticket_desk_open(struct ticket_office *office,
				     struct uv_loop_s *loop);
/* Nobody may be waiting; closed(user) when it is gone. */
void ticket_desk_close(struct ticket_desk *desk, void (*closed)(void *user),
		       void *user);
/* False: PostgreSQL is away, there is nothing to wait for. */
bool ticket_take(struct ticket_desk *desk, const struct client_key *key,
		 struct ticket_wait *wait);
void ticket_cancel(struct ticket_wait *wait); /* idempotent */

#endif
