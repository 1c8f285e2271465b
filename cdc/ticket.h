/* Tickets on their way: numbers that routers took, waiting for the copy.
 *
 * A ticket n that was seen at time t has passed once the committed position
 * contains a head sample taken at or after t (cdc/head.h). Seen tickets are
 * kept in order; when there are many the older ones are merged into the next,
 * which is late for them but never wrong. Pure; the caller locks. */
#ifndef CDC_TICKET_H
#define CDC_TICKET_H

#include <stddef.h>
#include <stdint.h>

enum { TICKETS_MAX = 128 };

struct tickets {
	struct {
		int64_t n, seen_us; /* both ascending */
	} waiting[TICKETS_MAX];
	size_t count;
	int64_t seen;	/* highest ever seen */
	int64_t passed; /* highest known to be committed */
};

/* n is the highest ticket that exists at the monotonic time seen_us. */
void tickets_see(struct tickets *tickets, int64_t n, int64_t seen_us);
/* The highest ticket proven by a head sample of `sampled_us`; not less than
 * `passed`. Changes nothing. */
int64_t tickets_proven(const struct tickets *tickets, int64_t sampled_us);
/* n stands in a committed checkpoint. */
void tickets_commit(struct tickets *tickets, int64_t n);
/* The checkpoint was read again and says n, which may be less than before:
 * what the target lost in a crash has not passed any more. */
void tickets_restart(struct tickets *tickets, int64_t n);

#endif
