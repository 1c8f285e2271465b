/* One alert's way to the webhook: the body, and a POST by libcurl. Functions
 * only; the queue and the thread that calls them are alert.c's. */
#ifndef CDC_WEBHOOK_H
#define CDC_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct buf;
struct err;

struct webhook_message {
	const char *name; /* of the condition: "target_refuses" */
	bool resolved;	  /* it is over */
	int64_t at_us;	  /* Unix time */
	char text[640];	  /* for people; no values of rows, no secrets */
};

/* {"source":"ficus","instance":"host:pid","alert":"target_refuses",
 *  "state":"firing"|"resolved","at":"2026-03-01T12:00:00.123Z","text":"…"} */
void webhook_body(struct buf *out, const struct webhook_message *message,
		  const char *instance);
/* Where to, and when to give up. */
struct webhook_receiver {
	const char *url;
	int64_t timeout_ms;
	bool (*given_up)(void *user); /* asked about every second */
	void *user;
};
/* Blocks. ERR_IO: not delivered, that is no status of 2xx. The URL may hold a
 * secret and is in no error text. */
int webhook_post(const struct webhook_receiver *to, const struct buf *body,
		 struct err *err) MUST_CHECK;

#endif
