/* The image after of a PARTIAL_UPDATE_ROWS event
 * (binlog_row_value_options=PARTIAL_JSON). Part of rows.c.
 *
 * In front of the image stand options (length-encoded); with 0x1 among them, a
 * bit follows for each JSON column of the table, LSB first, whether the image
 * has it or not: the column's value is then not a document but the differences
 * from the one in the image before. */
#ifndef CDC_BINLOG_PARTIAL_H
#define CDC_BINLOG_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct row_plan;
struct rows;
struct value;
struct value_sink;

/* Takes the image off rows->body. `places`: where each column of the image
 * before begins and the last one ends; `before`: its values. A value whose
 * base is not there, or does not have what changed, is VALUE_ABSENT.
 * Returns the column that could not be read, or the count of columns. */
size_t partial_read(struct rows *rows, const struct row_plan *plan,
		    const uint8_t *const *places, const struct value *before,
		    struct value_sink *sink, struct value *values) MUST_CHECK;

#endif
