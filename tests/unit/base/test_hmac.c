#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "base/hmac.h"

/* RFC 4231, cases 2 and 6. */
TEST(known_answers)
{
	char hex[HMAC_HEX], key[131];

	hmac_hex(STR("Jefe"), STR("what do ya want for nothing?"), hex);
	assert_memory_equal(hex,
			    "5bdcc146bf60754e6a042426089575c7"
			    "5a003f089d2739839dec58b964ec3843",
			    HMAC_HEX);
	memset(key, 0xaa, sizeof(key));
	hmac_hex((struct str){ key, sizeof(key) },
		 STR("Test Using Larger Than Block-Size Key - Hash Key First"),
		 hex);
	assert_memory_equal(hex,
			    "60e431591ee0b67f0d8a26aacbf5b77f"
			    "8e0bc6213728c5140546040f0ee37f54",
			    HMAC_HEX);
}

RUN(CASE(known_answers))
