/* Reading again what was asked for (ficus.refetch), in a snapshot.
 *
 * A round reads some requests: single selections in groups, and one piece of
 * one whole table. What the source has goes into the chunk reader's batch;
 * what the copy has and the source has not is deleted by the same batch:
 *
 *   row, selected by its key   gone: deleted; the source's foreign keys took
 *                              its children along, which are asked for again
 *   row, selected otherwise    it may have moved: asked for by its key
 *   value of an attribute      unset, unless selected by value_id alone: a
 *                              value that is gone is the affair of the event
 *                              that took it
 *
 * A table that the kept schema does not know at present (schema_history.h)
 * waits for the statement that settles it: read without its columns it would
 * look empty.
 *
 * A deep selection ("entity_id=5,*") is its root's row by key, and each table
 * of the family by its link (refetch_deep.h).
 *
 * A whole table is read by ranges of the target's key (of a value table: of
 * its entity), each as long as time and memory allow; texts in the order of
 * their bytes. A key of yet other types is not walked: one piece. Belongs to
 * the thread of refetch.c; holds no connection of its own. */
#ifndef CDC_REFETCH_READ_H
#define CDC_REFETCH_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "cdc/refetch_log.h"
#include "transform/value.h"

struct chunk_reader;
struct err;
struct mapping;
struct mapping_table;
struct pg_result;
struct schema;

/* More to be asked for. */
struct refetch_ask {
	struct refetch_ask *next;
	const struct mapping_table *table;
	struct value selection; /* NULL: the whole table */
};

/* A row that is in the source no more. */
struct refetch_gone {
	struct refetch_gone *next;
	const struct mapping_table *table;
	const struct value *values; /* by target column; the key at least */
};

struct refetch_round {
	struct chunk_reader *reader;   /* borrowed: its batch is the result */
	const struct mapping *mapping; /* borrowed */
	const struct schema *schema;   /* the reader's; borrowed */
	struct arena arena;
	struct refetch_marks marks;
	struct refetch_ask *asks;
	struct refetch_gone *gone;
	/* The table is one of a whole domain that is read again: its rows'
	 * children are compared by themselves, need not be asked for. */
	bool whole_domain;
	int64_t until_us; /* no new request is begun after it; monotonic */
	size_t bytes_max;
	/* Sizes that fitted so far; kept between rounds. */
	size_t group_max, rows_max, group_last;
};

void refetch_round_init(struct refetch_round *round,
			const struct mapping *mapping);
void refetch_round_done(struct refetch_round *round);
void refetch_round_reset(struct refetch_round *round);

/* The last one took longer than anybody waits: the next is smaller. Or it took
 * so little that the next may be larger. */
void refetch_round_slow(struct refetch_round *round);
void refetch_round_quick(struct refetch_round *round);

/* pending: id, source table, selection, progress, resync of each; in an open
 * snapshot of the reader's source, its attribute map read. */
int refetch_round_read(struct refetch_round *round,
		       const struct pg_result *pending,
		       struct err *err) MUST_CHECK;

#endif
