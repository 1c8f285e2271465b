#include "cdc/names.h"

#include <stdbool.h>
#include <stdint.h>

void names_init(struct names *names)
{
	arena_init(&names->arena);
	index_init(&names->index);
}

void names_done(struct names *names)
{
	index_done(&names->index);
	arena_done(&names->arena);
}

void names_reset(struct names *names)
{
	if (names->index.count <= NAMES_MAX)
		return;
	index_reset(&names->index, 0);
	arena_reset(&names->arena);
}

static bool name_same(const void *item, const void *want)
{
	const struct str *a = item, *b = want;

	return str_eq(*a, *b);
}

const struct str *names_take(struct names *names, struct str name)
{
	uint64_t hash = str_hash(name.at, name.n);
	struct str *found = index_find(&names->index, hash, name_same, &name);

	if (found)
		return found;
	found = arena_new(&names->arena, struct str);
	found->at = arena_strndup(&names->arena, name.at, name.n);
	found->n = name.n;
	index_add(&names->index, hash, found);
	return found;
}
