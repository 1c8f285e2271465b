/* FLOAT and DOUBLE as text: the fewest digits that read back as the same
 * number, laid out as MySQL does (no exponent from 1e-14 to 1e15). */
#ifndef CDC_BINLOG_FLOATING_H
#define CDC_BINLOG_FLOATING_H

#include <stdbool.h>
#include <stddef.h>

enum { FLOATING_TEXT_MAX = 40 };

/* False for NaN and infinity, which no column holds. */
bool floating_double(double number, char out[FLOATING_TEXT_MAX], size_t *ret_n);
bool floating_float(float number, char out[FLOATING_TEXT_MAX], size_t *ret_n);

#endif
