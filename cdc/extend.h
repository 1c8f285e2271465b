/* What the mapping wants of the target (mapping_wish.h) is made there.
 *
 * Runs behind the migrations, with the same right to be repeated: tables and
 * columns that are there stay as they are, whatever their type. When there is
 * a copy already, what is new in it is asked for from the source
 * (ficus.refetch). */
#ifndef CDC_EXTEND_H
#define CDC_EXTEND_H

#include <stddef.h>

#include "base/defs.h"

struct err;
struct mapping;
struct pg;

/* One target transaction. ERR_CONFIG, with the place in the mapping: a table
 * without a key, or a type that PostgreSQL does not know. */
int extend_target(struct pg *pg, const struct mapping *mapping,
		  struct err *err) MUST_CHECK;
/* How many tables and columns would be made. */
int extend_pending(struct pg *pg, const struct mapping *mapping, size_t *ret,
		   struct err *err) MUST_CHECK;

#endif
