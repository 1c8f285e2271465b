#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str str_of(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool str_eqs(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

bool str_ieqs(struct str a, const char *text)
{
	return a.n == strlen(text) &&
	       (a.n == 0 || strncasecmp(a.at, text, a.n) == 0);
}

bool str_starts(struct str a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && (n == 0 || memcmp(a.at, prefix, n) == 0);
}

bool str_ends(struct str a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.n >= n && (n == 0 || memcmp(a.at + a.n - n, suffix, n) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str a)
{
	while (a.n && is_blank(a.at[0])) {
		a.at++;
		a.n--;
	}
	while (a.n && is_blank(a.at[a.n - 1]))
		a.n--;
	return a;
}

struct str str_split(struct str *rest, char sep)
{
	struct str head = *rest;
	const char *found = rest->n ? memchr(rest->at, sep, rest->n) : NULL;

	if (!found) {
		*rest = (struct str){ 0 };
		return head;
	}
	head.n = (size_t)(found - head.at);
	*rest = (struct str){ found + 1, rest->n - head.n - 1 };
	return head;
}

bool str_to_u64(struct str a, uint64_t *ret)
{
	uint64_t value = 0;

	if (a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (a.at[i] < '0' || a.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(a.at[i] - '0'),
					   &value))
			return false;
	}
	*ret = value;
	return true;
}

bool str_to_i64(struct str a, int64_t *ret)
{
	uint64_t value;

	if (a.n == 0)
		return false;

	bool negative = a.at[0] == '-';
	struct str digits = { a.at + negative, a.n - negative };
	if (!str_to_u64(digits, &value) ||
	    value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = (int64_t)(negative ? 0 - value : value);
	return true;
}

bool str_to_bool(struct str a, bool *ret)
{
	if (str_ieqs(a, "true") || str_ieqs(a, "yes") || str_ieqs(a, "on"))
		*ret = true;
	else if (str_ieqs(a, "false") || str_ieqs(a, "no") ||
		 str_ieqs(a, "off"))
		*ret = false;
	else
		return false;
	return true;
}

size_t str_from_u64(char digits[STR_U64_MAX], uint64_t number)
{
	char backward[STR_U64_MAX];
	size_t n = 0;

	do {
		backward[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (size_t i = 0; i < n; i++)
		digits[i] = backward[n - 1 - i];
	return n;
}

void str_hex(char *out, const void *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *in = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[in[i] >> 4];
		out[2 * i + 1] = hex[in[i] & 15];
	}
}

uint64_t str_hash(const void *bytes, size_t n)
{
	const uint8_t *in = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ in[i]) * 0x100000001b3u;
	/* FNV's high bits are weak for short keys: fold them in. */
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}
