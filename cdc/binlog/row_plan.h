/* How to read the rows of one table map: a codec for each column.
 *
 * Made once per table map and used for all its rows. Signedness, character
 * sets and labels come from the map's metadata; what the server did not send
 * comes from a table_def, which must describe the table as of the map.
 * Columns that are not wanted have no codec: their bytes are stepped over and
 * never looked at, and nothing needs to be known of them but their width. */
#ifndef CDC_BINLOG_ROW_PLAN_H
#define CDC_BINLOG_ROW_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/binlog/value.h"

struct err;
struct loss;
struct row_plan;
struct table_def;
struct table_map;

/* def: NULL when the map says all. wanted: a bit per column, LSB first; NULL:
 * all are. Nothing is borrowed. ERR_OPERATOR, naming table and column, when
 * map and def disagree or neither says what a wanted column needs. */
int row_plan_new(const struct table_map *map, const struct table_def *def,
		 const uint8_t *wanted, struct row_plan **ret,
		 struct err *err) MUST_CHECK;
void row_plan_free(struct row_plan *plan); /* NULL is fine */
void row_plan_freep(struct row_plan **plan);

size_t row_plan_count(const struct row_plan *plan); /* columns */
const struct value_codec *row_plan_codecs(const struct row_plan *plan);
/* Bytes at value_sink.out that one image of a row takes at most. */
size_t row_plan_text_max(const struct row_plan *plan);
/* "schema.table.column" (or its number) for messages. */
const char *row_plan_column(const struct row_plan *plan, size_t i);

/* Count the text of a column that is not of its character set. */
void row_plan_set_loss(struct row_plan *plan, size_t i, struct loss *loss);

/* Do the map's types and names fit the def's? Part of row_plan_new(). */
int row_plan_check(const struct table_map *map, const struct table_def *def,
		   struct err *err) MUST_CHECK;

#endif
