/* Lists of networks, as router.trusted_peers: "10.0.0.0/8,::1". */
#ifndef ROUTER_CIDR_H
#define ROUTER_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;

enum { CIDR_MAX = 64 };

struct cidr {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;	   /* 0 … 128 */
};

struct cidr_list {
	struct cidr entries[CIDR_MAX];
	size_t n;
};

/* Separated by commas; without a length the single address is meant. */
int cidr_list_parse(const char *text, struct cidr_list *ret,
		    struct err *err) MUST_CHECK;
/* An address that can't be read is in no list. */
bool cidr_list_has(const struct cidr_list *list, const char *address);

#endif
