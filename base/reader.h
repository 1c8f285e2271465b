/* A cursor over bytes it does not own, that cannot leave them.
 *
 * Failure is sticky: reading past the end gives zero or NULL, sets `failed`,
 * and every later read fails too. Decode a whole structure, then test. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at, *end; /* borrowed from the caller */
	bool failed;
};

static inline struct reader reader_of(const void *bytes, size_t n)
{
	const uint8_t *at = (const uint8_t *)bytes;

	return (struct reader){ .at = at, .end = at ? at + n : at };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The next n bytes, or NULL. */
static inline const uint8_t *reader_bytes(struct reader *r, size_t n)
{
	const uint8_t *bytes = r->at;

	if (__builtin_expect(r->failed || n > reader_left(r), 0)) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return bytes;
}

/* Little-endian unsigned integer of 0 to 8 bytes. */
static inline uint64_t reader_le(struct reader *r, size_t width)
{
	const uint8_t *bytes = reader_bytes(r, width);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

/* Big-endian unsigned integer of 0 to 8 bytes. */
static inline uint64_t reader_be(struct reader *r, size_t width)
{
	const uint8_t *bytes = reader_bytes(r, width);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* A reader of the next n bytes; failed if there are fewer. */
struct reader reader_sub(struct reader *r, size_t n);

/* MySQL's length-encoded integer; 0xfb (NULL) and 0xff are failures. */
uint64_t reader_lenenc(struct reader *r);

#endif
