#include "cdc/variants.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void variants_init(struct variants *variants, size_t columns)
{
	*variants = (struct variants){ .bytes = (columns + 7) / 8 };
}

void variants_done(struct variants *variants)
{
	for (uint32_t i = 0; i < variants->count; i++)
		free(variants->masks[i]);
	free(variants->masks);
}

static bool same(const struct variants *variants, uint32_t number,
		 const uint8_t *mask)
{
	return memcmp(variants->masks[number], mask, variants->bytes) == 0;
}

uint32_t variants_take(struct variants *variants, const uint8_t *mask)
{
	uint32_t n = variants->count;

	/* Rows of one kind come in runs. */
	if (n > 0 && same(variants, variants->last, mask))
		return variants->last;
	for (uint32_t i = 0; i < n; i++)
		if (same(variants, i, mask))
			return variants->last = i;
	variants->masks = mem_realloc(variants->masks,
				      (n + 1) * sizeof(*variants->masks));
	variants->masks[n] = mem_zalloc(variants->bytes);
	memcpy(variants->masks[n], mask, variants->bytes);
	variants->count++;
	return variants->last = n;
}

const uint8_t *variants_mask(const struct variants *variants, uint32_t number)
{
	assert(number < variants->count);
	return variants->masks[number];
}
