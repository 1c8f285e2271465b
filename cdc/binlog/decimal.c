#include "cdc/binlog/decimal.h"

#include <string.h>

#include "cdc/binlog/digits.h"

enum { GROUP_DIGITS = 9, GROUP_BYTES = 4 };

/* Bytes that the digits of an incomplete group take. */
static const uint8_t bytes_of[GROUP_DIGITS + 1] = {
	0, 1, 1, 2, 2, 3, 3, 4, 4, 4
};

static size_t part_width(unsigned digits)
{
	return digits / GROUP_DIGITS * GROUP_BYTES +
	       bytes_of[digits % GROUP_DIGITS];
}

size_t decimal_width(unsigned precision, unsigned scale)
{
	if (precision == 0 || precision > DECIMAL_PRECISION_MAX ||
	    scale > DECIMAL_SCALE_MAX || scale > precision)
		return 0;
	return part_width(precision - scale) + part_width(scale);
}

struct cursor {
	const uint8_t *at;
	uint8_t flip; /* 0xff for a negative number */
	char *out;
	bool failed;
};

static void put_group(struct cursor *c, unsigned digits)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes_of[digits]; i++)
		value = value << 8 | (uint8_t)(*c->at++ ^ c->flip);
	c->failed |= digits_fixed(c->out, digits, value) != 0;
	c->out += digits;
}

static inline void put_nine(struct cursor *c)
{
	uint32_t value;

	memcpy(&value, c->at, sizeof(value));
	value = __builtin_bswap32(value); /* a little-endian machine: value.c */
	if (c->flip)
		value = ~value;
	c->failed |= digits_fixed(c->out, GROUP_DIGITS, value) != 0;
	c->at += GROUP_BYTES;
	c->out += GROUP_DIGITS;
}

/* In front of the point the incomplete group leads, behind it trails. */
static void put_integer(struct cursor *c, unsigned digits)
{
	if (digits % GROUP_DIGITS)
		put_group(c, digits % GROUP_DIGITS);
	for (unsigned i = 0; i < digits / GROUP_DIGITS; i++)
		put_nine(c);
}

static void put_fraction(struct cursor *c, unsigned digits)
{
	for (unsigned i = 0; i < digits / GROUP_DIGITS; i++)
		put_nine(c);
	if (digits % GROUP_DIGITS)
		put_group(c, digits % GROUP_DIGITS);
}

static bool is_zero(const char *digits, size_t n)
{
	while (n && digits[n - 1] == '0')
		n--;
	return n == 0;
}

size_t decimal_format(const uint8_t *at, size_t n, unsigned precision,
		      unsigned scale, char out[DECIMAL_TEXT_MAX])
{
	enum { SIGN = 0x80 };
	uint8_t bytes[(DECIMAL_PRECISION_MAX / GROUP_DIGITS + 2) * GROUP_BYTES];
	char digits[DECIMAL_PRECISION_MAX] = { 0 };
	unsigned whole = precision - scale, skip = 0;
	size_t width = decimal_width(precision, scale), used = 0;

	if (width == 0 || n != width || n > sizeof(bytes))
		return 0;
	memcpy(bytes, at, n);
	bytes[0] ^= SIGN;
	struct cursor c = { .at = bytes,
			    .flip = at[0] & SIGN ? 0 : 0xff,
			    .out = digits };
	put_integer(&c, whole);
	put_fraction(&c, scale);
	if (c.failed)
		return 0;
	while (skip < whole && digits[skip] == '0')
		skip++;
	if (c.flip && !is_zero(digits, precision))
		out[used++] = '-';
	if (skip == whole)
		out[used++] = '0';
	memcpy(out + used, digits + skip, whole - skip);
	used += whole - skip;
	if (scale == 0)
		return used;
	out[used++] = '.';
	memcpy(out + used, digits + whole, scale);
	return used + scale;
}
