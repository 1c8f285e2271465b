#include "base/utf8.h"

/* Bytes a character has by its first byte; 0: no character begins so. */
static size_t length_by_first(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_next(struct str text, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (text.n == 0)
		return 0;

	unsigned char first = (unsigned char)text.at[0];
	size_t n = length_by_first(first);
	if (n == 0 || n > text.n)
		return 0;

	uint32_t code = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)text.at[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (next & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return n;
}

bool utf8_valid(struct str text)
{
	while (text.n) {
		uint32_t code;
		size_t n = utf8_next(text, &code);

		if (n == 0)
			return false;
		text = (struct str){ text.at + n, text.n - n };
	}
	return true;
}
