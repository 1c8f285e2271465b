/* A batch: what the record changes since the last commit come to, per key.
 *
 * For a row the last full image, or that it is gone; for a row of a values
 * table a set of attributes to set and to take away. Everything is copied
 * into the batch's arena and lives until batch_reset().
 *
 * A batch holds any number of ended source transactions and at most one open
 * one. The first change the open one makes to a key keeps the state the ended
 * ones left, so that the two parts can be told apart: to undo the open one
 * (batch_abandon), or to write the ended part alone. */
#ifndef CDC_BATCH_H
#define CDC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "transform/record_change.h"
#include "transform/value.h"

struct batch;
struct target_shape;

enum batch_op { BATCH_NONE, BATCH_UPSERT, BATCH_DELETE, BATCH_VALUES };

struct batch_attribute {
	const struct str *name; /* one address per name */
	struct value value;	/* ABSENT: the attribute goes away */
	enum record_json json;
};

struct batch_row {
	enum batch_op op;
	bool cleared;	  /* the row goes away before it is written anew */
	uint32_t variant; /* UPSERT: which columns are present */
	uint32_t count, size;
	const struct value *values;	    /* UPSERT: by target column */
	struct batch_attribute *attributes; /* VALUES: `count` of them */
};

struct batch_entry {
	struct batch_entry *next;	  /* of the same table */
	struct batch_entry *touched_next; /* by the open transaction */
	uint64_t hash, touched;
	int64_t order;		 /* first key column when it is a number */
	size_t table;		 /* index of its shape */
	const struct value *key; /* in key order */
	struct batch_row now;
	struct batch_row ended; /* before the open transaction */
};

/* One thing to write. */
struct batch_item {
	const struct batch_entry *entry;
	const struct batch_row *row;
};

/* Which part: all, what ended transactions left, what the open one changed. */
enum batch_part { BATCH_ALL, BATCH_ENDED, BATCH_OPEN };

/* shapes: one per target table, by its index; borrowed. */
struct batch *batch_new(const struct target_shape *shapes, size_t count);
void batch_free(struct batch *batch); /* NULL is fine */
void batch_reset(struct batch *batch);

void batch_add(struct batch *batch, const struct record_change *change);
void batch_end(struct batch *batch);	 /* the open transaction is complete */
void batch_abandon(struct batch *batch); /* … did not happen */

/* What the batch says of the row that `change` is of, or, of a values row, of
 * the attribute. */
enum batch_says { BATCH_SAYS_NOTHING, BATCH_SAYS_THERE, BATCH_SAYS_GONE };
enum batch_says batch_look(const struct batch *batch,
			   const struct record_change *change);

size_t batch_bytes(const struct batch *batch);
bool batch_empty(const struct batch *batch);

/* Is every row of the table to be deleted before its items are written? */
bool batch_truncated(const struct batch *batch, size_t table,
		     enum batch_part part);
/* Lists what is to be written of that part, by table, sorted by key. Valid
 * until the next call, batch_add() or batch_reset(). */
void batch_collect(struct batch *batch, enum batch_part part);
size_t batch_items(const struct batch *batch, size_t table,
		   const struct batch_item **ret_items);
/* Present columns of a variant of upserts: one bit per column, LSB first. */
const uint8_t *batch_variant(const struct batch *batch, size_t table,
			     uint32_t variant);

#endif
