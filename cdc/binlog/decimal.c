#include "cdc/binlog/decimal.h"

#include <string.h>

#include "cdc/binlog/digits.h"

enum { GROUP_DIGITS = 9, GROUP_BYTES = 4, GROUP_END = 1000000000 };
#define GROUP_WORD (UINT64_C(1) << 32)

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

static const uint32_t ends[GROUP_DIGITS + 1] = {
	1,	10,	 100,	   1000,      10000,
	100000, 1000000, 10000000, 100000000, GROUP_END,
};

struct cursor {
	const uint8_t *at;
	uint32_t flip; /* all bits for a negative number */
	uint32_t sign; /* the top bit, until it has been taken off */
	uint32_t any;  /* bits of any group: is it zero? */
	bool failed;
};

/* Whatever its width, four bytes that end with the group are loaded. */
static inline uint32_t next_group(struct cursor *c, unsigned digits)
{
	unsigned n = bytes_of[digits];
	unsigned unused = 8 * (GROUP_BYTES - n);
	uint32_t value;

	c->at += n;
	memcpy(&value, c->at - GROUP_BYTES, sizeof(value));
	/* A little-endian machine: value.c. */
	value = (__builtin_bswap32(value) ^ c->flip) << unused;
	value = (value ^ c->sign) >> unused;
	c->sign = 0;
	c->any |= value;
	c->failed |= value >= ends[digits];
	return value;
}

static inline char *put_nine(char *out, uint32_t value)
{
	*out = (char)('0' + value / DIGITS_WORD_END);
	return digits_fixed(out + 1, DIGITS_WORD, value % DIGITS_WORD_END);
}

/* The incomplete group leads; zeros in front are left out. */
static inline char *put_whole(struct cursor *c, unsigned digits, char *out)
{
	unsigned first = digits % GROUP_DIGITS, nines = digits / GROUP_DIGITS;
	uint64_t number = first ? next_group(c, first) : 0;

	for (; nines && number < GROUP_END; nines--)
		number = number * GROUP_END + next_group(c, GROUP_DIGITS);
	out = digits_put(out, number);
	for (; nines; nines--)
		out = put_nine(out, next_group(c, GROUP_DIGITS));
	return out;
}

/* Here it trails. */
static inline char *put_fraction(struct cursor *c, unsigned digits, char *out)
{
	unsigned last = digits % GROUP_DIGITS;

	*out++ = '.';
	for (unsigned left = digits / GROUP_DIGITS; left; left--)
		out = put_nine(out, next_group(c, GROUP_DIGITS));
	return last ? digits_fixed(out, last, next_group(c, last)) : out;
}

size_t decimal_format(const uint8_t *at, unsigned precision, unsigned scale,
		      char out[DECIMAL_TEXT_MAX])
{
	const uint32_t sign = UINT32_C(1) << 31;
	bool negative = at[0] < 0x80;
	struct cursor c = { .at = at,
			    .flip = negative ? UINT32_MAX : 0,
			    .sign = sign };

	*out = '-';
	char *end = put_whole(&c, precision - scale, out + negative);
	if (scale)
		end = put_fraction(&c, scale, end);
	if (c.failed)
		return 0;
	if (negative && !c.any) /* no zero has a sign */
		memmove(out, out + 1, (size_t)(--end - out));
	return (size_t)(end - out);
}

bool decimal_shape_of(unsigned precision, unsigned scale,
		      struct decimal_shape *ret)
{
	unsigned whole = precision - scale;
	bool nine = whole >= GROUP_DIGITS;
	size_t whole_bytes = part_width(whole), end = whole_bytes;

	if (whole == 0 || whole > 2 * GROUP_DIGITS || scale == 0 ||
	    scale > DIGITS_WORD)
		return false;
	end += bytes_of[scale];
	*ret = (struct decimal_shape){
		.lead_end = ends[nine ? whole - GROUP_DIGITS : whole],
		.fraction_end = ends[scale],
		.lead_weight = nine ? (uint32_t)(GROUP_WORD - GROUP_END) : 0,
		.lead_shift = nine ? 32 : 0,
		.whole_bytes = (uint8_t)whole_bytes,
		.whole_unused = (uint8_t)(64 - 8 * whole_bytes),
		.end_bytes = (uint8_t)end,
		.fraction_unused = (uint8_t)(64 - 8 * bytes_of[scale]),
		.scale = (uint8_t)scale,
	};
	return true;
}

/* The eight bytes in front of `end`, without what is before the part. */
static inline uint64_t load_part(const uint8_t *end, uint64_t flip,
				 uint64_t sign, unsigned unused)
{
	uint64_t word;

	memcpy(&word, end - sizeof(word), sizeof(word));
	word = (__builtin_bswap64(word) ^ flip) << unused;
	return (word ^ sign) >> unused;
}

size_t decimal_format_shape(const uint8_t *at,
			    const struct decimal_shape *shape, char *out)
{
	bool negative = at[0] < 0x80;
	uint64_t flip = negative ? UINT64_MAX : 0;
	uint64_t whole = load_part(at + shape->whole_bytes, flip,
				   UINT64_C(1) << 63, shape->whole_unused);
	uint64_t fraction = load_part(at + shape->end_bytes, flip, 0,
				      shape->fraction_unused);
	uint64_t lead = whole >> shape->lead_shift;

	if (lead >= shape->lead_end || fraction >= shape->fraction_end ||
	    whole - (lead << shape->lead_shift) >= GROUP_END)
		return 0;
	whole -= lead * shape->lead_weight;
	*out = '-';
	char *end = digits_put(out + negative, whole);
	*end = '.';
	end = digits_fixed(end + 1, shape->scale, (uint32_t)fraction);
	if (negative && !(whole | fraction)) /* no zero has a sign */
		memmove(out, out + 1, (size_t)(--end - out));
	return (size_t)(end - out);
}
