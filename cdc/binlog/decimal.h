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

/* Exact text with `scale` digits behind the point, in precision +
 * DECIMAL_TEXT_EXTRA bytes of room. `at` has decimal_width() bytes, which is
 * not 0; up to three bytes in front of them are read too, and not used.
 * Returns the text's length; 0 when the bytes are no number. */
size_t decimal_format(const uint8_t *at, unsigned precision, unsigned scale,
		      char out[DECIMAL_TEXT_MAX]);

#endif
