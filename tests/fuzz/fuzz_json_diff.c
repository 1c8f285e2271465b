/* A document (u16 length) and differences of any bytes: a text within its
 * bound, or refused. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/reader.h"
#include "cdc/binlog/json_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct reader r = reader_of(data, size);
	struct reader base = reader_sub(&r, reader_le(&r, 2));
	struct arena arena;

	if (r.failed)
		return 0;
	arena_init(&arena);
	buf_init(&text, json_diff_text_max(base, r));
	(void)!json_diff_format(base, r, &arena, &text);
	arena_done(&arena);
	return 0;
}
