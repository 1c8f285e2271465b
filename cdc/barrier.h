/* A barrier: deletes of one table whose foreign-key actions ran on the source
 * without being logged.
 *
 * Collects consecutive deletes of one table; barrier_run() deletes the rows
 * and does what the foreign keys do (cdc/cascade.h), in the open target
 * transaction. */
#ifndef CDC_BARRIER_H
#define CDC_BARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct barrier;
struct cascade_doubt;
struct err;
struct fk_graph;
struct pg;
struct record_change;
struct target_shape;
struct target_table;

/* shapes: one per target table, by its index; borrowed. */
struct barrier *barrier_new(const struct target_shape *shapes, size_t count);
void barrier_free(struct barrier *barrier); /* NULL is fine */
void barrier_reset(struct barrier *barrier);

/* Copies the row. The table must be that of the rows before it. */
void barrier_add(struct barrier *barrier, const struct record_change *change);
/* NULL: nothing collected. */
const struct target_table *barrier_table(const struct barrier *barrier);
size_t barrier_bytes(const struct barrier *barrier);

/* The dead letters of these rows are superseded. */
int barrier_clear_letters(const struct barrier *barrier, struct pg *pg,
			  struct err *err) MUST_CHECK;
/* Runs and forgets what was collected. ret_rows gets the rows that went away
 * or changed beside the parents. doubt: see cdc/cascade.h. */
int barrier_run(struct barrier *barrier, struct pg *pg,
		const struct fk_graph *graph, const struct cascade_doubt *doubt,
		uint64_t *ret_rows, struct err *err) MUST_CHECK;

#endif
