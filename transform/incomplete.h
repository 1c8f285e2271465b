/* What to ask for when a row image does not say all (RECORD_REFETCH).
 *
 * Part of the transform; nothing outside it looks inside. */
#ifndef TRANSFORM_INCOMPLETE_H
#define TRANSFORM_INCOMPLETE_H

#include <stdbool.h>

#include "base/arena.h"
#include "transform/binding.h"

/* Does the image hold all that the record needs? Flat tables. */
bool incomplete_fits(const struct binding *b, const struct value *row);
/* Flat: "a=1,b=2" of the target's key; what `row` lacks is `other`'s (may be
 * NULL). VALUE_NULL, every row, when that is not known or no integer. */
struct value incomplete_key(const struct binding *b, const struct value *row,
			    const struct value *other, struct arena *arena);
/* EAV: "value_id=7", from the first of both that holds it; else VALUE_NULL. */
struct value incomplete_id(const struct binding *b, const struct value *row,
			   const struct value *other, struct arena *arena);

/* How much an image says of a value's place (entity, store, attribute). */
enum incomplete_place { PLACE_NONE, PLACE_SOME, PLACE_ALL };
enum incomplete_place incomplete_place(const struct binding *b,
				       const struct value *row);

#endif
