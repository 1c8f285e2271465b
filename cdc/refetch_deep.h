/* All that hangs on some rows of a family's root: part of refetch_read.c,
 * which reads the roots themselves.
 *
 * Each table of the family is read by its link, those that hang on another
 * table of it (mapping.h: via) by the keys that table has in the source. What
 * the copy has there and the source has not is judged as refetch_compare()
 * does: a row may have moved to another root, so it is asked for by its key. */
#ifndef CDC_REFETCH_DEEP_H
#define CDC_REFETCH_DEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct err;
struct mapping_table;
struct refetch_round;

/* keys: of the root, "5,7"; bytes_max: of the batch. *ret_cut: it was too much,
 * and is not all. */
int refetch_deep(struct refetch_round *round, const struct mapping_table *root,
		 const char *keys, size_t bytes_max, bool *ret_cut,
		 struct err *err) MUST_CHECK;
/* What hangs on the root, whole. */
void refetch_ask_children(struct refetch_round *round,
			  const struct mapping_table *root);
/* Each table of the family whole, then: it is walked in pieces. */
void refetch_ask_family(struct refetch_round *round,
			const struct mapping_table *root);

#endif
