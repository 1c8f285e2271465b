#include <assert.h>

#include "base/err.h"
#include "base/pg.h"
#include "cdc/apply_impl.h"
#include "cdc/descend.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static void chunk_item(struct apply *apply, const struct target_shape *shape,
		       const struct batch_item *item, struct value *values)
{
	const struct batch_row *row = item->row;
	struct record_change change = {
		.op = RECORD_DELETE,
		.table = shape->table,
		.values = values,
	};

	if (row->op == BATCH_UPSERT) {
		change.op = RECORD_UPSERT;
		change.values = row->values;
		batch_add(apply->batch, &change);
		return;
	}
	for (size_t i = 0; i < shape->key_count; i++)
		values[shape->key[i]] = item->entry->key[i];
	if (row->op == BATCH_DELETE || row->cleared)
		batch_add(apply->batch, &change);
	for (uint32_t i = 0; i < row->count; i++) {
		const struct batch_attribute *a = &row->attributes[i];

		change.op = a->value.kind == VALUE_ABSENT ? RECORD_UNSET
							  : RECORD_SET;
		change.attribute = *a->name;
		change.value = a->value;
		change.json = a->json;
		batch_add(apply->batch, &change);
	}
}

/* Into our own batch: statements are prepared by its column sets. */
static void take_chunk(struct apply *apply, struct batch *chunk)
{
	batch_end(chunk);
	batch_collect(chunk, BATCH_ALL);
	for (size_t table = 0; table < apply->shape_count; table++) {
		const struct batch_item *items;
		size_t count = batch_items(chunk, table, &items);

		for (size_t i = 0; i < count; i++) {
			struct value values[TARGET_COLUMNS_MAX] = { 0 };

			chunk_item(apply, &apply->shapes[table], &items[i],
				   values);
		}
	}
	batch_reset(chunk);
}

int apply_chunk(struct apply *apply, struct batch *chunk,
		struct refetch_marks *read, struct err *err)
{
	assert(batch_empty(apply->batch) && !apply->open);
	take_chunk(apply, chunk);
	batch_end(apply->batch);
	refetch_log_end(&apply->refetch);
	apply->marks = read;
	int rc = apply_commit(apply, 0, err);
	apply->marks = NULL;
	return rc;
}

void apply_descend(struct apply *apply, const struct target_table *table,
		   const struct value *values)
{
	descend(&apply->refetch, apply->graph, table, values);
}

int apply_refetched(struct apply *apply, const char *read_position,
		    struct err *err)
{
	const struct pg_param param = pg_param_text(read_position);
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	assert(batch_empty(apply->batch) && !apply->open);
	if (apply_begin(apply, err) < 0 ||
	    pg_query(apply->pg,
		     "delete from ficus.refetch where read_position = $1",
		     &param, 1, &r, err) < 0)
		return err->code;
	apply->counts.refetched += pg_affected(r);
	return apply_commit(apply, 0, err);
}
