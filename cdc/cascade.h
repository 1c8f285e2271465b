/* What foreign keys do when rows go away: set-based, transitively, in the open
 * target transaction (transform/fk.h has the actions).
 *
 * Rows are fetched only of tables that have children of their own, some at a
 * time, so that memory stays bounded by depth. */
#ifndef CDC_CASCADE_H
#define CDC_CASCADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/match.h"

struct arena;
struct err;
struct fk_graph;
struct pg;
struct pg_result;
struct refetch_log;
struct target_shape;

/* The copy may not be what the source was when the delete ran there: rows may
 * have been read ahead of the stream. Children of the source's own parent have
 * an event of their own then, which brings them back; theirs have none. So the
 * children of rows that a cascade took are read again rather than taken: were
 * they missing until they are back, a delete in between could not go on from
 * them to theirs. */
struct cascade_doubt {
	struct refetch_log *log; /* takes all requests; borrowed */
	bool rows;		 /* is there any? */
	bool metadata; /* or are the metadata tables exact, as they mostly are:
			* they are never read ahead but by a request */
};

/* What all steps of a run share; lives on the stack of whoever runs it. */
struct cascade {
	struct pg *pg;			   /* borrowed, as are these: */
	const struct target_shape *shapes; /* by the table's index */
	const struct fk_graph *graph;
	struct pg_result *entity_types; /* owned by the caller; may be NULL */
	const struct cascade_doubt *doubt;
	uint64_t rows; /* that went away or changed */
	struct err *err;
};

/* The entity types' ids and codes, which the actions of attributes need; to
 * be read before a cascade takes them away. */
int cascade_read_types(struct cascade *c) MUST_CHECK;
/* Deletes these rows by key. *ret (owned by the caller): the rows as the
 * target had them, when the actions need columns that these lack. */
int cascade_delete(struct cascade *c, const struct gone *parents,
		   struct pg_result **ret) MUST_CHECK;
/* Rows of a result that returns all columns; texts borrow from it. */
void cascade_take_rows(struct arena *arena, const struct pg_result *r,
		       const struct target_table *table, struct gone *ret);
/* The actions of rows that are gone. */
int cascade_run(struct cascade *c, const struct gone *parents) MUST_CHECK;

#endif
