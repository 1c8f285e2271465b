/* Columns that the target has none of its own for, as one JSON object.
 *
 * Of tables whose mapping says `extra: true`: a column that an extension added
 * goes into the target's `extra jsonb` under its name, a new one from the
 * first row that has it; but none whose name says that it is a
 * secret (secret_name.h). Numbers stay numbers, bytes are "\x…", all else is
 * text. Part of a binding. */
#ifndef TRANSFORM_EXTRA_H
#define TRANSFORM_EXTRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "transform/value.h"

struct arena;
struct err;
struct mapping_table;
struct table_def;

struct extra_column {
	uint16_t from;
	bool number;
	char *name; /* owned */
};

struct extra {
	size_t count;
	struct extra_column *columns; /* owned */
	size_t to;		      /* ordinal of `extra` in the target */
	struct buf text;	      /* of the last row */
};

/* wanted: gets the bits of what is taken. ERR_CONFIG when the target has no
 * such column. */
int extra_bind(struct extra *extra, const struct mapping_table *table,
	       const struct table_def *def, uint8_t *wanted,
	       struct err *err) MUST_CHECK;
void extra_done(struct extra *extra);

/* False: the row image lacks one. *ret is valid until the next row. */
bool extra_fill(struct extra *extra, const struct value *row,
		struct arena *arena, struct value *ret);

#endif
