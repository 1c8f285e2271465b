#include "router/hash.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(struct sip *s, int n)
{
	while (n-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v2 = rotl(s->v2, 32);
	}
}

static void absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

uint64_t hash_sip(struct hash_key key, struct str bytes)
{
	struct sip s = {
		key.k0 ^ 0x736f6d6570736575u,
		key.k1 ^ 0x646f72616e646f6du,
		key.k0 ^ 0x6c7967656e657261u,
		key.k1 ^ 0x7465646279746573u,
	};
	uint64_t word = 0, last = (uint64_t)bytes.n << 56;
	size_t i = 0;

	for (; i + 8 <= bytes.n; i += 8) {
		memcpy(&word, bytes.at + i, 8);
		absorb(&s, le64toh(word));
	}
	for (size_t j = 0; i + j < bytes.n; j++)
		last |= (uint64_t)(unsigned char)bytes.at[i + j] << (8 * j);
	absorb(&s, last);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct hash_key hash_key_of(const char *secret)
{
	const struct hash_key fixed = { 0x6669637573206b31u,
					0x6669637573206b32u };
	struct hash_key swapped = { fixed.k1, fixed.k0 };
	struct str s = str_of(secret);

	if (s.n == 0)
		return fixed;
	return (struct hash_key){ hash_sip(fixed, s), hash_sip(swapped, s) };
}
