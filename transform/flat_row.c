#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "transform/attribute.h"
#include "transform/binding.h"
#include "transform/fk.h"
#include "transform/fk_children.h"
#include "transform/incomplete.h"
#include "transform/mapping.h"
#include "transform/text.h"
#include "transform/transform_impl.h"

/* What is not in the image is not known: read the row by its key. */
static int refetch_row(const struct work *w, const struct value *row,
		       const struct value *other, struct err *err)
{
	return transform_refetch(
		w, incomplete_key(w->binding, row, other, w->arena), err);
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
		if (m->fold && value_has(v))
			v = text_key((enum fold)m->fold, v, w->arena, m->loss);
		else if (m->codec > TEXT_NUMBER || v.kind == VALUE_BYTES)
			v = text_fit((enum text_codec)m->codec, v, w->arena,
				     m->loss);
		out[m->to] = v;
	}
	return complete;
}

static bool key_changed(const struct binding *b, const struct row_change *row)
{
	for (size_t i = 0; i < b->key_count; i++) {
		size_t from = b->moves[i].from;

		if (!value_same(row->before[from], row->after[from]))
			return true;
	}
	return false;
}

static int upsert(const struct work *w, const struct row_change *change_of,
		  struct err *err)
{
	struct binding *b = w->binding;
	const struct value *row = change_of->after;
	const struct record_change change = {
		.op = RECORD_UPSERT,
		.table = b->table->target,
		.values = b->now,
		.arrives = change_of->op == ROW_INSERT ||
			   key_changed(b, change_of),
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
		return transform_refetch_all(w, err);
	return w->sink(w->user, &change, err);
}

/* Was it in the copy, with all that hangs on it? What was inserted with checks
 * off may have had children before. */
static enum since_says says_before(const struct binding *b,
				   const struct row_change *row)
{
	if (row->op == ROW_INSERT)
		return row->actions == ROW_ACTIONS_NONE ? SINCE_UNKNOWN
							: SINCE_IN;
	return key_changed(b, row) ? SINCE_UNKNOWN
				   : since_judge(&b->since, row->before);
}

/* The row as it is now, unless bootstrap.since leaves it out. A root that
 * enters is asked for: it is read again with all that hangs on it. */
static int put_row(const struct work *w, const struct row_change *row,
		   struct err *err)
{
	const struct binding *b = w->binding;
	int rc;

	if (b->since.from < 0)
		return upsert(w, row, err);
	switch (since_judge(&b->since, row->after)) {
	case SINCE_OUT:
		return delete_row(w, row->after, false, err);
	case SINCE_UNKNOWN:
		return refetch_row(w, row->after, row->before, err);
	case SINCE_IN:
		break;
	}
	rc = upsert(w, row, err);
	if (rc < 0 || says_before(b, row) == SINCE_IN)
		return rc;
	return refetch_row(w, row->after, row->before, err);
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
	fk_updates(t->graph, b->table->target, &count);
	b->has_updates = count > 0;
}

static int ask_for_child(void *user, const struct mapping_table *child,
			 const struct value *selection, struct err *err)
{
	static const struct value all = { .kind = VALUE_NULL };

	return transform_refetch_of(user, child, selection ? *selection : all,
				    err);
}

/* What an after-image leaves out was not set. */
static bool is_followed(const struct fk_action *action,
			const struct value *before, const struct value *after)
{
	for (size_t i = 0; i < action->columns; i++) {
		size_t at = action->parent_column[i];

		if (after[at].kind != VALUE_ABSENT &&
		    !value_same(before[at], after[at]))
			return true;
	}
	return false;
}

/* Children that follow the parent's key (ON UPDATE) are read again, where they
 * were and where they are now. */
static int follow(const struct work *w, const struct row_change *row,
		  struct err *err)
{
	struct binding *b = w->binding;
	struct work asking = *w;
	const struct fk_action *actions;
	size_t count = 0;
	int rc = 0;

	know_actions(w->transform, b);
	if (!b->has_updates || row->actions != ROW_ACTIONS_SILENT)
		return 0;
	actions = fk_updates(w->transform->graph, b->table->target, &count);
	fill(w, row->before, b->old, 0);
	fill(w, row->after, b->now, 0);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct mapping *mapping = w->transform->mapping;

		if (!is_followed(&actions[i], b->old, b->now))
			continue;
		rc = fk_children(mapping, &actions[i], b->old, ask_for_child,
				 &asking, err);
		if (rc == 0)
			rc = fk_children(mapping, &actions[i], b->now,
					 ask_for_child, &asking, err);
	}
	return rc;
}

static int update_row(const struct work *w, const struct row_change *row,
		      struct err *err)
{
	int rc = follow(w, row, err);

	if (rc == 0 && key_changed(w->binding, row))
		rc = delete_row(w, row->before, false, err);
	return rc < 0 ? rc : put_row(w, row, err);
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
	int rc = follow(w, row, err);

	if (rc == 0)
		rc = refetch_row(w, row->before, NULL, err);
	if (rc < 0 || !key_is_set(w->binding, row->after))
		return rc;
	return refetch_row(w, row->after, row->before, err);
}

static int known_row(const struct work *w, const struct row_change *row,
		     struct err *err)
{
	struct binding *b = w->binding;

	if (transform_know(w, row, err) < 0)
		return err->code;
	if (row->op == ROW_INSERT)
		return put_row(w, row, err);
	if (row->op == ROW_UPDATE)
		return update_row(w, row, err);
	know_actions(w->transform, b);
	return delete_row(w, row->before,
			  b->has_actions && row->actions == ROW_ACTIONS_SILENT,
			  err);
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
	if (b->role != ROLE_ATTRIBUTE || row->op == ROW_INSERT ||
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
		.actions = row->actions,
		.incomplete = true,
		.columns = row->columns,
		.before = row->before,
		.after = after,
	};
	const struct record_change change = {
		.op = RECORD_UPSERT,
		.table = b->table->target,
		.values = b->now,
	};

	if (!complete_map(w, row, after) ||
	    (row->op == ROW_UPDATE && key_changed(b, &whole)) ||
	    !fill(w, after, b->now, b->key_count))
		return unusable(w, err);
	int rc = transform_know(w, &whole, err);
	if (rc == 0)
		rc = w->sink(w->user, &change, err);
	return rc < 0 ? rc : refetch_row(w, after, NULL, err);
}

static int ask_for_row(const struct work *w, const struct row_change *row,
		       struct err *err)
{
	w->transform->counts.incomplete++;
	return row->op == ROW_INSERT ? refetch_row(w, row->after, NULL, err)
				     : refetch_update(w, row, err);
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
	    (row->op == ROW_INSERT || holds_key(b, row->before)))
		return known_row(w, row, err);
	if (!metadata)
		return ask_for_row(w, row, err);
	w->transform->counts.incomplete++;
	return incomplete_metadata(w, row, err);
}

int transform_flat_row(const struct work *w, const struct row_change *row,
		       struct err *err)
{
	struct row_change change = *row;
	const struct row_filter *where = &w->binding->table->where;

	switch (row_filter_judge(where, w->binding->where, &change)) {
	case ROW_DROP:
		return 0;
	case ROW_UNKNOWN:
		return ask_for_row(w, row, err);
	case ROW_KEEP:
		break;
	}
	return flat_row(w, &change, err);
}
