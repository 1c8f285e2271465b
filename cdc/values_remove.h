/* All values of one value table go away (it was truncated or dropped): its
 * attributes leave the values records, and records without any left go too. */
#ifndef CDC_VALUES_REMOVE_H
#define CDC_VALUES_REMOVE_H

#include "base/defs.h"

struct err;
struct mapping_table;
struct pg;

/* table: an EAV one. By the attributes the target has now. */
int values_remove(struct pg *pg, const struct mapping_table *table,
		  struct err *err) MUST_CHECK;

#endif
