/* A consistent view of the source, with a position beside it.
 *
 * Two kinds. A chunk's is just a snapshot and the head read after it: an
 * upper bound of what it shows. The bootstrap's first one is exact for the
 * metadata tables and a lower bound for all others: MariaDB gives the
 * snapshot's own position, MySQL is held still for those few tables while the
 * position is read (LOCK TABLES … READ, at most 2 s). */
#ifndef CDC_SNAPSHOT_H
#define CDC_SNAPSHOT_H

#include "base/defs.h"

struct err;
struct mapping;
struct position;
struct setup;
struct source;

/* `source` is in a snapshot afterwards; end it with source_exec("commit").
 * *ret is initialised and the caller's. */
int snapshot_begin(struct source *source, const char *mode,
		   struct position *ret, struct err *err) MUST_CHECK;
/* One that shows all that `applied` holds: a server sends a transaction before
 * it can be seen (the log is written before the engine commits). `file`: where
 * `applied` stands in the log ("mysql-bin.000007:1234"). ERR_IO: not within
 * half a second. */
int snapshot_begin_after(struct source *source, const struct position *applied,
			 const char *file, struct position *ret,
			 struct err *err) MUST_CHECK;
int snapshot_begin_exact(struct source *source, const struct setup *setup,
			 struct position *ret, struct err *err) MUST_CHECK;

#endif
