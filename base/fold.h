/* Text as the source compares it: equal keys for what a collation holds for
 * equal, different keys for all else.
 *
 * A key is the collation's letter, a colon, and the characters' weights in
 * UTF-8; those of ASCII characters are written as these, in lower case:
 * "g:camiseta basica". Keys of different collations never meet, so that who
 * looks something up needs not know which the column has: he asks for the keys
 * of all. The tables are what servers answered (base/fold_generate.py). */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*	X(name, letter, table, PAD SPACE: blanks at the end don't count) */
#define FOLDS(X)                                                               \
	X(UNKNOWN, 'x', NONE, true) /* no table: the text itself */            \
	X(BINARY, 'b', NONE, true)                                             \
	X(BINARY_NOPAD, 'B', NONE, false)                                      \
	X(GENERAL, 'g', GENERAL, true)                                         \
	X(GENERAL_NOPAD, 'G', GENERAL, false)                                  \
	X(UNICODE, 'u', UNICODE, true)                                         \
	X(UNICODE_NOPAD, 'U', UNICODE, false)                                  \
	X(UCA900, '9', UCA900, false)

#define FOLD_ENUM(name, letter, table, pad) FOLD_##name,
enum fold { FOLD_NONE, FOLDS(FOLD_ENUM) FOLD_COUNT };
#undef FOLD_ENUM

enum { FOLD_KEY_MAX = 1024 }; /* bytes: two fit into a PostgreSQL index row */

/* By the collation's name, "utf8mb4_general_ci"; FOLD_UNKNOWN if there is no
 * table for it. */
enum fold fold_of(const char *collation);

/* The key of a UTF-8 text, not terminated, into `out` of FOLD_KEY_MAX bytes;
 * its length. 0: it would be longer, or the text is not UTF-8. */
size_t fold_key(enum fold fold, struct str text, char *out);

#endif
