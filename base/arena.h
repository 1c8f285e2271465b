/* An arena: many small allocations with one life time, given back together.
 *
 * One arena belongs to one source transaction, one batch or one request.
 * Nothing inside is freed singly; arena_reset() forgets it all and keeps at
 * most ARENA_KEEP bytes for the next use, so that one huge transaction does
 * not stay in memory for ever.
 *
 * With -Darena_debug=true every allocation is a malloc of its own, so that
 * AddressSanitizer sees overruns and uses after reset. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

enum { ARENA_BLOCK = 64 * 1024, ARENA_KEEP = 1024 * 1024 };

struct arena_block;

struct arena {
	struct arena_block *head; /* newest block; owned */
	size_t used;		  /* bytes handed out since the last reset */
	size_t held;		  /* bytes of all blocks, used or not */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);
void arena_reset(struct arena *arena);

/* Aligned for any type, not zeroed. Aborts when memory is out. */
void *arena_alloc(struct arena *arena, size_t size)
	__attribute__((returns_nonnull, malloc));
void *arena_zalloc(struct arena *arena, size_t size)
	__attribute__((returns_nonnull, malloc));
void *arena_memdup(struct arena *arena, const void *bytes, size_t n);
char *arena_strndup(struct arena *arena, const void *bytes, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define arena_new(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))
#define arena_array(arena, type, n)                                            \
	((type *)arena_zalloc((arena), sizeof(type) * (n)))

#endif
