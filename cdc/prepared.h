/* The store of rows that wait (struct group_store), in the target: table
 * ficus.prepared, written in the same transaction as the checkpoint, so that
 * it holds what was prepared and not decided as of the position, whoever reads
 * on from there.
 *
 * A run is gathered in memory up to PREPARED_PART_BYTES and then written part
 * by part; it is read the same way. A short run behind a savepoint never
 * reaches the target. One thread owns it, that of the applier. */
#ifndef CDC_PREPARED_H
#define CDC_PREPARED_H

#include <stdint.h>

#include "base/defs.h"

struct apply;
struct err;
struct group_store;
struct pg;
struct prepared;

enum { PREPARED_PART_BYTES = 256 * 1024 };

/* `apply` is borrowed. */
struct prepared *prepared_new(struct apply *apply);
void prepared_free(struct prepared *prepared); /* NULL is fine */
/* How many wait as of the checkpoint; any connection will do. */
int prepared_load(struct prepared *prepared, struct pg *pg,
		  struct err *err) MUST_CHECK;
const struct group_store *prepared_store(const struct prepared *prepared);

/* The open source transaction is complete, or did not happen. */
void prepared_end(struct prepared *prepared);
void prepared_abandon(struct prepared *prepared);
/* XA transactions that wait, as of the last prepared_end(). */
int64_t prepared_count(const struct prepared *prepared);

#endif
