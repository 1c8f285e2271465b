#include "tests/lib/test.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "tests/unit/transform/shop.h"
#include "transform/mapping.h"
#include "transform/mapping_wish.h"

#define CUSTOMERS                                                              \
	"tables:\n"                                                            \
	"  - source: customer_entity\n"                                        \
	"    kind: row\n"                                                      \
	"    target: customers\n"                                              \
	"    domain: customer\n"                                               \
	"    family: customer_entity\n"                                        \
	"    link: entity_id\n"

TEST(the_shipped_mapping_loads)
{
	struct mapping *m = shop_mapping("");
	const struct mapping_table *t = mapping_find(m, "customer_entity");

	assert_non_null(t);
	assert_int_equal(t->kind, TABLE_ROW);
	assert_int_equal(t->domain, DOMAIN_CUSTOMER);
	assert_string_equal(t->target->name, "customers");
	assert_string_equal(t->link, "entity_id");
	t = mapping_find(m, "customer_address_entity_int");
	assert_int_equal(t->kind, TABLE_EAV);
	assert_string_equal(t->via, "customer_address_entity");
	assert_string_equal(t->entity_type, "customer_address");
	assert_string_equal(t->backend, "int");
	assert_true(t->target->values);
	t = mapping_find(m, "eav_attribute");
	assert_int_equal(t->kind, TABLE_METADATA);
	assert_null(t->family);
	assert_null(mapping_find(m, "cron_schedule"));
	assert_string_equal(domain_name(DOMAIN_CATALOG), "catalog");
	mapping_free(m);
}

TEST(every_target_has_columns_and_a_key)
{
	struct mapping *m = shop_mapping("");

	for (size_t i = 0; i < m->target_count; i++) {
		const struct target_table *t = m->targets[i];
		size_t keys = 0;

		assert_int_equal(t->index, i);
		for (size_t c = 0; c < t->count; c++)
			keys += t->columns[c].key > 0;
		if (keys == 0)
			fail_msg("%s has no key", t->name);
	}
	mapping_free(m);
}

/* Whatever an exclude entry of a table matches is no column of its target. */
TEST(nothing_excluded_is_a_target_column)
{
	struct mapping *m = shop_mapping("");

	for (size_t i = 0; i < m->table_count; i++) {
		const struct target_table *t = m->tables[i].target;

		for (size_t c = 0; c < t->count; c++)
			if (mapping_excludes(&m->tables[i], t->columns[c].name))
				fail_msg("%s.%s", t->name, t->columns[c].name);
	}
	mapping_free(m);
}

/* By name in every table, whatever the mapping says. */
TEST(no_secret_is_a_target_column)
{
	static const char *const secrets[] = {
		"password_hash",       "rp_token",
		"rp_token_created_at", "failures_num",
		"first_failure",       "lock_expires",
		"session_cutoff",      "confirmation",
		"protect_code",	       "remote_ip",
		"x_forwarded_for",     "account_status",
		"address_status",      "additional_information",
	};
	struct mapping *m = shop_mapping("");

	for (size_t i = 0; i < m->target_count; i++) {
		const struct target_table *t = m->targets[i];

		for (size_t c = 0; c < t->count; c++) {
			const char *name = t->columns[c].name;

			assert_int_not_equal(strncmp(name, "cc_", 3), 0);
			assert_int_not_equal(strncmp(name, "echeck_", 7), 0);
			for (size_t s = 0; s < LENGTH(secrets); s++)
				assert_string_not_equal(name, secrets[s]);
			/* Of a payment it is the gateway's; elsewhere not. */
			if (strcmp(t->name, "order_payments") == 0)
				assert_string_not_equal(name,
							"additional_data");
		}
	}
	mapping_free(m);
}

TEST(secrets_are_excluded_by_name)
{
	struct mapping *m = shop_mapping("");
	const struct mapping_table *c = mapping_find(m, "customer_entity");
	const struct mapping_table *p = mapping_find(m, "sales_order_payment");

	assert_true(mapping_excludes(c, "password_hash"));
	assert_true(mapping_excludes(c, "PASSWORD_HASH"));
	assert_true(mapping_excludes(c, "confirmation"));
	assert_false(mapping_excludes(c, "email"));
	assert_true(mapping_excludes(p, "cc_number_enc"));
	assert_true(mapping_excludes(p, "cc_"));
	assert_true(mapping_excludes(p, "echeck_type"));
	assert_false(mapping_excludes(p, "method"));
	mapping_free(m);
}

TEST(a_prefix_is_taken_off)
{
	struct mapping *m = shop_mapping("mg_");

	assert_non_null(mapping_find(m, "mg_customer_entity"));
	assert_null(mapping_find(m, "customer_entity"));
	assert_null(mapping_find(m, "mg_mg_customer_entity"));
	assert_null(mapping_find(m, "m"));
	mapping_free(m);
}

static void refused(const char *yaml, const char *text)
{
	struct mapping *m = NULL;
	struct err err = { 0 };

	assert_int_equal(mapping_parse("m.yaml", str_of(yaml), "", &m, &err),
			 ERR_CONFIG);
	if (!strstr(err.msg, text) || !strstr(err.msg, "m.yaml:"))
		fail_msg("%s", err.msg);
	assert_null(m);
}

TEST(mistakes_are_refused_with_their_place)
{
	refused("", "tables");
	refused("tables: []\n", "tables");
	refused("tables: x\n", "tables");
	refused("tables:\n  - x\n", "must be a map");
	refused("tables:\n  - source: a\n", "kind");
	refused(CUSTOMERS "    sauce: x\n", "sauce");
	refused(CUSTOMERS "    exclude: x\n", "must be a list");
	refused(CUSTOMERS "    exclude: ['*']\n", "names no column");
	refused(CUSTOMERS "    where: [a]\n", "one column with a list");
	refused(CUSTOMERS "    where: {a: b}\n", "one column with a list");
	refused(CUSTOMERS "    where: {a: [b], c: [d]}\n",
		"one column with a list");
	refused(CUSTOMERS "    where: {a: []}\n", "needs 1 to");
	refused(CUSTOMERS "    where: {a: ['*']}\n", "keeps out no row");
	refused(CUSTOMERS "    backend: int\n", "for kind");
	refused(CUSTOMERS "    via: nowhere\n", "nowhere");
	refused("tables:\n  - {source: a, kind: odd, target: b, domain: order}",
		"\"odd\"");
	refused("tables:\n  - {source: a, kind: row, target: b, domain: order}",
		"family");
	refused("tables:\n  - {source: a, kind: metadata, target: b,"
		" domain: order}",
		"together");
	refused("tables:\n  - {source: a, kind: metadata, target: b,"
		" domain: metadata, link: c}",
		"read whole");
	refused("tables:\n"
		"  - {source: a, kind: metadata, target: b, domain: metadata}\n"
		"  - {source: a, kind: metadata, target: c, domain: metadata}",
		"mapped at m.yaml:2:5 already");
	refused("tables:\n"
		"  - {source: a, kind: metadata, target: b, domain: metadata}\n"
		"  - {source: c, kind: metadata, target: b, domain: metadata}",
		"belongs to a (m.yaml:2:5)");
	refused("tables:\n  - {source: "
		"a123456789b123456789c123456789d123456789e123456789f123456789"
		"1234, kind: metadata, target: b, domain: metadata}",
		"63 bytes");
}

static int extended(const char *yaml, struct mapping **ret, struct err *err)
{
	*ret = shop_mapping("");
	return mapping_extend_parse(*ret, "acme.yaml", str_of(yaml), err);
}

TEST(a_user_s_file_adds_tables_and_columns)
{
	struct mapping *m;
	struct err err = { 0 };
	const struct mapping_table *t;

	assert_int_equal(
		extended("tables:\n"
			 "  - source: sales_order\n"
			 "    columns: {channel: text, score: "
			 "\"numeric(9,2)\"}\n"
			 "    exclude: [token]\n"
			 "    extra: true\n"
			 "  - source: customer_entity\n"
			 "    columns: {tier: text}\n"
			 "  - source: acme_note\n    kind: row\n"
			 "    target: acme_notes\n    domain: order\n"
			 "    family: sales_order\n    link: order_id\n"
			 "    columns: {order_id: bigint, id: bigint}\n"
			 "    key: [id, order_id]\n"
			 "  - source: acme_int\n    kind: eav\n"
			 "    target: acme_values\n    domain: order\n"
			 "    family: sales_order\n    link: entity_id\n"
			 "    entity_type: acme\n    backend: int\n",
			 &m, &err),
		0);
	t = mapping_find(m, "sales_order");
	assert_true(mapping_excludes(t, "token"));
	assert_true(mapping_excludes(t, "protect_code"));
	assert_true(t->extra);
	assert_false(t->user);
	assert_int_equal(t->target->wish_count, 3);
	assert_string_equal(t->target->wishes[1].type, "numeric(9,2)");
	assert_string_equal(t->target->wishes[2].name, "extra");
	assert_int_equal(mapping_find(m, "customer_entity")->target->wish_count,
			 1);
	t = mapping_find(m, "acme_note");
	assert_true(t->user);
	assert_int_equal(t->target->wishes[0].key, 2);
	assert_int_equal(t->target->wishes[1].key, 1);
	assert_int_equal(t->target->index, m->target_count - 2);
	t = mapping_find(m, "acme_int");
	assert_string_equal(t->target->wishes[2].name, "attributes");
	mapping_free(m);
}

static void not_extended(const char *yaml, const char *text)
{
	struct mapping *m;
	struct err err = { 0 };

	assert_int_equal(extended(yaml, &m, &err), ERR_CONFIG);
	if (!strstr(err.msg, text) || !strstr(err.msg, "acme.yaml:"))
		fail_msg("%s", err.msg);
	mapping_free(m);
}

#define NOTE(more)                                                             \
	"tables:\n  - {source: a, kind: row, target: a, domain: order, "       \
	"family: sales_order, link: b, " more "}\n"

TEST(mistakes_of_a_user_s_file_are_refused_with_their_place)
{
	not_extended("tables:\n  - {source: sales_order, link: b}\n",
		     "acme.yaml:2:27: sales_order is mapped at ");
	not_extended(NOTE("columns: [b]"), "must be a map");
	not_extended(NOTE("columns: {}"), "must be a map");
	not_extended(NOTE("columns: {b: 'text;'}"), "is no type");
	not_extended(NOTE("columns: {b: '1'}"), "is no type");
	not_extended(NOTE("exclude: [b], columns: {b: text}"), "stays in the");
	not_extended(NOTE("columns: {b: text}, key: b"), "must be a list");
	not_extended(NOTE("columns: {b: text}, key: [c]"), "not among");
	not_extended(NOTE("columns: {b: text}, key: [b, b]"), "twice");
	not_extended("tables:\n"
		     "  - {source: sales_order, columns: {x: text, x: text}}\n",
		     "x");
	not_extended("tables:\n  - {source: a, kind: row, target: orders, "
		     "domain: order, family: sales_order, link: b}\n",
		     "target orders belongs to sales_order");
	not_extended("tables:\n  - {source: a, kind: row, target: a, "
		     "domain: order, family: sales_ordr, link: b}\n",
		     "acme.yaml:2:5: a: no table sales_ordr");
	not_extended("tables:\n  - {source: a, kind: row, target: a, "
		     "domain: catalog, family: sales_order, link: b}\n",
		     "of family sales_order in domain order");
}

TEST(a_missing_file_is_named)
{
	struct mapping *m = NULL;
	struct err err = { 0 };

	assert_int_equal(mapping_load("/nowhere/m.yaml", "", &m, &err),
			 ERR_CONFIG);
	assert_non_null(strstr(err.msg, "/nowhere/m.yaml"));
}

RUN(CASE(the_shipped_mapping_loads), CASE(every_target_has_columns_and_a_key),
    CASE(nothing_excluded_is_a_target_column),
    CASE(no_secret_is_a_target_column), CASE(secrets_are_excluded_by_name),
    CASE(a_prefix_is_taken_off), CASE(mistakes_are_refused_with_their_place),
    CASE(a_user_s_file_adds_tables_and_columns),
    CASE(mistakes_of_a_user_s_file_are_refused_with_their_place),
    CASE(a_missing_file_is_named))
