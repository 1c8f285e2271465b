#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/mem.h"
#include "cdc/ddl.h"
#include "cdc/schema.h"
#include "cdc/schema_change.h"
#include "cdc/schema_merge.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

static struct target_column target_columns[] = {
	{ .name = (char[]){ "id" }, .key = 1 },
	{ .name = (char[]){ "a" } },
	{ .name = (char[]){ "b" } },
};
static struct target_table target = { .name = (char[]){ "records" },
				      .count = LENGTH(target_columns),
				      .columns = target_columns };
static struct mapping_table tables[] = {
	{ .source = (char[]){ "parent" }, .target = &target },
	{ .source = (char[]){ "child" }, .target = &target },
	{ .source = (char[]){ "grandchild" }, .target = &target },
};
static struct mapping mapping = { .table_count = LENGTH(tables),
				  .tables = tables,
				  .prefix = (char[]){ "" } };

static struct column_def column(const char *type, const char *charset)
{
	return (struct column_def){ .type = mem_strdup(type),
				    .charset = mem_strdup(charset),
				    .name = mem_strdup("a"),
				    .is_unsigned = strstr(type, "unsigned"),
				    .nullable = true };
}

static void column_done(struct column_def *c)
{
	free(c->type);
	free(c->charset);
	free(c->name);
}

TEST(case_66_values_that_a_new_type_keeps)
{
	static const struct {
		const char *from, *to;
		bool keeps;
	} cases[] = {
		{ "int(11)", "bigint(20)", true },
		{ "int(10) unsigned", "bigint(20)", true },
		{ "int(10) unsigned", "int(11)", false },
		{ "int(11)", "int(10) unsigned", false },
		{ "bigint", "int", false },
		{ "int(5)", "int(5) unsigned zerofill", false },
		{ "varchar(10)", "varchar(20)", true },
		{ "varchar(20)", "varchar(10)", false },
		{ "varchar(1000)", "text", true },
		{ "varchar(1000)", "tinytext", false },
		{ "mediumtext", "text", false },
		{ "char(3)", "varchar(9)", false },
		{ "varbinary(9)", "longblob", true },
		{ "decimal(12,4)", "decimal(20,6)", true },
		{ "decimal(12,4)", "decimal(12,6)", false },
		{ "decimal(12,4)", "decimal(12,2)", false },
		{ "datetime", "date", false },
		{ "enum('a','b')", "enum('x','b','a')", true },
		{ "enum('a','b')", "enum('a')", false },
		{ "set('a')", "set('a','b')", true },
		{ "int", "varchar(20)", false },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct column_def from = column(cases[i].from, "");
		struct column_def to = column(cases[i].to, "");

		if (schema_change_keeps(&from, &to) != cases[i].keeps)
			fail_msg("%s to %s", cases[i].from, cases[i].to);
		column_done(&from);
		column_done(&to);
	}
}

TEST(case_65_charset_and_null)
{
	struct column_def latin = column("varchar(9)", "latin1");
	struct column_def utf8 = column("varchar(9)", "utf8mb4");

	assert_true(schema_change_keeps(&latin, &utf8));
	assert_false(schema_change_keeps(&utf8, &latin));
	latin.nullable = false;
	assert_true(schema_change_keeps(&latin, &utf8));
	latin.nullable = true;
	utf8.nullable = false;
	assert_false(schema_change_keeps(&latin, &utf8));
	column_done(&latin);
	column_done(&utf8);
}

/* "id a b": all of them int. */
static struct table_def *def_of(const char *name, const char *columns)
{
	struct str rest = str_of(columns);
	struct table_def *def = table_def_new(name, rest.n / 2 + 1);

	def->count = 0;
	while (rest.n > 0) {
		struct str one = str_split(&rest, ' ');

		def->columns[def->count++] = (struct column_def){
			.name = mem_strndup(one.at, one.n),
			.type = mem_strdup("int"),
			.charset = mem_strdup(""),
			.nullable = true,
		};
	}
	return def;
}

static bool refills(const char *before, const char *after, const char *sql)
{
	struct table_def *from = def_of("parent", before);
	struct table_def *to = def_of("parent", after);
	bool result = schema_change_refills(&tables[0], from, to, str_of(sql),
					    ddl_moves_columns(str_of(sql)));

	table_def_free(from);
	table_def_free(to);
	return result;
}

TEST(case_67_163_names_that_stand_for_other_values)
{
	assert_false(refills("id a b", "x id a b",
			     "alter table parent add x int first"));
	assert_false(refills("id a b", "b id a",
			     "alter table parent modify b int first"));
	assert_false(refills("id a", "id a b", "alter table parent add b int"));
	assert_true(refills("id x", "id a",
			    "alter table parent rename column x to a"));
	assert_true(refills("id a b", "id b a",
			    "alter table parent rename column a to b, "
			    "rename column b to a"));
	assert_true(refills("id a", "id a",
			    "alter table parent drop a, add a int"));
	assert_true(refills("id x", "id a",
			    "alter table parent change column x a int"));
	assert_false(
		refills("id a", "id a", "alter table parent change a a int"));
	assert_false(
		refills("id a b", "id a", "alter table parent drop column b"));
	assert_false(refills("id a b", "id a b",
			     "alter table parent drop index a, add key (b)"));
}

static struct schema *schema_of(const char *parent, const char *child,
				const char *key)
{
	struct schema *schema = schema_new();

	schema_add_table(schema, def_of("parent", parent));
	schema_add_table(schema, def_of("child", child));
	schema_add_table(schema, def_of("grandchild", "id"));
	if (key)
		schema_add_foreign_key(
			schema,
			&(struct fk_row){ key, "child", "a", "parent", "id",
					  "CASCADE", "RESTRICT" });
	schema_add_foreign_key(
		schema, &(struct fk_row){ "g", "grandchild", "a", "child", "id",
					  "SET NULL", "RESTRICT" });
	return schema;
}

struct merging {
	struct schema *before, *read, *after;
	unsigned char named[LENGTH(tables)], later[LENGTH(tables)];
	bool doubtful[LENGTH(tables)];
};

static void merge(struct merging *m)
{
	struct schema_merge merge = {
		.mapping = &mapping,
		.before = m->before,
		.read = m->read,
		.named = m->named,
		.later = m->later,
		.doubtful = m->doubtful,
	};

	m->after = schema_merge(&merge);
}

static void merge_done(struct merging *m)
{
	schema_free(m->before);
	schema_free(m->read);
	schema_free(m->after);
}

static size_t columns_of(const struct schema *schema, const char *table)
{
	const struct table_def *def = schema_table(schema, str_of(table));

	return def ? def->count : 0;
}

TEST(case_57_only_what_the_statement_names_is_taken)
{
	struct merging m = { .before = schema_of("id", "id", "k"),
			     .read = schema_of("id a", "id a b", "k"),
			     .named = { DDL_CHANGES },
			     .later = { 0, DDL_CHANGES } };

	merge(&m);
	assert_int_equal(columns_of(m.after, "parent"), 2);
	assert_int_equal(columns_of(m.after, "child"), 1);
	assert_false(m.doubtful[0] || m.doubtful[1] || m.doubtful[2]);
	merge_done(&m);
}

TEST(case_57_altered_again_before_it_was_read)
{
	struct merging m = { .before = schema_of("id", "id", "k"),
			     .read = schema_of("id a", "id", "k"),
			     .named = { DDL_CHANGES },
			     .later = { DDL_CHANGES } };

	merge(&m);
	assert_int_equal(columns_of(m.after, "parent"), 0);
	assert_true(schema_is_unknown(m.after, STR("parent")));
	/* Its deletes are not seen: who follows it is read again, too. */
	assert_true(m.doubtful[0] && m.doubtful[1] && m.doubtful[2]);
	merge_done(&m);
}

TEST(case_45_keys_are_those_of_their_time)
{
	struct merging m = { .before = schema_of("id", "id", NULL),
			     .read = schema_of("id", "id", "k"),
			     .named = { 0, DDL_CHANGES } };
	size_t count;

	merge(&m);
	schema_foreign_keys(m.after, &count);
	assert_int_equal(count, 2);
	merge_done(&m);

	/* The key came with a later statement. */
	m = (struct merging){ .before = schema_of("id", "id", NULL),
			      .read = schema_of("id", "id", "k"),
			      .named = { DDL_CHANGES },
			      .later = { 0, DDL_CHANGES } };
	merge(&m);
	schema_foreign_keys(m.after, &count);
	assert_int_equal(count, 1);
	assert_false(m.doubtful[0]);
	assert_false(m.doubtful[1]);
	merge_done(&m);
}

RUN(CASE(case_66_values_that_a_new_type_keeps), CASE(case_65_charset_and_null),
    CASE(case_67_163_names_that_stand_for_other_values),
    CASE(case_57_only_what_the_statement_names_is_taken),
    CASE(case_57_altered_again_before_it_was_read),
    CASE(case_45_keys_are_those_of_their_time))
