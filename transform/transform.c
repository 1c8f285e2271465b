#include "transform/transform.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/fk.h"
#include "transform/incomplete.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/text.h"

struct transform {
	const struct mapping *mapping; /* borrowed */
	struct attribute_map attributes;
	struct attribute_map former;  /* as of the mark; used if … */
	bool changed;		      /* … it was changed since */
	const struct fk_graph *graph; /* borrowed; NULL: none yet */
	uint64_t generation;	      /* of graph; 0: none yet */
	struct losses *losses;	      /* borrowed; or NULL */
	struct transform_counts counts;
};

/* One row on its way. */
struct work {
	struct transform *transform;
	struct binding *binding;
	struct arena *arena;
	record_sink sink;
	void *user;
};

struct transform *transform_new(const struct mapping *mapping)
{
	struct transform *transform = mem_zalloc(sizeof(*transform));

	transform->mapping = mapping;
	attribute_map_init(&transform->attributes, mapping);
	return transform;
}

void transform_free(struct transform *transform)
{
	if (!transform)
		return;
	transform_mark(transform);
	attribute_map_done(&transform->attributes);
	free(transform);
}

void transform_mark(struct transform *transform)
{
	if (transform->changed)
		attribute_map_done(&transform->former);
	transform->changed = false;
}

void transform_undo(struct transform *transform)
{
	if (!transform->changed)
		return;
	attribute_map_done(&transform->attributes);
	transform->attributes = transform->former;
	transform->changed = false;
}

/* Before the first change since the mark. Few transactions make one. */
static void save_attributes(struct transform *transform)
{
	if (!transform->changed)
		attribute_map_copy(&transform->former, &transform->attributes);
	transform->changed = true;
}

void transform_set_losses(struct transform *transform, struct losses *losses)
{
	transform->losses = losses;
}

struct losses *transform_losses(const struct transform *transform)
{
	return transform->losses;
}

void transform_set_foreign_keys(struct transform *transform,
				const struct fk_graph *graph)
{
	transform->graph = graph;
	transform->generation++;
}

void transform_entity_type(struct transform *transform, int64_t entity_type_id,
			   const char *code, const char *entity_table)
{
	attribute_map_put_type(&transform->attributes, entity_type_id,
			       str_of(code), str_of(entity_table));
}

void transform_attribute(struct transform *transform, int64_t attribute_id,
			 int64_t entity_type_id, const char *code,
			 const char *backend_type, const char *backend_table)
{
	const struct attribute_row row = {
		.id = attribute_id,
		.entity_type_id = entity_type_id,
		.code = str_of(code),
		.type = str_of(backend_type),
		.table = str_of(backend_table),
	};

	attribute_map_put(&transform->attributes, &row);
}

void transform_emptied(struct transform *transform,
		       const struct mapping_table *table)
{
	struct attribute_map *map = &transform->attributes;

	if (strcmp(table->source, "eav_attribute") == 0)
		for (size_t i = 0; i < map->size; i++)
			attribute_map_drop(map, (int64_t)i);
	else if (strcmp(table->source, "eav_entity_type") == 0)
		while (map->type_count > 0)
			attribute_map_drop_type(map, map->types[0].id);
}

static bool is_of_other(const struct attribute *attribute,
			const struct mapping_table *table)
{
	return attribute && attribute->home && attribute->home != table &&
	       attribute->home->target == table->target;
}

void transform_other_codes(const struct transform *transform,
			   const struct mapping_table *table,
			   void (*each)(void *user, struct str code),
			   void *user)
{
	const struct attribute_map *map = &transform->attributes;

	for (size_t i = 0; i < map->size; i++)
		if (is_of_other(map->by_id[i], table))
			each(user, map->by_id[i]->code);
}

const struct transform_counts *
transform_counts(const struct transform *transform)
{
	return &transform->counts;
}

int transform_bind(struct transform *transform, const struct table_def *def,
		   struct binding **ret, struct err *err)
{
	const struct mapping_table *table =
		mapping_find(transform->mapping, def->name);

	if (table)
		return binding_new(table, def, transform->losses, ret, err);
	*ret = NULL;
	return 0;
}

static int refetch(const struct work *w, struct value selection,
		   struct err *err)
{
	const struct mapping_table *table = w->binding->table;
	const struct record_change change = {
		.op = RECORD_REFETCH,
		.table = table->target,
		.source = table,
		.value = selection,
	};

	return w->sink(w->user, &change, err);
}

/* What is not in the image is not known: read the row by its key. */
static int refetch_row(const struct work *w, const struct value *row,
		       const struct value *other, struct err *err)
{
	return refetch(w, incomplete_key(w->binding, row, other, w->arena),
		       err);
}

static int refetch_all(const struct work *w, struct err *err)
{
	return refetch(w, (struct value){ .kind = VALUE_NULL }, err);
}

static int unusable(const struct work *w, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "%s: a row image without columns that the meaning of "
		       "all later rows rests on: set global "
		       "binlog_row_image=FULL on the source, let its sessions "
		       "reconnect, then run cdc --bootstrap --replace",
		       w->binding->source);
}

/* Columns of a source row into the record; the first `needed` moves must find
 * something. */
static bool fill(const struct work *w, const struct value *row,
		 struct value *out, size_t needed)
{
	const struct move *m = w->binding->moves;
	size_t count = w->binding->move_count;
	bool complete = true;

	for (size_t i = 0; i < count; i++, m++) {
		struct value v = row[m->from];

		complete &= v.kind != VALUE_ABSENT || i >= needed;
		if (m->codec > TEXT_NUMBER || v.kind == VALUE_BYTES)
			v = text_fit((enum text_codec)m->codec, v, w->arena,
				     m->loss);
		out[m->to] = v;
	}
	return complete;
}

static bool same(struct value a, struct value b)
{
	return a.kind == b.kind && a.n == b.n &&
	       (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static bool key_changed(const struct binding *b, const struct row_change *row)
{
	for (size_t i = 0; i < b->key_count; i++) {
		size_t from = b->moves[i].from;

		if (!same(row->before[from], row->after[from]))
			return true;
	}
	return false;
}

static int upsert(const struct work *w, const struct value *row,
		  struct err *err)
{
	struct binding *b = w->binding;
	const struct record_change change = {
		.op = RECORD_UPSERT,
		.table = b->table->target,
		.values = b->now,
	};

	if (!fill(w, row, b->now, b->move_count) ||
	    !extra_fill(&b->extra, row, w->arena, &b->now[b->extra.to]))
		return refetch_row(w, row, NULL, err);
	return w->sink(w->user, &change, err);
}

static int delete_row(const struct work *w, const struct value *row,
		      bool actions, struct err *err)
{
	struct binding *b = w->binding;
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = b->table->target,
		.values = b->old,
		.actions = actions,
	};

	if (!fill(w, row, b->old, b->key_count))
		return refetch_all(w, err);
	return w->sink(w->user, &change, err);
}

/* What the foreign keys say of the table, looked up once per graph. */
static void know_actions(struct transform *t, struct binding *b)
{
	size_t count = 0;

	if (b->generation == t->generation)
		return;
	b->generation = t->generation;
	b->has_actions = b->has_updates = false;
	if (!t->graph)
		return;
	fk_actions(t->graph, b->table->target, &count);
	b->has_actions = count > 0;
	b->has_updates = fk_follows_updates(t->graph, b->table->target);
}

static int refuse_followed(const struct work *w, const struct row_change *row,
			   struct err *err)
{
	know_actions(w->transform, w->binding);
	if (!w->binding->has_updates || row->actions != ROW_ACTIONS_SILENT)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "%s: a key changed that a foreign key follows "
		       "with ON UPDATE, which is not in the log: run "
		       "cdc --bootstrap --replace",
		       w->binding->source);
}

static int update_row(const struct work *w, const struct row_change *row,
		      struct err *err)
{
	int rc;

	if (!key_changed(w->binding, row))
		return upsert(w, row->after, err);
	rc = refuse_followed(w, row, err);
	if (rc == 0)
		rc = delete_row(w, row->before, false, err);
	return rc < 0 ? rc : upsert(w, row->after, err);
}

/* Key columns in an after-image are those that were set, or generated. */
static bool key_is_set(const struct binding *b, const struct value *after)
{
	for (size_t i = 0; i < b->key_count; i++)
		if (after[b->moves[i].from].kind != VALUE_ABSENT)
			return true;
	return false;
}

/* An update that is not whole: under which keys the row was and is. */
static int refetch_update(const struct work *w, const struct row_change *row,
			  struct err *err)
{
	int rc = refetch_row(w, row->before, NULL, err);

	if (rc < 0 || !key_is_set(w->binding, row->after))
		return rc;
	if (key_changed(w->binding, row))
		rc = refuse_followed(w, row, err);
	return rc < 0 ? rc : refetch_row(w, row->after, row->before, err);
}

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

	str_to_i64(text_at(b, row, special), &id);
	return id;
}

static void know_type(struct transform *t, const struct binding *b,
		      const struct row_change *row)
{
	int64_t before = row->before ? id_at(b, row->before, TYPE_ID) : -1;
	int64_t after = row->after ? id_at(b, row->after, TYPE_ID) : -1;

	save_attributes(t);
	if (before != after)
		attribute_map_drop_type(&t->attributes, before);
	if (row->after)
		attribute_map_put_type(&t->attributes, after,
				       text_at(b, row->after, TYPE_CODE),
				       text_at(b, row->after, TYPE_TABLE));
}

static void know_attribute(struct transform *t, const struct binding *b,
			   const struct row_change *row)
{
	int64_t before = row->before ? id_at(b, row->before, ATTRIBUTE_ID) : -1;
	int64_t after = row->after ? id_at(b, row->after, ATTRIBUTE_ID) : -1;

	save_attributes(t);
	if (before != after)
		attribute_map_drop(&t->attributes, before);
	if (!row->after)
		return;

	const struct attribute_row now = {
		.id = after,
		.entity_type_id = id_at(b, row->after, ATTRIBUTE_TYPE_ID),
		.code = text_at(b, row->after, ATTRIBUTE_CODE),
		.type = text_at(b, row->after, ATTRIBUTE_BACKEND),
		.table = text_at(b, row->after, ATTRIBUTE_TABLE),
	};
	if (attribute_map_put(&t->attributes, &now))
		t->counts.attribute_changes++;
}

static int known_row(const struct work *w, const struct row_change *row,
		     struct err *err)
{
	struct binding *b = w->binding;

	if (b->role == ROLE_ENTITY_TYPE)
		know_type(w->transform, b, row);
	else if (b->role == ROLE_ATTRIBUTE)
		know_attribute(w->transform, b, row);
	if (row->op == ROW_INSERT)
		return upsert(w, row->after, err);
	if (row->op == ROW_UPDATE)
		return update_row(w, row, err);
	know_actions(w->transform, b);
	return delete_row(w, row->before,
			  b->has_actions && row->actions == ROW_ACTIONS_SILENT,
			  err);
}

/* Digits of an attribute id; what is none gives an id nobody has. */
static uint64_t attribute_id(struct value v)
{
	uint64_t id = 0;

	if (v.kind != VALUE_TEXT || v.n == 0 || v.n > 9)
		return UINT64_MAX;
	for (uint32_t i = 0; i < v.n; i++) {
		unsigned digit = (unsigned char)v.at[i] - (unsigned)'0';

		if (digit > 9)
			return UINT64_MAX;
		id = id * 10 + digit;
	}
	return id;
}

static bool holds_key(const struct binding *b, const struct value *row)
{
	for (size_t i = 0; i < b->key_count; i++)
		if (row[b->moves[i].from].kind == VALUE_ABSENT)
			return false;
	return true;
}

static bool specials_present(const struct binding *b, const struct value *row)
{
	size_t count = b->role == ROLE_ENTITY_TYPE ? TYPE_TABLE + 1
		       : b->role == ROLE_ATTRIBUTE ? ATTRIBUTE_TABLE + 1
						   : 0;

	for (size_t i = 0; i < count; i++)
		if (row[b->special[i]].kind == VALUE_ABSENT)
			return false;
	return true;
}

/* In the arena: putting an attribute frees what it was. */
static void stand_in(const struct work *w, struct value *v, const char *text)
{
	size_t n = strlen(text);

	if (v->kind == VALUE_ABSENT)
		*v = (struct value){ arena_strndup(w->arena, text, n),
				     (uint32_t)n, VALUE_TEXT };
}

static void complete_attribute(const struct work *w,
			       const struct attribute *known,
			       struct value *after)
{
	const int *at = w->binding->special;

	stand_in(w, &after[at[ATTRIBUTE_TYPE_ID]],
		 arena_printf(w->arena, "%" PRId64, known->entity_type_id));
	stand_in(w, &after[at[ATTRIBUTE_CODE]], known->name);
	stand_in(w, &after[at[ATTRIBUTE_BACKEND]], known->type);
	if (*known->table)
		stand_in(w, &after[at[ATTRIBUTE_TABLE]], known->table);
	else if (after[at[ATTRIBUTE_TABLE]].kind == VALUE_ABSENT)
		after[at[ATTRIBUTE_TABLE]].kind = VALUE_NULL;
}

/* What an update's after-image leaves out has not changed, unless it set the
 * key too: then it may be a REPLACE. Known columns of the attribute map stand
 * in for those. false: the map would not be exact. */
static bool complete_map(const struct work *w, const struct row_change *row,
			 struct value *after)
{
	const struct binding *b = w->binding;
	const struct attribute *known;
	size_t id = (size_t)b->special[ATTRIBUTE_ID];

	for (size_t i = 0; i < b->key_count; i++) {
		size_t from = b->moves[i].from;

		if (after[from].kind == VALUE_ABSENT && row->before)
			after[from] = row->before[from];
	}
	if (b->role != ROLE_ATTRIBUTE || !row->before ||
	    key_is_set(b, row->after))
		return specials_present(b, after);
	known = attribute_map_find(&w->transform->attributes,
				   attribute_id(after[id]));
	if (known)
		complete_attribute(w, known, after);
	return specials_present(b, after);
}

/* Metadata must be exact at every position, so that what is in the image is
 * written at once; the rest is read again. */
static int incomplete_metadata(const struct work *w,
			       const struct row_change *row, struct err *err)
{
	struct binding *b = w->binding;
	struct value *after = arena_memdup(w->arena, row->after,
					   row->columns * sizeof(*row->after));
	const struct row_change whole = {
		.op = row->op,
		.before = row->before,
		.after = after,
	};
	const struct record_change change = {
		.op = RECORD_UPSERT,
		.table = b->table->target,
		.values = b->now,
	};

	if (!complete_map(w, row, after) ||
	    (row->before && key_changed(b, &whole)) ||
	    !fill(w, after, b->now, b->key_count))
		return unusable(w, err);
	if (b->role == ROLE_ENTITY_TYPE)
		know_type(w->transform, b, &whole);
	else if (b->role == ROLE_ATTRIBUTE)
		know_attribute(w->transform, b, &whole);
	int rc = w->sink(w->user, &change, err);
	return rc < 0 ? rc : refetch_row(w, after, NULL, err);
}

static int flat_row(const struct work *w, const struct row_change *row,
		    struct err *err)
{
	struct binding *b = w->binding;
	bool metadata = b->table->domain == DOMAIN_METADATA;

	if (!row->incomplete)
		return known_row(w, row, err);
	if (row->op == ROW_DELETE)
		return metadata && !holds_key(b, row->before)
			       ? unusable(w, err)
			       : known_row(w, row, err);
	if (incomplete_fits(b, row->after) &&
	    (!row->before || holds_key(b, row->before)))
		return known_row(w, row, err);
	w->transform->counts.incomplete++;
	if (metadata)
		return incomplete_metadata(w, row, err);
	return row->op == ROW_INSERT ? refetch_row(w, row->after, NULL, err)
				     : refetch_update(w, row, err);
}

/* The attribute whose value the row is, or NULL, counted: Magento would not
 * find the value there either. */
static const struct attribute *find_attribute(const struct work *w,
					      const struct value *row)
{
	struct transform *t = w->transform;
	const struct binding *b = w->binding;
	const struct attribute *attribute = attribute_map_find(
		&t->attributes, attribute_id(row[b->special[EAV_ATTRIBUTE]]));

	if (!attribute) {
		t->counts.unknown_attribute++;
		return NULL;
	}
	if (attribute->home != b->table) {
		t->counts.foreign_backend++;
		return NULL;
	}
	return attribute;
}

/* Entity and store into the key columns; false: not in the image. */
static bool fill_key(const struct binding *b, const struct value *row,
		     struct value *out)
{
	int store = b->special[EAV_STORE];

	out[b->entity_to] = row[b->special[EAV_ENTITY]];
	if (store >= 0)
		out[b->store_to] = row[store];
	return out[b->entity_to].kind == VALUE_TEXT &&
	       out[b->store_to].kind == VALUE_TEXT &&
	       row[b->special[EAV_ATTRIBUTE]].kind == VALUE_TEXT;
}

static int refetch_value(const struct work *w, const struct value *row,
			 const struct value *other, struct err *err)
{
	return refetch(w, incomplete_id(w->binding, row, other, w->arena), err);
}

/* from: where the value stood before is not known; NULL: it is. */
static int set_value(const struct work *w, const struct value *row,
		     const struct mapping_table *from, struct err *err)
{
	struct binding *b = w->binding;
	struct value value = row[b->special[EAV_VALUE]];
	const struct attribute *attribute;

	if (!fill_key(b, row, b->now) || value.kind == VALUE_ABSENT)
		return refetch_value(w, row, NULL, err);
	attribute = find_attribute(w, row);
	if (!attribute)
		return 0;

	struct record_change change = {
		.op = RECORD_SET,
		.table = b->table->target,
		.values = b->now,
		.attribute = attribute->code,
		.value = text_fit((enum text_codec)b->value_codec, value,
				  w->arena, b->loss),
		.json = b->json,
		.source = from,
	};
	value = change.value;
	if (b->json != RECORD_JSON_NUMBER || !value_has(value) ||
	    !text_is_number((struct str){ value.at, value.n })) {
		change.json = RECORD_JSON_STRING;
		change.value = text_clean(value, w->arena, b->loss);
	}
	return w->sink(w->user, &change, err);
}

static int unset_value(const struct work *w, const struct value *row,
		       struct err *err)
{
	struct binding *b = w->binding;
	const struct attribute *attribute;

	if (!fill_key(b, row, b->old))
		return refetch_all(w, err);
	attribute = find_attribute(w, row);
	if (!attribute)
		return 0;

	const struct record_change change = {
		.op = RECORD_UNSET,
		.table = b->table->target,
		.values = b->old,
		.attribute = attribute->code,
	};
	return w->sink(w->user, &change, err);
}

/* Another entity, store or attribute: the value moved. */
static bool value_moved(const struct binding *b, const struct row_change *row)
{
	for (int i = EAV_ENTITY; i <= EAV_ATTRIBUTE; i++) {
		int at = b->special[i];

		if (at >= 0 && !same(row->before[at], row->after[at]))
			return true;
	}
	return false;
}

/* Where the value stood is known. */
static int update_value(const struct work *w, const struct row_change *row,
			struct err *err)
{
	int rc = 0;

	if (value_moved(w->binding, row))
		rc = unset_value(w, row->before, err);
	return rc < 0 ? rc : set_value(w, row->after, NULL, err);
}

/* It is known where the value was and is, but not what. */
static int move_value(const struct work *w, const struct row_change *row,
		      struct err *err)
{
	int rc = 0;

	if (value_moved(w->binding, row))
		rc = unset_value(w, row->before, err);
	return rc < 0 ? rc : refetch_value(w, row->after, row->before, err);
}

/* Of an UPDATE that leaves columns out it is only certain that the value did
 * not move when it set no part of its place, and not its id: REPLACE sets the
 * id at least. INSERT … ON DUPLICATE KEY UPDATE has the whole place, mostly as
 * it was. */
static int incomplete_update(const struct work *w, const struct row_change *row,
			     struct err *err)
{
	const struct binding *b = w->binding;
	enum incomplete_place place = incomplete_place(b, row->after);
	bool has_id = b->id >= 0 && row->after[b->id].kind != VALUE_ABSENT;
	bool has_value = row->after[b->special[EAV_VALUE]].kind != VALUE_ABSENT;

	if (place == PLACE_ALL &&
	    incomplete_place(b, row->before) == PLACE_ALL && has_value)
		return update_value(w, row, err);
	w->transform->counts.incomplete++;
	if (place == PLACE_ALL && incomplete_place(b, row->before) == PLACE_ALL)
		return move_value(w, row, err);
	if (place == PLACE_NONE && !has_id)
		return refetch_value(w, row->before, NULL, err);
	return place == PLACE_ALL && has_value
		       ? set_value(w, row->after, b->table, err)
		       : refetch_all(w, err);
}

static int eav_row(const struct work *w, const struct row_change *row,
		   struct err *err)
{
	if (row->op == ROW_INSERT)
		return set_value(w, row->after, NULL, err);
	if (row->op == ROW_DELETE)
		return unset_value(w, row->before, err);
	return row->incomplete ? incomplete_update(w, row, err)
			       : update_value(w, row, err);
}

/* One call per row; a struct for the arguments would be filled as often.
 * NOLINTNEXTLINE(readability-function-size) */
int transform_row(struct transform *transform, struct binding *binding,
		  const struct row_change *row, struct arena *arena,
		  record_sink sink, void *user, struct err *err)
{
	const struct work w = {
		.transform = transform,
		.binding = binding,
		.arena = arena,
		.sink = sink,
		.user = user,
	};

	transform->counts.rows++;
	return binding->role == ROLE_EAV ? eav_row(&w, row, err)
					 : flat_row(&w, row, err);
}
