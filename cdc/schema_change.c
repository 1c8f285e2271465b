#include "cdc/schema_change.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/fold.h"
#include "base/str.h"
#include "cdc/binlog/column_type.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

/* ---- Types ---- */

/* Words of one family from the narrowest to the widest. */
static const char *const integers[] = { "tinyint", "smallint", "mediumint",
					"int",	   "bigint",   NULL };
static const char *const texts[] = { "varchar",	   "tinytext", "text",
				     "mediumtext", "longtext", NULL };
static const char *const bytes[] = { "varbinary",  "tinyblob", "blob",
				     "mediumblob", "longblob", NULL };

static int place_in(const char *const *family, struct str word)
{
	for (int i = 0; family[i]; i++)
		if (str_ieqs(word, family[i]))
			return i;
	return -1;
}

/* The first number in parentheses, and the second; 0 when there is none. */
static void sizes_of(const char *type, unsigned long *first,
		     unsigned long *second)
{
	const char *at = strchr(type, '(');
	char *end;

	*first = *second = 0;
	if (!at)
		return;
	*first = strtoul(at + 1, &end, 10);
	if (*end == ',')
		*second = strtoul(end + 1, NULL, 10);
}

static bool widens_integer(const struct column_def *a,
			   const struct column_def *b, struct str from,
			   struct str to)
{
	int narrow = place_in(integers, from), wide = place_in(integers, to);
	bool zerofill =
		strstr(a->type, "zerofill") || strstr(b->type, "zerofill");

	if (narrow < 0 || wide < narrow || zerofill)
		return false;
	return a->is_unsigned == b->is_unsigned ||
	       (a->is_unsigned && wide > narrow);
}

static bool widens_string(const char *const *family, const struct column_def *a,
			  const struct column_def *b, struct str from,
			  struct str to)
{
	unsigned long n, m, ignored;
	int narrow = place_in(family, from), wide = place_in(family, to);

	if (narrow < 0 || wide < narrow)
		return false;
	sizes_of(a->type, &n, &ignored);
	sizes_of(b->type, &m, &ignored);
	/* VARCHAR(1000) into TINYTEXT is none. */
	return narrow == 0 ? (wide == 0 ? m >= n : wide > 1) : true;
}

static bool widens_decimal(const struct column_def *a,
			   const struct column_def *b)
{
	unsigned long digits, scale, more, same;

	sizes_of(a->type, &digits, &scale);
	sizes_of(b->type, &more, &same);
	/* More places would print more zeros: the same number. */
	return same >= scale && more - same >= digits - scale &&
	       (a->is_unsigned == b->is_unsigned || a->is_unsigned);
}

/* All old labels are still there: ALTER moves rows by label. */
static bool has_labels(const char *before, const char *after)
{
	struct arena arena;
	uint32_t n = 0, m = 0;
	struct str *old, *now;
	bool all;

	arena_init(&arena);
	old = column_type_labels(before, &arena, &n);
	now = column_type_labels(after, &arena, &m);
	all = old && now;
	for (uint32_t i = 0; all && i < n; i++) {
		all = false;
		for (uint32_t j = 0; j < m && !all; j++)
			all = str_eq(old[i], now[j]);
	}
	arena_done(&arena);
	return all;
}

static bool type_keeps(const struct column_def *a, const struct column_def *b)
{
	struct str from = column_type_word(a->type);
	struct str to = column_type_word(b->type);

	if (strcmp(a->type, b->type) == 0)
		return true;
	if (widens_integer(a, b, from, to) ||
	    widens_string(texts, a, b, from, to) ||
	    widens_string(bytes, a, b, from, to))
		return true;
	if (!str_eq(from, to))
		return false;
	if (str_ieqs(from, "decimal"))
		return widens_decimal(a, b);
	return (str_ieqs(from, "enum") || str_ieqs(from, "set")) &&
	       has_labels(a->type, b->type);
}

/* utf8mb4 has all that the others have. */
static bool charset_keeps(const struct column_def *a,
			  const struct column_def *b)
{
	return strcmp(a->charset, b->charset) == 0 ||
	       (a->charset[0] && strcmp(a->charset, "binary") != 0 &&
		strcmp(b->charset, "utf8mb4") == 0);
}

/* Keys are made by the collation; an older copy may not know it. */
static bool collation_keeps(const struct column_def *a,
			    const struct column_def *b)
{
	struct str from = str_of(a->collation), to = str_of(b->collation);

	return from.n == 0 || to.n == 0 || str_eq(from, to) ||
	       fold_of(a->collation) == fold_of(b->collation);
}

bool schema_change_keeps(const struct column_def *before,
			 const struct column_def *after)
{
	return type_keeps(before, after) && charset_keeps(before, after) &&
	       collation_keeps(before, after) &&
	       (after->nullable || !before->nullable);
}

/* ---- Tables ---- */

static bool is_wanted(const struct mapping_table *table, const char *name)
{
	const struct target_table *target = table->target;

	if (table->kind == TABLE_EAV || mapping_is_extra(table, name))
		return true;
	for (size_t i = 0; i < target->count; i++)
		if (strcasecmp(target->columns[i].name, name) == 0)
			return !mapping_excludes(table, name);
	return false;
}

static bool refills(const struct table_def *before,
		    const struct column_def *column, struct str sql, bool moves)
{
	int was = table_def_find(before, column->name);

	if (was < 0)
		return column->filled || moves;
	return !schema_change_keeps(&before->columns[was], column) ||
	       ((moves || column->filled == COLUMN_COMPUTED) &&
		ddl_mentions(sql, column->name));
}

bool schema_change_refills(const struct mapping_table *table,
			   const struct table_def *before,
			   const struct table_def *after, struct str sql,
			   bool moves)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct column_def *column = &after->columns[i];

		if (is_wanted(table, column->name) &&
		    refills(before, column, sql, moves))
			return true;
	}
	/* What old rows have in `extra` goes away, too. */
	for (size_t i = 0; i < before->count; i++) {
		const char *name = before->columns[i].name;

		if (mapping_is_extra(table, name) &&
		    table_def_find(after, name) < 0)
			return true;
	}
	return false;
}

const char *schema_change_lost(const struct mapping_table *table,
			       const struct table_def *before,
			       const struct table_def *after)
{
	for (size_t i = 0; i < before->count; i++)
		if (is_wanted(table, before->columns[i].name) &&
		    table_def_find(after, before->columns[i].name) < 0)
			return before->columns[i].name;
	return NULL;
}
