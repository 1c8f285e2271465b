/* "Where would this request go, and why?" as JSON: the data path's own facts
 * and decision, for a request that is only described. */
#ifndef ROUTER_EXPLAIN_H
#define ROUTER_EXPLAIN_H

#include "base/str.h"

struct buf;
struct decide_view;
struct router;

struct explain {
	struct str method; /* "GET" */
	struct str path;   /* with query */
	struct str client; /* its Authorization header; may be empty */
	const char *peer;  /* its address */
};

/* Returns the status: 200, or 400 with {"error": …}. */
int explain_write(struct buf *out, const struct router *router,
		  const struct decide_view *view, const struct explain *what);

#endif
