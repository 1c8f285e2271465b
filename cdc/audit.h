/* The audit: which source transactions a commit held (table ficus.audit).
 *
 * Embedded in the applier. Names are gathered as transactions end, written
 * with the commit they go into, and forgotten when it is done. */
#ifndef CDC_AUDIT_H
#define CDC_AUDIT_H

#include <stdint.h>

#include "base/defs.h"
#include "cdc/array.h"

struct err;
struct pg;

struct audit {
	struct array names, changes; /* one place per transaction */
	int64_t ordinal;	     /* of the last one committed */
};

void audit_init(struct audit *audit);
void audit_done(struct audit *audit);
/* Continues the numbers in the table. */
int audit_read(struct audit *audit, struct pg *pg, struct err *err) MUST_CHECK;
/* transaction: its GTID or file:offset; copied. */
void audit_add(struct audit *audit, const char *transaction, int64_t changes);
/* Queues the rows; seq is the checkpoint's. Nothing gathered, nothing queued.
 */
void audit_queue(struct audit *audit, struct pg *pg, int64_t seq);
/* What was queued is committed. */
void audit_committed(struct audit *audit);

#endif
