/* Telling people what is wrong, and when it is over, by the webhook of
 * alerts.webhook.
 *
 * Each condition is told once when it begins and once when it is over, however
 * often it is raised meanwhile. A thread of its own delivers from a bounded
 * queue and tries again with back-off until the receiver takes it, so that
 * nobody waits for a receiver; what no room is left for is counted. Lives as
 * long as the service; raised from any thread. */
#ifndef CDC_ALERT_H
#define CDC_ALERT_H

#include <stdint.h>

struct alerts;

/*	X(name, what the message calls it) */
#define ALERT_KINDS(X)                                                         \
	X(REFUSED, "target_refuses") /* a batch, as a whole */                 \
	X(DEAD_LETTERS, "dead_letters")                                        \
	X(STOPPED, "stopped") /* cdc ended with an error; never over */

#define ALERT_ENUM(name, text) ALERT_##name,
enum alert_kind { ALERT_KINDS(ALERT_ENUM) ALERT_KIND_COUNT };
#undef ALERT_ENUM

struct alert_counts {
	uint64_t delivered, failed; /* messages; attempts */
	uint64_t dropped;	    /* the queue was full, or we had to end */
};

/* Texts are borrowed; url "": nothing is sent. */
struct alerts *alerts_start(const char *url, int64_t timeout_ms);
/* Ends the thread once all is delivered, at the latest about drain_ms later.
 * NULL is fine. */
void alerts_stop(struct alerts *alerts, int64_t drain_ms);

/* The condition holds, or is over; text is for people, without values of rows
 * or secrets. */
void alerts_raise(struct alerts *alerts, enum alert_kind kind,
		  const char *text);
void alerts_resolve(struct alerts *alerts, enum alert_kind kind,
		    const char *text);
void alerts_counts(struct alerts *alerts, struct alert_counts *ret);

#endif
