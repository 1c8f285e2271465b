/* Text: slices, strict numbers, and what the libc lacks or has unsafely. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that someone else owns; not NUL-terminated. */
struct str {
	const char *at;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *text); /* a NULL gives the empty slice */
bool str_eq(struct str a, struct str b);
bool str_eqs(struct str a, const char *text);
bool str_ieqs(struct str a, const char *text); /* ASCII case ignored */
bool str_starts(struct str a, const char *prefix);
bool str_ends(struct str a, const char *suffix);
struct str str_trim(struct str a); /* blanks and tabs on both sides */
/* The part before the first `sep`; *rest moves behind it. With no `sep` the
 * whole of *rest, which becomes empty with a NULL `at`. */
struct str str_split(struct str *rest, char sep);

/* Whole slice, decimal digits only, no sign for u64; false when out of range,
 * empty or anything else is in it. *ret changes only on success. */
bool str_to_u64(struct str a, uint64_t *ret);
bool str_to_i64(struct str a, int64_t *ret);
/* true/false, yes/no, on/off, in any case. */
bool str_to_bool(struct str a, bool *ret);

enum { STR_U64_MAX = 20 };
size_t str_from_u64(char digits[STR_U64_MAX], uint64_t number);

/* Lower-case hexadecimal; out has room for 2 * n bytes. */
void str_hex(char *out, const void *bytes, size_t n);

/* A 64-bit hash (FNV-1a, finished), stable between runs and machines. */
uint64_t str_hash(const void *bytes, size_t n);

#endif
