#include "base/reader.h"

struct reader reader_sub(struct reader *r, size_t n)
{
	const uint8_t *bytes = reader_bytes(r, n);

	if (!bytes)
		return (struct reader){ .failed = true };
	return reader_of(bytes, n);
}

uint64_t reader_lenenc(struct reader *r)
{
	uint64_t first = reader_le(r, 1);

	switch (first) {
	case 0xfb:
	case 0xff:
		r->failed = true;
		return 0;
	case 0xfc:
		return reader_le(r, 2);
	case 0xfd:
		return reader_le(r, 3);
	case 0xfe:
		return reader_le(r, 8);
	default:
		return first;
	}
}
