/* The service: `cdc` without a command.
 *
 * Holds what outlives a session (head sampler, publisher, endpoints), opens
 * one session after the other with back-off between them, and decides what an
 * error means: away (try again), wrong once (a corrupt event: try again once)
 * or for an operator (stop). */
#ifndef CDC_SERVICE_H
#define CDC_SERVICE_H

#include "base/defs.h"

struct err;
struct setup;
struct stopper;

/* Returns 0 when stopped as asked, else the error it could not live with. */
int service_run(struct setup *setup, const struct stopper *stop,
		struct err *err) MUST_CHECK;

#endif
