/* HMAC-SHA-256, in lower-case hexadecimal. */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include "base/str.h"

enum { HMAC_HEX = 64 };

void hmac_hex(struct str key, struct str text, char out[HMAC_HEX]);

#endif
