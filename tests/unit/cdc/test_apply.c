/* The applier against a real PostgreSQL (FICUS_TEST_PG). */
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/apply.h"
#include "cdc/checkpoint.h"
#include "cdc/record_bson.h"
#include "tests/unit/cdc/target.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static const char *const names[] = {
	"products",	  "product_values",
	"product_prices", "product_categories",
	"stock_items",	  "attributes",
	"everything",	  "refusing",
	"entity_types",	  "known",
};
enum {
	PRODUCTS,
	VALUES,
	PRICES,
	CATEGORIES,
	STOCK,
	ATTRIBUTES,
	EVERYTHING,
	REFUSING,
	ENTITY_TYPES,
	KNOWN
};

static const char tables_sql[] =
	"create table everything (id bigint, code text, small smallint,"
	" number integer, amount numeric(12,4), at timestamptz,"
	" local timestamp, day date, bytes bytea, flag boolean,"
	" real double precision, note text,"
	" twice text generated always as (note || note) stored,"
	" primary key (code, id));"
	"create table refusing (id bigint primary key,"
	" amount numeric(4,2), note text check (note <> 'bad'));"
	/* only types that are sent in binary form, each beside its text */
	"create table known (id bigint primary key, a numeric, a_text text,"
	" t timestamp, t_text text, z timestamptz, d date, d_text text,"
	" v character varying(5), b boolean, j jsonb, bytes bytea,"
	" twice text generated always as (a_text || a_text) stored);";

/* What each test has. */
struct fixture {
	struct target target;
	struct mapping *mapping;
	struct apply_options options;
	struct apply *apply;
};

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s: %s", err_code_name(err->code), err->msg);
}

static void reopen(struct fixture *f)
{
	struct err err;

	apply_close(f->apply);
	f->apply = NULL;
	must(apply_open(&f->options, &f->apply, &err), &err);
}

static void start(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	target_open(&f->target);
	target_do(&f->target, tables_sql);
	f->mapping = target_mapping(&f->target, names, LENGTH(names));
	f->options = (struct apply_options){
		.target = &f->target.config,
		.mapping = f->mapping,
		.batch_bytes = 8UL * 1024 * 1024,
		.batch_transactions = 1000,
		.audit = true,
		.instance = "test:1",
	};
	reopen(f);
}

static void stop(struct fixture *f)
{
	apply_close(f->apply);
	mapping_free(f->mapping);
	target_close(&f->target);
}

#define START(f)                                                               \
	struct fixture f;                                                      \
	start(&f)

/* --- giving changes --- */

static struct value text(const char *t)
{
	if (!t)
		return (struct value){ .kind = VALUE_NULL };
	return (struct value){ t, (uint32_t)strlen(t), VALUE_TEXT };
}

static void give(struct fixture *f, const struct record_change *change)
{
	struct err err;

	must(apply_change(f->apply, change, &err), &err);
}

/* "column=value" …, ended by NULL; other columns are absent, or NULL. */
static void row(struct fixture *f, enum record_op op, size_t table,
		const char *const *columns, bool others_null)
{
	const struct target_table *t = f->mapping->targets[table];
	struct value values[200] = { 0 };
	struct record_change change = { .op = op, .table = t };

	for (size_t i = 0; others_null && i < t->count; i++)
		values[i].kind = VALUE_NULL;
	for (; *columns; columns++) {
		const char *eq = strchr(*columns, '=');
		size_t i = 0;

		while (strncmp(t->columns[i].name, *columns,
			       (size_t)(eq - *columns)) != 0 ||
		       t->columns[i].name[eq - *columns])
			assert_true(++i < t->count);
		values[i] = text(eq + 1);
	}
	change.values = values;
	change.actions = op == RECORD_DELETE;
	give(f, &change);
}

#define UPSERT(f, table, ...)                                                  \
	row(f, RECORD_UPSERT, table, (const char *const[]){ __VA_ARGS__, 0 },  \
	    true)
#define DELETE(f, table, ...)                                                  \
	row(f, RECORD_DELETE, table, (const char *const[]){ __VA_ARGS__, 0 },  \
	    false)

static void set(struct fixture *f, size_t table, const char *entity,
		const char *attribute, const char *value)
{
	struct value key[3] = { text(entity), text("0") };
	const struct record_change change = {
		.op = RECORD_SET,
		.table = f->mapping->targets[table],
		.values = key,
		.attribute = str_of(attribute),
		.value = text(value),
		.json = table == PRICES || strcmp(attribute, "count") == 0
				? RECORD_JSON_NUMBER
				: RECORD_JSON_STRING,
	};

	give(f, &change);
}

/* A text with a NUL, which jsonb refuses. */
static void set_nul(struct fixture *f, size_t table, const char *entity,
		    const char *attribute)
{
	struct value key[3] = { text(entity), text("0") };
	const struct record_change change = {
		.op = RECORD_SET,
		.table = f->mapping->targets[table],
		.values = key,
		.attribute = str_of(attribute),
		.value = { "a\0b", 3, VALUE_TEXT },
		.json = RECORD_JSON_STRING,
	};

	give(f, &change);
}

static void unset(struct fixture *f, size_t table, const char *entity,
		  const char *attribute)
{
	struct value key[3] = { text(entity), text("0") };
	const struct record_change change = {
		.op = RECORD_UNSET,
		.table = f->mapping->targets[table],
		.values = key,
		.attribute = str_of(attribute),
	};

	give(f, &change);
}

static void end(struct fixture *f, const char *position)
{
	struct err err;

	must(apply_end(f->apply, position, "", position, &err), &err);
}

static void commit(struct fixture *f)
{
	struct err err;

	must(apply_commit(f->apply, 0, &err), &err);
	assert_false(apply_pending(f->apply));
}

static void ask(struct fixture *f, const char *sql, const char *want)
{
	assert_string_equal(target_ask(&f->target, sql), want);
}

/* --- rows --- */

TEST(all_types_arrive_as_they_are)
{
	START(f);
	const struct target_table *t = f.mapping->targets[EVERYTHING];
	struct value v[13] = {
		text("-9223372036854775808"),
		text("a'b\"c\\d{,}NULL"),
		text("-32768"),
		text("2147483647"),
		text("-12345678.9012"),
		text("2026-03-01 12:00:00"),
		text("1969-12-31 23:59:59.5"),
		text("0001-01-01"),
		{ "\0\xff'\\", 4, VALUE_BYTES },
		text("1"),
		text("0.1"),
		text("žluťoučký 🐎\n\t\\N"),
		{ .kind = VALUE_ABSENT },
	};
	const struct record_change change = { .table = t, .values = v };

	assert_int_equal(t->count, LENGTH(v));
	give(&f, &change);
	UPSERT(&f, EVERYTHING, "id=1", "code=");
	end(&f, "p1");
	assert_true(apply_pending(f.apply));
	commit(&f);
	ask(&f, "set timezone = 'Europe/Prague'; ", "(none)");
	ask(&f,
	    "select concat_ws('|', id, small, number, amount, at, local, day,"
	    " encode(bytes, 'hex'), flag, \"real\") from everything"
	    " where id < 0",
	    "-9223372036854775808|-32768|2147483647|-12345678.9012|"
	    "2026-03-01 13:00:00+01|1969-12-31 23:59:59.5|0001-01-01|"
	    "00ff275c|t|0.1");
	ask(&f, "select code from everything where id < 0", "a'b\"c\\d{,}NULL");
	ask(&f, "select note from everything where id < 0",
	    "žluťoučký 🐎\n\t\\N");
	ask(&f,
	    "select count(*) from everything where id = 1 and code = ''"
	    " and num_nonnulls(small, number, amount, at, local, day, bytes,"
	    " flag, \"real\", note) = 0",
	    "1");
	stop(&f);
}

static int below(unsigned *seed, int n)
{
	return (int)((unsigned)rand_r(seed) % (unsigned)n);
}

/* "column=text" in a buffer that outlives the call. */
struct pair {
	char at[160];
};

static const char *pair(struct pair *p, const char *column, const char *text)
{
	snprintf(p->at, sizeof(p->at), "%s=%.100s", column, text);
	return p->at;
}

static void random_decimal(char text[48], unsigned *seed)
{
	int n = 0, whole = 1 + below(seed, 20);

	if (below(seed, 3) == 0)
		text[n++] = '-';
	while (whole-- > 0)
		text[n++] = (char)('0' + below(seed, 3) * below(seed, 5));
	if (below(seed, 4) != 0) {
		text[n++] = '.';
		for (int i = 1 + below(seed, 10); i > 0; i--)
			text[n++] =
				(char)('0' + below(seed, 2) * below(seed, 10));
	}
	text[n] = '\0';
}

static void give_known(struct fixture *f, int id, unsigned *seed)
{
	struct pair p[8];
	char decimal[48], day[64], time[128], key[32];

	random_decimal(decimal, seed);
	snprintf(day, sizeof(day), "%04d-%02d-%02d", 1 + below(seed, 9999),
		 1 + below(seed, 12), 1 + below(seed, 28));
	snprintf(time, sizeof(time), "%s %02d:%02d:%02d.%06d", day,
		 below(seed, 24), below(seed, 60), below(seed, 60),
		 below(seed, 2) * below(seed, 1000000));
	snprintf(key, sizeof(key), "id=%d", id);
	UPSERT(f, KNOWN, key, pair(&p[0], "a", decimal),
	       pair(&p[1], "a_text", decimal), pair(&p[2], "t", time),
	       pair(&p[3], "t_text", time), pair(&p[4], "z", time),
	       pair(&p[5], "d", day), pair(&p[6], "d_text", day), "v=žlu",
	       "b=1", "j={\"a\": [1, null]}", "bytes=\\x00");
}

TEST(binary_forms_are_what_the_target_reads_from_text)
{
	START(f);
	unsigned seed = 3;

	for (int i = 0; i < 3000; i++)
		give_known(&f, i, &seed);
	UPSERT(&f, KNOWN, "id=-1", "d=2024-02-29", "d_text=2024-02-29", "b=0");
	end(&f, "p1");
	commit(&f);
	target_do(&f.target, "set timezone = 'UTC'");
	ask(&f,
	    "select count(*) from known where id >= 0 and"
	    " a::text = a_text::numeric::text and t = t_text::timestamp and"
	    " z = t_text::timestamptz and d = d_text::date and v = 'žlu'"
	    " and b and j = '{\"a\": [1, null]}'"
	    " and bytes = '\\x5c783030'",
	    "3000");
	ask(&f,
	    "select count(*) from known where id < 0 and d = d_text::date and"
	    " not b and num_nonnulls(a, t, z, v, j, bytes, twice) = 0",
	    "1");
	stop(&f);
}

TEST(what_has_no_certain_binary_form_is_read_by_the_target)
{
	START(f);

	UPSERT(&f, KNOWN, "id=1", "a=1e3", "d=March 1, 2026", "b=yes",
	       "t=2026-03-01 24:00:00");
	UPSERT(&f, KNOWN, "id=2", "d=2026-02-30");
	UPSERT(&f, KNOWN, "id=3", "v=too long");
	UPSERT(&f, KNOWN, "id=4", "j={");
	UPSERT(&f, KNOWN, "id=5", "v=fits");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select concat_ws(' ', a, d, b, t) from known where id = 1",
	    "1000 2026-03-01 t 2026-03-02 00:00:00");
	ask(&f, "select string_agg(id::text, ',' order by id) from known",
	    "1,5");
	ask(&f,
	    "select string_agg(key, ' ' order by key)"
	    " from ficus.dead_letters",
	    "id=2 id=3 id=4");
	stop(&f);
}

TEST(absent_columns_are_left_alone)
{
	START(f);
	UPSERT(&f, EVERYTHING, "id=1", "code=x", "note=old", "number=1");
	end(&f, "p1");
	commit(&f);
	row(&f, RECORD_UPSERT, EVERYTHING,
	    (const char *const[]){ "id=1", "code=x", "number=2", NULL }, false);
	end(&f, "p2");
	commit(&f);
	ask(&f, "select note || number from everything", "old2");

	/* … but not by what a delete of the same batch ended. */
	DELETE(&f, EVERYTHING, "id=1", "code=x");
	row(&f, RECORD_UPSERT, EVERYTHING,
	    (const char *const[]){ "id=1", "code=x", "number=3", NULL }, false);
	end(&f, "p3");
	commit(&f);
	ask(&f, "select coalesce(note, '-') || number from everything", "-3");
	stop(&f);
}

TEST(deletes_and_truncates)
{
	START(f);
	for (int i = 0; i < 3; i++) {
		char id[16];

		snprintf(id, sizeof(id), "id=%d", i);
		UPSERT(&f, REFUSING, id);
		UPSERT(&f, EVERYTHING, id, "code=x");
	}
	end(&f, "p1");
	commit(&f);
	DELETE(&f, EVERYTHING, "id=1", "code=x");
	DELETE(&f, EVERYTHING, "id=7", "code=never there");
	DELETE(&f, REFUSING, "id=2");
	end(&f, "p2");
	commit(&f);
	ask(&f, "select string_agg(id::text, ',' order by id) from everything",
	    "0,2");
	const struct record_change truncate = {
		.op = RECORD_TRUNCATE, .table = f.mapping->targets[EVERYTHING]
	};
	UPSERT(&f, EVERYTHING, "id=8", "code=x");
	give(&f, &truncate);
	UPSERT(&f, EVERYTHING, "id=9", "code=x");
	end(&f, "p3");
	commit(&f);
	ask(&f, "select string_agg(id::text, ',' order by id) from everything",
	    "9");
	ask(&f, "select string_agg(id::text, ',' order by id) from refusing",
	    "0,1");
	stop(&f);
}

/* --- values --- */

TEST(values_are_merged)
{
	START(f);
	set(&f, VALUES, "5", "name", "a \"quoted\" \\ name\x01");
	set(&f, VALUES, "5", "color", NULL);
	set(&f, VALUES, "5", "count", "12");
	set(&f, PRICES, "5", "price", "34.0000");
	set(&f, PRICES, "5", "cost", "-0.50");
	set(&f, PRICES, "5", "odd", "1e5");
	set(&f, PRICES, "5", "zero", "007");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select attributes->>'name' from product_values",
	    "a \"quoted\" \\ name\x01");
	ask(&f,
	    "select jsonb_typeof(attributes->'color') || ' ' ||"
	    " (attributes->'count') from product_values",
	    "null 12");
	ask(&f, "select attributes from product_prices",
	    "{\"odd\": \"1e5\", \"cost\": -0.50, \"zero\": \"007\","
	    " \"price\": 34.0000}");

	set(&f, VALUES, "5", "size", "XL");
	unset(&f, VALUES, "5", "name");
	unset(&f, VALUES, "5", "count");
	unset(&f, PRICES, "5", "price");
	unset(&f, PRICES, "5", "cost");
	unset(&f, PRICES, "5", "odd");
	unset(&f, PRICES, "5", "zero");
	unset(&f, PRICES, "6", "never");
	end(&f, "p2");
	commit(&f);
	ask(&f, "select attributes from product_values",
	    "{\"size\": \"XL\", \"color\": null}");
	ask(&f, "select count(*) from product_prices", "0");
	assert_int_equal(apply_counts(f.apply)->values_set, 8);
	assert_int_equal(apply_counts(f.apply)->values_unset, 7);
	stop(&f);
}

TEST(a_values_row_is_deleted_and_begun_anew)
{
	START(f);
	set(&f, VALUES, "5", "name", "a");
	set(&f, VALUES, "6", "name", "a");
	end(&f, "p1");
	commit(&f);
	DELETE(&f, VALUES, "entity_id=5", "store_id=0");
	DELETE(&f, VALUES, "entity_id=6", "store_id=0");
	set(&f, VALUES, "5", "color", "b");
	end(&f, "p2");
	commit(&f);
	ask(&f, "select string_agg(attributes::text, '') from product_values",
	    "{\"color\": \"b\"}");
	stop(&f);
}

/* --- barriers --- */

/* Hand-made, so that each kind of action stands alone. */
struct fk_graph {
	const struct target_table *parents[4];
	struct fk_action actions[4][3];
	size_t counts[4];
};

const struct fk_action *fk_actions(const struct fk_graph *graph,
				   const struct target_table *parent,
				   size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < LENGTH(graph->parents); i++)
		if (graph->parents[i] == parent) {
			*count = graph->counts[i];
			return graph->actions[i];
		}
	return NULL;
}

static size_t column(const struct target_table *t, const char *name)
{
	size_t i = 0;

	while (strcmp(t->columns[i].name, name) != 0)
		assert_true(++i < t->count);
	return i;
}

static void add_action(struct fixture *f, struct fk_graph *g, size_t slot,
		       struct fk_action action, const char *const *columns)
{
	const struct target_table *parent = g->parents[slot];

	(void)f;
	for (; columns && *columns; columns += 2) {
		action.null_column[action.nulls++] =
			column(action.child, columns[0]);
		action.child_column[action.columns] =
			column(action.child, columns[0]);
		action.parent_column[action.columns++] =
			column(parent, columns[1]);
	}
	g->actions[slot][g->counts[slot]++] = action;
}

#define COLUMNS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void make_graph(struct fixture *f, struct fk_graph *g)
{
	static char decimal[] = "decimal";
	static char *decimals[] = { decimal, NULL };
	struct target_table **t = f->mapping->targets;

	*g = (struct fk_graph){ .parents = { t[PRODUCTS], t[CATEGORIES],
					     t[ATTRIBUTES], t[REFUSING] } };
	add_action(f, g, 0,
		   (struct fk_action){ ACTION_DELETE, .child = t[CATEGORIES] },
		   COLUMNS("product_id", "entity_id"));
	add_action(f, g, 0,
		   (struct fk_action){ ACTION_VALUES, .child = t[VALUES] },
		   COLUMNS("entity_id", "entity_id"));
	add_action(f, g, 0,
		   (struct fk_action){ ACTION_VALUES, .child = t[PRICES],
				       .backends = decimals,
				       .entity_type = "catalog_product" },
		   COLUMNS("entity_id", "entity_id"));
	/* grandchildren by two columns, and by one that becomes NULL */
	add_action(f, g, 1,
		   (struct fk_action){ ACTION_DELETE, .child = t[EVERYTHING] },
		   COLUMNS("id", "category_id", "number", "position"));
	add_action(f, g, 1,
		   (struct fk_action){ ACTION_SET_NULL, .child = t[STOCK] },
		   COLUMNS("stock_id", "entity_id"));
	add_action(f, g, 2,
		   (struct fk_action){ ACTION_ATTRIBUTE, .child = t[PRICES],
				       .backends = decimals,
				       .entity_type = "catalog_product" },
		   NULL);
	/* rows of one table under one another: a chain, and a ring */
	add_action(f, g, 3,
		   (struct fk_action){ ACTION_DELETE, .child = t[REFUSING] },
		   COLUMNS("note", "id"));
	apply_set_foreign_keys(f->apply, g);
}

static void put_catalog(struct fixture *f)
{
	target_do(&f->target,
		  "insert into entity_types (entity_type_id, entity_type_code)"
		  " values (4, 'catalog_product'), (1, 'customer');"
		  "insert into attributes (attribute_id, entity_type_id,"
		  " attribute_code, backend_type) values"
		  " (77, 4, 'price', 'decimal'), (78, 4, 'cost', 'decimal'),"
		  " (79, 4, 'name', 'varchar'), (80, 1, 'cost', 'decimal');"
		  "insert into products (entity_id, sku)"
		  " select i, 'sku' || i from generate_series(1, 20) i;"
		  "insert into product_categories select 100 + i, 3, i, i"
		  " from generate_series(1, 20) i;"
		  "insert into everything (id, code, number) select 3, i, i"
		  " from generate_series(1, 20) i;"
		  "insert into stock_items (item_id, stock_id)"
		  " select i, 100 + i from generate_series(1, 20) i;"
		  "insert into product_values select i, 0, '{\"name\": 1}'"
		  " from generate_series(1, 20) i;"
		  "insert into product_prices"
		  " select i, 0, '{\"price\": 1, \"cost\": 2}'"
		  " from generate_series(1, 20) i;"
		  "update product_prices set attributes = attributes"
		  " || '{\"name\": \"kept\"}' where entity_id = 2");
}

TEST(case_40_a_delete_sets_off_what_the_foreign_keys_do)
{
	START(f);
	struct fk_graph graph;
	char id[32];

	make_graph(&f, &graph);
	put_catalog(&f);
	/* Before the barrier: goes away. Behind it: stays. */
	set(&f, VALUES, "2", "name", "gone");
	for (int i = 1; i <= 10; i++) {
		snprintf(id, sizeof(id), "entity_id=%d", i);
		DELETE(&f, PRODUCTS, id);
	}
	set(&f, VALUES, "3", "name", "stays");
	end(&f, "p1");
	assert_true(apply_pending(f.apply));
	ask(&f, "select count(*) from products", "20"); /* not committed */
	commit(&f);
	ask(&f, "select count(*) || ' ' || min(entity_id) from products",
	    "10 11");
	ask(&f, "select count(*) from product_categories", "10");
	ask(&f, "select count(*) || ' ' || min(number) from everything",
	    "10 11");
	ask(&f, "select count(*) || ' ' || count(stock_id) from stock_items",
	    "20 10");
	ask(&f, "select count(*) || ' ' || min(entity_id) from product_values",
	    "11 3");
	ask(&f, "select count(*) from product_prices", "11");
	ask(&f, "select attributes from product_prices where entity_id = 2",
	    "{\"name\": \"kept\"}");
	assert_int_equal(apply_counts(f.apply)->barriers, 1);
	/* categories, everything, stock, values, prices */
	assert_int_equal(apply_counts(f.apply)->cascaded_rows,
			 10 + 10 + 10 + 10 + 10);
	stop(&f);
}

TEST(an_attribute_goes_from_every_row)
{
	START(f);
	struct fk_graph graph;

	make_graph(&f, &graph);
	put_catalog(&f);
	target_do(&f.target, "update product_prices set attributes ="
			     " '{\"cost\": 1}' where entity_id = 7");
	/* The customer's "cost" has nothing to do with the product's. */
	DELETE(&f, ATTRIBUTES, "attribute_id=80", "entity_type_id=1",
	       "attribute_code=cost", "backend_type=decimal");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select count(*) from product_prices where attributes ? 'cost'",
	    "20");
	/* Only the key is known: the rest comes from the target. */
	DELETE(&f, ATTRIBUTES, "attribute_id=78");
	end(&f, "p2");
	commit(&f);
	ask(&f, "select count(*) from product_prices where attributes ? 'cost'",
	    "0");
	ask(&f, "select count(*) from product_prices", "19");
	ask(&f, "select count(*) from attributes", "2");
	stop(&f);
}

TEST(cycles_of_a_table_with_itself_end)
{
	START(f);
	struct fk_graph graph;

	make_graph(&f, &graph);
	target_do(&f.target,
		  "insert into refusing (id, note) values (1, '3'),"
		  " (2, '1'), (3, '2'), (4, '4'), (5, '4'), (6, '9')");
	DELETE(&f, REFUSING, "id=1", "note=3");
	DELETE(&f, REFUSING, "id=4", "note=4");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select string_agg(id::text, ',') from refusing", "6");
	stop(&f);
}

TEST(many_children_go_in_chunks)
{
	START(f);
	struct fk_graph graph;

	make_graph(&f, &graph);
	target_do(&f.target,
		  "insert into product_categories select i, i, 1, i"
		  " from generate_series(1, 5000) i;"
		  "insert into everything (id, code, number) select i, 'x', i"
		  " from generate_series(1, 5001) i");
	DELETE(&f, PRODUCTS, "entity_id=1");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select count(*) from product_categories", "0");
	ask(&f, "select count(*) from everything", "1");
	stop(&f);
}

/* --- large transactions --- */

static void give_products(struct fixture *f, int from, int to)
{
	char id[32], sku[64];

	for (int i = from; i < to; i++) {
		snprintf(id, sizeof(id), "entity_id=%d", i);
		snprintf(sku, sizeof(sku), "sku=%0*d", 40, i);
		UPSERT(f, PRODUCTS, id, sku);
	}
}

TEST(a_transaction_over_the_budget_is_one_commit)
{
	START(f);
	f.options.batch_bytes = 64UL * 1024;
	reopen(&f);
	give_products(&f, 0, 10);
	end(&f, "p1");
	give_products(&f, 5, 5000);
	ask(&f, "select count(*) from products", "0");
	end(&f, "p2");
	assert_true(apply_full(f.apply));
	ask(&f, "select count(*) from products", "0");
	commit(&f);
	ask(&f, "select count(*) from products", "5000");
	ask(&f,
	    "select seq || position || transactions || ' ' || changes"
	    " from ficus.checkpoint order by seq desc limit 1",
	    "2p22 5005");
	assert_int_equal(apply_counts(f.apply)->streamed_transactions, 1);
	stop(&f);
}

TEST(an_abandoned_transaction_leaves_nothing)
{
	START(f);
	struct fk_graph graph;
	struct err err;

	f.options.batch_bytes = 64UL * 1024;
	reopen(&f);
	make_graph(&f, &graph);
	give_products(&f, 0, 10); /* in the batch */
	end(&f, "p1");
	give_products(&f, 5, 12);
	must(apply_abandon(f.apply, &err), &err);
	give_products(&f, 20, 2000); /* written behind an ended one */
	must(apply_abandon(f.apply, &err), &err);
	give_products(&f, 20, 22);
	DELETE(&f, PRODUCTS, "entity_id=3");
	must(apply_abandon(f.apply, &err), &err);
	DELETE(&f, PRODUCTS, "entity_id=4");
	end(&f, "p2");
	commit(&f);
	ask(&f, "select count(*) || ' ' || sum(entity_id) from products",
	    "9 41");
	give_products(&f, 20, 2000); /* written, nothing ended before */
	must(apply_abandon(f.apply, &err), &err);
	assert_false(apply_pending(f.apply));
	give_products(&f, 9, 11);
	end(&f, "p3");
	commit(&f);
	ask(&f, "select count(*) || ' ' || sum(entity_id) from products",
	    "10 51");
	ask(&f,
	    "select changes from ficus.checkpoint order by seq desc limit 1",
	    "13");
	stop(&f);
}

/* --- requests to read again --- */

static void ask_again(struct fixture *f, const struct mapping_table *table,
		      const char *selection)
{
	struct value v = text(selection);
	struct err err;

	must(apply_refetch(f->apply, table, selection ? &v : NULL, &err), &err);
}

static const char requests_sql[] =
	"select string_agg(concat_ws(' ', domain, source_table,"
	" nullif(selection, ''), read_position), '; ' order by source_table,"
	" selection) from ficus.refetch";

TEST(requests_are_committed_with_what_asked_for_them)
{
	START(f);
	struct mapping_table values = {
		.source = (char[]){ "product_varchar" },
		.domain = DOMAIN_CATALOG,
		.target = f.mapping->targets[VALUES],
	};
	struct mapping_table products = {
		.source = (char[]){ "product" },
		.domain = DOMAIN_CATALOG,
		.target = f.mapping->targets[PRODUCTS],
	};
	struct err err;

	ask_again(&f, &products, "entity_id=5");
	ask_again(&f, &products, "entity_id=5");
	ask_again(&f, &values, "value_id=7");
	ask(&f, requests_sql, "(null)");
	end(&f, "p1");
	ask_again(&f, &products, "entity_id=6");
	must(apply_abandon(f.apply, &err), &err);
	ask_again(&f, &values, NULL);
	ask_again(&f, &values, "value_id=8"); /* in the whole */
	end(&f, "p2");
	commit(&f);
	ask(&f, requests_sql,
	    "catalog product entity_id=5; catalog product_varchar; "
	    "catalog product_varchar value_id=7");
	target_do(&f.target, "update ficus.refetch set read_position = 'p9'");
	ask_again(&f, &products, "entity_id=5");
	end(&f, "p3");
	commit(&f);
	ask(&f, requests_sql,
	    "catalog product entity_id=5; catalog product_varchar p9; "
	    "catalog product_varchar value_id=7 p9");
	stop(&f);
}

TEST(too_many_requests_become_the_whole_table)
{
	START(f);
	struct mapping_table products = {
		.source = (char[]){ "product" },
		.domain = DOMAIN_CATALOG,
		.target = f.mapping->targets[PRODUCTS],
	};
	char selection[32];

	for (int i = 0; i < 30000; i++) {
		snprintf(selection, sizeof(selection), "entity_id=%d", i);
		ask_again(&f, &products, selection);
	}
	end(&f, "p1");
	commit(&f);
	ask(&f,
	    "select count(*) || ' ' || count(*) filter (where selection = '')"
	    " from ficus.refetch",
	    "20001 1");
	stop(&f);
}

/* --- refused records --- */

static void give_refusing(struct fixture *f, const char *id, const char *amount,
			  const char *note)
{
	char a[32], b[32], c[32];

	snprintf(a, sizeof(a), "id=%s", id);
	snprintf(b, sizeof(b), "amount=%s", amount);
	snprintf(c, sizeof(c), "note=%s", note);
	UPSERT(f, REFUSING, a, b, c);
}

TEST(refused_records_are_set_aside_one_by_one)
{
	START(f);
	char id[16];

	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "%d", i);
		give_refusing(&f, id, i == 100 ? "100.00" : "1.5",
			      i == 200 ? "bad" : "good");
	}
	give_refusing(&f, "9223372036854775808", "1", "good");
	set(&f, VALUES, "5", "name", "good");
	set_nul(&f, VALUES, "5", "color");
	set(&f, VALUES, "6", "name", "good");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select count(*) from refusing", "298");
	ask(&f,
	    "select string_agg(record || ':' || key, ' ' order by key)"
	    " from ficus.dead_letters",
	    "product_values:entity_id=5,store_id=0,attribute=color"
	    " refusing:id=100 refusing:id=200"
	    " refusing:id=9223372036854775808");
	ask(&f,
	    "select count(*) from ficus.dead_letters"
	    " where error like '%good%' or error like '%100.00%'",
	    "0");
	ask(&f, "select string_agg(attributes::text, '') from product_values",
	    "{\"name\": \"good\"}{\"name\": \"good\"}");
	ask(&f,
	    "select position from ficus.checkpoint"
	    " order by seq desc limit 1",
	    "p1");
	assert_int_equal(apply_counts(f.apply)->dead_letters, 4);
	/* 3 of 301 rows: at most 2 k (log2(n / k) + 2) rounds; the values
	 * rows' are few. */
	assert_true(apply_counts(f.apply)->bisect_tries <= 54 + 8);

	/* A later change of the key supersedes; of another it does not. */
	reopen(&f);
	give_refusing(&f, "100", "1.00", "good");
	set(&f, VALUES, "5", "size", "L");
	DELETE(&f, REFUSING, "id=200");
	end(&f, "p2");
	commit(&f);
	ask(&f,
	    "select string_agg(key, ' ' order by key)"
	    " from ficus.dead_letters",
	    "entity_id=5,store_id=0,attribute=color id=9223372036854775808");
	set(&f, VALUES, "5", "color", "red");
	end(&f, "p3");
	commit(&f);
	ask(&f, "select count(*) from ficus.dead_letters", "1");
	stop(&f);
}

TEST(a_dead_letter_reads_back)
{
	START(f);
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct record_change change;
	struct arena arena;
	struct buf json;
	struct err err;

	give_refusing(&f, "1", "100.00", "it's");
	end(&f, "p1");
	commit(&f);
	must(pg_query(f.target.pg,
		      "select encode(change, 'escape') is not null,"
		      " encode(change, 'hex') from ficus.dead_letters",
		      NULL, 0, &r, &err),
	     &err);
	struct str hex = pg_value(r, 0, 1);
	char bytes[1024];
	for (size_t i = 0; i < hex.n / 2; i++) {
		char two[3] = { hex.at[2 * i], hex.at[2 * i + 1] };

		bytes[i] = (char)strtol(two, NULL, 16);
	}
	arena_init(&arena);
	must(record_bson_read((struct str){ bytes, hex.n / 2 }, f.mapping,
			      &arena, &change, &err),
	     &err);
	buf_init(&json, 4096);
	record_bson_json(&json, &change);
	assert_string_equal(buf_str(&json),
			    "{ \"op\" : \"upsert\", \"record\" : \"refusing\","
			    " \"values\" : { \"id\" : \"1\", \"amount\" :"
			    " \"100.00\", \"note\" : \"it's\" } }");
	buf_done(&json);
	arena_done(&arena);
	stop(&f);
}

TEST(metadata_and_stop_on_error_stop)
{
	START(f);
	struct err err;

	UPSERT(&f, ATTRIBUTES, "attribute_id=1", "attribute_code=bad \xff");
	end(&f, "p1");
	assert_int_equal(apply_commit(f.apply, 0, &err), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "attributes"));
	ask(&f, "select count(*) from ficus.checkpoint", "1");

	f.options.stop_on_error = true;
	reopen(&f);
	give_refusing(&f, "1", "100.00", "good");
	end(&f, "p1");
	assert_int_equal(apply_commit(f.apply, 0, &err), ERR_OPERATOR);
	assert_null(strstr(err.msg, "100.00"));
	ask(&f, "select count(*) from ficus.dead_letters", "0");
	stop(&f);
}

TEST(refused_in_the_midst_of_a_large_transaction)
{
	START(f);
	f.options.batch_bytes = 64UL * 1024;
	reopen(&f);
	give_products(&f, 0, 1000);
	give_refusing(&f, "1", "100.00", "good");
	give_products(&f, 1000, 2000);
	give_refusing(&f, "2", "1.00", "good");
	end(&f, "p1");
	commit(&f);
	ask(&f, "select count(*) from products", "2000");
	ask(&f, "select id from refusing", "2");
	ask(&f, "select count(*) from ficus.dead_letters", "1");
	stop(&f);
}

/* --- who applies, and up to where --- */

TEST(without_a_checkpoint_an_operator_must_bootstrap)
{
	START(f);
	struct err err;

	apply_close(f.apply);
	f.apply = NULL;
	target_do(&f.target, "delete from ficus.checkpoint");
	assert_int_equal(apply_open(&f.options, &f.apply, &err), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "cdc --bootstrap"));
	stop(&f);
}

TEST(one_cdc_at_a_time)
{
	START(f);
	struct apply_options options = f.options;
	struct apply *second = NULL;
	struct err err;

	options.instance = "other:2";
	assert_int_equal(apply_open(&options, &second, &err), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "test:1"));
	ask(&f, "select epoch || instance from ficus.epoch", "1test:1");

	options.takeover = true;
	must(apply_open(&options, &second, &err), &err);
	ask(&f, "select epoch || instance from ficus.epoch", "2other:2");
	UPSERT(&f, REFUSING, "id=1");
	end(&f, "p1");
	assert_int_equal(apply_commit(f.apply, 0, &err), ERR_TARGET_LOST);
	apply_close(second);
	stop(&f);
}

TEST(a_superseded_leader_cannot_commit)
{
	START(f);
	struct err err;

	target_do(&f.target, "update ficus.epoch set epoch = epoch + 1");
	UPSERT(&f, REFUSING, "id=1");
	end(&f, "p1");
	assert_int_equal(apply_commit(f.apply, 0, &err), ERR_OPERATOR);
	assert_non_null(strstr(err.msg, "taken over"));
	ask(&f, "select count(*) from refusing", "0");
	stop(&f);
}

TEST(positions_move_without_changes_and_tickets_only_grow)
{
	START(f);
	struct err err;

	assert_string_equal(apply_checkpoint(f.apply)->position, "start");
	must(apply_end(f.apply, "p1", "f:1", NULL, &err), &err);
	assert_true(apply_pending(f.apply));
	must(apply_commit(f.apply, 7, &err), &err);
	must(apply_end(f.apply, "p2", "f:2", NULL, &err), &err);
	must(apply_commit(f.apply, 5, &err), &err);
	ask(&f,
	    "select concat_ws(' ', seq, epoch, position, file_position,"
	    " source_id, passed_ticket, transactions) from ficus.checkpoint"
	    " order by seq desc limit 1",
	    "3 1 p2 f:2 source 1 7 0");
	reopen(&f);
	assert_string_equal(apply_checkpoint(f.apply)->position, "p2");
	assert_int_equal(apply_checkpoint(f.apply)->passed_ticket, 7);
	stop(&f);
}

TEST(old_checkpoints_are_trimmed)
{
	START(f);
	struct err err;

	for (int i = 0; i < 1300; i++) {
		must(apply_end(f.apply, "p", "", NULL, &err), &err);
		must(apply_commit(f.apply, 0, &err), &err);
	}
	ask(&f,
	    "select count(*) between 1000 and 1000 + 256 from"
	    " ficus.checkpoint",
	    "t");
	ask(&f, "select max(seq) from ficus.checkpoint", "1301");
	stop(&f);
}

TEST(the_audit_has_each_transaction_once)
{
	START(f);
	struct err err;

	UPSERT(&f, REFUSING, "id=1");
	UPSERT(&f, REFUSING, "id=2");
	end(&f, "gtid:1");
	UPSERT(&f, REFUSING, "id=1");
	end(&f, "gtid:2");
	commit(&f);
	reopen(&f);
	end(&f, "gtid:3");
	commit(&f);
	ask(&f,
	    "select string_agg(concat_ws('/', transaction, ordinal, seq,"
	    " changes), ' ' order by ordinal) from ficus.audit",
	    "gtid:1/1/2/2 gtid:2/2/2/1 gtid:3/3/3/0");
	end(&f, "gtid:2");
	assert_int_equal(apply_commit(f.apply, 0, &err), ERR_TARGET);
	stop(&f);
}

/* --- a lost COMMIT answer --- */

struct killer {
	struct target *target;
	int pid;
	unsigned delay_us;
	bool started;
};

static void *kill_backend(void *user)
{
	struct killer *killer = user;
	CLEANUP(mem_freep)
	char *sql = mem_printf("select pg_terminate_backend(%d)", killer->pid);
	struct err err;

	usleep(killer->delay_us);
	if (pg_exec(killer->target->admin, sql, &err) < 0)
		abort();
	return NULL;
}

static int backend_of(struct fixture *f)
{
	return (int)strtol(
		target_ask(&f->target, "select backend from ficus.epoch"), NULL,
		10);
}

/* Gives transactions behind the checkpoint until `last` is committed. */
static int run_killed(struct fixture *f, int last, unsigned *seed)
{
	int next = 1, lost = 0;
	char name[16], id[16];

	while (next <= last) {
		struct killer killer = { .target = &f->target,
					 .pid = backend_of(f) };
		pthread_t thread;
		struct err err;

		killer.delay_us = (unsigned)rand_r(seed) % 1500;
		for (int i = 0; i < 200; i++) {
			snprintf(id, sizeof(id), "id=%d", next * 1000 + i);
			UPSERT(f, REFUSING, id);
		}
		snprintf(name, sizeof(name), "%d", next);
		end(f, name);
		assert_int_equal(
			pthread_create(&thread, NULL, kill_backend, &killer),
			0);
		int rc = apply_commit(f->apply, 0, &err);
		pthread_join(thread, NULL);
		if (rc < 0)
			assert_int_equal(rc, ERR_TARGET_LOST);
		reopen(f);
		int at = (int)strtol(apply_checkpoint(f->apply)->position, NULL,
				     10);
		assert_true(at == next || (at == next - 1 && rc < 0));
		lost += rc < 0 && at == next;
		next = at + 1;
	}
	return lost;
}

TEST(case_4_a_lost_answer_is_settled_by_the_checkpoint)
{
	START(f);
	unsigned seed = 7;

	target_do(&f.target, "update ficus.checkpoint set position = '0'");
	reopen(&f);
	int lost = run_killed(&f, 60, &seed);
	print_message("# %d of 60 answers lost after COMMIT\n", lost);
	ask(&f,
	    "select count(*) || ' ' || max(ordinal) || ' ' || sum(changes)"
	    " from ficus.audit",
	    "60 60 12000");
	ask(&f, "select count(*) from refusing", "12000");
	stop(&f);
}

RUN_WITH("FICUS_TEST_PG", CASE(all_types_arrive_as_they_are),
	 CASE(binary_forms_are_what_the_target_reads_from_text),
	 CASE(what_has_no_certain_binary_form_is_read_by_the_target),
	 CASE(absent_columns_are_left_alone), CASE(deletes_and_truncates),
	 CASE(values_are_merged), CASE(a_values_row_is_deleted_and_begun_anew),
	 CASE(case_40_a_delete_sets_off_what_the_foreign_keys_do),
	 CASE(an_attribute_goes_from_every_row),
	 CASE(cycles_of_a_table_with_itself_end),
	 CASE(many_children_go_in_chunks),
	 CASE(a_transaction_over_the_budget_is_one_commit),
	 CASE(an_abandoned_transaction_leaves_nothing),
	 CASE(requests_are_committed_with_what_asked_for_them),
	 CASE(too_many_requests_become_the_whole_table),
	 CASE(refused_records_are_set_aside_one_by_one),
	 CASE(a_dead_letter_reads_back), CASE(metadata_and_stop_on_error_stop),
	 CASE(refused_in_the_midst_of_a_large_transaction),
	 CASE(without_a_checkpoint_an_operator_must_bootstrap),
	 CASE(one_cdc_at_a_time), CASE(a_superseded_leader_cannot_commit),
	 CASE(positions_move_without_changes_and_tickets_only_grow),
	 CASE(old_checkpoints_are_trimmed),
	 CASE(the_audit_has_each_transaction_once),
	 CASE(case_4_a_lost_answer_is_settled_by_the_checkpoint))
