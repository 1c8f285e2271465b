/* Decimal digits, eight at a time in one word: most of what decoding a row
 * does. Whole words are written, so `out` has DIGITS_SLACK bytes more room than
 * the text needs. */
#ifndef CDC_BINLOG_DIGITS_H
#define CDC_BINLOG_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	DIGITS_WORD = 8,
	DIGITS_WORD_END = 100000000, /* the first number that needs more */
	DIGITS_SLACK = 8,
};

/* Exactly two digits of a number below 100. */
static inline void digits_two(char *out, unsigned number)
{
	static const char pairs[201] =
		"00010203040506070809101112131415161718192021222324"
		"25262728293031323334353637383940414243444546474849"
		"50515253545556575859606162636465666768697071727374"
		"75767778798081828384858687888990919293949596979899";

	memcpy(out, pairs + 2 * (size_t)number, 2);
}

/* The eight digits, as numbers, of one below DIGITS_WORD_END; the first is
 * the lowest byte. Halved three times, all parts at once: n * 10486 >> 20 is
 * n / 100 up to 43698, n * 103 >> 10 is n / 10 up to 178. */
static inline uint64_t digits_spread(uint32_t number)
{
	const uint64_t two_parts = UINT64_C(0x7f0000007f);
	const uint64_t four_parts = UINT64_C(0x000f000f000f000f);
	uint64_t fours = number / 10000 | (uint64_t)(number % 10000) << 32;
	uint64_t high = fours * 10486 >> 20 & two_parts;
	uint64_t twos = high | (fours - high * 100) << 16;
	uint64_t tens = twos * 103 >> 10 & four_parts;

	return tens | (twos - tens * 10) << 8;
}

/* From `skip` of the eight on; skip is below 8. */
static inline char *digits_store(char *out, uint64_t spread, unsigned skip)
{
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint64_t text = (spread | zeros) >> (8 * skip);

	memcpy(out, &text, sizeof(text));
	return out + DIGITS_WORD - skip;
}

/* Exactly `width` (1 to 8) digits of a number that has no more; the end. */
static inline char *digits_fixed(char *out, unsigned width, uint32_t number)
{
	return digits_store(out, digits_spread(number), DIGITS_WORD - width);
}

/* As many digits as the number has, at most 20; returns their end. */
static inline char *digits_put(char *out, uint64_t number)
{
	const uint64_t last = UINT64_C(1) << 56; /* zero is one digit */
	uint32_t rest[2];
	unsigned n = 0;

	for (; number >= DIGITS_WORD_END; number /= DIGITS_WORD_END)
		rest[n++] = (uint32_t)(number % DIGITS_WORD_END);

	uint64_t spread = digits_spread((uint32_t)number);
	out = digits_store(out, spread,
			   (unsigned)__builtin_ctzll(spread | last) / 8);
	while (n)
		out = digits_fixed(out, DIGITS_WORD, rest[--n]);
	return out;
}

#endif
