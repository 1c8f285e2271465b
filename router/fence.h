/* Read-your-writes: which clients have seen something of Magento that the
 * copy may not contain yet.
 *
 * Every answer of Magento fences its client from the moment it was seen. The
 * fence falls when a ticket that was taken after that moment has passed the
 * copy (ticket.h): `passed_us` is the moment up to which everything this
 * router saw of Magento is in the copy.
 *
 * The table is bounded and never forgets a standing fence: with no room, all
 * clients that are not in it count as fenced until a ticket taken after that
 * moment has passed. Thread-safe. All times are clock_mono_us(). */
#ifndef ROUTER_FENCE_H
#define ROUTER_FENCE_H

#include <stddef.h>
#include <stdint.h>

#include "router/client_key.h"

struct fence_table;

enum { FENCE_SLOTS = 32 * 1024 }; /* of 32 bytes */

enum fence_state {
	FENCE_NONE,    /* nothing known against this client */
	FENCE_TICKET,  /* falls when this ticket has passed */
	FENCE_UNKNOWN, /* no ticket yet, or PostgreSQL is away */
};

/* slots: a power of two. */
struct fence_table *fence_new(size_t slots);
void fence_free(struct fence_table *table);

/* Magento answered the client at `now`. passed_us: fences older than it may
 * give way to the new one. */
void fence_set(struct fence_table *table, const struct client_key *key,
	       int64_t now_us, int64_t passed_us);
/* Ticket n was taken for the client, at `taken_us` or later. */
void fence_ticket(struct fence_table *table, const struct client_key *key,
		  int64_t taken_us, int64_t n);
/* *ret_n is set with FENCE_TICKET. */
enum fence_state fence_check(struct fence_table *table,
			     const struct client_key *key, int64_t passed_us,
			     int64_t passed_n, int64_t *ret_n);
/* Fences standing, for the metrics; walks the table. */
size_t fence_count(struct fence_table *table, int64_t passed_us);

#endif
