/* From a rows event to the transform, row by row. Part of group.c. */
#ifndef CDC_GROUP_ROWS_H
#define CDC_GROUP_ROWS_H

#include <stdint.h>

#include "base/defs.h"

struct err;
struct group_rows;
struct group_sink;
struct held;
struct rows;
struct table;
struct transform;

/* All are borrowed. While `held` is open, rows go there. max_value: bytes of
 * the largest value that is expanded; 0: any. */
struct group_rows *group_rows_new(struct transform *transform,
				  const struct group_sink *sink,
				  struct held *held, uint64_t max_value);
void group_rows_free(struct group_rows *group); /* NULL is fine */

/* All rows of one event, of a planned table. *count is raised by each row
 * before the sink gets it, so that it is right after an error. */
int group_rows_feed(struct group_rows *group, struct table *table,
		    struct rows *rows, uint64_t *count,
		    struct err *err) MUST_CHECK;

/* Rows of a watched table (transform/fk.h). */
int group_rows_watched(struct group_rows *group, const struct table *table,
		       const struct rows *rows, struct err *err) MUST_CHECK;

#endif
