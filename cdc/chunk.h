/* Reading source tables in a snapshot and writing them as records.
 *
 * One chunk_reader per thread: a source connection, a target connection and
 * the batch between them. Rows go through the same transform as the stream's;
 * the batch is written whenever it reaches its budget, inside the one target
 * transaction that its caller begins and ends. */
#ifndef CDC_CHUNK_H
#define CDC_CHUNK_H

#include <stdint.h>

#include "base/defs.h"

struct chunk_range;
struct chunk_reader;
struct err;
struct pg;
struct schema;
struct setup;
struct source;

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

#endif
