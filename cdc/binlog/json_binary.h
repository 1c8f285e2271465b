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

struct buf;

enum { JSON_DEPTH_MAX = 100 }; /* the server's own limit */

/* How long the text of n bytes can get; max of the buf for it. */
size_t json_binary_text_max(size_t n);

/* Appends to *out. False: no JSON, deeper than the limit, or longer than
 * json_binary_text_max() (parts that lie over each other). No bytes at all
 * are the JSON null (old servers wrote it for NULL in NOT NULL columns). */
bool json_binary_format(const uint8_t *at, size_t n, struct buf *out);

#endif
