/* The lag gate: may the copy be read at all? Pure; times are passed in.
 *
 * A sample is one look at ficus.status and the newest ficus.checkpoint. Lag
 * is cdc's own figure, plus the age of the row on PostgreSQL's clock, plus
 * the age of the sample on ours: whatever stands still makes it grow. Unknown
 * is high. Down at once, up again after a dwell.
 *
 * What makes old knowledge worthless is an event: the start of this router, a
 * new epoch, a restart of PostgreSQL or another one, a position that went
 * back. After it nothing is read until a ticket taken later has passed. */
#ifndef ROUTER_HEALTH_H
#define ROUTER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "router/domain.h"

struct health_sample {
	bool found;	/* both rows were there */
	bool streaming; /* state */
	bool fresh[DOMAIN_N];
	int64_t lag_ms;	    /* -1: unknown */
	int64_t row_age_ms; /* clock_timestamp() - written_at; may be < 0 */
	int64_t epoch;
	int64_t postgres_start_us;
	int64_t system_identifier;
	int64_t seq; /* of the checkpoint */
	int64_t passed_ticket;
	int64_t unhealthy_keys;
	int64_t taken_us; /* our clock when the query was sent */
};

/* What a decision needs; copied to the event loops after each sample. */
struct health_view {
	bool known;  /* there was a good sample */
	bool proven; /* a ticket passed since the last event */
	bool fresh[DOMAIN_N];
	bool up[DOMAIN_N]; /* the dwell is over */
	int64_t lag_ms;	   /* at taken_us; -1: unknown */
	int64_t taken_us;
	int64_t passed_us; /* see fence.h */
	int64_t passed_ticket;
	int64_t epoch, postgres_start_us, system_identifier;
	int64_t unhealthy_keys;
};

struct health {
	int64_t max_lag_ms, dwell_ms;
	int64_t event_us;	   /* of the last event */
	const char *event;	   /* what it was; constant */
	int64_t good_us[DOMAIN_N]; /* since when it is well; 0: it is not */
	bool was_bad[DOMAIN_N];	   /* while it could be used: dwell */
	int64_t seq;
	struct health_view view;
};

void health_init(struct health *health, int64_t max_lag_ms, int64_t dwell_ms,
		 int64_t now_us);
/* True when the sample is an event; tickets taken before it count no more. */
bool health_update(struct health *health, const struct health_sample *sample,
		   int64_t now_us);
/* An event from outside: a flag was switched on. */
void health_event(struct health *health, const char *what, int64_t now_us);
/* A ticket taken at taken_us, ours, has passed. */
void health_passed(struct health *health, int64_t taken_us);
/* Lag now; -1: unknown. */
int64_t health_lag(const struct health_view *view, int64_t now_us);

#endif
