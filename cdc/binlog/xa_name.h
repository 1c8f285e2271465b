/* The name of an XA transaction as text, in the one form we compare and keep:
 * gtrid and bqual in lower-case hexadecimal, then the format's number.
 *
 *     X'6f726465722d37',X'',1
 *
 * Statements in the log have that form already; what a person or another
 * server may write ('a', "a", 0x61; bqual and format left out) is taken too. */
#ifndef CDC_BINLOG_XA_NAME_H
#define CDC_BINLOG_XA_NAME_H

#include <stdbool.h>

#include "base/str.h"

struct buf;
struct xid;

enum { XA_NAME_MAX = 2 * (2 * 64 + 3) + 2 + 10 };

/* Both append. xa_name_parse(): false, and nothing appended, for what names
 * no XA transaction; what stands behind the name (ONE PHASE) is not read. */
void xa_name_format(const struct xid *xid, struct buf *out);
bool xa_name_parse(struct str text, struct buf *out);

#endif
