/* One column of many rows as a parameter: a PostgreSQL array in binary form,
 * so that no value needs quoting.
 *
 * A text array takes text as it is; an integer array parses it. The storage
 * is kept between uses; array_done() frees it. */
#ifndef CDC_ARRAY_H
#define CDC_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/target_sql.h"
#include "transform/value.h"

struct array {
	struct buf bytes;
	enum array_type type;
	uint32_t count, nulls;
};

void array_init(struct array *array);
void array_done(struct array *array);
/* Begin anew. */
void array_start(struct array *array, enum array_type type);
/* false: the text is no integer of that width (the target would refuse it).
 * ABSENT counts as NULL. */
bool array_add(struct array *array, struct value value) MUST_CHECK;
void array_add_text(struct array *array, struct str text);
void array_add_int(struct array *array, int64_t number); /* ARRAY_INT8 */
/* Completes it; valid until the next array_start(). */
struct pg_param array_param(struct array *array);

#endif
