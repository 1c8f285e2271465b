#include "transform/secret_name.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"

static const char *const words[] = {
	"password",
	"passwd",
	"passphrase",
	"passcode",
	"secret",
	"token",
	"hash",
	"credential",
	"private_key",
	"privatekey",
	"api_key",
	"apikey",
	"access_key",
	"crypt",
	"cvv",
	"cvc",
	"card_num",
	"cardnum",
	"card_no",
	"iban",
	"account_number",
	"two_factor",
	"session",
	"protect_code",
	"confirmation",
	"remote_ip",
	"forwarded_for",
	"additional_information",
	"additional_data",
};

bool secret_name(const char *column)
{
	if (strncasecmp(column, "cc_", 3) == 0 ||
	    strncasecmp(column, "echeck_", 7) == 0)
		return true;
	for (size_t i = 0; i < LENGTH(words); i++)
		if (strcasestr(column, words[i]))
			return true;
	return false;
}
