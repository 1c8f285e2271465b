/* Incremental, strict HTTP/1.x parser: requests of clients, responses of
 * upstreams.
 *
 * Feed bytes as they come, in pieces of any size; the events do not depend on
 * where the pieces were cut, except that body slices follow the input. The
 * caller's loop:
 *
 *     for (;;) {
 *             switch (http_parse_feed(&parse, &in)) {
 *             case HTTP_PARSE_MORE: return;     (in is empty now)
 *             case HTTP_PARSE_HEAD: …parse.head…   break;
 *             case HTTP_PARSE_BODY: …parse.body…   break;
 *             case HTTP_PARSE_DONE: …; http_parse_next(&parse); break;
 *             case HTTP_PARSE_BAD:  …parse.status, parse.why… return;
 *             }
 *     }
 *
 * After HEAD always feed again, even with empty input: a message without a
 * body gives DONE then. After DONE a request parser consumes nothing until
 * http_parse_next(), so pipelined bytes stay in `in`; a response parser calls
 * any further byte a desync. After BAD the connection cannot be used again.
 *
 * What is refused, beyond the grammar: bare LF or CR, control bytes,
 * obs-fold, blanks before the colon, Content-Length with Transfer-Encoding,
 * either of them twice, Transfer-Encoding other than exactly `chunked` or in
 * HTTP/1.0, Host missing (1.1), doubled or malformed, absolute-form that
 * contradicts Host, fragments, bytes over 0x7e in the target, chunk lines
 * over 64 bytes, trailers over 8 KiB, floods of tiny chunks. Chunk extensions
 * and trailers are checked and dropped.
 *
 * The parser owns a buffer for the head, allocated once and kept between
 * messages (4 KiB): no malloc per message after warm-up. A heap object of
 * the connection or request; about 2 KiB without the buffer. */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/chunk.h"
#include "http/guard.h"
#include "http/head.h"

enum http_parse_event {
	HTTP_PARSE_MORE, /* all input was used: feed more */
	HTTP_PARSE_HEAD, /* `head` is complete; for 1xx another HEAD follows */
	HTTP_PARSE_BODY, /* `body` is a non-empty slice of the input */
	HTTP_PARSE_DONE, /* the message is complete */
	HTTP_PARSE_BAD,	 /* refused: `status` and `why` say how to answer */
};

enum http_parse_state {
	HTTP_PARSE_IN_HEAD,
	HTTP_PARSE_AFTER_1XX, /* head still readable; the next one follows */
	HTTP_PARSE_IN_BODY,
	HTTP_PARSE_AT_END,
	HTTP_PARSE_FAILED,
};

enum { HTTP_PARSE_1XX_MAX = 10 }; /* informational responses in a row */

struct http_parse {
	struct http_head head;
	struct str body;   /* after HTTP_PARSE_BODY; borrowed from the input */
	uint64_t body_n;   /* decoded body bytes given so far */
	uint64_t body_max; /* set by the caller, 413 above; default: none */
	uint16_t status;   /* after BAD: 400, 405, 413, 414, 417, 431, 501,
			    * 505; of a response always 502 */
	const char *why;   /* after BAD: constant text, free of peer's data */
	bool desync;	   /* after BAD: bytes behind a complete response */
	bool response;	   /* false: parses requests */
	bool to_head;	   /* response: the request was HEAD */
	uint8_t state;	   /* enum http_parse_state */
	uint8_t n_1xx;	   /* informational heads since http_parse_next() */
	struct http_guard guard; /* of the head in raw */
	struct buf raw;		 /* bytes of the head so far; owned */
	uint64_t left;		 /* of a body with Content-Length */
	struct http_chunk chunk;
};

void http_parse_init_request(struct http_parse *parse);
void http_parse_init_response(struct http_parse *parse);
void http_parse_done(struct http_parse *parse);

/* Ready for the next message on the connection; the head is forgotten. For a
 * response parser `to_head` is set by the caller afterwards, if the request
 * was HEAD. */
void http_parse_next(struct http_parse *parse);

/* Takes bytes from the front of *in. */
enum http_parse_event http_parse_feed(struct http_parse *parse, struct str *in);

/* The peer closed: MORE when that is clean (before the first byte of a
 * message), DONE when it ends the body, BAD when something was cut off. */
enum http_parse_event http_parse_eof(struct http_parse *parse);

/* True from the first byte of a message until its head is complete. */
bool http_parse_started(const struct http_parse *parse);

#endif
