#include <assert.h>

#include "base/err.h"
#include "base/pg.h"
#include "cdc/apply_impl.h"
#include "cdc/batch_item.h"
#include "cdc/descend.h"
#include "cdc/members.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static void take_change(struct apply *apply, const struct record_change *change)
{
	members_note(apply->members, change);
	batch_add(apply->batch, change);
}

static void take_item(struct apply *apply, const struct target_shape *shape,
		      const struct batch_item *item)
{
	const struct batch_row *row = item->row;
	struct value values[TARGET_COLUMNS_MAX];
	struct record_change change = batch_item_row(shape, item, values);

	if (row->op != BATCH_VALUES || row->cleared)
		take_change(apply, &change);
	for (uint32_t i = 0; row->op == BATCH_VALUES && i < row->count; i++) {
		batch_item_attribute(&change, &row->attributes[i]);
		take_change(apply, &change);
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

		for (size_t i = 0; i < count; i++)
			take_item(apply, &apply->shapes[table], &items[i]);
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
	if (rc == 0)
		apply->counts.refetch_rows += read->rows_read;
	return rc;
}

void apply_descend(struct apply *apply, const struct target_table *table,
		   const struct value *values)
{
	apply->refetch.again = true;
	descend(&apply->refetch, apply->graph, table, values);
	apply->refetch.again = false;
}

static const char passed_sql[] =
	"with woken as (update ficus.refetch set read_position = null,"
	" progress = '', again = false where read_position = $1 and again)"
	" delete from ficus.refetch where read_position = $1 and not again";

int apply_refetched(struct apply *apply, const char *read_position,
		    struct err *err)
{
	const struct pg_param param = pg_param_text(read_position);
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	assert(batch_empty(apply->batch) && !apply->open);
	if (apply_begin(apply, err) < 0 ||
	    pg_query(apply->pg, passed_sql, &param, 1, &r, err) < 0)
		return err->code;
	apply->counts.refetched += pg_affected(r);
	return apply_commit(apply, 0, err);
}
