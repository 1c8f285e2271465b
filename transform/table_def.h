/* A source table as it was at one point of the stream (or of a snapshot).
 *
 * Names, types, signedness and character sets by column ordinal. Filled from
 * TABLE_MAP metadata where the server sends it, else from the schema kept
 * with the checkpoint. Owned by whoever made it (table_def_free). */
#ifndef TRANSFORM_TABLE_DEF_H
#define TRANSFORM_TABLE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_DEF_COLUMNS_MAX = 4096 };

/* What rows that exist hold when a column is added. */
enum column_filled {
	COLUMN_NULL = 0, /* nothing */
	COLUMN_DEFAULT,	 /* a default */
	COLUMN_COMPUTED	 /* it is generated */
};

struct column_def {
	char *name;	 /* owned */
	char *type;	 /* owned; COLUMN_TYPE as information_schema has it:
			  * "int(10) unsigned", "enum('a','b')"; may be "" when
			  * only TABLE_MAP metadata is known */
	char *charset;	 /* owned; "utf8mb4", "latin1", "binary"; "": no text */
	char *collation; /* owned; "utf8mb4_general_ci"; "" or NULL: no text, or
			  * not known */
	bool is_unsigned, nullable;
	uint8_t filled; /* enum column_filled; as read from the server, else
			 * 0 */
	uint16_t key;	/* place in the primary key from 1; 0: not in it */
};

struct table_def {
	char *name; /* owned; without database, with any table prefix */
	/* Its engine can roll back (InnoDB); false: it can't, or not known. */
	bool transactional;
	size_t count;
	struct column_def columns[];
};

struct table_def *table_def_new(const char *name, size_t count);
struct table_def *table_def_copy(const struct table_def *def);
void table_def_free(struct table_def *def); /* NULL is fine */
void table_def_freep(struct table_def **def);
/* Ordinal of a column by name, or -1. Names compare ASCII-case-insensitively,
 * as MySQL's do. */
int table_def_find(const struct table_def *def, const char *column);

#endif
