/* The guard before llhttp: rules over the raw bytes of a head that llhttp
 * leaves open or that need an answer other than 400. Used by parse.c alone.
 *
 * It looks at each byte once, as it comes, and stops at the first fault, so
 * the verdict does not depend on how the input was cut. What it does: line
 * ends are CRLF and nothing else, no control bytes, no line that begins with
 * a blank, the limits; and the whole start line. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum http_guard_verdict { HTTP_GUARD_MORE, HTTP_GUARD_END, HTTP_GUARD_BAD };

/* The start line taken apart; slices of the raw head. */
struct http_start {
	struct str method, target; /* request; target as sent */
	struct str reason;	   /* response */
	uint16_t status;	   /* response */
	uint8_t method_id;	   /* enum http_method */
	uint8_t minor;
};

struct http_guard {
	bool response;
	bool lead;	  /* the CRLF tolerated before a request was there */
	uint16_t n_lines; /* header lines so far */
	uint32_t begin;	  /* where the start line begins */
	uint32_t line;	  /* where the current line begins */
	uint32_t at;	  /* bytes looked at; after END: size of the head */
	uint16_t status;  /* after BAD */
	const char *why;  /* after BAD; constant text */
};

void http_guard_init(struct http_guard *guard, bool response);
/* `raw` is the head from its first byte, each time longer. */
enum http_guard_verdict http_guard_feed(struct http_guard *guard,
					struct str raw);
/* After END, which has checked the line. */
void http_guard_start(const struct http_guard *guard, struct str raw,
		      struct http_start *ret);

#endif
