/* Heap allocation that does not fail: without memory the process ends.
 *
 * A restart resumes from the last committed position, which no error path
 * for malloc would better. The price: a size that came from outside is
 * compared with a named limit before it gets here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define MEM_FN __attribute__((returns_nonnull, warn_unused_result))

MEM_FN void *mem_zalloc(size_t size);
MEM_FN void *mem_realloc(void *old, size_t size);
MEM_FN void *mem_array(size_t count, size_t size); /* zeroed */
MEM_FN char *mem_strdup(const char *text);
MEM_FN char *mem_strndup(const void *bytes, size_t n); /* adds the NUL */
MEM_FN char *mem_printf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

void mem_freep(void *pointer_to_pointer); /* for CLEANUP(mem_freep) */

#endif
