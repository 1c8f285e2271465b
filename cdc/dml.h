/* Statements that changed rows without logging them: INSERT, UPDATE, LOAD DATA
 * and so on, of a session that is not row-based (ddl.h's DDL_DML).
 *
 * What rows they changed is not in the log; which tables they may have changed
 * is. INSERT and REPLACE change the table they name first, what they select
 * from they only read (tools that compare tables write their sums so). Of
 * others every table of ours that stands anywhere in them counts, and of a
 * routine that was called, all. Never fails. Pure. */
#ifndef CDC_DML_H
#define CDC_DML_H

#include "base/str.h"

struct mapping;
struct mapping_table;

/* One of the mapped tables it may have changed; NULL: none.
 * schema: the session's default database; a statement there names tables of
 * `database` only when it says so. */
const struct mapping_table *dml_changed(const struct mapping *mapping,
					const char *database, struct str schema,
					struct str sql);

#endif
