/* Record changes the target refused: written down, and taken away again when
 * a later change of the same key went through.
 *
 * The key is "entity_id=5"; for an attribute of a values row
 * "entity_id=5,store_id=0,attribute=color". */
#ifndef CDC_DEAD_LETTER_H
#define CDC_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct batch_item;
struct err;
struct gone;
struct pg;
struct fk_graph;
struct mapping;
struct refetch_log;
struct target_shape;
struct target_table;

/* Sets *ret[i] for each table (by index) that has dead letters. */
int dead_letter_tables(struct pg *pg, const struct target_shape *shapes,
		       size_t count, bool *ret, struct err *err) MUST_CHECK;

/* Writes one item (of a values row: one attribute) down. `refusal` is why. */
int dead_letter_write(struct pg *pg, const struct target_shape *shape,
		      const struct batch_item *item, const char *position,
		      const struct err *refusal, struct err *err) MUST_CHECK;

/* Asks for the record of a letter from all source tables it is made of. */
void dead_letter_refetch(struct refetch_log *log, const struct mapping *mapping,
			 struct str record, struct str key);

struct dead_letter_scope {
	const struct mapping *mapping;
	const struct fk_graph *graph;
	const bool *letters; /* by table: has some */
};
/* Rows of that table went away, and with them what refers to them, which the
 * target can't tell of rows that it refused: letters of those tables are asked
 * for again. Where there are very many they wait for an operator instead. */
int dead_letter_cascaded(struct pg *pg, const struct dead_letter_scope *scope,
			 const struct target_table *parent,
			 struct refetch_log *log, struct err *err) MUST_CHECK;

/* Queues (pipeline) what takes away the letters these items supersede. */
void dead_letter_clear(struct pg *pg, const struct target_shape *shape,
		       const struct batch_item *items, size_t count);
/* The same at once, of rows that a barrier deletes. */
int dead_letter_gone(struct pg *pg, const struct target_shape *shape,
		     const struct gone *gone, struct err *err) MUST_CHECK;

#endif
