#include "cdc/target_sql.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "transform/mapping.h"

static int find_json(struct target_shape *shape, struct err *err)
{
	const struct target_table *table = shape->table;

	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].type, "jsonb") == 0) {
			shape->json = i;
			return 0;
		}
	return err_set(err, ERR_CONFIG,
		       "target table %s has no jsonb column for its attributes",
		       table->name);
}

int target_shape_init(struct target_shape *shape,
		      const struct target_table *table, struct err *err)
{
	*shape = (struct target_shape){ .table = table };
	if (table->count == 0)
		return err_set(err, ERR_CONFIG,
			       "target table %s does not exist: run "
			       "cdc --migrate",
			       table->name);
	if (table->count > TARGET_COLUMNS_MAX)
		return err_set(err, ERR_CONFIG,
			       "target table %s has more than %d columns",
			       table->name, TARGET_COLUMNS_MAX);
	for (size_t i = 0; i < table->count; i++) {
		size_t place = table->columns[i].key;

		if (place == 0)
			continue;
		if (place > TARGET_KEY_MAX)
			return err_set(err, ERR_CONFIG,
				       "the primary key of %s has more than %d "
				       "columns",
				       table->name, TARGET_KEY_MAX);
		shape->key[place - 1] = i;
		if (place > shape->key_count)
			shape->key_count = place;
	}
	if (shape->key_count == 0)
		return err_set(err, ERR_CONFIG,
			       "target table %s has no primary key",
			       table->name);
	return table->values ? find_json(shape, err) : 0;
}

enum array_type target_array_type(const char *column_type)
{
	static const struct {
		const char *column;
		enum array_type array;
	} types[] = {
		{ "bigint", ARRAY_INT8 },
		{ "integer", ARRAY_INT4 },
		{ "smallint", ARRAY_INT2 },
		{ "bytea", ARRAY_BYTES },
	};

	for (size_t i = 0; i < LENGTH(types); i++)
		if (strcmp(types[i].column, column_type) == 0)
			return types[i].array;
	return ARRAY_TEXT;
}

const char *target_array_name(enum array_type type)
{
	static const char *const names[] = {
		[ARRAY_TEXT] = "text[]",    [ARRAY_INT2] = "smallint[]",
		[ARRAY_INT4] = "integer[]", [ARRAY_INT8] = "bigint[]",
		[ARRAY_BYTES] = "bytea[]",
	};

	return names[type];
}

static const struct target_column *key_column(const struct target_shape *shape,
					      size_t place)
{
	return &shape->table->columns[shape->key[place]];
}

/* "$1::bigint[]" */
static void add_param(struct buf *sql, size_t number, const char *type)
{
	if (number > 1)
		buf_addc(sql, ',');
	buf_addf(sql, "$%zu::%s", number, type);
}

/* "u.c1::numeric(20,6)" */
static void add_item(struct buf *sql, size_t number, const char *type)
{
	buf_addf(sql, "u.c%zu", number);
	if (target_array_type(type) == ARRAY_TEXT && strcmp(type, "text") != 0)
		buf_addf(sql, "::%s", type);
}

/* " from unnest($1::bigint[],…) as u(c1,…)": the keys, and a text if asked */
static void add_keys(struct buf *sql, const struct target_shape *shape,
		     bool with_text)
{
	size_t n = shape->key_count;

	buf_adds(sql, "unnest(");
	for (size_t i = 0; i < n; i++)
		add_param(sql, i + 1,
			  target_array_name(target_array_type(
				  key_column(shape, i)->type)));
	if (with_text)
		add_param(sql, ++n, "text[]");
	buf_adds(sql, ") as u(c1");
	for (size_t i = 1; i < n; i++)
		buf_addf(sql, ",c%zu", i + 1);
	buf_addc(sql, ')');
}

/* "t.entity_id = u.c1 and …" */
static void add_match(struct buf *sql, const struct target_shape *shape)
{
	for (size_t i = 0; i < shape->key_count; i++) {
		buf_adds(sql, i ? " and t." : "t.");
		pg_quote_name(sql, key_column(shape, i)->name);
		buf_adds(sql, " = ");
		add_item(sql, i + 1, key_column(shape, i)->type);
	}
}

static void add_key_names(struct buf *sql, const struct target_shape *shape)
{
	for (size_t i = 0; i < shape->key_count; i++) {
		if (i)
			buf_addc(sql, ',');
		pg_quote_name(sql, key_column(shape, i)->name);
	}
}

static bool has(const uint8_t *mask, size_t i)
{
	return (mask[i / 8] >> (i % 8)) & 1;
}

static void add_updates(struct buf *sql, const struct target_table *table,
			const uint8_t *mask)
{
	size_t n = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (!has(mask, i) || table->columns[i].key)
			continue;
		buf_adds(sql, n++ ? "," : " do update set ");
		pg_quote_name(sql, table->columns[i].name);
		buf_adds(sql, "=excluded.");
		pg_quote_name(sql, table->columns[i].name);
	}
	if (n == 0)
		buf_adds(sql, " do nothing");
}

/* "a,b,c" of the columns in the mask */
static void add_columns(struct buf *sql, const struct target_table *table,
			const uint8_t *mask)
{
	size_t n = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (!has(mask, i))
			continue;
		if (n++)
			buf_addc(sql, ',');
		pg_quote_name(sql, table->columns[i].name);
	}
}

static void add_conflict(struct buf *sql, const struct target_shape *shape,
			 const uint8_t *mask)
{
	buf_adds(sql, " on conflict (");
	add_key_names(sql, shape);
	buf_addc(sql, ')');
	add_updates(sql, shape->table, mask);
}

void target_sql_upsert_rows(struct buf *sql, const struct target_shape *shape,
			    const uint8_t *mask)
{
	buf_adds(sql, "insert into ");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, " (");
	add_columns(sql, shape->table, mask);
	buf_adds(sql, ") select ");
	add_columns(sql, shape->table, mask);
	buf_adds(sql, " from unnest($1::");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, "[])");
	add_conflict(sql, shape, mask);
}

void target_sql_upsert(struct buf *sql, const struct target_shape *shape,
		       const uint8_t *mask)
{
	const struct target_table *table = shape->table;
	size_t n = 0;

	buf_adds(sql, "insert into ");
	pg_quote_name(sql, table->name);
	buf_adds(sql, " (");
	add_columns(sql, table, mask);
	for (size_t i = 0; i < table->count; i++) {
		if (!has(mask, i))
			continue;
		buf_adds(sql, n++ ? "," : ") select ");
		add_item(sql, n, table->columns[i].type);
	}
	buf_adds(sql, " from unnest(");
	n = 0;
	for (size_t i = 0; i < table->count; i++)
		if (has(mask, i))
			add_param(sql, ++n,
				  target_array_name(target_array_type(
					  table->columns[i].type)));
	buf_adds(sql, ") as u(c1");
	for (size_t i = 1; i < n; i++)
		buf_addf(sql, ",c%zu", i + 1);
	buf_addc(sql, ')');
	add_conflict(sql, shape, mask);
}

void target_sql_delete(struct buf *sql, const struct target_shape *shape)
{
	buf_adds(sql, "delete from ");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, " as t using ");
	add_keys(sql, shape, false);
	buf_adds(sql, " where ");
	add_match(sql, shape);
}

static void add_json_name(struct buf *sql, const struct target_shape *shape)
{
	pg_quote_name(sql, shape->table->columns[shape->json].name);
}

/* " on conflict (…) do update set attributes = t.attributes || …" */
static void add_merge(struct buf *sql, const struct target_shape *shape)
{
	buf_adds(sql, " on conflict (");
	add_key_names(sql, shape);
	buf_adds(sql, ") do update set ");
	add_json_name(sql, shape);
	buf_adds(sql, " = t.");
	add_json_name(sql, shape);
	buf_adds(sql, " || excluded.");
	add_json_name(sql, shape);
}

void target_sql_set_rows(struct buf *sql, const struct target_shape *shape)
{
	buf_adds(sql, "insert into ");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, " as t (");
	add_key_names(sql, shape);
	buf_addc(sql, ',');
	add_json_name(sql, shape);
	buf_adds(sql, ") select ");
	add_key_names(sql, shape);
	buf_addc(sql, ',');
	add_json_name(sql, shape);
	buf_adds(sql, " from unnest($1::");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, "[])");
	add_merge(sql, shape);
}

void target_sql_set(struct buf *sql, const struct target_shape *shape)
{
	buf_adds(sql, "insert into ");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, " as t (");
	add_key_names(sql, shape);
	buf_addc(sql, ',');
	add_json_name(sql, shape);
	buf_adds(sql, ") select ");
	for (size_t i = 0; i < shape->key_count; i++) {
		add_item(sql, i + 1, key_column(shape, i)->type);
		buf_addc(sql, ',');
	}
	add_item(sql, shape->key_count + 1, "jsonb");
	buf_adds(sql, " from ");
	add_keys(sql, shape, true);
	add_merge(sql, shape);
}

void target_sql_unset(struct buf *sql, const struct target_shape *shape)
{
	buf_adds(sql, "update ");
	pg_quote_name(sql, shape->table->name);
	buf_adds(sql, " as t set ");
	add_json_name(sql, shape);
	buf_adds(sql, " = t.");
	add_json_name(sql, shape);
	buf_addf(sql, " - u.c%zu::text[] from ", shape->key_count + 1);
	add_keys(sql, shape, true);
	buf_adds(sql, " where ");
	add_match(sql, shape);
}

void target_sql_purge(struct buf *sql, const struct target_shape *shape)
{
	target_sql_delete(sql, shape);
	buf_adds(sql, " and t.");
	add_json_name(sql, shape);
	buf_adds(sql, " = '{}'");
}
