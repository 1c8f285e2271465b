/* What the copy has and the source has not, of what was just read again: part
 * of refetch_read.c, which has put the source's rows into the batch. */
#ifndef CDC_REFETCH_COMPARE_H
#define CDC_REFETCH_COMPARE_H

#include <stdbool.h>

#include "base/defs.h"

struct err;
struct mapping_table;
struct refetch_round;
struct value;

/* selection NULL: the whole table. */
void refetch_ask_for(struct refetch_round *round,
		     const struct mapping_table *table, const char *selection);
/* A row with that key, unless the batch has it: it is gone. */
void refetch_delete(struct refetch_round *round,
		    const struct mapping_table *table,
		    const struct value *values);
/* Of the copy's rows that `where` (" where …" of the alias c) finds. by_key:
 * those that the batch has not are gone, else they may have moved. */
int refetch_compare(struct refetch_round *round,
		    const struct mapping_table *table, const char *where,
		    bool by_key, struct err *err) MUST_CHECK;

#endif
