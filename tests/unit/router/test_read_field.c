#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_tree.h"
#include "router/read/entity.h"
#include "router/read/proof.h"

static struct arena arena;
static struct buf out;

static const char *written(enum field_cast cast, const char *text)
{
	struct field_value value = { .text = str_of(text) };
	struct json json;

	buf_done(&out);
	buf_init(&out, 4096);
	json_init(&json, &out, JSON_PLAIN);
	field_write(&json, cast, value, NULL, &arena);
	return buf_str(&out);
}

static int clean(void **state)
{
	(void)state;
	buf_done(&out);
	arena_done(&arena);
	return 0;
}

struct pair {
	const char *text, *json;
};

static void check(enum field_cast cast, const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_string_equal(written(cast, pairs[i].text),
				    pairs[i].json);
}

TEST(decimals_are_trimmed_and_never_damaged)
{
	static const struct pair pairs[] = {
		{ "21.500000", "21.5" },
		{ "34.000000", "34" },
		{ "0.0000", "0" },
		{ "-0.0000", "0" },
		{ "-0.10", "-0.1" },
		{ "00021", "21" },
		{ ".5", "0.5" },
		{ "5.", "5" },
		{ "1.0e-5", "0.00001" },
		{ "1.25E+3", "1250" },
		{ "12345678901234567890.123456",
		  "12345678901234567890.123456" },
		{ "99999999999999.9999", "99999999999999.9999" },
		{ "1e120", NULL },
		{ "", "null" },
		{ "abc", "null" },
		{ "1.2.3", "null" },
		{ "1e999", "null" },
		{ "1e", "null" },
		{ "--1", "null" },
		{ "NaN", "null" },
		{ NULL, "null" },
	};

	for (size_t i = 0; i < LENGTH(pairs); i++) {
		const char *json = written(FIELD_NUMBER, pairs[i].text);

		if (pairs[i].json)
			assert_string_equal(json, pairs[i].json);
		else
			assert_int_equal(strlen(json), 121);
	}
}

TEST(whole_numbers_and_ids)
{
	static const struct pair ints[] = { { "12", "12" },
					    { "-3", "-3" },
					    { "12.0", "12" },
					    { "1.5", "null" },
					    { "0", "0" },
					    { "x", "null" },
					    { "18446744073709551615",
					      "18446744073709551615" } };
	static const struct pair ids[] = { { "12", "12" },
					   { "0", "null" },
					   { NULL, "null" } };

	check(FIELD_INT, ints, LENGTH(ints));
	check(FIELD_ID, ids, LENGTH(ids));
}

TEST(booleans_have_many_spellings)
{
	static const struct pair bools[] = {
		{ "t", "true" }, { "f", "false" },    { "1", "true" },
		{ "2", "true" }, { "0.00", "false" }, { "", "false" },
		{ NULL, "null" }
	};
	static const struct pair flags[] = { { "t", "true" },
					     { NULL, "false" } };

	check(FIELD_BOOL, bools, LENGTH(bools));
	check(FIELD_FLAG, flags, LENGTH(flags));
}

TEST(times_are_iso_8601_in_utc)
{
	static const struct pair pairs[] = {
		{ "2026-03-01 12:00:00", "\"2026-03-01T12:00:00Z\"" },
		{ "2026-03-01 12:00:00+00", "\"2026-03-01T12:00:00Z\"" },
		{ "2026-03-01 12:00:00.25+00", "\"2026-03-01T12:00:00.25Z\"" },
		{ "2026-03-01", "null" },
		{ "2026-03-01 12:00:00+02", "null" },
		{ "infinity", "null" },
		{ "20026-03-01 12:00:00", "null" },
	};

	check(FIELD_TIME, pairs, LENGTH(pairs));
}

TEST(lines_and_commas_become_arrays)
{
	static const struct pair lines[] = {
		{ "a\nb", "[\"a\",\"b\"]" },
		{ "a", "[\"a\"]" },
		{ "", "[\"\"]" },
		{ "a\n", "[\"a\",\"\"]" },
		{ NULL, "null" },
	};
	static const struct pair commas[] = { { "x,y", "[\"x\",\"y\"]" } };

	check(FIELD_LINES, lines, LENGTH(lines));
	check(FIELD_COMMAS, commas, LENGTH(commas));
}

static const char *attributes(const char *text)
{
	static const char *const hidden[] = { "name", NULL };
	struct json_node *node = NULL;
	struct err err = { 0 };
	struct field_value value;
	struct json json;

	assert_int_equal(json_tree_parse(&arena, str_of(text), &node, &err), 0);
	value = (struct field_value){ .node = node };
	buf_done(&out);
	buf_init(&out, 4096);
	json_init(&json, &out, JSON_PLAIN);
	field_write(&json, FIELD_ATTRIBUTES, value, hidden, &arena);
	return buf_str(&out);
}

TEST(attributes_are_sorted_texts_of_either_side)
{
	assert_string_equal(attributes("{\"b\": 1.50, \"a\": \"x\", \"name\": "
				       "\"n\", \"c\": null, \"ab\": true}"),
			    "{\"a\":\"x\",\"ab\":\"1\",\"b\":\"1.50\"}");
	assert_string_equal(
		attributes("[{\"attribute_code\":\"b\",\"value\":[\"9\",11]},"
			   "{\"attribute_code\":\"name\",\"value\":\"n\"},"
			   "{\"attribute_code\":\"a\",\"value\":\"\"},"
			   "{\"attribute_code\":\"a\",\"value\":\"\"}]"),
		"{\"a\":\"\",\"b\":\"9,11\"}");
	assert_string_equal(attributes("null"), "{}");
}

static bool spoils(enum read_kind kind, const char *record, const char *key,
		   int64_t id)
{
	return proof_spoils(entity_of(kind), str_of(record), str_of(key), id);
}

TEST(a_dead_letter_spoils_what_it_names_and_in_doubt_everything)
{
	assert_true(spoils(READ_ORDER, "orders", "entity_id=5", 5));
	assert_false(spoils(READ_ORDER, "orders", "entity_id=5", 6));
	assert_true(spoils(READ_ORDER, "orders", "entity_id=5", 0));
	assert_true(spoils(READ_ORDER, "orders", "entity_id=", 6));
	assert_true(spoils(READ_ORDER, "orders", "", 6));
	assert_true(spoils(READ_ORDER, "order_items", "item_id=5", 6));
	assert_false(spoils(READ_ORDER, "customers", "entity_id=6", 6));
	assert_true(spoils(READ_PRODUCT_BY_ID, "product_websites",
			   "product_id=6, website_id=1", 6));
	assert_false(spoils(READ_PRODUCT_BY_ID, "product_websites",
			    "product_id=7, website_id=6", 6));
	assert_true(spoils(READ_PRODUCT_BY_ID, "product_categories",
			   "category_id=2,product_id=6,entity_id=1", 6));
	assert_false(spoils(READ_CATEGORY, "category_values",
			    "entity_id=60,store_id=6", 6));
}

static struct proof well(void)
{
	return (struct proof){ .found = true,
			       .streaming = true,
			       .lag_known = true,
			       .lag_ms = 100,
			       .age_ms = 200,
			       .fresh = true,
			       .one_epoch = true,
			       .epoch = 3,
			       .one_start = true,
			       .postgres_start_us = 5,
			       .system_identifier = 6,
			       .passed_ticket = 10,
			       .client_ticket = 9 };
}

static const struct read_needs needs = { .max_lag_ms = 300, .ticket = 10 };

static enum read_outcome judged(struct proof proof)
{
	const char *reason = NULL;
	enum read_outcome outcome = proof_judge(&proof, &needs, &reason);

	assert_non_null(reason);
	assert_true((outcome == READ_OK) == (reason[0] == '\0'));
	return outcome;
}

#define JUDGED(change)                                                         \
	({                                                                     \
		struct proof proof = well();                                   \
		proof.change;                                                  \
		judged(proof);                                                 \
	})

TEST(every_doubt_refuses)
{
	assert_int_equal(judged(well()), READ_OK);
	assert_int_equal(JUDGED(found = false), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(streaming = false), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(lag_known = false), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(lag_ms = 101), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(lag_ms = -1), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(lag_ms = INT64_MAX), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(age_ms = 201), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(age_ms = -1001), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(fresh = false), READ_REFUSED_STALE);
	assert_int_equal(JUDGED(one_epoch = false), READ_REFUSED_EPOCH);
	assert_int_equal(JUDGED(one_start = false), READ_REFUSED_EPOCH);
	assert_int_equal(JUDGED(passed_ticket = 9), READ_REFUSED_FENCE);
	assert_int_equal(JUDGED(client_ticket = 11), READ_REFUSED_FENCE);
}

#define TIDY(name) cmocka_unit_test_teardown(name, clean)
RUN(TIDY(decimals_are_trimmed_and_never_damaged), TIDY(whole_numbers_and_ids),
    TIDY(booleans_have_many_spellings), TIDY(times_are_iso_8601_in_utc),
    TIDY(lines_and_commas_become_arrays),
    TIDY(attributes_are_sorted_texts_of_either_side),
    CASE(a_dead_letter_spoils_what_it_names_and_in_doubt_everything),
    CASE(every_doubt_refuses))
