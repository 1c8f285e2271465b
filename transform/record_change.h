/* What a row change means for the records: the unit the applier coalesces,
 * writes, dead-letters and prints.
 *
 * Values stand by column of the target table and borrow from the transform's
 * caller (arena of the batch) until the sink has returned; the sink copies
 * what it keeps. */
#ifndef TRANSFORM_RECORD_CHANGE_H
#define TRANSFORM_RECORD_CHANGE_H

#include <stdbool.h>

#include "base/str.h"
#include "transform/value.h"

struct mapping_table;
struct target_table;

enum record_op {
	RECORD_UPSERT,	 /* the whole row; values of all columns of the table
			  * but the generated ones, which are ABSENT */
	RECORD_DELETE,	 /* the row with that key; `values` is the old row as
			  * far as known, key columns at least */
	RECORD_SET,	 /* one attribute of a values row (EAV) gets a value */
	RECORD_UNSET,	 /* one attribute of a values row goes away */
	RECORD_TRUNCATE, /* every row of the table; values NULL */
	RECORD_REFETCH /* rows of the source table `source` must be read again:
			* those that `value` selects; values NULL */
};

enum record_json { RECORD_JSON_NUMBER, RECORD_JSON_STRING };

struct record_change {
	enum record_op op;
	const struct target_table *table; /* borrowed from the mapping */
	const struct value *values;	  /* by target column */
	/* RECORD_SET and RECORD_UNSET: values has the key columns only. */
	struct str attribute;  /* attribute code */
	struct value value;    /* NULL stands for an override by nothing */
	enum record_json json; /* how value is written into jsonb */
	/* RECORD_DELETE: foreign-key actions ran unlogged and the table has
	 * children: a barrier (design section 5). */
	bool actions;
	/* RECORD_UPSERT: by an INSERT, or an UPDATE that gave it this key. */
	bool arrives;
	/* RECORD_REFETCH: a table of the mapping, whose target is `table`;
	 * value: TEXT "entity_id=5,store_id=1", integers all, or NULL: every
	 * row; "entity_id=5,*" of a family's root: the row with all that hangs
	 * on it. RECORD_SET: not NULL when the image did not say where the
	 * value stood before; it stood here if anything does, else every row of
	 * `source` must be read again. */
	const struct mapping_table *source;
};

/* Takes each change in order; a negative return stops the transform. */
struct err;
typedef int (*record_sink)(void *user, const struct record_change *change,
			   struct err *err);

#endif
