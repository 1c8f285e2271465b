/* How many source rows a second the applier writes: record changes made in
 * memory, as the transform gives them, into a real PostgreSQL with the shipped
 * tables and indexes.
 *
 *     bench_apply CONNECTION [SECONDS] [CASE…]
 *
 * The catalogue has PRODUCTS products. Cases:
 *   edit    a product is saved: its row, 8 attributes, 2 decimals (11 rows)
 *   price   a feed sets one price (1 row)
 *   stock   a feed writes one stock item (1 row)
 *   order   an order is placed: order, 3 items, 2 addresses, payment, status
 *   mix     of 20 transactions 8 edits, 4 prices, 4 stocks, 4 orders
 * Keys are spread over the catalogue; no two neighbours follow each other. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/pg.h"
#include "cdc/apply.h"
#include "cdc/catalog.h"
#include "cdc/migrate.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum { PRODUCTS = 200000, COLUMNS_MAX = 256, TEXT_MAX = 64 };

static const char load_sql[] =
	"insert into products (entity_id, attribute_set_id, type_id, sku,"
	" has_options, required_options, created_at, updated_at)"
	" select i, 4, 'simple', 'sku-' || i, 0, 0, now(), now()"
	" from generate_series(1, 200000) i;"
	"insert into product_values select i, 0, jsonb_build_object('name',"
	" 'Product ' || i, 'status', 1, 'visibility', 4, 'tax_class_id', 2,"
	" 'url_key', 'product-' || i, 'color', i % 50, 'meta_title', 'T',"
	" 'description', repeat('words ', 30))"
	" from generate_series(1, 200000) i;"
	"insert into product_prices select i, 0, jsonb_build_object('price',"
	" 10.0000, 'cost', 5.0000) from generate_series(1, 200000) i;"
	"insert into stock_items (item_id, product_id, stock_id, qty,"
	" is_in_stock) select i, i, 1, 5, 1 from generate_series(1, 200000) i;"
	"insert into ficus.checkpoint (seq, epoch, position, source_id)"
	" values (1, 0, 'start', 'bench');";
static const char after_load_sql[] = "vacuum analyze";

/* What a case needs at hand. */
struct bench {
	struct mapping *mapping;
	struct apply *apply; /* NULL: changes are made and dropped */
	uint64_t rows, transactions;
	int64_t server;	 /* process id of the backend */
	uint64_t number; /* of the next change; its texts come from it */
	const struct target_table *products, *values, *prices, *stock;
	const struct target_table *orders, *items, *addresses, *payments,
		*history;
};

static void must(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_apply: %s\n", err->msg);
	exit(1);
}

/* --- making changes --- */

/* Values of one row and the texts they borrow. */
struct row {
	struct value values[COLUMNS_MAX];
	char texts[COLUMNS_MAX][TEXT_MAX];
	size_t count;
};

static void put(struct row *row, size_t column, const char *prefix,
		uint64_t number, const char *suffix)
{
	char *text = row->texts[column];
	int n = snprintf(text, TEXT_MAX, "%s%" PRIu64 "%s", prefix, number,
			 suffix);

	row->values[column] = (struct value){ text, (uint32_t)n, VALUE_TEXT };
}

static bool is(const struct target_column *column, const char *type)
{
	return strncmp(column->type, type, strlen(type)) == 0;
}

/* Every third column is NULL, as in real rows; keys are not. */
static void fill(struct row *row, const struct target_table *table,
		 uint64_t key, uint64_t number)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct target_column *c = &table->columns[i];

		if (c->generated)
			row->values[i] = (struct value){ .kind = VALUE_ABSENT };
		else if (c->key)
			put(row, i, "", key, "");
		else if (i % 3 == 2)
			row->values[i] = (struct value){ .kind = VALUE_NULL };
		else if (is(c, "numeric"))
			put(row, i, "", number % 1000, ".5000");
		else if (is(c, "timestamp"))
			put(row, i, "2026-03-01 12:00:", 10 + number % 50, "");
		else if (is(c, "text"))
			put(row, i, "text ", number, "");
		else
			put(row, i, "", number % 30000, "");
	}
}

static void give(struct bench *b, const struct record_change *change)
{
	struct err err;

	b->rows++;
	if (b->apply)
		must(apply_change(b->apply, change, &err), &err);
}

static void give_row(struct bench *b, const struct target_table *table,
		     uint64_t key)
{
	static struct row row;
	const struct record_change change = { .op = RECORD_UPSERT,
					      .table = table,
					      .values = row.values };

	fill(&row, table, key, b->number++);
	give(b, &change);
}

static void give_value(struct bench *b, const struct target_table *table,
		       uint64_t entity, const char *name, bool number)
{
	static struct row row;
	struct record_change change = {
		.op = RECORD_SET,
		.table = table,
		.values = row.values,
		.attribute = str_of(name),
		.json = number ? RECORD_JSON_NUMBER : RECORD_JSON_STRING,
	};

	put(&row, 0, "", entity, "");
	put(&row, 1, "", 0, "");
	if (number)
		put(&row, 2, "", b->number++ % 10000, ".9900");
	else
		put(&row, 2, "a value as long as names ", b->number++, "");
	change.value = row.values[2];
	give(b, &change);
}

static uint64_t some_product(const struct bench *b)
{
	return b->transactions * 7919 % PRODUCTS + 1;
}

static void edit(struct bench *b)
{
	static const char *const names[] = { "name",	     "status",
					     "color",	     "url_key",
					     "tax_class_id", "visibility",
					     "meta_title",   "description" };
	uint64_t id = some_product(b);

	give_row(b, b->products, id);
	for (size_t i = 0; i < LENGTH(names); i++)
		give_value(b, b->values, id, names[i], false);
	give_value(b, b->prices, id, "price", true);
	give_value(b, b->prices, id, "cost", true);
}

static void price(struct bench *b)
{
	give_value(b, b->prices, some_product(b), "price", true);
}

static void stock(struct bench *b)
{
	give_row(b, b->stock, some_product(b));
}

static void order(struct bench *b)
{
	uint64_t id = b->transactions + 1;

	give_row(b, b->orders, id);
	for (uint64_t i = 0; i < 3; i++)
		give_row(b, b->items, id * 3 + i);
	for (uint64_t i = 0; i < 2; i++)
		give_row(b, b->addresses, id * 2 + i);
	give_row(b, b->payments, id);
	give_row(b, b->history, id);
}

static void mix(struct bench *b)
{
	static void (*const of[])(struct bench *) = { edit, price, edit, stock,
						      order };

	of[b->transactions % LENGTH(of)](b);
}

/* --- measuring --- */

static double cpu_seconds(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* CPU of the server process that works for us; 0 when it runs elsewhere. */
static double server_seconds(int64_t pid)
{
	char path[64], line[1024];
	unsigned long user = 0, kernel = 0;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	const char *at = fgets(line, sizeof(line), file);
	fclose(file);
	at = at ? strrchr(at, ')') : NULL;
	/* fields 14 and 15; the state, field 3, stands behind the name */
	for (int field = 2; at && field < 14; field++)
		at = strchr(at + 1, ' ');
	if (at) {
		char *end;

		user = strtoul(at, &end, 10);
		kernel = strtoul(end, NULL, 10);
	}
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void run_transaction(struct bench *b, void (*kind)(struct bench *))
{
	char position[32];
	struct err err;

	kind(b);
	b->transactions++;
	if (!b->apply)
		return;
	snprintf(position, sizeof(position), "bench:%" PRIu64, b->transactions);
	must(apply_end(b->apply, position, "", position, &err), &err);
	if (apply_full(b->apply))
		must(apply_commit(b->apply, 0, &err), &err);
}

/* Seconds it took, until all is committed. */
static double run_case(struct bench *b, void (*kind)(struct bench *),
		       double seconds)
{
	int64_t start = clock_mono_us();
	int64_t stop = start + (int64_t)(seconds * 1e6);
	struct err err;

	b->rows = 0;
	while (clock_mono_us() < stop)
		for (int i = 0; i < 100; i++)
			run_transaction(b, kind);
	if (b->apply && apply_pending(b->apply))
		must(apply_commit(b->apply, 0, &err), &err);
	return (double)(clock_mono_us() - start) / 1e6;
}

static void measure(struct bench *b, const char *name,
		    void (*kind)(struct bench *), double seconds)
{
	struct apply *apply = TAKE(b->apply);
	double making = cpu_seconds(); /* CPU of a row, once divided */

	run_case(b, kind, 0.3);
	making = (cpu_seconds() - making) / (double)b->rows;

	b->apply = apply;
	uint64_t commits = apply_counts(apply)->commits;
	double cpu = cpu_seconds(), server = server_seconds(b->server);
	double took = run_case(b, kind, seconds);
	double rows = (double)b->rows;

	cpu = cpu_seconds() - cpu - making * rows;
	server = server_seconds(b->server) - server;
	printf("%-6s %10.0f %8.1f %10.0f %9" PRIu64 " %20.2f %10.2f %10.2f\n",
	       name, rows, took, rows / took,
	       apply_counts(apply)->commits - commits, server / rows * 1e6,
	       cpu / rows * 1e6, making * 1e6);
	fflush(stdout);
}

static const struct {
	const char *name;
	void (*kind)(struct bench *);
} cases[] = {
	{ "edit", edit },   { "price", price }, { "stock", stock },
	{ "order", order }, { "mix", mix },
};

static const struct target_table *table(struct bench *b, const char *name)
{
	return mapping_target(b->mapping, name);
}

static void set_up(struct bench *b, const struct pg_config *config)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct err err;

	must(pg_connect(config, &pg, &err), &err);
	must(migrate_run(pg, NULL, NULL, &err), &err);
	must(pg_exec(pg, load_sql, &err), &err);
	must(pg_exec(pg, after_load_sql, &err), &err);
	must(mapping_load("schema/magento.yaml", "", &b->mapping, &err), &err);
	must(catalog_load(pg, b->mapping, &err), &err);
	b->products = table(b, "products");
	b->values = table(b, "product_values");
	b->prices = table(b, "product_prices");
	b->stock = table(b, "stock_items");
	b->orders = table(b, "orders");
	b->items = table(b, "order_items");
	b->addresses = table(b, "order_addresses");
	b->payments = table(b, "order_payments");
	b->history = table(b, "order_status_history");
}

static void find_server(struct bench *b, const struct pg_config *config)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct err err;

	must(pg_connect(config, &pg, &err), &err);
	must(pg_query(pg, "select backend from ficus.epoch", NULL, 0, &r, &err),
	     &err);
	b->server = pg_int(r, 0, 0);
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 3;
}

int main(int argc, char **argv)
{
	const struct pg_config config = { .options = argc > 1 ? argv[1] : "",
					  .connect_timeout_ms = 5000 };
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 5;
	struct bench b = { 0 };
	struct err err;

	set_up(&b, &config);
	const struct apply_options options = {
		.target = &config,
		.mapping = b.mapping,
		.batch_bytes = 8UL * 1024 * 1024,
		.batch_transactions = 5000,
		.instance = "bench",
	};
	must(apply_open(&options, &b.apply, &err), &err);
	find_server(&b, &config);
	puts("case         rows  seconds     rows/s   commits"
	     "  CPU us a row: server    applier  benchmark");
	for (size_t i = 0; i < LENGTH(cases); i++)
		if (wanted(argc, argv, cases[i].name))
			measure(&b, cases[i].name, cases[i].kind, seconds);
	apply_close(b.apply);
	mapping_free(b.mapping);
	return 0;
}
