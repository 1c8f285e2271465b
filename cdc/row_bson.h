/* A row change as BSON: how the rows of a transaction that is not decided yet
 * are kept (cdc/held.h). incomplete and concealed stand only where they
 * are true.
 *
 *     { table: "customer_entity", op: "insert" | "update" | "delete",
 *       actions: "silent" | "none" | "logged", incomplete: true,
 *       concealed: true,
 *       before: { entity_id: "5", email: null, image: <binary> },
 *       after: { … } }
 *
 * Source columns under their names, only those the mapping wants: secrets are
 * not among them. It is the source's row, not the record made of it: what it
 * means is settled when it is applied, by the attribute map of then. */
#ifndef CDC_ROW_BSON_H
#define CDC_ROW_BSON_H

#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"
#include "transform/row_change.h"

struct buf;
struct err;
struct table_def;

/* Appends the document. names: by source ordinal, `count` of them. */
void row_bson_write(struct buf *out, const char *table, const struct str *names,
		    size_t count, const struct row_change *change);

/* The first of some documents, and which table it is of. *ret_n: its bytes. */
int row_bson_peek(struct str bytes, size_t *ret_n, struct str *ret_table,
		  struct err *err) MUST_CHECK;
/* before and after have room for def->count values, by its ordinals; columns
 * that def has not are left out, those the document has not are ABSENT. They
 * borrow from `bytes`, ret from them. */
int row_bson_read(struct str bytes, const struct table_def *def,
		  struct value *before, struct value *after,
		  struct row_change *ret, struct err *err) MUST_CHECK;

#endif
