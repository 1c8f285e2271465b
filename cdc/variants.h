/* The sets of columns that the rows of one table come with, numbered from 0
 * in order of appearance. One per table of a batch; lives as long as it. */
#ifndef CDC_VARIANTS_H
#define CDC_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

struct variants {
	size_t bytes; /* of a mask: one bit per column, LSB first */
	uint32_t count, last;
	uint8_t **masks; /* owned, each too */
};

void variants_init(struct variants *variants, size_t columns);
void variants_done(struct variants *variants);
/* The number of the set `mask`, which is copied when it is new. */
uint32_t variants_take(struct variants *variants, const uint8_t *mask);
const uint8_t *variants_mask(const struct variants *variants, uint32_t number);

#endif
