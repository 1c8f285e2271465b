#include "cdc/stopper.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void stopper_init(struct stopper *stopper)
{
	stopper->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stopper->fd < 0)
		abort(); /* no descriptor at start: nothing would work */
}

void stopper_done(struct stopper *stopper)
{
	close(stopper->fd);
}

void stopper_set(struct stopper *stopper)
{
	uint64_t one = 1;

	/* A full counter is set already. */
	if (write(stopper->fd, &one, sizeof(one)) < 0)
		return;
}

bool stopper_wait(const struct stopper *stopper, int64_t timeout_ms)
{
	struct pollfd p = { .fd = stopper->fd, .events = POLLIN };
	int ms = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;

	return poll(&p, 1, ms) > 0;
}
