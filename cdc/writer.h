/* Writes items of a batch to the target: prepares the statements of a table
 * once per connection and fills the pipeline with arrays of rows.
 *
 * Belongs to one connection and dies with it. Knows nothing of transactions:
 * the caller opens the pipeline, and writer_prepare() must be called before. */
#ifndef CDC_WRITER_H
#define CDC_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct batch;
struct batch_item;
struct err;
struct pg;
struct target_shape;
struct writer;

/* pg and shapes are borrowed. */
struct writer *writer_new(struct pg *pg, const struct target_shape *shapes,
			  size_t count);
void writer_free(struct writer *writer); /* NULL is fine */

/* Items of one table. */
struct writer_job {
	const struct batch *batch;
	size_t table;
	const struct batch_item *items;
	size_t count;
};

/* The statements these items need exist afterwards. */
int writer_prepare(struct writer *writer, const struct writer_job *job,
		   struct err *err) MUST_CHECK;
/* Queues the statements. ERR_DATA: a key or an integer is none; what was
 * queued before it stays queued. */
int writer_queue(struct writer *writer, const struct writer_job *job,
		 struct err *err) MUST_CHECK;

#endif
