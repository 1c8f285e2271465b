/* The source's schema: columns of the mapped tables and all foreign keys.
 *
 * Servers that log no column names (MariaDB by default, MySQL with
 * binlog_row_metadata=MINIMAL) leave it to us to know them as of the event:
 * the schema is read together with a position, kept with the checkpoint
 * (ficus.source_columns, ficus.source_foreign_keys) and read again when a DDL
 * statement in the stream names one of its tables.
 *
 * Immutable once made; owned by who made it. */
#ifndef CDC_SCHEMA_H
#define CDC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct fk_row;
struct mapping;
struct pg;
struct schema;
struct source;
struct table_def;

/* From information_schema of `database`. Mapped tables that the source does
 * not have are left out. */
int schema_read(struct source *source, const char *database,
		const struct mapping *mapping, struct schema **ret,
		struct err *err) MUST_CHECK;
/* What schema_store() wrote; *found is false when nothing was. */
int schema_load(struct pg *pg, struct schema **ret, bool *found,
		struct err *err) MUST_CHECK;
/* Replaces what is stored. Inside the caller's transaction, if one is open. */
int schema_store(const struct schema *schema, struct pg *pg,
		 struct err *err) MUST_CHECK;
void schema_free(struct schema *schema); /* NULL is fine */
void schema_freep(struct schema **schema);

/* NULL: no such table. */
const struct table_def *schema_table(const struct schema *schema,
				     struct str table);
size_t schema_table_count(const struct schema *schema);
const struct table_def *schema_table_at(const struct schema *schema, size_t i);
/* For fk_graph_new(): one row per column of each constraint. */
const struct fk_row *schema_foreign_keys(const struct schema *schema,
					 size_t *count);
bool schema_equal(const struct schema *a, const struct schema *b);

/* Making one by hand (tests; loaders). The schema takes the def; texts of the
 * fk_row are copied. */
struct schema *schema_new(void);
void schema_add_table(struct schema *schema, struct table_def *def);
void schema_add_foreign_key(struct schema *schema, const struct fk_row *row);
/* The table is not known as of now: rows of it can only be read with the
 * names the log sends (schema_history.h). It has no definition then. */
void schema_add_unknown(struct schema *schema, const char *table);
bool schema_is_unknown(const struct schema *schema, struct str table);
size_t schema_unknown_count(const struct schema *schema);
const char *schema_unknown_at(const struct schema *schema, size_t i);

#endif
