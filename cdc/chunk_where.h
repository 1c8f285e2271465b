/* Which rows of a table a chunk has: a range of root keys, and of those roots
 * what bootstrap.since lets in. */
#ifndef CDC_CHUNK_WHERE_H
#define CDC_CHUNK_WHERE_H

#include "base/defs.h"

struct buf;
struct chunk_range;
struct err;
struct mapping;
struct mapping_table;
struct schema;

/* SQL behind "from `table` t". Rows whose link is NULL belong to the first
 * range. */
int chunk_where(struct buf *sql, const struct mapping *mapping,
		const struct schema *schema, const struct mapping_table *table,
		const struct chunk_range *range, struct err *err) MUST_CHECK;

#endif
