#include "cdc/value_copy.h"

#include <string.h>

#include "base/arena.h"

struct value *value_copy(struct arena *arena, const struct value *values,
			 size_t n)
{
	size_t bytes = n * sizeof(*values);

	for (size_t i = 0; i < n; i++)
		bytes += value_has(values[i]) ? values[i].n : 0;

	struct value *copy = arena_alloc(arena, bytes);
	char *at = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = values[i];
		if (!value_has(values[i])) {
			copy[i].at = NULL;
			copy[i].n = 0;
			continue;
		}
		if (values[i].n > 0)
			memcpy(at, values[i].at, values[i].n);
		copy[i].at = at;
		at += values[i].n;
	}
	return copy;
}
