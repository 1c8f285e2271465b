/* FLOAT and DOUBLE as SELECT prints them: of a DOUBLE the fewest digits that
 * read back as the same number, of a FLOAT six at most (so that it need not
 * read back), laid out as MySQL does (no exponent from 1e-14 to 1e15). */
#ifndef CDC_BINLOG_FLOATING_H
#define CDC_BINLOG_FLOATING_H

#include <stdbool.h>
#include <stddef.h>

enum {
	FLOATING_TEXT_MAX = 40,
	FLOATING_PLACES_MAX = 30,
	FLOATING_FIXED_MAX = 352, /* sign, 309 digits, point, places */
};

/* False for NaN and infinity, which no column holds. */
bool floating_double(double number, char out[FLOATING_TEXT_MAX], size_t *ret_n);
bool floating_float(float number, char out[FLOATING_TEXT_MAX], size_t *ret_n);

/* FLOAT(M,D) and DOUBLE(M,D): D places, but no digits beyond those that tell
 * the number from its neighbours. */
bool floating_fixed(double number, unsigned places,
		    char out[FLOATING_FIXED_MAX], size_t *ret_n);

#endif
