#include "transform/incomplete.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transform/mapping.h"

enum { SELECTION_MAX = 512 };

static const struct value EVERY_ROW = { .kind = VALUE_NULL };

bool incomplete_fits(const struct binding *b, const struct value *row)
{
	for (size_t i = 0; i < b->move_count; i++)
		if (row[b->moves[i].from].kind == VALUE_ABSENT)
			return false;
	return true;
}

static bool is_integer(struct value v)
{
	int64_t number = 0;

	return v.kind == VALUE_TEXT &&
	       str_to_i64((struct str){ v.at, v.n }, &number);
}

/* Appends "name=value"; false: no integer, or no room. */
static bool add(char *text, size_t *n, const char *name, struct value v)
{
	int m;

	if (!is_integer(v))
		return false;
	m = snprintf(text + *n, SELECTION_MAX - *n, "%s%s=%.*s", *n ? "," : "",
		     name, (int)v.n, v.at);
	*n += (size_t)m;
	return *n < SELECTION_MAX;
}

static struct value take(struct arena *arena, const char *text, size_t n)
{
	return (struct value){ arena_strndup(arena, text, n), (uint32_t)n,
			       VALUE_TEXT };
}

struct value incomplete_key(const struct binding *b, const struct value *row,
			    const struct value *other, struct arena *arena)
{
	const struct target_column *columns = b->table->target->columns;
	char text[SELECTION_MAX];
	size_t n = 0;

	for (size_t i = 0; i < b->key_count; i++) {
		const struct move *m = &b->moves[i];
		struct value v = row[m->from];

		if (v.kind == VALUE_ABSENT && other)
			v = other[m->from];
		if (!add(text, &n, columns[m->to].name, v))
			return EVERY_ROW;
	}
	return take(arena, text, n);
}

struct value incomplete_id(const struct binding *b, const struct value *row,
			   const struct value *other, struct arena *arena)
{
	char text[SELECTION_MAX];
	struct value v;
	size_t n = 0;

	if (b->id < 0)
		return EVERY_ROW;
	v = row[b->id];
	if (v.kind == VALUE_ABSENT && other)
		v = other[b->id];
	return add(text, &n, b->id_name, v) ? take(arena, text, n) : EVERY_ROW;
}

enum incomplete_place incomplete_place(const struct binding *b,
				       const struct value *row)
{
	int held = 0, needed = 0;

	for (int i = EAV_ENTITY; i <= EAV_ATTRIBUTE; i++) {
		if (b->special[i] < 0)
			continue;
		needed++;
		held += row[b->special[i]].kind != VALUE_ABSENT;
	}
	if (held == needed)
		return PLACE_ALL;
	return held > 0 ? PLACE_SOME : PLACE_NONE;
}
