/* UTF-8, checked strictly: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Decode the first character. Returns the number of its bytes, 1 to 4, or 0
 * when the text is empty or does not begin with a character; *ret changes
 * only on success. */
size_t utf8_next(struct str text, uint32_t *ret);

bool utf8_valid(struct str text);

#endif
