/* Magento's REST JSON made native: how a native read is answered when the copy
 * must not. The same field tables as the read service's (router/read/fields.h)
 * give the same keys, order and formats; a field that Magento leaves out is
 * null here as there. Pure: no I/O, no clock. */
#ifndef ROUTER_TRANSCODE_H
#define ROUTER_TRANSCODE_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/str.h"
#include "router/read/read.h"

struct buf;
struct err;

enum transcode_kind {
	TRANSCODE_SINGLE, /* the body is the entity */
	TRANSCODE_FIRST,  /* a search; its first item, or 404 without one */
	TRANSCODE_LIST,	  /* a search → items, page, limit, total */
};

enum {
	TRANSCODE_TARGET_MAX = 2048,	      /* bytes of a fallback target */
	TRANSCODE_BODY_MAX = 8 * 1024 * 1024, /* of Magento's answer */
};

/* The origin-form target at Magento ("/rest/all/V1/products/ab%20c") that
 * answers a native request. Catalog reads ask store "all", because native
 * values are those of the default scope. */
enum transcode_kind
transcode_fallback_target(const struct read_request *request,
			  struct buf *target);

/* Magento's 200 body for the request → the native body, appended to out.
 *   0            done; *ret_found false: an empty search, answer 404
 *   ERR_CORRUPT  not the JSON expected: answer 502
 *   ERR_LIMIT    deeper, longer or larger than allowed: answer 502 */
int transcode_body(const struct read_request *request, struct str body,
		   struct buf *out, bool *ret_found,
		   struct err *err) MUST_CHECK;
/* Magento's error body ({"message", "parameters"}) → {"error": "…"} with the
 * placeholders filled in. Anything else gives a text by status. */
void transcode_error(int status, struct str body, struct buf *out);

#endif
