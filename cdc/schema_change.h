/* Did the values of rows that exist change with the table's definition?
 *
 * ALTER TABLE logs no rows: what a new column holds in old rows, what was cut
 * off by a narrower type, which column's values a name now stands for, is not
 * in the log. Here is told, from the definitions before and after and from
 * the statement, whether the target's rows still say what the source's do.
 * In doubt they don't. Pure. */
#ifndef CDC_SCHEMA_CHANGE_H
#define CDC_SCHEMA_CHANGE_H

#include <stdbool.h>

#include "base/str.h"

struct column_def;
struct mapping_table;
struct table_def;

/* Columns that nobody wants don't count. `moves`: the statement gives columns
 * other names or drops some (ddl_moves_columns); those it mentions are
 * doubtful then. */
bool schema_change_refills(const struct mapping_table *table,
			   const struct table_def *before,
			   const struct table_def *after, struct str sql,
			   bool moves);
/* Does every value of the one print the same as the other? */
bool schema_change_keeps(const struct column_def *before,
			 const struct column_def *after);
/* The first wanted column that is not there any more, or NULL. */
const char *schema_change_lost(const struct mapping_table *table,
			       const struct table_def *before,
			       const struct table_def *after);

#endif
