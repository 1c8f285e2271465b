/* Selections of rows as conditions, as keys and as places in a walk. */
#include "tests/lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "base/defs.h"
#include "cdc/selection.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"
#include "transform/value.h"

static struct target_column columns[] = {
	{ .name = (char[]){ "name" }, .type = (char[]){ "text" } },
	{ .name = (char[]){ "store_id" },
	  .type = (char[]){ "integer" },
	  .key = 2 },
	{ .name = (char[]){ "entity_id" },
	  .type = (char[]){ "bigint" },
	  .key = 1 },
};
static const struct target_table table = {
	.name = (char[]){ "rows" },
	.count = LENGTH(columns),
	.columns = columns,
};

static void expect(struct buf *sql, const char *text)
{
	assert_string_equal(buf_str(sql), text);
	buf_reset(sql, 0);
}

TEST(conditions_differ_only_in_their_quotes)
{
	struct buf sql;

	buf_init(&sql, 1000);
	selection_add(&sql, &selection_source, STR("entity_id=5,store_id=-1"));
	expect(&sql, "(t.`entity_id` = 5 and t.`store_id` = -1)");
	selection_add(&sql, &selection_target, STR("entity_id=5"));
	expect(&sql, "(c.\"entity_id\" = 5)");
	selection_add_name(&sql, &selection_source, STR("a`b\"c"));
	expect(&sql, "t.`a``b\"c`");
	selection_add_name(&sql, &selection_target, STR("a`b\"c"));
	expect(&sql, "c.\"a`b\"\"c\"");
	buf_done(&sql);
}

TEST(a_deep_selection_is_its_roots_key)
{
	struct value values[LENGTH(columns)] = { 0 };
	struct buf sql;

	assert_true(selection_is_deep(STR("entity_id=5,*")));
	assert_false(selection_is_deep(STR("entity_id=5")));
	assert_false(selection_is_deep(STR(",*")));
	assert_false(selection_is_deep(STR("")));
	assert_true(str_eqs(selection_shallow(STR("a=5,*")), "a=5"));
	assert_true(str_eqs(selection_shallow(STR("a=5")), "a=5"));
	buf_init(&sql, 1000);
	selection_add(&sql, &selection_source, STR("entity_id=5,*"));
	expect(&sql, "(t.`entity_id` = 5)");
	buf_done(&sql);
	assert_true(selection_is_key(&table, STR("entity_id=5,store_id=1,*"),
				     values));
	assert_false(selection_alike(STR("a=5,*"), STR("a=5")));
	assert_true(selection_alike(STR("a=5,*"), STR("a=77,*")));
}

TEST(a_key_is_all_of_its_columns_in_any_order)
{
	struct value values[LENGTH(columns)] = { 0 };
	size_t key[TARGET_KEY_MAX];

	assert_int_equal(selection_key_columns(&table, key), 2);
	assert_int_equal(key[0], 2);
	assert_int_equal(key[1], 1);
	assert_true(selection_is_key(&table, STR("store_id=1,entity_id=55"),
				     values));
	assert_int_equal(values[2].n, 2);
	assert_memory_equal(values[2].at, "55", 2);
	assert_memory_equal(values[1].at, "1", 1);
	assert_false(selection_is_key(&table, STR("entity_id=5"), values));
	assert_false(
		selection_is_key(&table, STR("entity_id=5,name=1"), values));
}

TEST(alike_are_those_of_the_same_columns)
{
	assert_true(selection_alike(STR("a=1,b=2"), STR("a=3,b=44")));
	assert_false(selection_alike(STR("a=1,b=2"), STR("b=3,a=4")));
	assert_false(selection_alike(STR("a=1,b=2"), STR("a=3")));
	assert_false(selection_alike(STR("a=1"), STR("")));
}

TEST(what_is_behind_a_key_of_several_columns)
{
	const struct str names[] = { STR("a"), STR("b"), STR("c") };
	struct buf sql;

	buf_init(&sql, 1000);
	selection_add_behind(&sql, &selection_source, names, 1, STR("5"));
	expect(&sql, "(t.`a` > 5)");
	selection_add_behind(&sql, &selection_source, names, 3, STR("5,-6,7"));
	expect(&sql, "t.`a` >= 5 and (t.`a` > 5 or (t.`a` = 5 and (t.`b` > -6 "
		     "or (t.`b` = -6 and (t.`c` > 7)))))");
	buf_done(&sql);
}

TEST(texts_are_behind_by_their_bytes)
{
	const struct str names[] = { STR("a"), STR("b") };
	struct buf sql, place;

	buf_init(&sql, 1000);
	buf_init(&place, 1000);
	selection_add_place(&place, STR("x,'\xc3\xa4"), true);
	buf_addc(&place, ',');
	selection_add_place(&place, STR("12"), false);
	assert_string_equal(buf_str(&place), "x782c27c3a4,12");
	selection_add_behind(&sql, &selection_source, names, 2,
			     STR("x782c27c3a4,12"));
	expect(&sql, "cast(convert(t.`a` using utf8mb4) as binary) >= "
		     "x'782c27c3a4' and (cast(convert(t.`a` using utf8mb4) as "
		     "binary) > x'782c27c3a4' or (cast(convert(t.`a` using "
		     "utf8mb4) as binary) = x'782c27c3a4' and (t.`b` > 12)))");
	selection_add_behind(&sql, &selection_target, names, 1, STR("x"));
	expect(&sql, "(convert_to(c.\"a\", 'UTF8') > '\\x'::bytea)");
	selection_add_order(&sql, &selection_source, STR("b"), false);
	expect(&sql, "t.`b`");
	buf_done(&sql);
	buf_done(&place);
}

RUN(CASE(conditions_differ_only_in_their_quotes),
    CASE(a_deep_selection_is_its_roots_key),
    CASE(a_key_is_all_of_its_columns_in_any_order),
    CASE(alike_are_those_of_the_same_columns),
    CASE(what_is_behind_a_key_of_several_columns),
    CASE(texts_are_behind_by_their_bytes))
