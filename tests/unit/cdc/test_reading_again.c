/* What is asked to be read again: requests that cover each other, children of
 * rows that are gone, values whose former place nobody told. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "cdc/batch.h"
#include "cdc/claims.h"
#include "cdc/descend.h"
#include "cdc/refetch_log.h"
#include "cdc/target_sql.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static const char mapping_text[] =
	"tables:\n"
	"  - {source: orders, kind: row, target: orders, domain: order,\n"
	"     family: orders, link: entity_id}\n"
	"  - {source: items, kind: row, target: items, domain: order,\n"
	"     family: orders, link: order_id}\n"
	"  - {source: notes, kind: row, target: notes, domain: order,\n"
	"     family: orders, link: item_id, via: items}\n"
	"  - {source: orders_int, kind: eav, target: order_values,\n"
	"     domain: order, family: orders, link: entity_id,\n"
	"     entity_type: orders, backend: int}\n"
	"  - {source: orders_text, kind: eav, target: order_values,\n"
	"     domain: order, family: orders, link: entity_id,\n"
	"     entity_type: orders, backend: text}\n";

static const struct target_column rows[] = {
	{ (char[]){ "entity_id" }, (char[]){ "bigint" }, 1, false },
	{ (char[]){ "order_id" }, (char[]){ "bigint" }, 0, false },
	{ (char[]){ "item_id" }, (char[]){ "bigint" }, 0, false },
};
static const struct target_column values[] = {
	{ (char[]){ "entity_id" }, (char[]){ "bigint" }, 1, false },
	{ (char[]){ "store_id" }, (char[]){ "integer" }, 2, false },
	{ (char[]){ "attributes" }, (char[]){ "jsonb" }, 0, false },
};
static const struct fk_row keys[] = {
	{ "a", "items", "order_id", "orders", "entity_id", "CASCADE", "" },
	{ "b", "notes", "item_id", "items", "entity_id", "SET NULL", "" },
	{ "c", "orders_int", "entity_id", "orders", "entity_id", "CASCADE",
	  "" },
};

static struct mapping *mapping;
static struct fk_graph *graph;
static struct refetch_log requests;

static int begin(void **state)
{
	struct err err = { 0 };
	int rc =
		mapping_parse("test", str_of(mapping_text), "", &mapping, &err);

	(void)state;
	for (size_t i = 0; rc == 0 && i < mapping->target_count; i++) {
		bool eav =
			strcmp(mapping->targets[i]->name, "order_values") == 0;

		mapping_target_columns(mapping->targets[i], eav ? values : rows,
				       3);
	}
	if (rc == 0)
		rc = fk_graph_new(mapping, keys, LENGTH(keys), &graph, &err);
	refetch_log_init(&requests, mapping);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.msg);
	return rc;
}

static int end(void **state)
{
	(void)state;
	refetch_log_done(&requests);
	fk_graph_free(graph);
	mapping_free(mapping);
	return 0;
}

static const struct mapping_table *table(const char *name)
{
	return mapping_find(mapping, name);
}

static void ask(const char *name, const char *selection)
{
	struct value v = { selection, (uint32_t)strlen(selection), VALUE_TEXT };

	refetch_log_add(&requests, table(name), *selection ? &v : NULL);
}

static bool asked(const char *name, const char *selection)
{
	for (size_t i = 0; i < requests.count; i++)
		if (requests.entries[i]->table == table(name) &&
		    str_eqs(requests.entries[i]->selection, selection))
			return true;
	return false;
}

TEST(a_whole_table_covers_its_rows_but_not_what_hangs_on_them)
{
	ask("orders", "entity_id=1");
	ask("orders", "entity_id=1");
	assert_int_equal(requests.count, 1);
	ask("orders", "");
	ask("orders", "entity_id=2");
	assert_int_equal(requests.count, 2);
	ask("orders", "entity_id=3,*");
	assert_true(asked("orders", "entity_id=3,*"));
}

TEST(too_many_rows_are_a_table_and_too_many_roots_a_family)
{
	char text[32];

	for (int i = 0; i < REFETCH_KEYS_MAX; i++) {
		snprintf(text, sizeof(text), "entity_id=%d", i);
		ask("items", text);
	}
	ask("items", "entity_id=999999");
	assert_true(asked("items", ""));
	assert_int_equal(requests.count, REFETCH_KEYS_MAX + 1);
	ask("orders", "entity_id=7,*");
	assert_true(asked("orders", "") && asked("notes", "") &&
		    asked("orders_int", "") && asked("orders_text", ""));
	assert_int_equal(requests.count, REFETCH_KEYS_MAX + 5);
}

TEST(an_open_transaction_takes_its_requests_back)
{
	ask("items", "entity_id=1");
	refetch_log_end(&requests);
	ask("items", "entity_id=2");
	refetch_log_abandon(&requests);
	assert_int_equal(requests.count, 1);
	ask("items", "entity_id=2");
	assert_int_equal(requests.count, 2);
}

static const struct value row[] = {
	{ "5", 1, VALUE_TEXT },
	{ NULL, 0, VALUE_ABSENT },
	{ NULL, 0, VALUE_ABSENT },
};

TEST(children_of_what_is_gone_by_the_keys_that_reach_them)
{
	descend(&requests, graph, table("orders")->target, row);
	assert_true(asked("items", "order_id=5"));
	assert_true(asked("orders_int", "entity_id=5"));
	assert_int_equal(requests.count, 2); /* orders_text has no key */
	descend(&requests, graph, table("items")->target, row);
	assert_true(asked("notes", "item_id=5"));
	descend(&requests, graph, table("notes")->target, row);
	descend(&requests, NULL, table("orders")->target, row);
	assert_int_equal(requests.count, 3);
}

TEST(children_of_a_key_that_is_not_known_are_all)
{
	const struct value unknown[LENGTH(row)] = { { 0 } };

	descend(&requests, graph, table("items")->target, unknown);
	assert_true(asked("notes", ""));
}

TEST(a_value_is_claimed_only_where_the_batch_says_nothing)
{
	struct target_shape shapes[4];
	struct claims claims;
	struct batch *batch;
	struct value place[] = { { "5", 1, VALUE_TEXT },
				 { "0", 1, VALUE_TEXT },
				 { NULL, 0, VALUE_ABSENT } };
	struct err err = { 0 };
	struct record_change change = {
		.op = RECORD_SET,
		.table = table("orders_int")->target,
		.values = place,
		.attribute = STR("weight"),
		.value = { "7", 1, VALUE_TEXT },
		.source = table("orders_int"),
	};

	assert_int_equal(mapping->target_count, LENGTH(shapes));
	for (size_t i = 0; i < LENGTH(shapes); i++)
		assert_int_equal(target_shape_init(&shapes[i],
						   mapping->targets[i], &err),
				 0);
	batch = batch_new(shapes, LENGTH(shapes));
	claims_init(&claims);
	claims_add(&claims, &change, batch, &requests);
	assert_int_equal(claims.count, 1);
	batch_add(batch, &change);
	claims_add(&claims, &change, batch, &requests); /* it is there */
	assert_int_equal(claims.count, 1);
	assert_int_equal(requests.count, 0);
	change.op = RECORD_UNSET;
	batch_add(batch, &change);
	change.op = RECORD_SET;
	claims_add(&claims, &change, batch, &requests); /* it is gone */
	assert_int_equal(claims.count, 1);
	assert_true(asked("orders_int", ""));
	claims_reset(&claims);
	assert_int_equal(claims.count, 0);
	claims_done(&claims);
	batch_free(batch);
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, begin, end)
RUN(FRESH(a_whole_table_covers_its_rows_but_not_what_hangs_on_them),
    FRESH(too_many_rows_are_a_table_and_too_many_roots_a_family),
    FRESH(an_open_transaction_takes_its_requests_back),
    FRESH(children_of_what_is_gone_by_the_keys_that_reach_them),
    FRESH(children_of_a_key_that_is_not_known_are_all),
    FRESH(a_value_is_claimed_only_where_the_batch_says_nothing))
