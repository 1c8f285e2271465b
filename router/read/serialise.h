/* The rows of a read as native JSON. */
#ifndef ROUTER_READ_SERIALISE_H
#define ROUTER_READ_SERIALISE_H

#include <stdint.h>

#include "base/defs.h"
#include "router/read/request.h"

struct arena;
struct buf;
struct err;
struct pg_rows;
struct plan_kind;

/* rows: of each step of the plan. A single entity must be there. ERR_LIMIT
 * when the body would pass out->max, ERR_CORRUPT when rows are not what the
 * plan says. The arena is reset by the caller. */
int serialise_rows(const struct plan_kind *plan,
		   const struct read_request *request,
		   const struct pg_rows *const *rows, struct arena *arena,
		   struct buf *out, struct err *err) MUST_CHECK;

#endif
