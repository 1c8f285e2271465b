/* Canonical writers: what leaves us was written by us, never copied as it was
 * spelled by a peer (names, values and targets are copied, after the strict
 * checks of parse.h; line ends, blanks, framing and version are ours).
 *
 * All writers append to a struct buf, whose sticky `failed` tells when it is
 * full; it is also set when a name or value of ours cannot stand in a head
 * (control bytes: header injection). Test it once before sending. */
#ifndef HTTP_WRITE_H
#define HTTP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/head.h"

/* A header to be set: the head's own ones of that name are left out, this one
 * is written at the end. With value.at NULL: only left out. */
struct http_pair {
	struct str name;
	struct str value;
};

/* How the head to be written differs from the one received. */
struct http_rewrite {
	struct str target; /* request; at NULL: as received */
	struct str host;   /* request; at NULL: as received; needed if that is
			    * empty (HTTP/1.0) */
	const struct http_pair *pairs;
	size_t n_pairs;
	uint64_t length;	   /* with HTTP_BODY_LENGTH, or state_length */
	enum http_framing framing; /* of the body we send; NONE writes no
				    * framing header at all */
	bool state_length; /* to HEAD or 304: Content-Length, though no body */
	bool close;	   /* write Connection: close */
	bool expect;	   /* request: write Expect: 100-continue */
	bool keep_alive_1_0; /* response to HTTP/1.0 kept open */
};

/* Framing of `head` as it would be passed on: length stays, chunked stays,
 * until-close becomes chunked (or stays, to a HTTP/1.0 client). A response
 * without a body to HEAD or 304 that states a length keeps stating it. */
struct http_rewrite http_rewrite_of(const struct http_head *head,
				    bool peer_is_1_0);

/* "GET /x HTTP/1.1" CRLF headers CRLF, for an upstream. */
void http_write_request(struct buf *out, const struct http_head *head,
			const struct http_rewrite *how);
/* "HTTP/1.1 200 OK" CRLF headers CRLF, for a client. */
void http_write_response(struct buf *out, const struct http_head *head,
			 const struct http_rewrite *how);

enum { HTTP_CHUNK_HEAD_MAX = 18 }; /* 16 digits, CRLF */
/* The size line for n > 0 data bytes; returns its length. The data and
 * CRLF follow. For writers that gather (iovec) instead of copying. */
size_t http_write_chunk_head(char line[HTTP_CHUNK_HEAD_MAX], size_t n);
/* One whole chunk; nothing for empty data, which would end the body. */
void http_write_chunk(struct buf *out, struct str data);
void http_write_last_chunk(struct buf *out);

/* A whole response of ours: error, JSON, metrics. */
struct http_answer {
	int status;	     /* 200..599 */
	const char *type;    /* Content-Type; NULL: none */
	struct str body;     /* Content-Length is its size */
	bool close;	     /* Connection: close */
	bool keep_alive_1_0; /* client is HTTP/1.0 and wants to stay */
	bool head_only;	     /* to HEAD: headers alone */
	const struct http_pair *pairs;
	size_t n_pairs;
};

void http_write_answer(struct buf *out, const struct http_answer *answer);
/* {"error":"…"} with that status. `text` is JSON-escaped. */
void http_write_error(struct buf *out, int status, const char *text,
		      bool close);

#endif
