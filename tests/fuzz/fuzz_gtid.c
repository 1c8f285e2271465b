/* GTID sets and positions, from text and from bytes: what is accepted reads
 * back as itself. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/reader.h"
#include "cdc/binlog/gtid_set.h"
#include "cdc/binlog/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void from_text(struct str text)
{
	CLEANUP(position_done) struct position first = { 0 };
	CLEANUP(position_done) struct position second = { 0 };
	CLEANUP(buf_done) struct buf out;
	struct err err = { 0 };

	buf_init(&out, 1 << 24);
	if (position_parse(text, &first, &err))
		return;
	position_format(&first, &out);
	if (position_parse((struct str){ out.at, out.n }, &second, &err) ||
	    !position_equal(&first, &second))
		__builtin_trap();
}

static void from_bytes(const uint8_t *data, size_t size)
{
	CLEANUP(gtid_set_done) struct gtid_set first = { 0 };
	CLEANUP(gtid_set_done) struct gtid_set second = { 0 };
	CLEANUP(buf_done) struct buf out;
	struct reader r = reader_of(data, size);
	struct err err = { 0 };

	buf_init(&out, 1 << 24);
	if (gtid_set_decode(&first, &r, &err))
		return;
	gtid_set_encode(&first, &out);
	r = reader_of(out.at, out.n);
	if (gtid_set_decode(&second, &r, &err) ||
	    !gtid_set_equal(&first, &second) ||
	    gtid_set_missing(&first, &second) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		from_text((struct str){ (const char *)data, size });
	from_bytes(data, size);
	return 0;
}
