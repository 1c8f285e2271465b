#include "tests/unit/transform/shop.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "transform/losses.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/table_def.h"
#include "transform/transform.h"

/* As format_type() has it. */
static char timestamptz[] = "timestamp with time zone";
static char extra[] = "extra", jsonb[] = "jsonb";

enum { LOG_MAX = 1024 * 1024, COLUMNS_MAX = 256 };

const char shop_absent[] = "(absent)";

static char *read_text(const char *path)
{
	const char *root = getenv("FICUS_ROOT");
	char *name = mem_printf("%s/%s", root ? root : ".", path), *text;
	struct err err = { 0 };
	size_t n;

	if (file_read(name, LOG_MAX, &text, &n, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	free(name);
	return text;
}

/* Cuts the text at one of `ends`; NULL when nothing is left. */
static char *next(char **rest, const char *ends)
{
	char *word = *rest + strspn(*rest, ends);
	size_t n = strcspn(word, ends);

	if (n == 0)
		return NULL;
	*rest = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

static bool cut(char *text, const char *from)
{
	char *at = strstr(text, from);

	if (at)
		*at = '\0';
	return at;
}

/* Columns in "primary key (a, b)". */
static void mark_keys(struct target_column *columns, size_t count, char *list)
{
	uint16_t place = 0;

	for (char *name = next(&list, " ,)"); name; name = next(&list, " ,)")) {
		place++;
		for (size_t i = 0; i < count; i++)
			if (strcmp(columns[i].name, name) == 0)
				columns[i].key = place;
	}
}

static void read_column(struct target_column *column, char *line)
{
	char *type = strchr(line, ' ');
	size_t n = strlen(line);

	if (line[n - 1] == ',')
		line[n - 1] = '\0';
	*type++ = '\0';
	type += strspn(type, " ");
	*column = (struct target_column){ .name = line, .type = type };
	column->key = cut(type, " primary key");
	column->generated =
		strstr(type, " generated") || strcmp(line, "source") == 0;
	cut(type, " not null");
	cut(type, " generated");
	if (strcmp(type, "timestamptz") == 0)
		column->type = timestamptz;
}

/* Those tables get the column by "alter table". */
static bool takes_extra(const struct mapping *mapping,
			const struct target_table *target)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].target == target &&
		    mapping->tables[i].extra)
			return true;
	return false;
}

/* One "create table" up to its ")"; the migration's layout is ours. */
static void read_columns(struct mapping *mapping, const char *name, char **rest)
{
	struct target_table *target = mapping_target(mapping, name);
	struct target_column columns[COLUMNS_MAX] = { 0 };
	size_t count = 0;

	for (char *line = next(rest, "\n"); line && *line != ')';
	     line = next(rest, "\n")) {
		line += strspn(line, " ");
		if (strncmp(line, "primary key (", 13) == 0)
			mark_keys(columns, count, line + 13);
		else
			read_column(&columns[count++], line);
	}
	if (target && takes_extra(mapping, target))
		columns[count++] =
			(struct target_column){ .name = extra, .type = jsonb };
	if (target)
		mapping_target_columns(target, columns, count);
}

static void read_tables(struct mapping *mapping, const char *migration)
{
	char *sql = read_text(migration), *rest = sql;

	for (char *line = next(&rest, "\n"); line; line = next(&rest, "\n")) {
		if (strncmp(line, "create table ", 13) != 0)
			continue;
		line[13 + strcspn(line + 13, " ")] = '\0';
		read_columns(mapping, line + 13, &rest);
	}
	free(sql);
}

struct mapping *shop_mapping(const char *prefix)
{
	char *yaml = read_text("schema/magento.yaml");
	struct mapping *mapping = NULL;
	struct err err = { 0 };

	if (mapping_parse("magento.yaml", str_of(yaml), prefix, &mapping,
			  &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	read_tables(mapping, "migrations/0002_records.sql");
	read_tables(mapping, "migrations/0008_more_records.sql");
	read_tables(mapping, "migrations/0011_semantics.sql");
	free(yaml);
	return mapping;
}

void shop_open(struct shop *shop)
{
	struct transform *t;

	*shop = (struct shop){ .mapping = shop_mapping("") };
	t = shop->transform = transform_new(shop->mapping);
	shop->losses = losses_new();
	transform_set_losses(t, shop->losses);
	arena_init(&shop->arena);
	buf_init(&shop->log, LOG_MAX);
	transform_entity_type(t, 1, "customer", "customer_entity");
	transform_entity_type(t, 4, "catalog_product",
			      "catalog_product_entity");
	transform_attribute(t, 10, 1, "nick", "varchar", NULL);
	transform_attribute(t, 73, 4, "name", "varchar", NULL);
	transform_attribute(t, 77, 4, "price", "decimal", NULL);
	transform_attribute(t, 97, 4, "status", "int", "");
	transform_attribute(t, 120, 4, "odd", "varchar",
			    "catalog_product_entity_text");
}

void shop_close(struct shop *shop)
{
	transform_free(shop->transform);
	losses_free(shop->losses);
	mapping_free(shop->mapping);
	arena_done(&shop->arena);
	buf_done(&shop->log);
}

struct table_def *shop_def(const char *name, const char *columns)
{
	char *text = mem_strdup(columns), *rest = text;
	struct table_def *def = table_def_new(name, SHOP_COLUMNS_MAX);
	uint16_t key = 0;

	def->count = 0;
	for (char *word = next(&rest, " "); word; word = next(&rest, " ")) {
		struct column_def *c = &def->columns[def->count++];
		char *type = strchr(word, ':');
		size_t n = strcspn(word, "*:");

		c->type = mem_strdup(type ? type + 1 : "");
		if (word[n] == '*')
			c->key = ++key;
		c->name = mem_strndup(word, n);
		c->charset = mem_strdup("");
	}
	free(text);
	return def;
}

static void fill(struct value *row, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (texts[i] == shop_absent)
			row[i] = (struct value){ .kind = VALUE_ABSENT };
		else if (!texts[i])
			row[i] = (struct value){ .kind = VALUE_NULL };
		else
			row[i] = (struct value){ texts[i],
						 (uint32_t)strlen(texts[i]),
						 VALUE_TEXT };
	}
}

static bool lacks_some(const struct value *row, size_t count)
{
	for (size_t i = 0; row && i < count; i++)
		if (row[i].kind == VALUE_ABSENT)
			return true;
	return false;
}

static void log_values(struct buf *log, const struct record_change *change)
{
	for (size_t i = 0; i < change->table->count; i++) {
		struct value v = change->values[i];

		if (!value_has(v))
			continue;
		buf_addf(log, " %s=", change->table->columns[i].name);
		buf_add(log, v.at, v.n);
	}
}

static void log_attribute(struct buf *log, const struct record_change *change)
{
	struct value entity = change->values[0], store = change->values[1];
	const char *quote = change->json == RECORD_JSON_STRING ? "\"" : "";

	buf_addf(log, " %.*s/%.*s %.*s", (int)entity.n, entity.at, (int)store.n,
		 store.at, (int)change->attribute.n, change->attribute.at);
	if (change->source)
		buf_adds(log, "?");
	if (change->op == RECORD_UNSET)
		return;
	if (change->value.kind == VALUE_NULL)
		buf_adds(log, "=null");
	else
		buf_addf(log, "=%s%.*s%s", quote, (int)change->value.n,
			 change->value.at, quote);
}

static int take(void *user, const struct record_change *change, struct err *err)
{
	static const char *const names[] = {
		[RECORD_UPSERT] = "UPSERT",	[RECORD_DELETE] = "DELETE",
		[RECORD_SET] = "SET",		[RECORD_UNSET] = "UNSET",
		[RECORD_TRUNCATE] = "TRUNCATE",
	};
	struct buf *log = user;

	(void)err;
	if (change->op == RECORD_REFETCH) {
		buf_addf(log, "REFETCH %s(%.*s)\n", change->source->source,
			 (int)change->value.n, change->value.at);
		return 0;
	}
	buf_addf(log, "%s%s %s", names[change->op], change->actions ? "!" : "",
		 change->table->name);
	if (change->op == RECORD_SET || change->op == RECORD_UNSET)
		log_attribute(log, change);
	else
		log_values(log, change);
	buf_addc(log, '\n');
	return 0;
}

int shop_row(struct shop *shop, const struct table_def *def,
	     enum row_actions actions, const char *const *before,
	     const char *const *after)
{
	struct value old[SHOP_COLUMNS_MAX], now[SHOP_COLUMNS_MAX];
	struct binding *binding = NULL;
	struct row_change row = {
		.op = !before ? ROW_INSERT
		      : after ? ROW_UPDATE
			      : ROW_DELETE,
		.actions = actions,
	};
	int rc;

	shop->err = (struct err){ 0 };
	if (before) {
		fill(old, before, def->count);
		row.before = old;
	}
	if (after) {
		fill(now, after, def->count);
		row.after = now;
	}
	row.incomplete = lacks_some(row.before, def->count) ||
			 lacks_some(row.after, def->count);
	row.columns = def->count;
	rc = transform_bind(shop->transform, def, &binding, &shop->err);
	if (rc < 0)
		return rc;
	assert(binding);
	rc = transform_row(shop->transform, binding, &row, &shop->arena, take,
			   &shop->log, &shop->err);
	binding_free(binding);
	return rc;
}

const char *shop_log(struct shop *shop)
{
	char *text =
		arena_strndup(&shop->arena, buf_str(&shop->log), shop->log.n);

	buf_reset(&shop->log, LOG_MAX);
	return text;
}
