/* Values that outlive what they borrow from. */
#ifndef CDC_VALUE_COPY_H
#define CDC_VALUE_COPY_H

#include <stddef.h>

#include "transform/value.h"

struct arena;

/* n values into one allocation: the array, then the bytes. */
struct value *value_copy(struct arena *arena, const struct value *values,
			 size_t n);

#endif
