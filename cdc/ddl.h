/* What a statement in the log does to the tables we follow.
 *
 * No grammar of SQL: the statement is cut into words (sql_words.h); its first
 * ones give the kind and the tables it is about, and in an ALTER the few words
 * are looked for that change rows without logging them. What a table looks
 * like afterwards is not read here: the server is asked (schema_history.h).
 * A statement that only mentions a table of ours (a view, a trigger, CREATE
 * LIKE, REFERENCES) does nothing to it. Never fails. Pure. */
#ifndef CDC_DDL_H
#define CDC_DDL_H

#include <stdbool.h>

#include "base/str.h"

struct mapping_table;
struct mapping;

enum ddl_kind {
	DDL_NONE,  /* changes no table (SET, FLUSH, GRANT, ANALYZE, …) */
	DDL_ALTER, /* and CREATE or DROP INDEX */
	DDL_CREATE,
	DDL_DROP,     /* TABLE or DATABASE */
	DDL_RENAME,   /* also ALTER TABLE … RENAME */
	DDL_TRUNCATE, /* also of partitions */
	DDL_DML,      /* INSERT, UPDATE, DELETE, …: not row-based */
};

enum ddl_kind ddl_kind_of(struct str sql);
const char *ddl_kind_name(enum ddl_kind kind); /* "ALTER" */

/* What happens to one table; several may. */
enum ddl_effect {
	DDL_CHANGES = 1,  /* columns and foreign keys may be others */
	DDL_EMPTIES = 2,  /* it has no rows any more, or is gone */
	DDL_REPLACES = 4, /* it may have rows the log never showed, or lack
			   * some without a word */
};

struct ddl_scope {
	const struct mapping *mapping;
	const char *database;
	bool fold; /* names ignore case: lower_case_table_names is not 0 */
};

typedef void (*ddl_effects)(void *user, const struct mapping_table *table,
			    unsigned effects);
/* Calls `take` for each mapped table the statement is about; perhaps more
 * than once: effects add up. */
void ddl_run(const struct ddl_scope *scope, struct str schema, struct str sql,
	     ddl_effects take, void *user);

/* Of an ALTER: does it drop a column, or give one another name? Then a column
 * it mentions may have another one's values afterwards, or new ones. */
bool ddl_moves_columns(struct str sql);
bool ddl_mentions(struct str sql, const char *name);

#endif
