#include "base/err.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/incomplete.h"
#include "transform/mapping.h"
#include "transform/text.h"
#include "transform/transform_impl.h"

/* The attribute whose value the row is, or NULL, counted: Magento would not
 * find the value there either. gone: the row is; its attribute may have gone
 * before it in the same transaction, as when MySQL 9.7 logs what an entity type
 * takes along: its attributes, then their values. */
static const struct attribute *
find_attribute(const struct work *w, const struct value *row, bool gone)
{
	struct transform *t = w->transform;
	const struct binding *b = w->binding;
	uint64_t id = attribute_id(row[b->special[EAV_ATTRIBUTE]]);
	const struct attribute *attribute =
		attribute_map_find(&t->attributes, id);

	if (!attribute && gone && t->changed)
		attribute = attribute_map_find(&t->former, id);
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
	return transform_refetch(
		w, incomplete_id(w->binding, row, other, w->arena), err);
}

/* A value that is hashed already, whatever type it was of. */
static int set_hash(const struct work *w, const struct attribute *attribute,
		    struct value value, const struct mapping_table *from,
		    struct err *err)
{
	const struct record_change change = {
		.op = RECORD_SET,
		.table = w->binding->table->target,
		.values = w->binding->now,
		.attribute = attribute->code,
		.value = value,
		.json = RECORD_JSON_STRING,
		.source = from,
	};

	return w->sink(w->user, &change, err);
}

/* from: where the value stood before is not known; NULL: it is. */
static int set_value(const struct work *w, const struct value *row,
		     const struct mapping_table *from, struct err *err)
{
	struct binding *b = w->binding;
	struct value value = row[b->special[EAV_VALUE]];
	const struct attribute *attribute;

	if (!fill_key(b, row, b->now))
		return refetch_value(w, row, NULL, err);
	attribute = find_attribute(w, row, false);
	if (!attribute || attribute->privacy == PRIVACY_EXCLUDED)
		return 0;
	if (value.kind == VALUE_ABSENT)
		return refetch_value(w, row, NULL, err);
	if (attribute->privacy == PRIVACY_HASHED)
		return set_hash(w, attribute, value, from, err);

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
		return transform_refetch_all(w, err);
	attribute = find_attribute(w, row, true);
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

		if (at >= 0 && !value_same(row->before[at], row->after[at]))
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
		       : transform_refetch_all(w, err);
}

int transform_value_row(const struct work *w, const struct row_change *row,
			struct err *err)
{
	if (row->op == ROW_INSERT)
		return set_value(w, row->after, NULL, err);
	if (row->op == ROW_DELETE)
		return unset_value(w, row->before, err);
	return row->incomplete ? incomplete_update(w, row, err)
			       : update_value(w, row, err);
}
