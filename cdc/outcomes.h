/* What a statement that changes tables did to rows without logging them, by
 * table (schema_history.h finds it out): they are removed, or read again.
 * Embedded in a session; gathered while the statement is settled. */
#ifndef CDC_OUTCOMES_H
#define CDC_OUTCOMES_H

#include <stddef.h>

#include "base/defs.h"

struct apply;
struct err;
struct mapping_table;
struct schema;
struct transform;

struct outcome {
	const struct mapping_table *table;
	unsigned what; /* enum schema_outcome */
};

struct outcomes {
	struct outcome *all; /* owned */
	size_t count;
};

void outcomes_add(struct outcomes *outcomes, const struct mapping_table *table,
		  unsigned what);
void outcomes_done(struct outcomes *outcomes);
/* Into the target transaction that the statement's position will end; they
 * are forgotten. schema: the new one; NULL: it is still the old. */
int outcomes_apply(struct outcomes *outcomes, struct apply *apply,
		   struct transform *transform, const struct schema *schema,
		   struct err *err) MUST_CHECK;

#endif
