#include "cdc/binlog/payload.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/err.h"
#include "cdc/binlog/event.h"

enum field {
	FIELD_END = 0, /* without a length */
	FIELD_SIZE = 1,
	FIELD_COMPRESSION = 2,
	FIELD_UNCOMPRESSED = 3,
};

struct fields {
	uint64_t size, compression, uncompressed;
	bool has_size;
};

static void read_fields(struct reader *r, struct fields *fields)
{
	while (!r->failed) {
		uint64_t field = reader_lenenc(r);

		if (field == FIELD_END)
			return;
		struct reader value = reader_sub(r, reader_lenenc(r));
		if (field == FIELD_SIZE) {
			fields->size = reader_lenenc(&value);
			fields->has_size = true;
		} else if (field == FIELD_COMPRESSION) {
			fields->compression = reader_lenenc(&value);
		} else if (field == FIELD_UNCOMPRESSED) {
			fields->uncompressed = reader_lenenc(&value);
		}
		r->failed |= value.failed;
	}
}

int payload_parse(const struct event *event, struct payload *ret,
		  struct err *err)
{
	struct reader r = event->body;
	struct fields fields = { 0 };

	read_fields(&r, &fields);
	if (r.failed || !fields.has_size || fields.size != reader_left(&r))
		return err_set(err, ERR_CORRUPT,
			       "transaction payload of %" PRIu32
			       " bytes: malformed",
			       event->size);
	if (fields.compression != PAYLOAD_ZSTD &&
	    fields.compression != PAYLOAD_NONE)
		return err_set(err, ERR_OPERATOR,
			       "transaction payload: compression %" PRIu64
			       " is not known: set"
			       " binlog_transaction_compression=OFF",
			       fields.compression);
	*ret = (struct payload){
		.compression = (enum payload_compression)fields.compression,
		.uncompressed = fields.uncompressed,
		.bytes = r,
	};
	return 0;
}
