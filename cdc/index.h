/* A hash index over things that live elsewhere (an arena): open addressing,
 * at most half full, nothing is taken out singly. Owned by what it indexes. */
#ifndef CDC_INDEX_H
#define CDC_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_slot {
	uint64_t hash;
	void *item; /* borrowed; NULL: free */
};

struct index {
	struct index_slot *slots; /* owned */
	size_t size;		  /* power of two, or 0 */
	size_t count;
};

/* Is `item` what `want` asks for? Called for equal hashes only. */
typedef bool (*index_same)(const void *item, const void *want);

void index_init(struct index *index);
void index_done(struct index *index);
/* Forget all; more than `keep` slots are given back. */
void index_reset(struct index *index, size_t keep);
void *index_find(const struct index *index, uint64_t hash, index_same same,
		 const void *want);
/* The item must not be in it yet. */
void index_add(struct index *index, uint64_t hash, void *item);

#endif
