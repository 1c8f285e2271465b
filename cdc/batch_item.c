#include "cdc/batch_item.h"

#include <string.h>

#include "cdc/batch.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"

struct record_change batch_item_row(const struct target_shape *shape,
				    const struct batch_item *item,
				    struct value *values)
{
	struct record_change change = {
		.op = RECORD_DELETE,
		.table = shape->table,
		.values = values,
	};

	if (item->row->op == BATCH_UPSERT) {
		change.op = RECORD_UPSERT;
		change.values = item->row->values;
		return change;
	}
	memset(values, 0, shape->table->count * sizeof(*values));
	for (size_t i = 0; i < shape->key_count; i++)
		values[shape->key[i]] = item->entry->key[i];
	return change;
}

void batch_item_attribute(struct record_change *change,
			  const struct batch_attribute *attribute)
{
	change->op = attribute->value.kind == VALUE_ABSENT ? RECORD_UNSET
							   : RECORD_SET;
	change->attribute = *attribute->name;
	change->value = attribute->value;
	change->json = attribute->json;
}
