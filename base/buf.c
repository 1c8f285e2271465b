#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { FIRST_SIZE = 256 };

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void buf_done(struct buf *buf)
{
	free(buf->at);
	*buf = (struct buf){ 0 };
}

void buf_reset(struct buf *buf, size_t keep)
{
	if (buf->size > keep) {
		free(buf->at);
		buf->at = NULL;
		buf->size = 0;
	}
	buf->n = 0;
	buf->failed = false;
	if (buf->at)
		buf->at[0] = '\0';
}

void *buf_room(struct buf *buf, size_t n)
{
	if (buf->failed || n > buf->max - buf->n) {
		buf->failed = true;
		return NULL;
	}
	if (buf->n + n + 1 > buf->size) {
		size_t size = buf->size ? buf->size : FIRST_SIZE;

		while (size < buf->n + n + 1)
			size *= 2;
		buf->at = mem_realloc(buf->at, size);
		buf->size = size;
	}
	return buf->at + buf->n;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
	char *room = buf_room(buf, n);

	if (!room)
		return;
	if (n)
		memcpy(room, bytes, n);
	buf->n += n;
	buf->at[buf->n] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_addu(struct buf *buf, uint64_t number)
{
	char digits[STR_U64_MAX];

	buf_add(buf, digits, str_from_u64(digits, number));
}

void buf_addi(struct buf *buf, int64_t number)
{
	if (number < 0)
		buf_addc(buf, '-');
	buf_addu(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void buf_vaddf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	char *room = buf_room(buf, (size_t)n);
	if (room) {
		vsnprintf(room, (size_t)n + 1, fmt, again);
		buf->n += (size_t)n;
	}
	va_end(again);
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vaddf(buf, fmt, args);
	va_end(args);
}

void buf_eat(struct buf *buf, size_t n)
{
	assert(n <= buf->n);
	if (n == 0)
		return;
	memmove(buf->at, buf->at + n, buf->n - n);
	buf->n -= n;
	buf->at[buf->n] = '\0';
}

void buf_cut(struct buf *buf, size_t n)
{
	assert(n <= buf->n);
	buf->n = n;
	if (buf->at)
		buf->at[n] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void buf_add_unhex(struct buf *buf, const char *digits, size_t n)
{
	char *room = buf_room(buf, n);

	for (size_t i = 0; room && i < n; i++) {
		int high = digit_value(digits[2 * i]);
		int low = digit_value(digits[2 * i + 1]);

		if (high < 0 || low < 0) {
			buf->failed = true;
			return;
		}
		room[i] = (char)(high << 4 | low);
	}
	if (!room)
		return;
	buf->n += n;
	buf->at[buf->n] = '\0';
}

const char *buf_str(const struct buf *buf)
{
	return buf->at ? buf->at : "";
}
