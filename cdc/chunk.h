/* Reading source tables in a snapshot and writing them as records.
 *
 * One chunk_reader per thread: a source connection, a target connection and
 * the batch between them. Rows go through the same transform as the stream's;
 * the batch is written whenever it reaches its budget, inside the one target
 * transaction that its caller begins and ends. */
#ifndef CDC_CHUNK_H
#define CDC_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct batch;
struct chunk_range;
struct chunk_reader;
struct err;
struct mapping_table;
struct pg;
struct schema;
struct setup;
struct source;
struct transform;
struct value;

/* setup and schema are borrowed. */
int chunk_reader_open(const struct setup *setup, const struct schema *schema,
		      struct chunk_reader **ret, struct err *err) MUST_CHECK;
void chunk_reader_close(struct chunk_reader *c); /* NULL is fine */

struct source *chunk_reader_source(const struct chunk_reader *c);
struct pg *chunk_reader_target(const struct chunk_reader *c);

/* All metadata tables, in the snapshot that is open on the reader's source;
 * written into the open target transaction. */
int chunk_read_metadata(struct chunk_reader *c, uint64_t *ret_rows,
			struct err *err) MUST_CHECK;
/* One chunk: a snapshot of its own, a target transaction of its own, which
 * marks it done. */
int chunk_read(struct chunk_reader *c, const struct chunk_range *range,
	       uint64_t *ret_rows, struct err *err) MUST_CHECK;

/* --- for who writes the batch himself, in a snapshot that is open */

/* The attribute map of the snapshot; before chunk_select(). */
int chunk_read_map(struct chunk_reader *c, struct err *err) MUST_CHECK;
void chunk_reader_use(struct chunk_reader *c, const struct schema *schema);
struct batch *chunk_batch(const struct chunk_reader *c);
/* Source ordinal of a column; -1: the source has none of that name. */
int chunk_ordinal(const struct chunk_reader *c,
		  const struct mapping_table *table, const char *column);
const struct transform *chunk_transform(const struct chunk_reader *c);

/* Some rows of a table into the batch, which is not written. */
struct chunk_select {
	const struct mapping_table *table;
	const char *tail; /* SQL behind "from `table` t" */
	size_t bytes_max; /* the batch's: no row after it is over that */
	/* Each row by source ordinal, as `def` has it; may be NULL. */
	void (*row)(void *user, const struct value *row);
	void *user;
	uint64_t rows; /* out: how many */
	bool cut;      /* out: bytes_max was reached */
};
/* A table the source does not have is empty. */
int chunk_select(struct chunk_reader *c, struct chunk_select *select,
		 struct err *err) MUST_CHECK;

#endif
