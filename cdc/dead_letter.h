/* Record changes the target refused: written down, and taken away again when
 * a later change of the same key went through.
 *
 * The key is "entity_id=5"; for an attribute of a values row
 * "entity_id=5,store_id=0,attribute=color". */
#ifndef CDC_DEAD_LETTER_H
#define CDC_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct batch_item;
struct err;
struct gone;
struct pg;
struct target_shape;

/* Sets *ret[i] for each table (by index) that has dead letters. */
int dead_letter_tables(struct pg *pg, const struct target_shape *shapes,
		       size_t count, bool *ret, struct err *err) MUST_CHECK;

/* Writes one item (of a values row: one attribute) down. `refusal` is why. */
int dead_letter_write(struct pg *pg, const struct target_shape *shape,
		      const struct batch_item *item, const char *position,
		      const struct err *refusal, struct err *err) MUST_CHECK;

/* Queues (pipeline) what takes away the letters these items supersede. */
void dead_letter_clear(struct pg *pg, const struct target_shape *shape,
		       const struct batch_item *items, size_t count);
/* The same at once, of rows that a barrier deletes. */
int dead_letter_gone(struct pg *pg, const struct target_shape *shape,
		     const struct gone *gone, struct err *err) MUST_CHECK;

#endif
