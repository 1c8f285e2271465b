/* bootstrap.since: which roots are copied (mapping.h: since, bound).
 *
 * Judged by the row image; what hangs on a root is judged where the roots are
 * (cdc/members.h). Times are "2024-01-31 10:00:00" in UTC on both sides, so
 * that they compare as text; NULL is no old time. Part of a binding. */
#ifndef TRANSFORM_SINCE_H
#define TRANSFORM_SINCE_H

#include "base/defs.h"
#include "transform/value.h"

struct err;
struct mapping_table;
struct table_def;

enum since_says {
	SINCE_IN,
	SINCE_OUT,
	SINCE_UNKNOWN, /* the image lacks the column */
};

struct since {
	int from;	   /* source ordinal; -1: all are copied */
	const char *bound; /* borrowed from the mapping */
};

/* wanted: gets the column's bit. ERR_CONFIG: the source has no such column. */
int since_bind(struct since *since, const struct mapping_table *table,
	       const struct table_def *def, uint8_t *wanted,
	       struct err *err) MUST_CHECK;
enum since_says since_judge(const struct since *since, const struct value *row);

#endif
