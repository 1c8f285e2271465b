/* The plan: which chunks a bootstrap consists of.
 *
 * A family is a root table with the mapped tables that hang on its key. A
 * chunk is a range of that key; the first and the last range are open, so
 * that rows without a root, and rows made while we read, fall into one. Kept
 * in ficus.chunks. */
#ifndef CDC_PLAN_H
#define CDC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "transform/mapping.h"

struct err;
struct pg;
struct schema;
struct source;

struct chunk_range {
	int64_t id;	    /* ficus.chunks.id */
	const char *family; /* borrowed from the mapping */
	bool has_from, has_to;
	int64_t from, to; /* from ≤ key < to */
};

struct plan {
	struct chunk_range *chunks; /* owned; those not read yet */
	size_t count;
	size_t total; /* with those already read */
};

/* Cut the source into chunks and store them, inside the caller's target
 * transaction. */
int plan_make(struct source *source, const struct schema *schema,
	      const struct mapping *mapping, struct pg *pg,
	      struct err *err) MUST_CHECK;
int plan_load(struct pg *pg, const struct mapping *mapping, struct plan *ret,
	      struct err *err) MUST_CHECK;
void plan_done(struct plan *plan);

/* Name of the column that is the key of a table alone; ERR_CONFIG if it has
 * none or several. */
int plan_key_column(const struct schema *schema, const char *table,
		    const char **ret, struct err *err) MUST_CHECK;

#endif
