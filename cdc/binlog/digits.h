/* Decimal digits, two at a time: most of what decoding a row does. */
#ifndef CDC_BINLOG_DIGITS_H
#define CDC_BINLOG_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* Exactly `width` digits, zeros in front; what does not fit is returned. */
static inline uint32_t digits_fixed(char *out, size_t width, uint32_t number)
{
	size_t at = width;

	while (at >= 2) {
		at -= 2;
		digits_two(out + at, number % 100);
		number /= 100;
	}
	if (at) {
		out[0] = (char)('0' + number % 10);
		number /= 10;
	}
	return number;
}

/* Up to `end`, which is not written; returns where the number begins. At
 * most 20 bytes. */
static inline char *digits_before(char *end, uint64_t number)
{
	while (number >= 100) {
		end -= 2;
		digits_two(end, (unsigned)(number % 100));
		number /= 100;
	}
	if (number >= 10) {
		end -= 2;
		digits_two(end, (unsigned)number);
		return end;
	}
	*--end = (char)('0' + number);
	return end;
}

#endif
