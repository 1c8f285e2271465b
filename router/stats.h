/* What a loop counts: plain numbers of its own thread, added to the metrics
 * of the process a few times a second. */
#ifndef ROUTER_STATS_H
#define ROUTER_STATS_H

#include <stdint.h>

#include "router/decide.h"
#include "router/upstream.h"

struct buf;

/*	X(field, help) one unlabelled counter each */
#define STATS_PLAIN(X)                                                         \
	X(connections, "client connections accepted")                          \
	X(bad_requests, "requests refused as malformed or too large")          \
	X(aborted_clients, "clients that left before their answer")            \
	X(truncated, "answers cut because the upstream died inside them")      \
	X(retried, "reads sent again because a pooled connection was closed")  \
	X(shed, "requests answered 503 because Magento was busy")              \
	X(unknown_writes, "writes whose outcome at Magento is unknown")        \
	X(untranscoded, "Magento answers that could not be made native")       \
	X(tickets, "tickets asked for")                                        \
	X(tickets_late, "answers sent without waiting for a ticket's row")

#define STATS_FIELD(field, help) uint64_t field;
struct stats {
	uint64_t copy[DECIDE_REASON_N];	   /* answered by it, by reason */
	uint64_t magento[DECIDE_REASON_N]; /* by Magento */
	uint64_t other[DECIDE_REASON_N];   /* by other upstreams */
	uint64_t status[6];		   /* [2]: 2xx …; [0]: no answer */
	uint64_t failures[LINK_FAILURE_N];
	STATS_PLAIN(STATS_FIELD)
};
#undef STATS_FIELD

/* Seconds from head to the end of the answer. */
void stats_time(uint16_t upstream, double seconds);
/* Adds to the metrics and zeroes. */
void stats_flush(struct stats *stats);
/* Gauges set by admin.c right before the text is written. */
struct stats_gauges {
	double lag_s; /* < 0: unknown */
	int proven, connected, any_on, admin_force;
	double fences, magento_busy, view_age_s;
	int fresh[DOMAIN_N], flag_percent[DOMAIN_N];
	uint64_t ticket_failures;
};
void stats_write(const struct stats_gauges *gauges, struct buf *out);

#endif
