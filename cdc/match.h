/* Rows of a table found by the values of some columns: the condition, and the
 * arrays that are its parameters. */
#ifndef CDC_MATCH_H
#define CDC_MATCH_H

#include <stddef.h>

#include "base/defs.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/target_sql.h"

struct buf;
struct target_table;
struct value;

/* A row that went away. */
struct gone_row {
	const struct value *values; /* by target column */
};

/* Rows of one table that went away, and how deep in a cascade. */
struct gone {
	const struct target_table *table;
	const struct gone_row *rows;
	size_t count;
	int depth;
};

struct match {
	struct array arrays[TARGET_KEY_MAX];
	struct pg_param params[TARGET_KEY_MAX];
	size_t columns; /* set by the caller, 1 to TARGET_KEY_MAX */
	size_t rows;	/* rows among the parameters */
};

/* " where c."a" = any($1::bigint[])", or for several columns that the
 * parameters have a row that equals. */
void match_sql(struct buf *sql, const struct target_table *child,
	       const size_t *columns, size_t count);

/* "c."a",c."b",…": all of them, as cascade_take_rows() wants them. */
void match_columns(struct buf *sql, const struct target_table *table);

/* The parents' columns, typed as the child's. Parents with a NULL among them
 * have no children and are left out. -1: a value does not fit the type. */
int match_init(struct match *match, const struct target_table *child,
	       const size_t *child_columns, const size_t *parent_columns,
	       const struct gone *parents) MUST_CHECK;
void match_done(struct match *match); /* all zero is fine */

#endif
