/* The order of changes to different keys does not matter, and doing changes
 * again changes nothing: what replay, chunks and folding of batches rest on.
 *
 * A random history of one product shop is run through the transform into a
 * small model of the target (one text per record and per value), then again
 * with neighbours of different keys swapped, and again twice over. */
#include "tests/lib/test.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/transform/shop.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { CELLS_MAX = 512, STEPS = 400, HISTORIES = 40, TABLES = 3, TEXT = 64 };

struct cell { /* a record, or one value of a values row */
	char key[TEXT], content[TEXT];
	bool present;
};

struct model {
	struct cell cells[CELLS_MAX];
	size_t n;
};

/* One row change of the source: what `after` became; NULL: it went away. */
struct step {
	int table, entity, attribute, store;
	char before[TEXT], after[TEXT];
	bool had, has;
};

static struct shop shop;
static struct table_def *defs[TABLES];
static uint64_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (unsigned)(seed >> 33) % below;
}

static struct cell *cell_of(struct model *model, const char *key)
{
	for (size_t i = 0; i < model->n; i++)
		if (strcmp(model->cells[i].key, key) == 0)
			return &model->cells[i];
	assert_true(model->n < CELLS_MAX);

	struct cell *cell = &model->cells[model->n++];
	*cell = (struct cell){ 0 };
	snprintf(cell->key, sizeof(cell->key), "%s", key);
	return cell;
}

static int take(void *user, const struct record_change *change, struct err *err)
{
	bool value = change->op == RECORD_SET || change->op == RECORD_UNSET;
	const struct value *v = change->values;
	char key[TEXT];
	struct cell *cell;

	(void)err;
	if (value)
		snprintf(key, sizeof(key), "%s %.*s %.*s %.*s",
			 change->table->name, (int)v[0].n, v[0].at, (int)v[1].n,
			 v[1].at, (int)change->attribute.n,
			 change->attribute.at);
	else
		snprintf(key, sizeof(key), "%s %.*s", change->table->name,
			 (int)v[0].n, v[0].at);
	cell = cell_of(user, key);
	cell->present = change->op == RECORD_UPSERT || change->op == RECORD_SET;
	if (!cell->present)
		return 0;

	struct value content = value ? change->value : v[3]; /* products.sku */
	snprintf(cell->content, sizeof(cell->content), "%.*s", (int)content.n,
		 value_has(content) ? content.at : "");
	return 0;
}

static void fill(struct value *row, const struct step *step, const char *text,
		 char numbers[3][TEXT])
{
	const int of[3] = { step->attribute, step->store, step->entity };

	for (int i = 0; i < 3; i++) {
		snprintf(numbers[i], TEXT, "%d", of[i]);
		row[i + 1] = (struct value){ numbers[i],
					     (uint32_t)strlen(numbers[i]),
					     VALUE_TEXT };
	}
	row[0] = row[step->table == 0 ? 3 : 2];
	row[4] = (struct value){ text, (uint32_t)strlen(text), VALUE_TEXT };
	if (step->table == 0)
		row[1] = row[4];
}

static void run(struct model *model, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		char old_numbers[3][TEXT], new_numbers[3][TEXT];
		struct value old[5], now[5];
		struct binding *binding = NULL;
		struct err err = { 0 };
		struct row_change row = {
			.op = !s->has  ? ROW_DELETE
			      : s->had ? ROW_UPDATE
				       : ROW_INSERT,
			.before = s->had ? old : NULL,
			.after = s->has ? now : NULL,
		};

		fill(old, s, s->before, old_numbers);
		fill(now, s, s->after, new_numbers);
		assert_int_equal(transform_bind(shop.transform, defs[s->table],
						&binding, &err),
				 0);
		assert_int_equal(transform_row(shop.transform, binding, &row,
					       &shop.arena, take, model, &err),
				 0);
		binding_free(binding);
	}
}

static bool same_key(const struct step *a, const struct step *b)
{
	return a->table == b->table && a->entity == b->entity &&
	       (a->table == 0 ||
		(a->attribute == b->attribute && a->store == b->store));
}

/* A history that could have been: what goes away or changes was there. */
static void make_history(struct step *steps)
{
	for (int i = 0; i < STEPS; i++) {
		struct step *s = &steps[i];

		*s = (struct step){
			.table = (int)pick(TABLES),
			.entity = (int)pick(5) + 1,
			.store = (int)pick(3),
		};
		s->attribute = s->table == 1 ? 73 : 77;
		for (int j = i - 1; j >= 0; j--) {
			if (!same_key(&steps[j], s))
				continue;
			s->had = steps[j].has;
			memcpy(s->before, steps[j].after, TEXT);
			break;
		}
		s->has = !s->had || pick(3) > 0;
		snprintf(s->after, TEXT, "%u", pick(1000));
	}
}

static void shuffle(struct step *steps)
{
	for (int i = 0; i < STEPS * 20; i++) {
		size_t at = pick(STEPS - 1);
		struct step held = steps[at];

		if (same_key(&steps[at], &steps[at + 1]))
			continue;
		steps[at] = steps[at + 1];
		steps[at + 1] = held;
	}
}

static void equal(struct model *a, struct model *b)
{
	for (size_t i = 0; i < a->n; i++) {
		struct cell *other = cell_of(b, a->cells[i].key);

		assert_int_equal(a->cells[i].present, other->present);
		if (other->present)
			assert_string_equal(a->cells[i].content,
					    other->content);
	}
	assert_int_equal(a->n, b->n);
}

TEST(any_order_of_different_keys_and_any_replay_end_alike)
{
	struct step *steps = mem_array(STEPS, sizeof(*steps));
	struct model *models = mem_array(3, sizeof(*models));

	for (seed = 1; seed < HISTORIES * UINT64_C(1000); seed += 1000) {
		uint64_t start = seed;
		size_t from;

		memset(models, 0, 3 * sizeof(*models));
		make_history(steps);
		run(&models[0], steps, STEPS);
		run(&models[1], steps, STEPS);
		from = pick(STEPS);
		run(&models[1], steps + from, STEPS - from);
		equal(&models[0], &models[1]);
		shuffle(steps);
		run(&models[2], steps, STEPS);
		equal(&models[0], &models[2]);
		arena_reset(&shop.arena);
		seed = start;
	}
	free(steps);
	free(models);
}

static int open_shop(void **state)
{
	(void)state;
	shop_open(&shop);
	defs[0] = shop_def("catalog_product_entity", "entity_id* sku x y z");
	defs[1] = shop_def("catalog_product_entity_varchar",
			   "value_id* attribute_id store_id entity_id value");
	defs[2] = shop_def("catalog_product_entity_decimal",
			   "value_id* attribute_id store_id entity_id value");
	return 0;
}

static int close_shop(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLES; i++)
		table_def_free(defs[i]);
	shop_close(&shop);
	return 0;
}

RUN(cmocka_unit_test_setup_teardown(
	any_order_of_different_keys_and_any_replay_end_alike, open_shop,
	close_shop))
