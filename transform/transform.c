#include "transform/transform.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/fk.h"
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
		return binding_new(table, def, ret, err);
	*ret = NULL;
	return 0;
}

static int incomplete(const struct work *w, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "%s: incomplete row image: set global "
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
				     &w->transform->counts);
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

	if (!fill(w, row, b->now, b->move_count))
		return incomplete(w, err);
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
		return incomplete(w, err);
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

static int update_row(const struct work *w, const struct row_change *row,
		      struct err *err)
{
	int rc;

	if (!key_changed(w->binding, row))
		return upsert(w, row->after, err);
	know_actions(w->transform, w->binding);
	if (w->binding->has_updates && row->actions == ROW_ACTIONS_SILENT)
		return err_set(err, ERR_OPERATOR,
			       "%s: a key changed that a foreign key follows "
			       "with ON UPDATE, which is not in the log: run "
			       "cdc --bootstrap --replace",
			       w->binding->source);
	rc = delete_row(w, row->before, false, err);
	return rc < 0 ? rc : upsert(w, row->after, err);
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

static int flat_row(const struct work *w, const struct row_change *row,
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

static int set_value(const struct work *w, const struct value *row,
		     struct err *err)
{
	struct binding *b = w->binding;
	struct value value = row[b->special[EAV_VALUE]];
	const struct attribute *attribute;

	if (!fill_key(b, row, b->now) || value.kind == VALUE_ABSENT)
		return incomplete(w, err);
	attribute = find_attribute(w, row);
	if (!attribute)
		return 0;

	struct record_change change = {
		.op = RECORD_SET,
		.table = b->table->target,
		.values = b->now,
		.attribute = attribute->code,
		.value = text_fit((enum text_codec)b->value_codec, value,
				  w->arena, &w->transform->counts),
		.json = b->json,
	};
	value = change.value;
	if (b->json != RECORD_JSON_NUMBER || !value_has(value) ||
	    !text_is_number((struct str){ value.at, value.n })) {
		change.json = RECORD_JSON_STRING;
		change.value =
			text_clean(value, w->arena, &w->transform->counts);
	}
	return w->sink(w->user, &change, err);
}

static int unset_value(const struct work *w, const struct value *row,
		       struct err *err)
{
	struct binding *b = w->binding;
	const struct attribute *attribute;

	if (!fill_key(b, row, b->old))
		return incomplete(w, err);
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

static int eav_row(const struct work *w, const struct row_change *row,
		   struct err *err)
{
	int rc = 0;

	if (row->op == ROW_INSERT)
		return set_value(w, row->after, err);
	if (row->op == ROW_DELETE)
		return unset_value(w, row->before, err);
	if (value_moved(w->binding, row))
		rc = unset_value(w, row->before, err);
	return rc < 0 ? rc : set_value(w, row->after, err);
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
