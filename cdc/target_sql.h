/* The SQL that writes records: text only, made from the target's catalog.
 *
 * Rows travel as one array per column: native arrays for integers and bytes,
 * text[] cast to the column's type for all else, so that no value is ever
 * quoted. Table names are not qualified: the connection's search_path has the
 * schema. */
#ifndef CDC_TARGET_SQL_H
#define CDC_TARGET_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct buf;
struct err;
struct target_table;

enum { TARGET_KEY_MAX = 8, TARGET_COLUMNS_MAX = 512 };

/* How a column's values are sent. */
enum array_type { ARRAY_TEXT, ARRAY_INT2, ARRAY_INT4, ARRAY_INT8, ARRAY_BYTES };

/* What the statements need to know of a table beyond its columns. */
struct target_shape {
	const struct target_table *table; /* borrowed from the mapping */
	size_t key_count;		  /* 1 to TARGET_KEY_MAX */
	size_t key[TARGET_KEY_MAX];	  /* target ordinals, in key order */
	size_t json; /* values tables: ordinal of the jsonb column */
};

/* ERR_CONFIG: a table without columns or primary key, or too wide. */
int target_shape_init(struct target_shape *shape,
		      const struct target_table *table,
		      struct err *err) MUST_CHECK;

enum array_type target_array_type(const char *column_type);
const char *target_array_name(enum array_type type); /* "bigint[]", … */

/* One parameter per column whose bit is set (LSB first, by ordinal). */
void target_sql_upsert(struct buf *sql, const struct target_shape *shape,
		       const uint8_t *mask);
/* The same from one parameter: an array of the table's row type. */
void target_sql_upsert_rows(struct buf *sql, const struct target_shape *shape,
			    const uint8_t *mask);
/* One parameter per key column. */
void target_sql_delete(struct buf *sql, const struct target_shape *shape);
/* Values tables. An array of rows, whose attributes are set beside others; */
void target_sql_set_rows(struct buf *sql, const struct target_shape *shape);
/* … the keys, then: a JSON object of the attributes to set; */
void target_sql_set(struct buf *sql, const struct target_shape *shape);
/* … the attributes to take away, as the text of a text[]; */
void target_sql_unset(struct buf *sql, const struct target_shape *shape);
/* … nothing: rows of these keys without any attribute are deleted. */
void target_sql_purge(struct buf *sql, const struct target_shape *shape);

#endif
