/* What the header fields of a head mean for the connection: host, framing,
 * keep-alive, expectations, and which of them stay between neighbours. Used
 * by parse.c alone, on heads whose lines and names are in place. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"

struct http_fault {
	uint16_t status; /* 0: none */
	const char *why; /* constant text */
};

/* Fill fields, host, framing, flags and skip marks of the head. */
struct http_fault http_framing_request(struct http_head *head);
/* to_head: it answers a HEAD request. */
struct http_fault http_framing_response(struct http_head *head, bool to_head);

#endif
