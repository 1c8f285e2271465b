/* What a statement in the log does to the tables we follow.
 *
 * No grammar of SQL: the statement is cut into words (comments and strings
 * told apart, executable comments read as code), its first word gives the
 * kind, and every table of ours whose name stands anywhere in it counts as
 * named. That is too many rather than too few, and never fails on a statement
 * that has nothing to do with us. Pure. */
#ifndef CDC_DDL_H
#define CDC_DDL_H

#include <stdbool.h>

#include "base/str.h"

struct mapping_table;
struct mapping;

enum ddl_kind {
	DDL_NONE,  /* changes no table (SET, FLUSH, GRANT, ANALYZE, …) */
	DDL_ALTER, /* and CREATE or DROP INDEX; rows stay */
	DDL_CREATE,
	DDL_DROP,     /* TABLE or DATABASE */
	DDL_RENAME,   /* also ALTER TABLE … RENAME */
	DDL_TRUNCATE, /* also of partitions */
	DDL_DML,      /* INSERT, UPDATE, DELETE, …: not row-based */
};

typedef void (*ddl_table)(void *user, const struct mapping_table *table);

/* Calls `named` (may be NULL) once or more for each mapped table it names.
 * schema: default database of the session; a statement there names tables of
 * `database` only when it says so. */
enum ddl_kind ddl_tables(const struct mapping *mapping, const char *database,
			 struct str schema, struct str sql, ddl_table named,
			 void *user);
const char *ddl_kind_name(enum ddl_kind kind); /* "ALTER" */

#endif
