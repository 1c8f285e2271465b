/* fold_keys COLLATION: a text per line, in hexadecimal, in; its key, likewise,
 * out. For the tests against servers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fold.h"

static size_t bytes_of(const char *hex, char *out, size_t room)
{
	size_t n = 0;
	unsigned byte;

	while (n < room && sscanf(hex, "%2x", &byte) == 1) {
		out[n++] = (char)byte;
		hex += 2;
	}
	return n;
}

int main(int argc, char **argv)
{
	enum fold fold = argc == 2 ? fold_of(argv[1]) : FOLD_UNKNOWN;
	char *line = NULL;
	size_t room = 0;

	if (fold == FOLD_UNKNOWN)
		return 2;
	while (getline(&line, &room, stdin) > 0) {
		char text[4096], key[FOLD_KEY_MAX];
		size_t n = bytes_of(line, text, sizeof(text));

		n = fold_key(fold, (struct str){ text, n }, key);
		for (size_t i = 0; i < n; i++)
			printf("%02x", (unsigned char)key[i]);
		putchar('\n');
	}
	free(line);
	return 0;
}
