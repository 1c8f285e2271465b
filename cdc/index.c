#include "cdc/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SIZE_MIN = 1024 };

void index_init(struct index *index)
{
	*index = (struct index){ 0 };
}

void index_done(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}

void index_reset(struct index *index, size_t keep)
{
	if (index->size > keep) {
		index_done(index);
		return;
	}
	if (index->count > 0)
		memset(index->slots, 0, index->size * sizeof(*index->slots));
	index->count = 0;
}

void *index_find(const struct index *index, uint64_t hash, index_same same,
		 const void *want)
{
	if (index->size == 0)
		return NULL;

	size_t mask = index->size - 1;
	for (size_t i = hash & mask; index->slots[i].item; i = (i + 1) & mask) {
		const struct index_slot *slot = &index->slots[i];

		if (slot->hash == hash && same(slot->item, want))
			return slot->item;
	}
	return NULL;
}

static void place(struct index *index, struct index_slot slot)
{
	size_t mask = index->size - 1;
	size_t i = slot.hash & mask;

	while (index->slots[i].item)
		i = (i + 1) & mask;
	index->slots[i] = slot;
}

static void grow(struct index *index)
{
	struct index old = *index;

	index->size = old.size ? old.size * 2 : SIZE_MIN;
	index->slots = mem_array(index->size, sizeof(*index->slots));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].item)
			place(index, old.slots[i]);
	free(old.slots);
}

void index_add(struct index *index, uint64_t hash, void *item)
{
	if (2 * (index->count + 1) > index->size)
		grow(index);
	place(index, (struct index_slot){ hash, item });
	index->count++;
}
