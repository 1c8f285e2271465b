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
	DIGITS_SMALL_END = 1000,
};

/* Of each number: up to three digits, the first in the lowest byte, and in the
 * top byte how many. Ids of stores, attributes and groups, flags, quantities
 * and most prices are that small. */
extern const uint32_t digits_small[DIGITS_SMALL_END];

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
 * n / 100 up to 43698, n * 103 >> 10 is n / 10 up to 178; then the quotient
 * stays where it is and what is left goes up: n << k minus the quotient times
 * (divisor << k) - 1. */
static inline uint64_t digits_spread(uint32_t number)
{
	const uint64_t two_parts = UINT64_C(0x7f0000007f);
	const uint64_t four_parts = UINT64_C(0x000f000f000f000f);
	uint64_t high = number / 10000;
	uint64_t fours =
		((uint64_t)number << 32) - high * ((UINT64_C(10000) << 32) - 1);
	uint64_t hundreds = fours * 10486 >> 20 & two_parts;
	uint64_t twos = (fours << 16) - hundreds * ((100 << 16) - 1);
	uint64_t tens = twos * 103 >> 10 & four_parts;

	return (twos << 8) - tens * ((10 << 8) - 1);
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

/* As many digits as a number below DIGITS_WORD_END has; the end. */
static inline char *digits_lead(char *out, uint32_t number)
{
	const uint64_t last = UINT64_C(1) << 56; /* zero is one digit */
	uint64_t spread;

	if (number < DIGITS_SMALL_END) {
		uint32_t text = digits_small[number];

		memcpy(out, &text, sizeof(text));
		return out + (text >> 24);
	}
	spread = digits_spread(number);
	return digits_store(out, spread,
			    (unsigned)__builtin_ctzll(spread | last) / 8);
}

/* As digits_put(); apart, because numbers so long are rare. */
__attribute__((noinline)) static char *digits_put_long(char *out,
						       uint64_t number)
{
	const uint64_t end = DIGITS_WORD_END;

	if (number < end * end) {
		out = digits_lead(out, (uint32_t)(number / end));
	} else {
		out = digits_lead(out, (uint32_t)(number / end / end));
		out = digits_fixed(out, DIGITS_WORD,
				   (uint32_t)(number / end % end));
	}
	return digits_fixed(out, DIGITS_WORD, (uint32_t)(number % end));
}

/* As many digits as the number has, at most 20; the end. */
static inline char *digits_put(char *out, uint64_t number)
{
	if (number < DIGITS_WORD_END)
		return digits_lead(out, (uint32_t)number);
	return digits_put_long(out, number);
}

#endif
