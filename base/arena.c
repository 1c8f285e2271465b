#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes[] */
	size_t used;
	size_t pad;
	_Alignas(ALIGN) unsigned char bytes[];
};

static size_t round_up(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = mem_realloc(NULL, sizeof(*block) + size);

	*block = (struct arena_block){ .next = arena->head, .size = size };
	arena->head = block;
	arena->held += size;
	return block;
}

#ifdef ARENA_DEBUG
static struct arena_block *block_for(struct arena *arena, size_t size)
{
	return add_block(arena, size);
}
#else
/* A request of a quarter block or more gets a block of its own, put behind
 * the head, so that the rest of the current block is not wasted. */
static struct arena_block *block_for(struct arena *arena, size_t size)
{
	struct arena_block *head = arena->head;

	if (head && size <= head->size - head->used)
		return head;
	if (!head || size < ARENA_BLOCK / 4)
		return add_block(arena,
				 size > ARENA_BLOCK ? size : ARENA_BLOCK);

	struct arena_block *big = add_block(arena, size);
	arena->head = head;
	big->next = head->next;
	head->next = big;
	return big;
}
#endif

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

void arena_done(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *b = arena->head; b; b = next) {
		next = b->next;
		free(b);
	}
	arena_init(arena);
}

void arena_reset(struct arena *arena)
{
#ifdef ARENA_DEBUG
	arena_done(arena);
#else
	struct arena_block *kept = NULL, *next, *head = arena->head;
	size_t held = 0;

	/* Mostly there is one block: rows are reset one by one. */
	if (head && !head->next && head->size == ARENA_BLOCK) {
		head->used = 0;
		arena->used = 0;
		return;
	}
	for (struct arena_block *b = arena->head; b; b = next) {
		next = b->next;
		if (b->size != ARENA_BLOCK || held + b->size > ARENA_KEEP) {
			free(b);
			continue;
		}
		b->used = 0;
		b->next = kept;
		kept = b;
		held += b->size;
	}
	/* Only the head is ever filled: blocks behind it would lie idle, so
	 * one is enough. */
	while (kept && kept->next) {
		next = kept->next->next;
		held -= kept->next->size;
		free(kept->next);
		kept->next = next;
	}
	*arena = (struct arena){ .head = kept, .held = held };
#endif
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t n = round_up(size ? size : 1);
	struct arena_block *block = block_for(arena, n);
	void *p = block->bytes + block->used;

	block->used += n;
	arena->used += n;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	return memset(arena_alloc(arena, size), 0, size);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t n)
{
	void *copy = arena_alloc(arena, n);

	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

char *arena_strndup(struct arena *arena, const void *bytes, size_t n)
{
	char *copy = arena_alloc(arena, n + 1);

	if (n)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}
