#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p, size_t size)
{
	if (p)
		return p;
	fprintf(stderr, "out of memory: %zu bytes refused\n", size);
	abort();
}

void *mem_zalloc(size_t size)
{
	return or_abort(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *old, size_t size)
{
	return or_abort(realloc(old, size ? size : 1), size);
}

void *mem_array(size_t count, size_t size)
{
	return or_abort(calloc(count ? count : 1, size), count);
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const void *bytes, size_t n)
{
	char *copy = mem_zalloc(n + 1);

	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	return or_abort(n < 0 ? NULL : text, 0);
}

void mem_freep(void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}
