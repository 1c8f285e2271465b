/* Where the copy stands (table ficus.checkpoint), as last committed. */
#ifndef CDC_CHECKPOINT_H
#define CDC_CHECKPOINT_H

#include <stdint.h>

#include "base/defs.h"

struct err;
struct pg;

struct checkpoint {
	int64_t seq, epoch, passed_ticket, transactions, changes;
	char *position;	     /* owned; canonical text (binlog/position.h) */
	char *file_position; /* owned; informational */
	char *source_id;     /* owned; identity of the server */
};

/* *found is 0 when there is none yet. */
int checkpoint_read(struct pg *pg, struct checkpoint *ret, int *found,
		    struct err *err) MUST_CHECK;
void checkpoint_done(struct checkpoint *checkpoint);

#endif
