#include "tests/lib/test.h"

#include <string.h>

#include "base/arena.h"

TEST(allocations_are_aligned_and_apart)
{
	struct arena arena;
	char *before = NULL;

	arena_init(&arena);
	for (size_t n = 0; n < 300; n++) {
		char *p = arena_alloc(&arena, n);

		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, (int)n, n);
		assert_ptr_not_equal(p, before);
		if (before && n > 1)
			assert_int_equal((unsigned char)before[n - 2],
					 (n - 1) % 256);
		before = p;
	}
	arena_done(&arena);
	assert_int_equal(arena.held, 0);
}

TEST(zeroed_memory_is_zero_even_after_a_reset)
{
	struct arena arena;

	arena_init(&arena);
	memset(arena_alloc(&arena, 1000), 0xff, 1000);
	arena_reset(&arena);
	const char *p = arena_zalloc(&arena, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	arena_done(&arena);
}

TEST(copies_and_texts)
{
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&arena, NULL, 0), "");
	assert_memory_equal(arena_memdup(&arena, "x\0y", 3), "x\0y", 3);
	assert_string_equal(arena_printf(&arena, "%d-%s", 5, "z"), "5-z");
	arena_done(&arena);
}

TEST(a_large_allocation_does_not_waste_the_current_block)
{
	struct arena arena;

	arena_init(&arena);
	arena_alloc(&arena, 16);
	arena_alloc(&arena, ARENA_BLOCK * 3);
	arena_alloc(&arena, 16);
	assert_true(arena.held <= (size_t)ARENA_BLOCK * 4 + 64);
	assert_int_equal(arena.used, ARENA_BLOCK * 3 + 32);
	arena_done(&arena);
}

TEST(a_reset_gives_back_what_a_huge_use_took)
{
	struct arena arena;

	arena_init(&arena);
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(&arena, 10000), 1, 10000);
	assert_true(arena.held >= 10000000);
	arena_reset(&arena);
	assert_true(arena.held <= ARENA_KEEP);
	assert_int_equal(arena.used, 0);
	memset(arena_alloc(&arena, 100), 1, 100);
	arena_done(&arena);
}

RUN(CASE(allocations_are_aligned_and_apart),
    CASE(zeroed_memory_is_zero_even_after_a_reset), CASE(copies_and_texts),
    CASE(a_large_allocation_does_not_waste_the_current_block),
    CASE(a_reset_gives_back_what_a_huge_use_took))
