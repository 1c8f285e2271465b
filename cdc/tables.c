#include "cdc/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/column_type.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "cdc/group.h"
#include "cdc/schema.h"
#include "transform/losses.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum {
	SLOTS_FIRST = 64, /* a power of two */
	/* Ids grow as tables are closed and opened again. Above it the cache
	 * is emptied; a transaction sends the maps it uses itself. */
	TABLES_MAX = 8192,
	SKIPPED_MAX = 4096, /* names counted one by one; then as "other" */
	NAME_BYTES = 256,
};

struct tables {
	struct tables_options options;
	struct table *slots; /* owned; open addressing by id */
	size_t size, count;
	struct group_skipped *skipped; /* owned */
	size_t skipped_count;
};

struct tables *tables_new(const struct tables_options *options)
{
	struct tables *tables = mem_zalloc(sizeof(*tables));

	tables->options = *options;
	tables->size = SLOTS_FIRST;
	tables->slots = mem_array(tables->size, sizeof(struct table));
	return tables;
}

static void drop_plan(struct table *table)
{
	row_plan_free(TAKE(table->plan));
	row_plan_free(TAKE(table->too));
	binding_free(TAKE(table->binding));
	free(TAKE(table->names));
}

static void table_done(struct table *table)
{
	drop_plan(table);
	table_map_free(TAKE(table->map));
}

void tables_clear(struct tables *tables)
{
	for (size_t i = 0; i < tables->size; i++)
		if (tables->slots[i].used)
			table_done(&tables->slots[i]);
	memset(tables->slots, 0, tables->size * sizeof(struct table));
	tables->count = 0;
}

void tables_trim(struct tables *tables)
{
	if (tables->count > TABLES_MAX)
		tables_clear(tables);
}

void tables_free(struct tables *tables)
{
	if (!tables)
		return;
	tables_clear(tables);
	for (size_t i = 0; i < tables->skipped_count; i++) {
		free(tables->skipped[i].schema);
		free(tables->skipped[i].table);
	}
	free(tables->skipped);
	free(tables->slots);
	free(tables);
}

void tables_set_schema(struct tables *tables, const struct schema *schema)
{
	tables->options.schema = schema;
	tables_clear(tables);
}

/* The table's slot, or the free one it would get. */
static struct table *slot_of(struct table *slots, size_t size, uint64_t id)
{
	size_t i = (size_t)(id * 0x9e3779b97f4a7c15 >> 20) & (size - 1);

	while (slots[i].used && slots[i].id != id)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

struct table *tables_find(struct tables *tables, uint64_t id)
{
	struct table *table = slot_of(tables->slots, tables->size, id);

	return table->used ? table : NULL;
}

static void grow(struct tables *tables)
{
	size_t size = tables->size * 2;
	struct table *slots = mem_array(size, sizeof(struct table));

	for (size_t i = 0; i < tables->size; i++)
		if (tables->slots[i].used)
			*slot_of(slots, size, tables->slots[i].id) =
				tables->slots[i];
	free(tables->slots);
	tables->slots = slots;
	tables->size = size;
}

static struct table *add(struct tables *tables, uint64_t id)
{
	struct table *table;

	if (tables->count * 2 >= tables->size)
		grow(tables);
	table = slot_of(tables->slots, tables->size, id);
	*table = (struct table){ .id = id, .used = true };
	tables->count++;
	return table;
}

static bool is_wanted(const struct tables *tables, struct str table)
{
	char name[NAME_BYTES];

	if (table.n >= NAME_BYTES)
		return false;
	memcpy(name, table.at, table.n);
	name[table.n] = '\0';
	return mapping_find(tables->options.mapping, name) != NULL;
}

static size_t counter_of(struct tables *tables, struct str schema,
			 struct str table)
{
	struct group_skipped *s = tables->skipped;
	size_t n = tables->skipped_count;

	if (n >= SKIPPED_MAX) {
		schema = STR("");
		table = STR("other");
	}
	for (size_t i = n; i-- > 0;)
		if (str_eqs(table, s[i].table) && str_eqs(schema, s[i].schema))
			return i;
	s = mem_realloc(s, (n + 1) * sizeof(*s));
	s[n] = (struct group_skipped){
		.schema = mem_strndup(schema.at, schema.n),
		.table = mem_strndup(table.at, table.n),
	};
	tables->skipped = s;
	tables->skipped_count = n + 1;
	return n;
}

void tables_skip(struct tables *tables, const struct table *table)
{
	tables->skipped[table->skipped].events++;
}

const struct group_skipped *tables_skipped(const struct tables *tables,
					   size_t *count)
{
	*count = tables->skipped_count;
	return tables->skipped;
}

static bool is_same(const struct tables *tables, const struct table *table,
		    struct reader body, struct str schema, struct str name)
{
	const struct group_skipped *skipped;

	if (table->map)
		return table_map_same(table->map, body);
	skipped = &tables->skipped[table->skipped];
	return str_eqs(name, skipped->table) &&
	       str_eqs(schema, skipped->schema);
}

int tables_put(struct tables *tables, struct reader body,
	       const struct format *format, struct err *err)
{
	struct str schema, name;
	struct table *table;
	uint64_t id;
	int fail = table_map_peek(body, format, &id, &schema, &name, err);

	if (fail)
		return fail;
	table = tables_find(tables, id);
	if (table && is_same(tables, table, body, schema, name))
		return 0;
	if (table)
		table_done(table);
	else
		table = add(tables, id);
	bool ours = str_eqs(schema, tables->options.database);
	if (!ours || !is_wanted(tables, name)) {
		table->skipped = counter_of(tables, schema, name);
		if (ours)
			table->watched = transform_watched(
				tables->options.transform, name);
		return 0;
	}
	return table_map_parse(body, format, &table->map, err);
}

static const char *number_of(uint8_t type)
{
	switch (type) {
	case TYPE_TINY:
		return "tinyint";
	case TYPE_SHORT:
		return "smallint";
	case TYPE_INT24:
		return "mediumint";
	case TYPE_LONG:
		return "int";
	case TYPE_LONGLONG:
		return "bigint";
	case TYPE_FLOAT:
		return "float";
	case TYPE_DOUBLE:
		return "double";
	case TYPE_YEAR:
		return "year";
	default:
		return "";
	}
}

/* COLUMN_TYPE is not in the metadata. The kept schema's counts where it fits
 * the map; what matters of decimals is in the map itself. */
static char *type_of(const struct table_column *from,
		     const struct table_def *known)
{
	CLEANUP(mem_freep)
	char *name = mem_strndup(from->name.at, from->name.n);
	int at = known ? table_def_find(known, name) : -1;

	if (from->type == TYPE_NEWDECIMAL)
		return mem_printf("decimal(%u,%u)", from->meta & 0xffU,
				  from->meta >> 8U);
	if (at < 0 || !column_type_fits(known->columns[at].type, from->type))
		return mem_strdup(number_of(from->type));
	return mem_strdup(known->columns[at].type);
}

/* The table as the metadata say it is. */
static struct table_def *def_of(const struct table_map *map,
				const struct table_def *known)
{
	CLEANUP(mem_freep)
	char *name = mem_strndup(map->table.at, map->table.n);
	struct table_def *def = table_def_new(name, map->count);

	for (size_t i = 0; i < map->count; i++) {
		const struct table_column *from = &map->columns[i];
		const struct charset *charset =
			charset_by_collation(from->collation);

		def->columns[i] = (struct column_def){
			.name = mem_strndup(from->name.at, from->name.n),
			.type = type_of(from, known),
			.charset = mem_strdup(charset ? charset->name : ""),
			.collation =
				mem_strdup(collation_name(from->collation)),
			.is_unsigned = from->is_unsigned,
			.nullable = from->nullable,
			.key = from->key,
		};
	}
	return def;
}

static void count_losses(const struct tables *tables, struct table *table,
			 const struct table_def *def)
{
	struct losses *losses = transform_losses(tables->options.transform);
	const uint8_t *wanted = binding_wanted(table->binding);

	for (size_t i = 0; i < def->count; i++)
		if (wanted[i / 8] >> (i % 8) & 1)
			row_plan_set_loss(table->plan, i,
					  losses_of(losses, def->name,
						    def->columns[i].name));
}

static int plan_with(struct tables *tables, struct table *table,
		     const struct table_def *bind_def,
		     const struct table_def *plan_def, struct err *err)
{
	int fail = transform_bind(tables->options.transform, bind_def,
				  &table->binding, err);

	if (fail || !table->binding)
		return fail;
	const uint8_t *too = binding_wanted_too(table->binding);
	fail = row_plan_new(table->map, plan_def,
			    binding_wanted(table->binding), &table->plan, err);
	if (!fail && too)
		fail = row_plan_new(table->map, plan_def, too, &table->too,
				    err);
	if (!fail)
		count_losses(tables, table, bind_def);
	return fail;
}

const struct row_plan *tables_plan_too(const struct table *table)
{
	return table->too ? table->too : table->plan;
}

/* Nobody knows what the columns are called. The table is read again anyhow
 * (schema_history.h); only what others are read by must not be missed. */
static int pass_unknown(const struct tables *tables, const struct table *table,
			struct err *err)
{
	CLEANUP(mem_freep)
	char *name = mem_strndup(table->map->table.at, table->map->table.n);

	if (mapping_find(tables->options.mapping, name)->kind != TABLE_METADATA)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "table %s was altered twice before we could look at it "
		       "in between, and the log has no column names: set "
		       "binlog_row_metadata=FULL on the source, empty the "
		       "records and run cdc --bootstrap",
		       name);
}

static int plan(struct tables *tables, struct table *table, struct err *err)
{
	const struct table_map *map = table->map;
	const struct table_def *known =
		tables->options.schema
			? schema_table(tables->options.schema, map->table)
			: NULL;
	struct table_def *sent;
	int fail;

	table->transactional = known && known->transactional;
	if (map->has & TABLE_MAP_NAMES) {
		sent = def_of(map, known);
		fail = plan_with(tables, table, sent, sent, err);
		table_def_free(sent);
		return fail;
	}
	if (tables->options.schema &&
	    schema_is_unknown(tables->options.schema, map->table))
		return pass_unknown(tables, table, err);
	if (!known)
		return err_set(err, ERR_OPERATOR,
			       "table %.*s: the log has no column names and "
			       "the kept schema not this table: set "
			       "binlog_row_metadata=FULL on the source and run "
			       "cdc --bootstrap",
			       (int)map->table.n, map->table.at);
	/* Before the binding, whose plan is by name. */
	fail = row_plan_check(map, known, err);
	return fail ? fail : plan_with(tables, table, known, known, err);
}

int tables_plan(struct tables *tables, struct table *table, struct err *err)
{
	int fail;

	if (table->plan)
		return 0;
	fail = plan(tables, table, err);
	if (fail) {
		drop_plan(table);
		return fail;
	}
	if (!table->binding) {
		struct table_map *map = TAKE(table->map);

		table->skipped = counter_of(tables, map->schema, map->table);
		table_map_free(map);
	}
	return 0;
}

const struct str *tables_names(struct table *table, const struct schema *schema,
			       size_t *count)
{
	const struct table_map *map = table->map;
	const struct table_def *known;

	*count = map->count;
	if (table->names)
		return table->names;
	table->names = mem_array(map->count, sizeof(*table->names));
	known = map->has & TABLE_MAP_NAMES ? NULL
					   : schema_table(schema, map->table);
	for (size_t i = 0; i < map->count; i++)
		table->names[i] = known ? str_of(known->columns[i].name)
					: map->columns[i].name;
	return table->names;
}
