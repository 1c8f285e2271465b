/* Writing JSON into a buf. Commas and nesting are kept by the writer; a wrong
 * order of calls is our own bug and asserts.
 *
 *     json_begin_object(&w); json_key(&w, "id"); json_int(&w, 5);
 *     json_end_object(&w);                                   → {"id":5} */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf;

enum json_style {
	JSON_PLAIN, /* UTF-8 as it is, only what must be escaped is */
	JSON_PHP, /* as PHP's json_encode: "/" → "\/", non-ASCII → \uXXXX */
};

enum { JSON_DEPTH_MAX = 32 };

struct json {
	struct buf *out; /* borrowed */
	enum json_style style;
	int depth;
	bool comma[JSON_DEPTH_MAX]; /* something stands before, per level */
	bool after_key;
};

void json_init(struct json *w, struct buf *out, enum json_style style);
void json_begin_object(struct json *w);
void json_end_object(struct json *w);
void json_begin_array(struct json *w);
void json_end_array(struct json *w);
void json_key(struct json *w, const char *key);
void json_keyn(struct json *w, struct str key);
void json_str(struct json *w, const char *text); /* NULL → null */
void json_strn(struct json *w, struct str text);
void json_int(struct json *w, int64_t number);
void json_uint(struct json *w, uint64_t number);
/* Shortest text that reads back as the same double, as PHP prints it with
 * serialize_precision -1 (34.0 → 34, 1e-5 → 1.0e-5). Not finite → null. */
void json_double(struct json *w, double number);
void json_bool(struct json *w, bool value);
void json_null(struct json *w);
void json_raw(struct json *w, struct str json); /* already JSON */

#endif
