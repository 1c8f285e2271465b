/* Rows of one table as one parameter: an array of the table's own row type,
 * in binary form.
 *
 * The target unpacks it once per row. An array per column costs it a pass per
 * column: of orders with 150 columns 60 µs a row instead of 3.5. Only values
 * whose binary form is certain are taken (integers, decimals, times, text,
 * bytes, jsonb); for anything else the caller sends arrays of text, which the
 * target reads itself. */
#ifndef CDC_ROWSET_H
#define CDC_ROWSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/pg.h"
#include "cdc/target_sql.h"
#include "transform/value.h"

struct rowset_type;
struct target_table;

struct rowset {
	struct buf bytes;
	const struct target_table *table;		     /* borrowed */
	const struct rowset_type *types[TARGET_COLUMNS_MAX]; /* its columns' */
	uint32_t row_type; /* object id of the table's row type */
	uint32_t count;
};

void rowset_init(struct rowset *rowset);
void rowset_done(struct rowset *rowset);

/* Are all column types of the table known here? */
bool rowset_takes(const struct target_table *table);

/* Begin anew, with rows of a table that rowset_takes(). */
void rowset_start(struct rowset *rowset, const struct target_table *table,
		  uint32_t row_type);
/* values: by target column; ABSENT counts as NULL. false: some value is not
 * understood, and the set is of no use. */
bool rowset_add(struct rowset *rowset, const struct value *values) MUST_CHECK;
/* Valid until the next rowset_start(). */
struct pg_param rowset_param(struct rowset *rowset);

#endif
