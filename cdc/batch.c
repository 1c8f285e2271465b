#include "cdc/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "cdc/index.h"
#include "cdc/names.h"
#include "cdc/target_sql.h"
#include "cdc/value_copy.h"
#include "cdc/variants.h"
#include "transform/mapping.h"

enum {
	SLOTS_KEEP = 64 * 1024,
	ATTRIBUTES_MIN = 4,
	ITEMS_KEEP = 64 * 1024,
};

struct batch_table {
	const struct target_shape *shape;
	struct batch_entry *entries;
	bool truncated_ended, truncated_open;
	struct variants variants;
	size_t first_item, item_count; /* of batch.items */
};

struct batch {
	struct arena arena;
	struct index entries;
	struct names names; /* of attributes */
	struct batch_table *tables;
	size_t table_count;
	struct batch_entry *touched;
	uint64_t transaction; /* number of the open one */
	struct batch_item *items;
	size_t items_size;
	bool truncates;
};

struct batch *batch_new(const struct target_shape *shapes, size_t count)
{
	struct batch *batch = mem_zalloc(sizeof(*batch));

	arena_init(&batch->arena);
	index_init(&batch->entries);
	names_init(&batch->names);
	batch->tables = mem_array(count, sizeof(*batch->tables));
	batch->table_count = count;
	batch->transaction = 1;
	for (size_t i = 0; i < count; i++) {
		batch->tables[i].shape = &shapes[i];
		variants_init(&batch->tables[i].variants,
			      shapes[i].table->count);
	}
	return batch;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->table_count; i++)
		variants_done(&batch->tables[i].variants);
	free(batch->tables);
	free(batch->items);
	index_done(&batch->entries);
	names_done(&batch->names);
	arena_done(&batch->arena);
	free(batch);
}

void batch_reset(struct batch *batch)
{
	index_reset(&batch->entries, SLOTS_KEEP);
	arena_reset(&batch->arena);
	names_reset(&batch->names);
	for (size_t i = 0; i < batch->table_count; i++) {
		batch->tables[i].entries = NULL;
		batch->tables[i].first_item = 0;
		batch->tables[i].item_count = 0;
		batch->tables[i].truncated_ended = false;
		batch->tables[i].truncated_open = false;
	}
	if (batch->items_size > ITEMS_KEEP) {
		free(TAKE(batch->items));
		batch->items_size = 0;
	}
	batch->touched = NULL;
	batch->truncates = false;
	batch->transaction++;
}

/* --- finding and making entries --- */

struct wanted {
	const struct target_shape *shape;
	size_t table;
	const struct value *values; /* by target column */
};

static bool value_same(struct value a, struct value b)
{
	return a.kind == b.kind && a.n == b.n &&
	       (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static bool entry_same(const void *item, const void *want)
{
	const struct batch_entry *entry = item;
	const struct wanted *wanted = want;

	if (entry->table != wanted->table)
		return false;
	for (size_t i = 0; i < wanted->shape->key_count; i++)
		if (!value_same(entry->key[i],
				wanted->values[wanted->shape->key[i]]))
			return false;
	return true;
}

static uint64_t hash_key(const struct wanted *wanted)
{
	uint64_t hash = wanted->table * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < wanted->shape->key_count; i++) {
		struct value v = wanted->values[wanted->shape->key[i]];

		assert(value_has(v)); /* keys are never NULL or absent */
		hash = (hash ^ str_hash(v.at, v.n)) *
		       UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 33;
	}
	return hash;
}

static struct batch_entry *entry_new(struct batch *batch,
				     const struct wanted *wanted, uint64_t hash)
{
	struct batch_table *table = &batch->tables[wanted->table];
	struct batch_entry *entry =
		arena_new(&batch->arena, struct batch_entry);
	struct value key[TARGET_KEY_MAX] = { 0 };

	for (size_t i = 0; i < wanted->shape->key_count; i++)
		key[i] = wanted->values[wanted->shape->key[i]];
	entry->key = value_copy(&batch->arena, key, wanted->shape->key_count);
	entry->hash = hash;
	entry->table = wanted->table;
	if (!str_to_i64((struct str){ key[0].at, key[0].n }, &entry->order))
		entry->order = INT64_MAX;
	entry->next = table->entries;
	table->entries = entry;
	index_add(&batch->entries, hash, entry);
	return entry;
}

/* Before the open transaction changes an entry for the first time. */
static void touch(struct batch *batch, struct batch_entry *entry)
{
	if (entry->touched == batch->transaction)
		return;
	entry->touched = batch->transaction;
	entry->touched_next = batch->touched;
	batch->touched = entry;
	entry->ended = entry->now;
	if (entry->now.op != BATCH_VALUES)
		return;
	entry->now.attributes =
		arena_memdup(&batch->arena, entry->now.attributes,
			     entry->now.count * sizeof(*entry->now.attributes));
	entry->now.size = entry->now.count;
}

static struct batch_entry *take_entry(struct batch *batch,
				      const struct record_change *change)
{
	size_t index = change->table->index;

	assert(index < batch->table_count);
	const struct wanted wanted = {
		.shape = batch->tables[index].shape,
		.table = index,
		.values = change->values,
	};
	uint64_t hash = hash_key(&wanted);
	struct batch_entry *entry =
		index_find(&batch->entries, hash, entry_same, &wanted);
	if (!entry)
		entry = entry_new(batch, &wanted, hash);
	touch(batch, entry);
	return entry;
}

/* --- rows --- */

/* A full image replaces the earlier one; columns it does not hold keep what
 * the earlier one said. */
static void set_row(struct batch *batch, struct batch_entry *entry,
		    const struct value *values)
{
	struct batch_table *table = &batch->tables[entry->table];
	const struct target_table *target = table->shape->table;
	uint8_t mask[TARGET_COLUMNS_MAX / 8] = { 0 };
	bool partial = false;
	struct value *copy = value_copy(&batch->arena, values, target->count);

	assert(!target->values);
	for (size_t i = 0; i < target->count; i++) {
		if (target->columns[i].generated)
			continue;
		if (copy[i].kind == VALUE_ABSENT) {
			partial = true;
			if (entry->now.op == BATCH_UPSERT)
				copy[i] = entry->now.values[i];
		}
		if (copy[i].kind != VALUE_ABSENT)
			mask[i / 8] |= (uint8_t)(1U << (i % 8));
	}
	/* What a partial image leaves out must not survive the delete. */
	bool cleared = entry->now.cleared ||
		       (partial && entry->now.op == BATCH_DELETE);
	entry->now = (struct batch_row){
		.op = BATCH_UPSERT,
		.cleared = cleared,
		.variant = variants_take(&table->variants, mask),
		.values = copy,
	};
}

static struct batch_attribute *take_attribute(struct batch *batch,
					      struct batch_row *row,
					      const struct str *name)
{
	for (uint32_t i = 0; i < row->count; i++)
		if (row->attributes[i].name == name)
			return &row->attributes[i];
	if (row->count == row->size) {
		uint32_t size = row->size ? row->size * 2 : ATTRIBUTES_MIN;
		struct batch_attribute *wider =
			arena_alloc(&batch->arena, size * sizeof(*wider));

		if (row->count > 0)
			memcpy(wider, row->attributes,
			       row->count * sizeof(*wider));
		row->attributes = wider;
		row->size = size;
	}
	row->attributes[row->count].name = name;
	return &row->attributes[row->count++];
}

static void set_attribute(struct batch *batch, struct batch_entry *entry,
			  const struct record_change *change)
{
	struct batch_row *row = &entry->now;
	struct value value = { .kind = VALUE_ABSENT };

	assert(change->table->values);
	if (row->op != BATCH_VALUES)
		*row = (struct batch_row){
			.op = BATCH_VALUES,
			.cleared = row->op == BATCH_DELETE,
		};
	if (change->op == RECORD_SET)
		value = change->value;
	assert(change->op == RECORD_UNSET || value.kind != VALUE_ABSENT);
	if (value_has(value))
		value.at = arena_memdup(&batch->arena, value.at, value.n);

	struct batch_attribute *attribute = take_attribute(
		batch, row, names_take(&batch->names, change->attribute));
	attribute->value = value;
	attribute->json = change->json;
}

static void truncate_table(struct batch *batch, size_t index)
{
	struct batch_table *table = &batch->tables[index];

	for (struct batch_entry *e = table->entries; e; e = e->next) {
		touch(batch, e);
		e->now = (struct batch_row){ .op = BATCH_NONE };
	}
	table->truncated_open = true;
	batch->truncates = true;
}

void batch_add(struct batch *batch, const struct record_change *change)
{
	if (change->op == RECORD_TRUNCATE) {
		truncate_table(batch, change->table->index);
		return;
	}

	struct batch_entry *entry = take_entry(batch, change);
	switch (change->op) {
	case RECORD_UPSERT:
		set_row(batch, entry, change->values);
		break;
	case RECORD_DELETE:
		entry->now = (struct batch_row){ .op = BATCH_DELETE };
		break;
	case RECORD_SET:
	case RECORD_UNSET:
		set_attribute(batch, entry, change);
		break;
	case RECORD_TRUNCATE:
	case RECORD_REFETCH:
		break;
	}
}

static enum batch_says look_row(const struct batch_row *row,
				const struct str *name)
{
	if (row->op == BATCH_DELETE)
		return BATCH_SAYS_GONE;
	if (row->op == BATCH_UPSERT)
		return BATCH_SAYS_THERE;
	for (uint32_t i = 0; i < row->count; i++)
		if (str_eq(*row->attributes[i].name, *name))
			return row->attributes[i].value.kind == VALUE_ABSENT
				       ? BATCH_SAYS_GONE
				       : BATCH_SAYS_THERE;
	return row->cleared ? BATCH_SAYS_GONE : BATCH_SAYS_NOTHING;
}

enum batch_says batch_look(const struct batch *batch,
			   const struct record_change *change)
{
	const struct batch_table *table = &batch->tables[change->table->index];
	const struct wanted wanted = {
		.shape = table->shape,
		.table = change->table->index,
		.values = change->values,
	};
	const struct batch_entry *entry = index_find(
		&batch->entries, hash_key(&wanted), entry_same, &wanted);

	if (entry && entry->now.op != BATCH_NONE)
		return look_row(&entry->now, &change->attribute);
	return table->truncated_ended || table->truncated_open
		       ? BATCH_SAYS_GONE
		       : BATCH_SAYS_NOTHING;
}

void batch_end(struct batch *batch)
{
	batch->touched = NULL;
	batch->transaction++;
	for (size_t i = 0; batch->truncates && i < batch->table_count; i++) {
		struct batch_table *table = &batch->tables[i];

		table->truncated_ended |= table->truncated_open;
		table->truncated_open = false;
	}
}

void batch_abandon(struct batch *batch)
{
	for (struct batch_entry *e = batch->touched; e; e = e->touched_next)
		e->now = e->ended;
	for (size_t i = 0; i < batch->table_count; i++)
		batch->tables[i].truncated_open = false;
	batch->touched = NULL;
	batch->transaction++;
}

/* --- what to write --- */

size_t batch_bytes(const struct batch *batch)
{
	return batch->arena.used +
	       batch->entries.count * 2 * sizeof(struct index_slot);
}

bool batch_empty(const struct batch *batch)
{
	return batch->entries.count == 0 && !batch->truncates;
}

bool batch_truncated(const struct batch *batch, size_t table,
		     enum batch_part part)
{
	const struct batch_table *t = &batch->tables[table];

	return (part != BATCH_OPEN && t->truncated_ended) ||
	       (part != BATCH_ENDED && t->truncated_open);
}

static const struct batch_row *row_of(const struct batch *batch,
				      const struct batch_entry *entry,
				      enum batch_part part)
{
	bool open = entry->touched == batch->transaction;

	if (part == BATCH_ENDED && open)
		return &entry->ended;
	if (part == BATCH_OPEN && !open)
		return NULL;
	return &entry->now;
}

static int compare_values(struct value a, struct value b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n ? memcmp(a.at, b.at, a.n) : 0;
}

/* Keys of one table have one length: entries differ in some column. */
static int compare_items(const void *left, const void *right, void *shape)
{
	const struct batch_entry *a = ((const struct batch_item *)left)->entry;
	const struct batch_entry *b = ((const struct batch_item *)right)->entry;
	size_t columns = ((const struct target_shape *)shape)->key_count;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	for (size_t i = 0; i < columns; i++) {
		int order = compare_values(a->key[i], b->key[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

static void push(struct batch *batch, size_t n, struct batch_item item)
{
	if (n == batch->items_size) {
		batch->items_size = n ? n * 2 : 256;
		batch->items =
			mem_realloc(batch->items,
				    batch->items_size * sizeof(*batch->items));
	}
	batch->items[n] = item;
}

static size_t collect_table(struct batch *batch, size_t n, size_t table,
			    enum batch_part part)
{
	struct batch_table *t = &batch->tables[table];
	struct target_shape shape = *t->shape;

	t->first_item = n;
	for (struct batch_entry *e = t->entries; e; e = e->next) {
		const struct batch_row *row = row_of(batch, e, part);

		if (row && row->op != BATCH_NONE)
			push(batch, n++, (struct batch_item){ e, row });
	}
	t->item_count = n - t->first_item;
	if (t->item_count > 1)
		qsort_r(batch->items + t->first_item, t->item_count,
			sizeof(*batch->items), compare_items, &shape);
	return n;
}

void batch_collect(struct batch *batch, enum batch_part part)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->table_count; i++)
		n = collect_table(batch, n, i, part);
}

size_t batch_items(const struct batch *batch, size_t table,
		   const struct batch_item **ret_items)
{
	const struct batch_table *t = &batch->tables[table];

	*ret_items = t->item_count ? &batch->items[t->first_item] : NULL;
	return t->item_count;
}

const uint8_t *batch_variant(const struct batch *batch, size_t table,
			     uint32_t variant)
{
	return variants_mask(&batch->tables[table].variants, variant);
}
