/* `cdc --resync DOMAIN[:ID,…]`: leave requests for the cdc that runs, and
 * watch them until the stream has passed what was read.
 *
 * All the work is the running cdc's (refetch.h): this command may end, or be
 * killed, at any moment; the requests stay. */
#ifndef CDC_RESYNC_H
#define CDC_RESYNC_H

#include "base/defs.h"

struct err;
struct setup;
struct stopper;

/* ERR_CONFIG: no such domain or id. ERR_OPERATOR: no copy yet, no cdc that
 * runs, or records that the target refuses; each says so. ERR_STOPPED: no
 * longer watching. */
int resync_run(const struct setup *setup, const char *what,
	       const struct stopper *stop, struct err *err) MUST_CHECK;

#endif
