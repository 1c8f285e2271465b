/* A growing run of bytes with a stated maximum.
 *
 * Failure is sticky: a write that would pass `max` is not done, sets
 * `failed`, and so do all writes after it. Build the whole text, test once.
 * The buffer owns its bytes; buf_done() frees them. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *at;    /* owned; NUL-terminated once anything was written */
	size_t n;    /* bytes used, without the NUL */
	size_t size; /* bytes allocated */
	size_t max;  /* n never passes it */
	bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);
/* Forget the content; memory above `keep` bytes is given back. */
void buf_reset(struct buf *buf, size_t keep);

void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char c);
void buf_addu(struct buf *buf, uint64_t number); /* decimal */
void buf_addi(struct buf *buf, int64_t number);	 /* decimal */
void buf_addf(struct buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *buf, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Room for n more bytes at the end, to be written by the caller, who then
 * adds to buf->n. NULL, and failed, past max. */
void *buf_room(struct buf *buf, size_t n);
/* Drop n bytes from the front. */
void buf_eat(struct buf *buf, size_t n);
/* Only the first n bytes stay; n is at most what there is. */
void buf_cut(struct buf *buf, size_t n);
/* The bytes that 2 * n hexadecimal digits stand for; `failed` when they are
 * none. */
void buf_add_unhex(struct buf *buf, const char *digits, size_t n);

const char *buf_str(const struct buf *buf); /* "" when empty */

#endif
