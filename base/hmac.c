#include "base/hmac.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

void hmac_hex(struct str key, struct str text, char out[HMAC_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert(key.n > 0 && key.n <= INT_MAX);
	/* Fails for want of memory only, as all others do. */
	if (!HMAC(EVP_sha256(), key.at, (int)key.n,
		  (const unsigned char *)text.at, text.n, digest, &n))
		abort();
	assert(n * 2 == HMAC_HEX);
	str_hex(out, digest, n);
}
