/* Bytes that MariaDB compressed: the rest of an event (log_bin_compress), or
 * the value of a COMPRESSED column.
 *
 * A byte says how, then comes the length of what was there before, big-endian
 * in 1 to 4 bytes, then the compressed bytes:
 *
 *     event    0x80 | algorithm << 4 | bytes of the length
 *     column   0x80 | 8 without zlib's header | bytes of the length;
 *              or 0, and the bytes as they were
 *
 * Only zlib is known (algorithm 0). Sources: MariaDB sql/log_event.cc,
 * sql/field_comp.cc. */
#ifndef CDC_BINLOG_DEFLATED_H
#define CDC_BINLOG_DEFLATED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct buf;
struct err;
struct event;

struct deflated {
	uint32_t size;	     /* when expanded, it says: compare with a limit */
	bool plain;	     /* not compressed at all */
	bool bare;	     /* without zlib's header */
	struct reader bytes; /* borrowed */
};

/* False: no such header. */
bool deflated_parse_event(struct reader r, struct deflated *ret);
bool deflated_parse_column(struct reader r, struct deflated *ret);

/* Into `out`, which has room for in->size bytes. False: the bytes are not
 * compressed by that, or give another number of them. */
bool deflated_expand(const struct deflated *in, void *out) MUST_CHECK;

/* The rest of an event, appended to *out: ERR_CORRUPT, or ERR_OPERATOR when
 * it is larger than out->max allows. */
int deflated_read(const struct event *event, struct reader rest,
		  struct buf *out, struct err *err) MUST_CHECK;
/* The body that a QUERY_COMPRESSED would have as a QUERY, into *out. */
int deflated_query(const struct event *event, struct buf *out,
		   struct err *err) MUST_CHECK;

#endif
