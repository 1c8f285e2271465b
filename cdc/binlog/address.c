/* Formats: MariaDB plugin/type_uuid/sql_type_uuid.h and
 * plugin/type_inet/sql_type_inet.cc; tested against the server. */
#include "cdc/binlog/address.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

enum { UUID_BYTES = 16, INET4_BYTES = 4, INET6_BYTES = 16, WORDS = 8 };

size_t address_width(enum address_kind kind)
{
	switch (kind) {
	case ADDRESS_UUID:
		return UUID_BYTES;
	case ADDRESS_INET4:
		return INET4_BYTES;
	case ADDRESS_INET6:
		return INET6_BYTES;
	case ADDRESS_NONE:
	default:
		return 0;
	}
}

static size_t format_uuid(const uint8_t *at, char *out)
{
	static const uint8_t widths[] = { 4, 2, 2, 2, 6 };
	size_t used = 0;

	for (size_t i = 0; i < sizeof(widths); at += widths[i++]) {
		if (i)
			out[used++] = '-';
		str_hex(out + used, at, widths[i]);
		used += 2u * widths[i];
	}
	return used;
}

static size_t format_inet4(const uint8_t *at, char *out)
{
	return (size_t)snprintf(out, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", at[0],
				at[1], at[2], at[3]);
}

/* The longest run of zero words, the first of equal ones. */
static void find_gap(const uint16_t *words, size_t *ret_at, size_t *ret_n)
{
	*ret_at = WORDS;
	*ret_n = 0;
	for (size_t i = 0, n = 0; i < WORDS; i++) {
		n = words[i] ? 0 : n + 1;
		if (n <= *ret_n)
			continue;
		*ret_n = n;
		*ret_at = i + 1 - n;
	}
}

static size_t format_inet6(const uint8_t *at, char *out)
{
	uint16_t words[WORDS];
	size_t gap, gap_n, used = 0;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = (uint16_t)(at[2 * i] << 8 | at[2 * i + 1]);
	find_gap(words, &gap, &gap_n);
	bool ipv4 =
		gap == 0 && (gap_n == 6 || (gap_n == 5 && words[5] == 0xffff));
	for (size_t i = 0; i < WORDS; i++) {
		if (i == gap) {
			/* The word before it has its colon already. */
			if (i == 0)
				out[used++] = ':';
			out[used++] = ':';
			i += gap_n - 1;
			continue;
		}
		if (ipv4 && i == 6)
			return used + format_inet4(at + 12, out + used);
		used += (size_t)snprintf(out + used, ADDRESS_TEXT_MAX - used,
					 i + 1 < WORDS ? "%x:" : "%x",
					 words[i]);
	}
	return used;
}

size_t address_format(enum address_kind kind, const uint8_t *at,
		      char out[ADDRESS_TEXT_MAX])
{
	switch (kind) {
	case ADDRESS_UUID:
		return format_uuid(at, out);
	case ADDRESS_INET4:
		return format_inet4(at, out);
	case ADDRESS_INET6:
		return format_inet6(at, out);
	case ADDRESS_NONE:
	default:
		return 0;
	}
}
