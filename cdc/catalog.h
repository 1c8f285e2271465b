/* The target's columns, from pg_catalog: what the mapping's targets have.
 *
 * Read once at start, after the migrations. Which source column goes where is
 * by name (transform/mapping.h), so the database itself is the list. */
#ifndef CDC_CATALOG_H
#define CDC_CATALOG_H

#include "base/defs.h"

struct err;
struct mapping;
struct pg;

/* Fills the columns of every target of the mapping, in their order in the
 * table. Generated and identity columns, and the constant `source` of root
 * tables, are marked generated: nobody writes them.
 *
 * ERR_OPERATOR: a table is missing (run cdc --migrate, or add the migration).
 * ERR_CONFIG: it can't be a target (no primary key; a values table without
 * entity_id, store_id and attributes). */
int catalog_load(struct pg *pg, struct mapping *mapping,
		 struct err *err) MUST_CHECK;

#endif
