#include "cdc/passing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

void passing_done(struct passing *passing)
{
	while (passing->count > 0)
		passing_drop(passing, 0);
	free(passing->all);
	*passing = (struct passing){ 0 };
}

void passing_add(struct passing *passing, const struct position *at,
		 const char *text)
{
	struct read_ahead *new;

	for (size_t i = 0; i < passing->count; i++)
		if (strcmp(passing->all[i].text, text) == 0)
			return;
	passing->all = mem_realloc(passing->all, (passing->count + 1) *
							 sizeof(*passing->all));
	new = &passing->all[passing->count++];
	position_init(&new->at);
	position_copy(&new->at, at);
	new->text = mem_strdup(text);
	new->read_us = clock_mono_us();
}

bool passing_find(const struct passing *passing, const struct position *applied,
		  int64_t sampled_us, size_t *ret)
{
	for (size_t i = 0; i < passing->count; i++) {
		const struct read_ahead *read = &passing->all[i];

		if (sampled_us >= read->read_us ||
		    position_contains(applied, &read->at)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

void passing_drop(struct passing *passing, size_t i)
{
	position_done(&passing->all[i].at);
	free(passing->all[i].text);
	passing->all[i] = passing->all[--passing->count];
}
