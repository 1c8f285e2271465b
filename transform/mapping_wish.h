/* Columns that a mapping gives its targets, so that a user writes no DDL.
 *
 *     columns: {note_id: bigint, note: text, fee: "numeric(12,4)"}
 *     key: [note_id]
 *
 * `columns` are PostgreSQL's names and types; `key` makes a table of its own
 * of them. cdc --migrate makes what is not there (cdc/extend.h). Owned by the
 * mapping's target_table. */
#ifndef TRANSFORM_MAPPING_WISH_H
#define TRANSFORM_MAPPING_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct mapping_table;
struct target_table;
struct yaml;
struct yaml_node;

struct target_wish {
	char *name, *type; /* owned */
	char *place;	   /* owned; "acme.yaml:7:5" */
	uint16_t key;	   /* place in the primary key from 1; 0: none */
};

/* What an entry says: `columns`, `key` and, of a user's file, `extra`, which
 * needs a column, too. Values tables of a user's entity get the columns that
 * they all have. */
int mapping_wish_read(const struct yaml *doc, const struct yaml_node *entry,
		      const struct mapping_table *table, bool extra,
		      struct err *err) MUST_CHECK;
void mapping_wish_free(struct target_table *target);

#endif
