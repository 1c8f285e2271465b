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
	uint32_t flip; /* all bits for a negative number */
	uint32_t sign; /* the top bit, until it has been taken off */
	uint32_t any;  /* bits of any group: is it zero? */
	bool failed;
};

static uint32_t load_be(const uint8_t *at, unsigned n)
{
	uint32_t value = 0;

	/* A little-endian machine: value.c. */
	if (n == sizeof(value)) {
		memcpy(&value, at, sizeof(value));
		return __builtin_bswap32(value);
	}
	for (unsigned i = 0; i < n; i++)
		value = value << 8 | at[i];
	return value;
}

static uint32_t next_group(struct cursor *c, unsigned digits)
{
	static const uint32_t ends[GROUP_DIGITS + 1] = {
		1,	10,	 100,	   1000,      10000,
		100000, 1000000, 10000000, 100000000, 1000000000,
	};
	unsigned n = bytes_of[digits];
	uint32_t value =
		load_be(c->at, n) ^ (c->flip ^ c->sign) >> (32 - 8 * n);

	c->at += n;
	c->sign = 0;
	c->any |= value;
	if (value < ends[digits])
		return value;
	c->failed = true;
	return 0;
}

static char *put_nine(char *out, uint32_t value)
{
	*out = (char)('0' + value / DIGITS_WORD_END);
	return digits_fixed(out + 1, DIGITS_WORD, value % DIGITS_WORD_END);
}

/* The incomplete group leads; zeros in front are left out. */
static char *put_whole(struct cursor *c, unsigned digits, char *out)
{
	unsigned first = digits % GROUP_DIGITS;
	uint32_t value = first ? next_group(c, first) : 0;

	for (unsigned left = digits / GROUP_DIGITS; left; left--) {
		if (value) {
			out = digits_put(out, value);
			while (left--)
				out = put_nine(out,
					       next_group(c, GROUP_DIGITS));
			return out;
		}
		value = next_group(c, GROUP_DIGITS);
	}
	return digits_put(out, value);
}

/* Here it trails. */
static char *put_fraction(struct cursor *c, unsigned digits, char *out)
{
	unsigned last = digits % GROUP_DIGITS;

	*out++ = '.';
	for (unsigned left = digits / GROUP_DIGITS; left; left--)
		out = put_nine(out, next_group(c, GROUP_DIGITS));
	return last ? digits_fixed(out, last, next_group(c, last)) : out;
}

size_t decimal_format(const uint8_t *at, size_t n, unsigned precision,
		      unsigned scale, char out[DECIMAL_TEXT_MAX])
{
	const uint32_t sign = UINT32_C(1) << 31;
	size_t width = decimal_width(precision, scale);
	char *end = out;

	if (width == 0 || n != width)
		return 0;
	bool negative = at[0] < 0x80;
	struct cursor c = { .at = at,
			    .flip = negative ? UINT32_MAX : 0,
			    .sign = sign };
	if (negative)
		*end++ = '-';
	end = put_whole(&c, precision - scale, end);
	if (scale)
		end = put_fraction(&c, scale, end);
	if (c.failed)
		return 0;
	if (negative && !c.any) /* no zero has a sign */
		memmove(out, out + 1, (size_t)(--end - out));
	return (size_t)(end - out);
}
