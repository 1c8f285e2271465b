/* TRANSACTION_PAYLOAD: the header in front of a compressed transaction.
 *
 * Inside are the events of one transaction, BEGIN to XID, without checksums
 * and with log_pos 0; the GTID event stands before. This reads the header;
 * the bytes stay compressed. */
#ifndef CDC_BINLOG_PAYLOAD_H
#define CDC_BINLOG_PAYLOAD_H

#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct err;
struct event;

enum payload_compression { PAYLOAD_ZSTD = 0, PAYLOAD_NONE = 255 };

struct payload {
	enum payload_compression compression;
	/* What the server says; a hint, never a size to allocate. */
	uint64_t uncompressed;
	struct reader bytes; /* borrowed from the event */
};

/* ERR_CORRUPT when truncated, ERR_OPERATOR for another compression. */
int payload_parse(const struct event *event, struct payload *ret,
		  struct err *err) MUST_CHECK;

#endif
