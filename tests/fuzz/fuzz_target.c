/* Targets: no read outside, and segments that are safe to route by. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_segment(struct str segment)
{
	if (segment.n == 0 || memchr(segment.at, '\0', segment.n) ||
	    memchr(segment.at, '\\', segment.n) || str_eqs(segment, "..") ||
	    str_eqs(segment, ".") || str_starts(segment, "../"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct http_target target;
	struct str name, value;
	struct arena arena;

	arena_init(&arena);
	char *copy = (char *)arena_memdup(&arena, bytes, n);
	http_target_parse(&target, (struct str){ copy, n }, &arena);
	if (target.odd == HTTP_ODD_NONE) {
		for (size_t i = 0; i < target.n; i++)
			check_segment(target.segments[i]);
	}
	struct http_query query = http_query_of(target.query);
	size_t total = 0;
	while (http_query_next(&query, &arena, &name, &value))
		total += name.n + value.n;
	if (total > n)
		abort();
	arena_done(&arena);
	return 0;
}
