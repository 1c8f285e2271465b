#include "base/suggest.h"

#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance; both words are at most WORD_MAX long. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t n = strlen(b);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned above = row[j + 1];

			row[j + 1] = min3(above + 1, row[j] + 1,
					  diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *suggest_nearest(const char *word, const char *const *known)
{
	const char *nearest = NULL;
	size_t n = strlen(word);
	unsigned best = 2 + (unsigned)(n > WORD_MAX ? 0 : n / 4);

	if (n > WORD_MAX)
		return NULL;
	for (; *known; known++) {
		if (strlen(*known) > WORD_MAX)
			continue;

		unsigned d = distance(word, *known);
		if (d <= best && d < strlen(*known)) {
			best = d - (d > 0);
			nearest = *known;
		}
	}
	return nearest;
}
