#include "transform/extra.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/text.h"

enum { TEXT_MAX = 1024 * 1024 * 1024, TEXT_KEEP = 64 * 1024 };

static bool is_number(const char *type)
{
	static const char *const words[] = { "tinyint", "smallint", "mediumint",
					     "int",	"bigint",   "decimal",
					     "float",	"double",   "year" };

	for (size_t i = 0; i < LENGTH(words); i++) {
		size_t n = strlen(words[i]);

		if (strncasecmp(type, words[i], n) == 0 &&
		    strchr(" (", type[n]))
			return true;
	}
	return false;
}

static int find_target(const struct mapping_table *table, size_t *ret,
		       struct err *err)
{
	const struct target_table *target = table->target;

	for (size_t i = 0; i < target->count; i++)
		if (strcmp(target->columns[i].name, "extra") == 0 &&
		    strcmp(target->columns[i].type, "jsonb") == 0) {
			*ret = i;
			return 0;
		}
	return err_set(err, ERR_CONFIG,
		       "the mapping says extra: true of %s: alter table %s add "
		       "column extra jsonb",
		       table->source, target->name);
}

int extra_bind(struct extra *extra, const struct mapping_table *table,
	       const struct table_def *def, uint8_t *wanted, struct err *err)
{
	buf_init(&extra->text, TEXT_MAX);
	if (!table->extra)
		return 0;
	if (find_target(table, &extra->to, err))
		return err->code;
	extra->columns = mem_array(def->count, sizeof(*extra->columns));
	for (size_t i = 0; i < def->count; i++) {
		const struct column_def *column = &def->columns[i];

		if (!mapping_is_extra(table, column->name))
			continue;
		wanted[i / 8] |= (uint8_t)(1U << (i % 8));
		extra->columns[extra->count++] = (struct extra_column){
			.from = (uint16_t)i,
			.number = is_number(column->type) &&
				  !mapping_hashes(table, column->name),
			.name = mem_strdup(column->name),
		};
	}
	return 0;
}

void extra_done(struct extra *extra)
{
	for (size_t i = 0; i < extra->count; i++)
		free(extra->columns[i].name);
	free(extra->columns);
	buf_done(&extra->text);
}

static void add_bytes(struct json *json, struct value v, struct arena *arena)
{
	char *hex = arena_alloc(arena, 2 + 2 * (size_t)v.n);

	hex[0] = '\\';
	hex[1] = 'x';
	str_hex(hex + 2, v.at, v.n);
	json_strn(json, (struct str){ hex, 2 + 2 * (size_t)v.n });
}

static void add_value(struct json *json, const struct extra_column *column,
		      struct value v, struct arena *arena)
{
	if (v.kind == VALUE_NULL) {
		json_null(json);
		return;
	}
	if (v.kind == VALUE_BYTES) {
		add_bytes(json, v, arena);
		return;
	}
	v = text_clean(v, arena, NULL);
	struct str text = { v.at, v.n };

	if (column->number && text_is_number(text))
		json_raw(json, text);
	else
		json_strn(json, text);
}

bool extra_fill(struct extra *extra, const struct value *row,
		struct arena *arena, struct value *ret)
{
	struct json json;

	if (extra->count == 0)
		return true;
	buf_reset(&extra->text, TEXT_KEEP);
	json_init(&json, &extra->text, JSON_PLAIN);
	json_begin_object(&json);
	for (size_t i = 0; i < extra->count; i++) {
		const struct extra_column *column = &extra->columns[i];

		if (row[column->from].kind == VALUE_ABSENT)
			return false;
		json_key(&json, column->name);
		add_value(&json, column, row[column->from], arena);
	}
	json_end_object(&json);
	*ret = (struct value){ .at = extra->text.at,
			       .n = (uint32_t)extra->text.n,
			       .kind = VALUE_TEXT };
	return true;
}
