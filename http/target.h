/* The target of a request taken apart for routing: raw path, raw query, path
 * segments decoded one by one.
 *
 * The raw path is split on `/` first and each segment percent-decoded once
 * afterwards, so that `%2F` stays inside its segment (Magento SKUs contain
 * it). Nothing is ever normalised: a target that could mean different things
 * to different readers is `odd`, with the reason, and only Magento may answer
 * it, from the raw bytes. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

enum { HTTP_SEGMENTS_MAX = 24 };

/*	X(name, text for logs and /explain) */
#define HTTP_ODDS(X)                                                           \
	X(NONE, "")                                                            \
	X(FORM, "not an absolute path")                                        \
	X(DOT, "dot segment")                                                  \
	X(EMPTY, "empty segment")                                              \
	X(BACKSLASH, "backslash")                                              \
	X(CONTROL, "control byte")                                             \
	X(PERCENT, "invalid percent-encoding")                                 \
	X(ASCII, "byte outside ASCII")                                         \
	X(UTF8, "percent-encoded bytes are not UTF-8")                         \
	X(PARAM, "semicolon")                                                  \
	X(FRAGMENT, "fragment")                                                \
	X(LONG, "too many segments")

#define HTTP_ODD_ENUM(name, text) HTTP_ODD_##name,
enum http_odd { HTTP_ODDS(HTTP_ODD_ENUM) };
#undef HTTP_ODD_ENUM

struct http_target {
	struct str raw;	   /* as given */
	struct str path;   /* raw, up to `?` */
	struct str query;  /* raw, behind `?`; at NULL: there was no `?` */
	enum http_odd odd; /* the first reason found, from the left */
	size_t n;	   /* segments; 0 for "/" */
	/* Decoded; those with a `%` in the arena, others in raw. When odd,
	 * the ones up to the reason. */
	struct str segments[HTTP_SEGMENTS_MAX];
};

/* The slices live as long as raw and the arena. */
void http_target_parse(struct http_target *ret, struct str raw,
		       struct arena *arena);
const char *http_odd_text(enum http_odd odd);

/* name=value pairs of a query, in order, decoded once (`+` is a blank). */
struct http_query {
	struct str rest; /* raw, not yet read */
	bool bad;	 /* sticky: a pair had an invalid `%` or NUL, or was no
			  * UTF-8; it is given undecoded */
};

struct http_query http_query_of(struct str raw);
/* False at the end. Empty pieces (`a=1&&b=2`) are passed over; without `=`
 * the value is empty with a NULL `at`. */
bool http_query_next(struct http_query *query, struct arena *arena,
		     struct str *ret_name, struct str *ret_value);

#endif
