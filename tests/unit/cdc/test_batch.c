/* Coalescing against its definition: a random history, folded and then
 * written, leaves what its changes one by one leave. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/err.h"
#include "cdc/batch.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"

enum { KEYS = 5, ATTRIBUTES = 4, NULL_VALUE = 1000, ABSENT = -1 };

static struct target_column row_columns[] = {
	{ .name = (char[]){ "id" }, .type = (char[]){ "bigint" }, .key = 1 },
	{ .name = (char[]){ "a" }, .type = (char[]){ "text" } },
	{ .name = (char[]){ "b" }, .type = (char[]){ "text" } },
	{ .name = (char[]){ "a_key" },
	  .type = (char[]){ "text" },
	  .generated = true },
};
static struct target_column value_columns[] = {
	{ .name = (char[]){ "entity_id" },
	  .type = (char[]){ "bigint" },
	  .key = 1 },
	{ .name = (char[]){ "store_id" },
	  .type = (char[]){ "integer" },
	  .key = 2 },
	{ .name = (char[]){ "attributes" }, .type = (char[]){ "jsonb" } },
};
static struct target_table tables[] = {
	{ .name = (char[]){ "rows" },
	  .count = LENGTH(row_columns),
	  .columns = row_columns,
	  .index = 0 },
	{ .name = (char[]){ "some_values" },
	  .count = LENGTH(value_columns),
	  .columns = value_columns,
	  .index = 1,
	  .values = true },
};
static struct target_shape shapes[LENGTH(tables)];

/* A target of KEYS rows in each table. */
struct target {
	struct {
		bool present;
		int a, b; /* NULL_VALUE, or the number of the change */
	} rows[KEYS];
	int attributes[KEYS][ATTRIBUTES]; /* ABSENT, NULL_VALUE, a number */
};

static struct target empty_target(void)
{
	struct target t = { 0 };

	memset(t.attributes, -1, sizeof(t.attributes));
	return t;
}

struct step {
	enum record_op op;
	size_t table;
	int key, a, b, attribute;
};

/* --- what a change means, done at once --- */

static void clear_attributes(struct target *t, int key)
{
	for (int i = 0; i < ATTRIBUTES; i++)
		t->attributes[key][i] = ABSENT;
}

static void do_step(struct target *t, const struct step *s)
{
	switch (s->op) {
	case RECORD_UPSERT:
		if (!t->rows[s->key].present)
			t->rows[s->key].b = NULL_VALUE; /* its default */
		t->rows[s->key].present = true;
		t->rows[s->key].a = s->a;
		if (s->b != ABSENT)
			t->rows[s->key].b = s->b;
		break;
	case RECORD_DELETE:
		if (s->table == 0)
			t->rows[s->key].present = false;
		else
			clear_attributes(t, s->key);
		break;
	case RECORD_SET:
		t->attributes[s->key][s->attribute] = s->a;
		break;
	case RECORD_UNSET:
		t->attributes[s->key][s->attribute] = ABSENT;
		break;
	case RECORD_REFETCH:
		break;
	case RECORD_TRUNCATE:
		for (int i = 0; i < KEYS; i++)
			if (s->table == 0)
				t->rows[i].present = false;
			else
				clear_attributes(t, i);
		break;
	}
}

/* --- the same through a batch --- */

struct text {
	char at[16];
};

static struct value value_of(struct text *text, int number)
{
	if (number == ABSENT)
		return (struct value){ .kind = VALUE_ABSENT };
	if (number == NULL_VALUE)
		return (struct value){ .kind = VALUE_NULL };
	int n = snprintf(text->at, sizeof(text->at), "%d", number);
	return (struct value){ text->at, (uint32_t)n, VALUE_TEXT };
}

static int number_of(struct value v)
{
	char text[16] = { 0 };

	if (v.kind == VALUE_ABSENT)
		return ABSENT;
	if (v.kind == VALUE_NULL)
		return NULL_VALUE;
	assert_true(v.n < sizeof(text));
	memcpy(text, v.at, v.n);
	return (int)strtol(text, NULL, 10);
}

static void add_step(struct batch *batch, const struct step *s)
{
	static const struct str names[ATTRIBUTES] = { STR("name"), STR("color"),
						      STR("size"),
						      STR("price") };
	/* On the stack: the batch has to copy all of it. */
	struct text texts[4];
	struct value values[4] = { value_of(&texts[0], s->key) };
	char name[8] = { 0 };
	struct record_change change = {
		.op = s->op,
		.table = &tables[s->table],
		.values = values,
	};

	if (s->table == 0) {
		values[1] = value_of(&texts[1], s->a);
		values[2] = value_of(&texts[2], s->b);
	} else {
		values[1] = value_of(&texts[1], 0);
		memcpy(name, names[s->attribute].at, names[s->attribute].n);
		change.attribute = str_of(name);
		change.value = value_of(&texts[3], s->a);
	}
	if (s->op == RECORD_TRUNCATE)
		change.values = NULL;
	batch_add(batch, &change);
	memset(texts, 'x', sizeof(texts));
	memset(name, 'x', sizeof(name));
}

static void write_row(struct target *t, const struct batch *batch,
		      const struct batch_item *item)
{
	int key = number_of(item->entry->key[0]);
	const struct batch_row *row = item->row;

	assert_true(row->op == BATCH_UPSERT || row->op == BATCH_DELETE);
	if (row->op == BATCH_DELETE || row->cleared)
		t->rows[key].present = false;
	if (row->op == BATCH_DELETE)
		return;
	if (!t->rows[key].present)
		t->rows[key].b = NULL_VALUE;
	t->rows[key].present = true;
	uint8_t mask = batch_variant(batch, 0, row->variant)[0];
	assert_true((mask & 3) == 3 && !(mask & 8));
	t->rows[key].a = number_of(row->values[1]);
	if (mask & 4)
		t->rows[key].b = number_of(row->values[2]);
}

static void write_values(struct target *t, const struct batch_item *item)
{
	int key = number_of(item->entry->key[0]);
	const struct batch_row *row = item->row;

	assert_true(row->op == BATCH_VALUES || row->op == BATCH_DELETE);
	if (row->op == BATCH_DELETE || row->cleared)
		clear_attributes(t, key);
	for (uint32_t i = 0; i < row->count; i++) {
		const char *first = "ncsp";
		long place =
			strchr(first, row->attributes[i].name->at[0]) - first;

		t->attributes[key][place] = number_of(row->attributes[i].value);
	}
}

static void write_part(struct target *t, struct batch *batch,
		       enum batch_part part)
{
	batch_collect(batch, part);
	for (size_t table = 0; table < LENGTH(tables); table++) {
		const struct batch_item *items;
		size_t n = batch_items(batch, table, &items);

		if (batch_truncated(batch, table, part))
			do_step(t, &(struct step){ .op = RECORD_TRUNCATE,
						   .table = table });
		for (size_t i = 0; i < n; i++) {
			if (i > 0) /* sorted */
				assert_true(items[i - 1].entry->order <
					    items[i].entry->order);
			if (table == 0)
				write_row(t, batch, &items[i]);
			else
				write_values(t, &items[i]);
		}
	}
}

static void assert_same(const struct target *want, const struct target *got)
{
	for (int i = 0; i < KEYS; i++) {
		assert_int_equal(want->rows[i].present, got->rows[i].present);
		if (!want->rows[i].present)
			continue;
		assert_int_equal(want->rows[i].a, got->rows[i].a);
		assert_int_equal(want->rows[i].b, got->rows[i].b);
	}
	assert_memory_equal(want->attributes, got->attributes,
			    sizeof(want->attributes));
}

/* --- random histories --- */

static int below(unsigned *seed, int n)
{
	return (int)((unsigned)rand_r(seed) % (unsigned)n);
}

static struct step random_step(unsigned *seed, int number)
{
	struct step s = {
		.table = (size_t)below(seed, 2),
		.key = below(seed, KEYS),
		.a = below(seed, 5) == 0 ? NULL_VALUE : number,
		.b = number,
		.attribute = below(seed, ATTRIBUTES),
	};
	int kind = below(seed, 20);

	if (below(seed, 4) == 0)
		s.b = ABSENT;
	if (kind == 0)
		s.op = RECORD_TRUNCATE;
	else if (kind < 5)
		s.op = RECORD_DELETE;
	else if (s.table == 0)
		s.op = RECORD_UPSERT;
	else
		s.op = kind < 14 ? RECORD_SET : RECORD_UNSET;
	return s;
}

/* want: ended transactions and the open one; what abandoning goes back to */
struct history {
	struct target want, ended;
	struct target got, got_ended; /* written */
	struct batch *batch;
	bool split; /* parts of the open transaction are in `got` */
};

static void write_early(struct history *h)
{
	if (!h->split) {
		write_part(&h->got, h->batch, BATCH_ENDED);
		assert_same(&h->ended, &h->got);
		h->got_ended = h->got;
	}
	write_part(&h->got, h->batch, BATCH_OPEN);
	assert_same(&h->want, &h->got);
	batch_reset(h->batch);
	h->split = true;
}

static void abandon(struct history *h)
{
	h->want = h->ended;
	if (h->split) {
		h->got = h->got_ended;
		batch_reset(h->batch);
	} else {
		batch_abandon(h->batch);
	}
	h->split = false;
}

static void run_history(unsigned seed, int steps)
{
	struct history h = {
		.want = empty_target(),
		.ended = empty_target(),
		.got = empty_target(),
		.batch = batch_new(shapes, LENGTH(shapes)),
	};

	for (int i = 1; i <= steps; i++) {
		struct step s = random_step(&seed, i);

		do_step(&h.want, &s);
		add_step(h.batch, &s);
		switch (below(&seed, 12)) {
		case 0:
			abandon(&h);
			break;
		case 1:
			write_early(&h);
			break;
		case 2:
		case 3:
		case 4:
			batch_end(h.batch);
			h.ended = h.want;
			h.split = false;
			break;
		default:
			break;
		}
	}
	write_part(&h.got, h.batch, BATCH_ALL);
	assert_same(&h.want, &h.got);
	batch_free(h.batch);
}

TEST(random_histories_end_as_their_changes_one_by_one)
{
	for (unsigned seed = 1; seed <= 3000; seed++)
		run_history(seed, 40);
}

/* --- single rules --- */

static size_t items_after(const struct step *steps, size_t n,
			  struct batch **ret, const struct batch_item **items)
{
	*ret = batch_new(shapes, LENGTH(shapes));
	for (size_t i = 0; i < n; i++)
		add_step(*ret, &steps[i]);
	batch_collect(*ret, BATCH_ALL);
	return batch_items(*ret, steps[0].table, items);
}

TEST(a_full_row_after_its_delete_needs_no_delete)
{
	const struct step steps[] = {
		{ .op = RECORD_UPSERT, .key = 1, .a = 1, .b = 1 },
		{ .op = RECORD_DELETE, .key = 1 },
		{ .op = RECORD_UPSERT, .key = 1, .a = 2, .b = 2 },
	};
	const struct batch_item *items;
	struct batch *batch;

	/* "generated" is never given: such a row is full all the same. */
	assert_int_equal(items_after(steps, 3, &batch, &items), 1);
	assert_int_equal(items[0].row->op, BATCH_UPSERT);
	assert_int_equal(number_of(items[0].row->values[1]), 2);
	batch_free(batch);
}

TEST(keys_of_two_tables_and_of_two_texts_are_different)
{
	const struct step steps[] = {
		{ .op = RECORD_UPSERT, .key = 1, .a = 1, .b = 1 },
		{ .op = RECORD_SET, .table = 1, .key = 1, .a = 1 },
		{ .op = RECORD_UPSERT, .key = 2, .a = 1, .b = 1 },
	};
	const struct batch_item *items;
	struct batch *batch;

	assert_int_equal(items_after(steps, 3, &batch, &items), 2);
	assert_int_equal(batch_items(batch, 1, &items), 1);
	batch_free(batch);
}

TEST(a_batch_counts_its_bytes_and_forgets_them)
{
	struct batch *batch = batch_new(shapes, LENGTH(shapes));
	const struct step s = { .op = RECORD_UPSERT, .a = 1, .b = 1 };
	const struct batch_item *items;

	assert_true(batch_empty(batch));
	add_step(batch, &s);
	size_t one = batch_bytes(batch);
	assert_true(one > 0);
	for (int i = 0; i < 100; i++)
		add_step(batch, &s);
	assert_true(batch_bytes(batch) > one);
	batch_reset(batch);
	assert_true(batch_empty(batch));
	assert_int_equal(batch_bytes(batch), 0);
	batch_collect(batch, BATCH_ALL);
	assert_int_equal(batch_items(batch, 0, &items), 0);
	batch_free(batch);
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < LENGTH(tables); i++)
		if (target_shape_init(&shapes[i], &tables[i], &err) < 0)
			return -1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(random_histories_end_as_their_changes_one_by_one),
		CASE(a_full_row_after_its_delete_needs_no_delete),
		CASE(keys_of_two_tables_and_of_two_texts_are_different),
		CASE(a_batch_counts_its_bytes_and_forgets_them),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
