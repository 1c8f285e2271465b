/* MySQL's binary JSON, as text.
 *
 * The text is that of SELECT: ", " and ": " between parts, keys in stored
 * order (by length, then bytes), dates and other opaque values as strings.
 * Format: MySQL sql/json_binary.h. MariaDB's JSON is text and never comes
 * here. */
#ifndef CDC_BINLOG_JSON_BINARY_H
#define CDC_BINLOG_JSON_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/str.h"

struct buf;

enum { JSON_DEPTH_MAX = 100 }; /* the server's own limit */

/* How long the text of n bytes can get; max of the buf for it. */
size_t json_binary_text_max(size_t n);

/* Appends to *out. False: no JSON, deeper than the limit, or longer than
 * json_binary_text_max() (parts that lie over each other). No bytes at all
 * are the JSON null (old servers wrote it for NULL in NOT NULL columns). */
bool json_binary_format(const uint8_t *at, size_t n, struct buf *out);

/* ---- For who walks through a document (json_diff.c) ---- */

/* A value with its type; bytes end where the document does, or before. */
struct json_value {
	uint8_t type;
	struct reader bytes;
};

/* An object or array: count, size, key entries, value entries, the rest.
 * Offsets count from its start. */
struct json_container {
	struct reader all;
	struct reader keys, values; /* entries not yet taken */
	size_t wide; /* bytes of an offset: 2, or 4 in a large one */
	uint64_t count;
	bool object;
};

void json_value_open(const uint8_t *at, size_t n, struct json_value *ret);
bool json_is_container(uint8_t type);
/* False where the bytes cannot be right. Of an object a key and a value are
 * taken in turn. */
bool json_container_open(struct json_container *c, uint8_t type,
			 struct reader r);
bool json_container_key(struct json_container *c, struct str *ret);
bool json_container_value(struct json_container *c, struct json_value *ret);

void json_write_key(struct buf *out, struct str key); /* with ": " */
/* depth: of the value in its document, 1 for the outermost. */
bool json_write_value(struct buf *out, const struct json_value *value,
		      unsigned depth);

#endif
