/* The source's information_schema into a struct schema. */
#include "cdc/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/schema_keys.h"
#include "cdc/source.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

enum { SQL_MAX = 4 * 1024 * 1024 };

/* Columns of one query, in the order of its select list. */
enum {
	TABLE,
	COLUMN,
	TYPE,
	CHARSET,
	COLLATION,
	NULLABLE,
	KEY_PLACE,
	TRANSACTIONAL,
	FILLED
};
/* MariaDB lists a system-versioned table's hidden columns too, and the log
 * has them; ordinals follow the log's. */
static const char COLUMNS_SQL[] =
	"select * from (select c.table_name as t, c.column_name, "
	"c.column_type, "
	"coalesce(c.character_set_name, ''), coalesce(c.collation_name, ''), "
	"c.is_nullable = 'YES', "
	"coalesce(k.ordinal_position, 0), coalesce(e.transactions = 'YES', 0), "
	"case when c.extra like '%GENERATED%' then 2 "
	"when c.is_nullable = 'NO' or coalesce(c.column_default, 'NULL') <> "
	"'NULL' then 1 else 0 end, c.ordinal_position as place "
	"from information_schema.columns c "
	"join information_schema.tables t "
	"on t.table_schema = c.table_schema and t.table_name = c.table_name "
	"left join information_schema.engines e on e.engine = t.engine "
	"left join information_schema.key_column_usage k "
	"on k.table_schema = c.table_schema and k.table_name = c.table_name "
	"and k.column_name = c.column_name and k.constraint_name = 'PRIMARY' "
	"where c.table_schema = ";

/* A unique key over long values is kept by MariaDB as a hash: a column that
 * nothing lists and the log has, behind all others. Its name is the server's
 * affair: nobody wants it. */
static const char HIDDEN_SQL[] =
	" union all select distinct s.table_name, "
	"concat('DB_ROW_HASH ', s.index_name), 'bigint unsigned', '', '', 1, "
	"0, "
	"0, 2, 65536 from information_schema.statistics s "
	"join information_schema.tables h on h.table_schema = s.table_schema "
	"and h.table_name = s.table_name and h.engine <> 'MEMORY' "
	"where s.index_type = 'HASH' and s.non_unique = 0 "
	"and s.table_schema = ";

static const char COLUMNS_ORDER[] = ") u order by cast(t as binary), place";

static struct column_def column_of(const struct source_rows *rows)
{
	struct str name = source_text(rows, COLUMN);
	struct str type = source_text(rows, TYPE);
	struct str charset = source_text(rows, CHARSET);
	struct str collation = source_text(rows, COLLATION);

	return (struct column_def){
		.name = mem_strndup(name.at, name.n),
		.type = mem_strndup(type.at, type.n),
		.charset = mem_strndup(charset.at, charset.n),
		.collation = mem_strndup(collation.at, collation.n),
		.is_unsigned = memmem(type.at, type.n, " unsigned", 9) != NULL,
		.nullable = source_int(rows, NULLABLE) != 0,
		.key = (uint16_t)source_int(rows, KEY_PLACE),
		.filled = (uint8_t)source_int(rows, FILLED),
	};
}

/* The columns of one table, as they come, until its name changes. */
struct gathering {
	struct schema *schema;
	char *name; /* owned; NULL before the first */
	bool transactional;
	struct column_def columns[TABLE_DEF_COLUMNS_MAX];
	size_t count;
};

static void gathered(struct gathering *g)
{
	struct table_def *def;

	if (!g->name)
		return;
	def = table_def_new(g->name, g->count);
	def->transactional = g->transactional;
	for (size_t i = 0; i < g->count; i++)
		def->columns[i] = g->columns[i];
	schema_add_table(g->schema, def);
	free(TAKE(g->name));
	g->count = 0;
}

static int gather(struct gathering *g, const struct source_rows *rows,
		  struct err *err)
{
	struct str name = source_text(rows, TABLE);

	if (!g->name || !str_eqs(name, g->name)) {
		gathered(g);
		g->name = mem_strndup(name.at, name.n);
		g->transactional = source_int(rows, TRANSACTIONAL) != 0;
	}
	if (g->count == TABLE_DEF_COLUMNS_MAX)
		return err_set(err, ERR_LIMIT, "table %s: too many columns",
			       g->name);
	g->columns[g->count++] = column_of(rows);
	return 0;
}

static int read_columns(struct source *source, const char *sql,
			struct schema *schema, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	struct gathering *g;
	bool row = true;
	int fail = source_query(source, sql, &rows, err);

	if (fail)
		return fail;
	g = mem_zalloc(sizeof(*g));
	g->schema = schema;
	while (!fail && row) {
		fail = source_next(rows, &row, err);
		if (!fail && row)
			fail = gather(g, rows, err);
	}
	gathered(g);
	free(g);
	return fail;
}

static void add_tables(const struct mapping *mapping, const char *column,
		       struct buf *out)
{
	buf_addf(out, " and %s in (''", column);
	for (size_t i = 0; i < mapping->table_count; i++) {
		char *name = mem_printf("%s%s",
					mapping->prefix ? mapping->prefix : "",
					mapping->tables[i].source);

		buf_addc(out, ',');
		schema_quote(out, name);
		free(name);
	}
	buf_addc(out, ')');
}

static void columns_sql(const struct source *source,
			const struct mapping *mapping, const char *database,
			struct buf *out)
{
	buf_adds(out, COLUMNS_SQL);
	schema_quote(out, database);
	add_tables(mapping, "c.table_name", out);
	if (source_server(source)->flavour == SOURCE_MARIADB) {
		buf_adds(out, HIDDEN_SQL);
		schema_quote(out, database);
		add_tables(mapping, "s.table_name", out);
	}
	buf_adds(out, COLUMNS_ORDER);
}

int schema_read(struct source *source, const char *database,
		const struct mapping *mapping, struct schema **ret,
		struct err *err)
{
	CLEANUP(schema_freep) struct schema *schema = schema_new();
	struct buf sql;
	int fail;

	buf_init(&sql, SQL_MAX);
	columns_sql(source, mapping, database, &sql);
	if (sql.failed)
		fail = err_set(err, ERR_LIMIT, "too many tables are mapped");
	else
		fail = read_columns(source, buf_str(&sql), schema, err);
	buf_done(&sql);
	if (!fail)
		fail = schema_read_keys(source, database, schema, err);
	if (fail)
		return err_wrap(err, "reading the source's schema");
	*ret = TAKE(schema);
	return 0;
}
