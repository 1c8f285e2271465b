/* What a batch holds of one key, as the record changes that say it. */
#ifndef CDC_BATCH_ITEM_H
#define CDC_BATCH_ITEM_H

#include "transform/record_change.h"

struct batch_attribute;
struct batch_item;
struct target_shape;
struct value;

/* The row itself: written whole, or deleted (of BATCH_VALUES: what a row that
 * was cleared begins with). values: room for all columns of the table; the
 * change borrows from it and from the batch. */
struct record_change batch_item_row(const struct target_shape *shape,
				    const struct batch_item *item,
				    struct value *values);
/* Turns that into the change of one attribute of the row. */
void batch_item_attribute(struct record_change *change,
			  const struct batch_attribute *attribute);

#endif
