/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that clients can't
 * aim collisions at. Same result on every machine and in every version: flag
 * buckets and client keys of several routers must agree. */
#ifndef ROUTER_HASH_H
#define ROUTER_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct hash_key {
	uint64_t k0, k1;
};

/* From a secret of any length; the empty one gives a fixed key. */
struct hash_key hash_key_of(const char *secret);
uint64_t hash_sip(struct hash_key key, struct str bytes);

#endif
