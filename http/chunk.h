/* The chunked transfer coding (RFC 9112 7.1), decoded strictly.
 *
 * Sizes are 1 to 16 hexadecimal digits at the start of the line; extensions
 * and trailer fields are checked for syntax and dropped; every line ends with
 * CRLF. A body whose framing outweighs its data (floods of one-byte chunks) is
 * refused with 413. Embedded in struct http_parse; no memory of its own. */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include <stdint.h>

#include "base/str.h"

enum {
	HTTP_CHUNK_LINE_MAX = 64,      /* size, extensions, CRLF */
	HTTP_CHUNK_TRAILER_MAX = 8192, /* bytes of all trailer lines */
	HTTP_CHUNK_SLACK = 64 * 1024,  /* framing bytes without question */
	HTTP_CHUNK_RATIO = 4,	       /* framing bytes per body byte beyond */
};

enum http_chunk_event {
	HTTP_CHUNK_MORE,
	HTTP_CHUNK_DATA, /* *ret_data is a non-empty slice of the input */
	HTTP_CHUNK_END,
	HTTP_CHUNK_BAD, /* see status, why */
};

struct http_chunk {
	uint8_t state;	    /* insides of chunk.c */
	uint8_t ext_last;   /* last byte of an extension that is no blank */
	uint16_t line_n;    /* bytes of the current size line */
	uint32_t trailer_n; /* bytes of trailers so far */
	uint16_t status;    /* after BAD: 400, 413 or 431 */
	uint64_t left;	    /* data bytes of the current chunk */
	uint64_t framing;   /* bytes that were not data */
	uint64_t body;	    /* bytes that were */
	const char *why;    /* after BAD; constant text */
};

void http_chunk_init(struct http_chunk *chunk);
/* Takes bytes from the front of *in. */
enum http_chunk_event http_chunk_feed(struct http_chunk *chunk, struct str *in,
				      struct str *ret_data);

#endif
