#include "cdc/ticket.h"

#include <string.h>

void tickets_see(struct tickets *tickets, int64_t n, int64_t seen_us)
{
	if (n <= tickets->seen)
		return;
	tickets->seen = n;
	if (tickets->count == TICKETS_MAX)
		/* The newest place takes the new number with the later time:
		 * what stood there passes with it. */
		tickets->count--;
	tickets->waiting[tickets->count].n = n;
	tickets->waiting[tickets->count].seen_us = seen_us;
	tickets->count++;
}

int64_t tickets_proven(const struct tickets *tickets, int64_t sampled_us)
{
	int64_t proven = tickets->passed;

	for (size_t i = 0; i < tickets->count; i++) {
		if (tickets->waiting[i].seen_us > sampled_us)
			break;
		proven = tickets->waiting[i].n;
	}
	return proven;
}

void tickets_commit(struct tickets *tickets, int64_t n)
{
	size_t done = 0;

	if (n > tickets->passed)
		tickets->passed = n;
	if (n > tickets->seen)
		tickets->seen = n;
	while (done < tickets->count && tickets->waiting[done].n <= n)
		done++;
	tickets->count -= done;
	memmove(tickets->waiting, tickets->waiting + done,
		tickets->count * sizeof(tickets->waiting[0]));
}

/* Numbers above n are waited for again as soon as they are seen again. */
void tickets_restart(struct tickets *tickets, int64_t n)
{
	tickets->count = 0;
	tickets->seen = n;
	tickets->passed = n;
}
