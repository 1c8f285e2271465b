/* One parsed message head: the request or status line, the header fields and
 * the framing derived from them.
 *
 * A head holds no bytes of its own: all slices point into the buffer of the
 * struct http_parse that filled it, and are valid until http_parse_next().
 * Everything in it has passed the strict rules of parse.h; nobody needs to
 * check a name, a value or the framing again. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* TRACE and CONNECT never get into a head (405), other names neither (501). */
#define HTTP_METHODS(X)                                                        \
	X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)

#define HTTP_METHOD_ENUM(name) HTTP_METHOD_##name,
enum http_method { HTTP_METHOD_NONE, HTTP_METHODS(HTTP_METHOD_ENUM) };
#undef HTTP_METHOD_ENUM

/* What a header field means to a proxy (RFC 9110 7.6.1):
 *   HOP    between two neighbours only, never passed on
 *   GUARD  carries security; naming it in Connection does not remove it
 *   FRAME  framing, written by us from the framing of the head */
enum http_field_kind {
	HTTP_KIND_PLAIN = 0,
	HTTP_KIND_HOP = 1,
	HTTP_KIND_GUARD = 2,
	HTTP_KIND_FRAME = 4,
};

/* Fields with an index, so that finding them costs nothing. */
#define HTTP_FIELDS(X)                                                         \
	X(HOST, "Host", GUARD)                                                 \
	X(CONTENT_LENGTH, "Content-Length", FRAME)                             \
	X(TRANSFER_ENCODING, "Transfer-Encoding", FRAME)                       \
	X(CONNECTION, "Connection", HOP)                                       \
	X(KEEP_ALIVE, "Keep-Alive", HOP)                                       \
	X(PROXY_CONNECTION, "Proxy-Connection", HOP)                           \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", HOP)                       \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", HOP)                     \
	X(TE, "TE", HOP)                                                       \
	X(TRAILER, "Trailer", HOP)                                             \
	X(UPGRADE, "Upgrade", HOP)                                             \
	X(HTTP2_SETTINGS, "HTTP2-Settings", HOP)                               \
	X(ALT_SVC, "Alt-Svc", HOP)                                             \
	X(EXPECT, "Expect", HOP)                                               \
	X(AUTHORIZATION, "Authorization", GUARD)                               \
	X(COOKIE, "Cookie", GUARD)                                             \
	X(FORWARDED, "Forwarded", GUARD)                                       \
	X(X_FORWARDED_FOR, "X-Forwarded-For", GUARD)                           \
	X(X_FORWARDED_HOST, "X-Forwarded-Host", GUARD)                         \
	X(X_FORWARDED_PORT, "X-Forwarded-Port", GUARD)                         \
	X(X_FORWARDED_PROTO, "X-Forwarded-Proto", GUARD)                       \
	X(VIA, "Via", GUARD)                                                   \
	X(TRACEPARENT, "Traceparent", GUARD)                                   \
	X(X_REQUEST_ID, "X-Request-Id", PLAIN)                                 \
	X(X_HTTP_METHOD, "X-HTTP-Method", PLAIN)                               \
	X(X_HTTP_METHOD_OVERRIDE, "X-HTTP-Method-Override", PLAIN)             \
	X(X_METHOD_OVERRIDE, "X-Method-Override", PLAIN)                       \
	X(USER_AGENT, "User-Agent", PLAIN)                                     \
	X(ACCEPT, "Accept", PLAIN)                                             \
	X(STORE, "Store", PLAIN)                                               \
	X(MAX_FORWARDS, "Max-Forwards", PLAIN)                                 \
	X(CONTENT_TYPE, "Content-Type", PLAIN)                                 \
	X(CONTENT_ENCODING, "Content-Encoding", PLAIN)                         \
	X(LOCATION, "Location", PLAIN)                                         \
	X(RETRY_AFTER, "Retry-After", PLAIN)                                   \
	X(SET_COOKIE, "Set-Cookie", PLAIN)

#define HTTP_FIELD_ENUM(name, text, kind) HTTP_FIELD_##name,
enum http_field {
	HTTP_FIELD_OTHER, /* any name not in the list */
	HTTP_FIELDS(HTTP_FIELD_ENUM) HTTP_FIELD_N
};
#undef HTTP_FIELD_ENUM

enum http_framing {
	HTTP_BODY_NONE,	      /* no body, whatever Content-Length says */
	HTTP_BODY_LENGTH,     /* exactly `length` bytes, may be 0 */
	HTTP_BODY_CHUNKED,    /* chunked transfer coding */
	HTTP_BODY_UNTIL_CLOSE /* responses only: ends with the connection */
};

enum {
	HTTP_HEAD_MAX = 32 * 1024,	    /* request line and headers: 431 */
	HTTP_RESPONSE_HEAD_MAX = 60 * 1024, /* Magento's CSP headers are long */
	HTTP_LINE_MAX = 8 * 1024,	    /* one request header line: 431 */
	HTTP_TARGET_MAX = 8 * 1024,	    /* 414 */
	HTTP_HEADERS_MAX = 100,		    /* 431 */
};

/* Offsets into http_head.at: the head of a busy connection stays small. */
struct http_header {
	uint16_t name, name_n;
	uint16_t value, value_n; /* without blanks around it; may be empty */
	uint8_t field;		 /* enum http_field */
	bool skip;		 /* not to be passed on: hop-by-hop by kind,
				  * nominated by Connection, framing, or a
				  * request header with `_` in its name */
};

struct http_head {
	const char *at; /* the raw head; borrowed, see above */
	struct str method_text;
	struct str target; /* origin-form as sent, undecoded; absolute-form
			    * is reduced to it; "*" with OPTIONS */
	struct str host;   /* request: value of Host; empty in HTTP/1.0 */
	struct str reason; /* response: the phrase; may be empty */
	uint64_t length;   /* value of Content-Length when has_length */
	uint16_t status;   /* response: 100..599; request: 0 */
	uint8_t method;	   /* enum http_method; NONE in a response */
	uint8_t minor;	   /* 0 or 1: HTTP/1.0 or HTTP/1.1 */
	uint8_t framing;   /* enum http_framing */
	uint8_t n;	   /* headers in use */
	uint8_t n_dropped; /* of those, dropped for a `_` in the name */
	bool has_length;   /* also true where framing is NONE: HEAD, 304 */
	bool keep_alive;   /* the peer allows another message afterwards */
	bool expect_continue;
	bool upgrade; /* an Upgrade header was there (and is dropped) */
	/* 1 + index of the first header of a field, 0 = absent. */
	uint8_t first[HTTP_FIELD_N];
	struct http_header headers[HTTP_HEADERS_MAX];
};

static inline struct str http_head_name(const struct http_head *head, size_t i)
{
	const struct http_header *h = &head->headers[i];

	return (struct str){ head->at + h->name, h->name_n };
}

static inline struct str http_head_value(const struct http_head *head, size_t i)
{
	const struct http_header *h = &head->headers[i];

	return (struct str){ head->at + h->value, h->value_n };
}

/* Value of the first header of that field; `at` is NULL when absent. */
struct str http_head_get(const struct http_head *head, enum http_field field);
/* The same by name, case ignored; for names not in the list. */
struct str http_head_find(const struct http_head *head, const char *name);

enum http_field http_field_of(struct str name);
const char *http_field_name(enum http_field field);
enum http_field_kind http_field_kind(enum http_field field);
enum http_method http_method_of(struct str text); /* NONE: unknown */
const char *http_method_name(enum http_method method);
const char *http_status_text(int status); /* "Not Found"; "" if unknown */

/* Grammar of RFC 9110 5.6.2 and 5.5: non-empty token; value free of control
 * bytes other than HTAB (so of CR, LF, NUL). */
bool http_is_token(struct str text);
bool http_is_value(struct str text);
/* uri-host with optional port: name, IPv4 or [IPv6], no user, no list. */
bool http_is_host(struct str text);

#endif
