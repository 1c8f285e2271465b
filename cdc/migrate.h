/* The target's schema: migrations, embedded at build time from migrations/.
 *
 * Forward only, in order, each in a transaction of its own together with its
 * row in ficus.migrations (version, name, checksum, applied_at). A session
 * advisory lock keeps two programs from migrating at once; whoever comes
 * second finds nothing left to do. */
#ifndef CDC_MIGRATE_H
#define CDC_MIGRATE_H

#include <stddef.h>

#include "base/defs.h"

struct err;
struct pg;

struct migration {
	unsigned version; /* from 1, without gaps */
	const char *name;
	const char *sql; /* NUL-terminated */
	size_t n;
};

extern const struct migration migrations[];
extern const size_t migration_count;

/* Apply what is missing. `schema` (NULL: public) is where the records go, the
 * connection's search_path too, and is made if need be. *applied (may be NULL)
 * is the number of migrations run.
 *
 * ERR_OPERATOR: a migration was changed after it had been applied, or the
 * database has one that this program does not know. */
int migrate_run(struct pg *pg, const char *schema, size_t *applied,
		struct err *err) MUST_CHECK;
/* How many are missing; the same refusals. Changes nothing. */
int migrate_pending(struct pg *pg, size_t *pending, struct err *err) MUST_CHECK;

#endif
