/* MySQL's packed decimal: nine digits in four bytes, big-endian, sign in the
 * top bit, negative numbers with all bytes turned over (strings/decimal.cc). */
#ifndef CDC_BINLOG_DECIMAL_H
#define CDC_BINLOG_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Of a column 65; JSON has the digits before the point in whole
	 * groups of nine. */
	DECIMAL_PRECISION_MAX = 81,
	DECIMAL_SCALE_MAX = 30,
	/* what is written: sign, a zero before the point, the point; what
	 * digits.h writes behind the text */
	DECIMAL_TEXT_EXTRA = 3 + 8,
	DECIMAL_TEXT_MAX = DECIMAL_PRECISION_MAX + DECIMAL_TEXT_EXTRA,
};

/* 0: no such type. */
size_t decimal_width(unsigned precision, unsigned scale);

/* A type of at most 18 digits before the point and 1 to 8 behind it, which is
 * nearly all there are: each part is read in one load. */
struct decimal_shape {
	uint32_t lead_end;     /* what leads the whole part is below */
	uint32_t fraction_end; /* and the fraction below this */
	uint32_t lead_weight;  /* less than the place in the word says */
	uint8_t lead_shift;    /* where in the word a group of nine ends */
	uint8_t whole_bytes, whole_unused;  /* bytes; bits of a word */
	uint8_t end_bytes, fraction_unused; /* bytes of both parts; bits */
	uint8_t scale;
};

/* False: the type is not of that kind. */
bool decimal_shape_of(unsigned precision, unsigned scale,
		      struct decimal_shape *ret);
/* As decimal_format(); eight bytes in front are read. */
size_t decimal_format_shape(const uint8_t *at,
			    const struct decimal_shape *shape, char *out);

/* Exact text with `scale` digits behind the point, in precision +
 * DECIMAL_TEXT_EXTRA bytes of room. `at` has decimal_width() bytes, which is
 * not 0; up to three bytes in front of them are read too, and not used.
 * Returns the text's length; 0 when the bytes are no number. */
size_t decimal_format(const uint8_t *at, unsigned precision, unsigned scale,
		      char out[DECIMAL_TEXT_MAX]);

#endif
