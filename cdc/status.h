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

#endif
