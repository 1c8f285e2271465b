/* Text of every character set (first two bytes: the collation): UTF-8 comes
 * out, whatever went in. */
#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct charset *charset;
	struct arena arena;
	struct value value = { 0 };

	if (size < 2)
		return 0;
	charset =
		charset_by_collation((uint32_t)(data[0] | data[1] << 8) % 3500);
	const struct charset_reader *reader =
		charset ? charset_reader(charset) : NULL;
	if (!reader)
		return 0;
	arena_init(&arena);
	struct value_sink sink = { .arena = &arena };
	(void)charset_read(reader, data + 2, size - 2, &sink, &value);
	if (value.kind == VALUE_TEXT &&
	    !utf8_valid((struct str){ value.at, value.n }))
		__builtin_trap();
	arena_done(&arena);
	return 0;
}
