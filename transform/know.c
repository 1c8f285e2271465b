#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/mapping.h"
#include "transform/transform_impl.h"

static const struct value EVERY_ROW = { .kind = VALUE_NULL };

static struct str text_at(const struct binding *b, const struct value *row,
			  int special)
{
	struct value v = row[b->special[special]];

	return value_has(v) ? (struct str){ v.at, v.n } : (struct str){ 0 };
}

/* A key that is no number is none we know. */
static int64_t id_at(const struct binding *b, const struct value *row,
		     int special)
{
	int64_t id = -1;

	if (row)
		str_to_i64(text_at(b, row, special), &id);
	return id;
}

/* --- entity types */

struct type_at { /* borrows from the map, which frees it */
	char *code, *table;
};

static struct type_at type_of(const struct work *w, int64_t id)
{
	const struct entity_type *type =
		attribute_map_type(&w->transform->attributes, id);

	if (!type)
		return (struct type_at){ 0 };
	return (struct type_at){
		arena_strndup(w->arena, type->code, strlen(type->code)),
		arena_strndup(w->arena, type->table, strlen(type->table)),
	};
}

static bool same_type(struct type_at a, struct type_at b)
{
	if (!a.code || !b.code)
		return a.code == b.code;
	return strcmp(a.code, b.code) == 0 && strcmp(a.table, b.table) == 0;
}

static bool has_attributes(const struct attribute_map *map, int64_t type_id)
{
	for (size_t i = 0; i < map->size; i++)
		if (map->by_id[i] && map->by_id[i]->entity_type_id == type_id)
			return true;
	return false;
}

static int ask_for_type(const struct work *w, const char *code, struct err *err)
{
	const struct mapping *mapping = w->transform->mapping;
	int rc = 0;

	for (size_t i = 0; code && rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];

		if (table->kind == TABLE_EAV &&
		    strcmp(table->entity_type, code) == 0)
			rc = transform_refetch_of(w, table, EVERY_ROW, err);
	}
	return rc;
}

/* Values of a type that is another now. A type that goes, with its attributes,
 * takes the values along, unless the source's checks were off. */
static int judge_type(const struct work *w, const struct row_change *row,
		      struct type_at before, bool had, struct err *err)
{
	struct type_at after = { 0 };
	int rc;

	if (row->after)
		after = type_of(w, id_at(w->binding, row->after, TYPE_ID));
	if (!had || same_type(before, after) ||
	    (!row->after && row->actions != ROW_ACTIONS_NONE))
		return 0;
	rc = ask_for_type(w, before.code, err);
	if (rc < 0 ||
	    (after.code && before.code && strcmp(before.code, after.code) == 0))
		return rc;
	return ask_for_type(w, after.code, err);
}

static int know_type(const struct work *w, const struct row_change *row,
		     struct err *err)
{
	struct attribute_map *map = &w->transform->attributes;
	const struct binding *b = w->binding;
	int64_t before = id_at(b, row->before, TYPE_ID);
	int64_t after = id_at(b, row->after, TYPE_ID);
	int64_t known = row->before ? before : after;
	struct type_at was = type_of(w, known);
	bool had = has_attributes(map, known);

	transform_save(w->transform);
	if (before != after)
		attribute_map_drop_type(map, before);
	if (row->after)
		attribute_map_put_type(map, after,
				       text_at(b, row->after, TYPE_CODE),
				       text_at(b, row->after, TYPE_TABLE));
	return judge_type(w, row, was, had, err);
}

/* --- attributes */

static struct attribute_row read_attribute(const struct binding *b,
					   const struct value *row)
{
	return (struct attribute_row){
		.id = id_at(b, row, ATTRIBUTE_ID),
		.entity_type_id = id_at(b, row, ATTRIBUTE_TYPE_ID),
		.code = text_at(b, row, ATTRIBUTE_CODE),
		.type = text_at(b, row, ATTRIBUTE_BACKEND),
		.table = text_at(b, row, ATTRIBUTE_TABLE),
	};
}

/* What is known of where an attribute's values stand. */
enum { NOW, AT_START, IN_IMAGE, IN_MAP, WORDS };

struct former {
	const struct mapping_table *homes[WORDS]; /* NULL: none */
	bool known, moved; /* before; to another place or name */
};

static void compare(struct former *f, size_t which, struct str code,
		    const struct mapping_table *home,
		    const struct attribute *now)
{
	f->homes[which] = home;
	f->known = true;
	f->moved |= !str_eq(code, now->code) || home != now->home;
}

static void compare_known(struct former *f, size_t which,
			  const struct attribute *known,
			  const struct attribute *now)
{
	if (known)
		compare(f, which, known->code, known->home, now);
}

static int ask_for_homes(const struct work *w, struct former *f,
			 struct err *err)
{
	const struct mapping_table **homes = f->homes;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LENGTH(f->homes); i++) {
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice |= homes[j] == homes[i];
		if (homes[i] && !twice)
			rc = transform_refetch_of(w, homes[i], EVERY_ROW, err);
	}
	return rc;
}

/* Rows may have been there before their attribute (a dump that is loaded
 * without checks): they were passed over. */
static int ask_for_early(const struct work *w, const struct attribute *now,
			 int64_t id, struct err *err)
{
	char *text = arena_printf(w->arena, "attribute_id=%" PRId64, id);
	const struct value selection = { text, (uint32_t)strlen(text),
					 VALUE_TEXT };

	return now->home ? transform_refetch_of(w, now->home, selection, err)
			 : 0;
}

/* The attribute is in the map as it is now. Its values stand elsewhere than
 * before by the map's word of this transaction's start (the row may have been
 * deleted and written again), or by the image before. */
static int judge_attribute(const struct work *w, const struct row_change *row,
			   struct former *f, int64_t id, struct err *err)
{
	struct transform *t = w->transform;
	const struct attribute *now =
		attribute_map_find(&t->attributes, (uint64_t)id);

	if (!now)
		return 0;
	f->homes[NOW] = now->home;
	compare_known(f, AT_START, attribute_map_find(&t->former, (uint64_t)id),
		      now);
	if (row->op == ROW_UPDATE && !row->incomplete) {
		struct attribute_row was =
			read_attribute(w->binding, row->before);

		compare(f, IN_IMAGE, was.code,
			attribute_map_home(&t->attributes, &was), now);
	}
	if (!f->known)
		return ask_for_early(w, now, id, err);
	if (!f->moved)
		return 0;
	t->counts.attribute_changes++;
	return ask_for_homes(w, f, err);
}

/* Of a row deleted without actions the values stay in the source, where
 * nobody finds them. */
static int judge_deleted(const struct work *w, const struct row_change *row,
			 const struct mapping_table *home, struct err *err)
{
	if (!home || row->actions != ROW_ACTIONS_NONE)
		return 0;
	return transform_refetch_of(w, home, EVERY_ROW, err);
}

static int know_attribute(const struct work *w, const struct row_change *row,
			  struct err *err)
{
	struct attribute_map *map = &w->transform->attributes;
	int64_t before = id_at(w->binding, row->before, ATTRIBUTE_ID);
	int64_t after = id_at(w->binding, row->after, ATTRIBUTE_ID);
	const struct attribute *known = attribute_map_find(
		map, (uint64_t)(row->before ? before : after));
	const struct mapping_table *home = known ? known->home : NULL;
	struct former f = { 0 };
	char *code = known ? arena_strndup(w->arena, known->name, known->code.n)
			   : NULL;

	transform_save(w->transform);
	if (before != after)
		attribute_map_drop(map, before);
	if (!row->after)
		return judge_deleted(w, row, home, err);

	struct attribute_row now = read_attribute(w->binding, row->after);
	attribute_map_put(map, &now);
	if (code && attribute_map_find(map, (uint64_t)after)) {
		compare(&f, IN_MAP, str_of(code), home,
			attribute_map_find(map, (uint64_t)after));
		f.moved |= row->before && before != after;
	}
	return judge_attribute(w, row, &f, after, err);
}

int transform_know(const struct work *w, const struct row_change *row,
		   struct err *err)
{
	if (w->binding->role == ROLE_ENTITY_TYPE)
		return know_type(w, row, err);
	return w->binding->role == ROLE_ATTRIBUTE ? know_attribute(w, row, err)
						  : 0;
}
