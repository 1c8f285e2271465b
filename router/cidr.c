#include "router/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

/* Bits of the address's own family, 32 or 128; 0: no address. */
static unsigned address_parse(const char *text, uint8_t bytes[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET6, text, bytes) == 1)
		return 128;
	memcpy(bytes, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, bytes + 12) == 1 ? 32 : 0;
}

static bool entry_parse(struct str text, struct cidr *ret)
{
	struct str rest = text, host = str_split(&rest, '/');
	char address[INET6_ADDRSTRLEN];
	unsigned own;
	uint64_t bits;

	if (host.n == 0 || host.n >= sizeof(address))
		return false;
	memcpy(address, host.at, host.n);
	address[host.n] = '\0';
	own = address_parse(address, ret->bytes);
	bits = own;
	if (own == 0 || (rest.at && !str_to_u64(rest, &bits)) || bits > own)
		return false;
	ret->bits = (unsigned)bits + (128 - own);
	return true;
}

int cidr_list_parse(const char *text, struct cidr_list *ret, struct err *err)
{
	struct str rest = str_of(text);
	struct cidr_list list = { .n = 0 };

	while (rest.n > 0) {
		struct str one = str_trim(str_split(&rest, ','));

		if (one.n == 0)
			continue;
		if (list.n == CIDR_MAX)
			return err_set(err, ERR_CONFIG, "more than %d networks",
				       CIDR_MAX);
		if (!entry_parse(one, &list.entries[list.n++]))
			return err_set(err, ERR_CONFIG,
				       "\"%.*s\" is no network like 10.0.0.0/8",
				       (int)one.n, one.at);
	}
	*ret = list;
	return 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool cidr_list_has(const struct cidr_list *list, const char *address)
{
	uint8_t bytes[16];

	if (list->n == 0 || address_parse(address, bytes) == 0)
		return false;
	for (size_t i = 0; i < list->n; i++) {
		if (same_bits(list->entries[i].bytes, bytes,
			      list->entries[i].bits))
			return true;
	}
	return false;
}
