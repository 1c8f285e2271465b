/* A request to stop that can be waited for.
 *
 * Set once, from any thread or from a signal handler; waits end at once. */
#ifndef CDC_STOPPER_H
#define CDC_STOPPER_H

#include <stdbool.h>
#include <stdint.h>

struct stopper {
	int fd; /* eventfd */
};

void stopper_init(struct stopper *stopper);
void stopper_done(struct stopper *stopper);
void stopper_set(struct stopper *stopper); /* async-signal-safe */
/* True once set; waits up to timeout_ms for that. */
bool stopper_wait(const struct stopper *stopper, int64_t timeout_ms);

#endif
