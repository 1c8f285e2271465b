/* `cdc --status`: one screen, from what the running cdc last published. */
#ifndef CDC_STATUS_H
#define CDC_STATUS_H

#include <stdbool.h>

#include "base/defs.h"

struct buf;
struct err;
struct pg_config;

int status_write(const struct pg_config *target, bool json, struct buf *out,
		 struct err *err) MUST_CHECK;

/* The service could not even begin: ficus.status says `failed` and why, unless
 * another cdc is at work. Faults are passed over: there is one already. */
void status_failed(const struct pg_config *target, const char *reason);

#endif
