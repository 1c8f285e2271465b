/* Binary JSON of any bytes: text within its bound, or refused. */
#include "base/buf.h"
#include "base/defs.h"
#include "cdc/binlog/json_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf text;

	buf_init(&text, json_binary_text_max(size));
	(void)json_binary_format(data, size, &text);
	return 0;
}
