#include "cdc/record_bson.h"

#include <bson/bson.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

static const char *const op_names[] = {
	[RECORD_UPSERT] = "upsert",	[RECORD_DELETE] = "delete",
	[RECORD_SET] = "set",		[RECORD_UNSET] = "unset",
	[RECORD_TRUNCATE] = "truncate", [RECORD_REFETCH] = "refetch",
};

/* --- writing --- */

static void append_text(bson_t *doc, const char *name, const char *text)
{
	bson_append_utf8(doc, name, -1, text, -1);
}

/* Text that is no UTF-8 is kept as bytes: a dead letter must hold what was
 * refused. */
static void append_value(bson_t *doc, struct str name, struct value v)
{
	int n = (int)name.n;
	const char *at = v.at ? v.at : "";

	if (v.kind == VALUE_NULL)
		bson_append_null(doc, name.at, n);
	else if (v.kind == VALUE_TEXT && bson_utf8_validate(at, v.n, true))
		bson_append_utf8(doc, name.at, n, at, (int)v.n);
	else if (value_has(v))
		bson_append_binary(doc, name.at, n, BSON_SUBTYPE_BINARY,
				   (const uint8_t *)at, v.n);
}

static void append_values(bson_t *doc, const struct record_change *change)
{
	const struct target_table *table = change->table;
	bson_t values;

	bson_append_document_begin(doc, "values", -1, &values);
	for (size_t i = 0; i < table->count; i++)
		append_value(&values, str_of(table->columns[i].name),
			     change->values[i]);
	bson_append_document_end(doc, &values);
}

static void append_change(bson_t *doc, const struct record_change *change)
{
	bool set = change->op == RECORD_SET;
	struct str name = change->attribute;

	append_text(doc, "op", op_names[change->op]);
	append_text(doc, "record", change->table->name);
	if (change->values)
		append_values(doc, change);
	if (set || change->op == RECORD_UNSET)
		append_value(doc, STR("attribute"),
			     (struct value){ name.at, (uint32_t)name.n,
					     VALUE_TEXT });
	if (set) {
		append_value(doc, STR("value"), change->value);
		append_text(doc, "json",
			    change->json == RECORD_JSON_NUMBER ? "number"
							       : "string");
	}
	if (change->op == RECORD_REFETCH)
		append_value(doc, STR("value"), change->value);
	if (change->source)
		append_text(doc, "source", change->source->source);
	if (change->actions)
		bson_append_bool(doc, "actions", -1, true);
}

void record_bson_write(struct buf *out, const struct record_change *change)
{
	bson_t doc;

	bson_init(&doc);
	append_change(&doc, change);
	buf_add(out, bson_get_data(&doc), doc.len);
	bson_destroy(&doc);
}

void record_bson_json(struct buf *out, const struct record_change *change)
{
	bson_t doc;
	size_t n = 0;

	bson_init(&doc);
	append_change(&doc, change);
	char *text = bson_as_relaxed_extended_json(&doc, &n);
	buf_add(out, text, n);
	bson_free(text);
	bson_destroy(&doc);
}

/* --- reading --- */

static bool read_value(const bson_iter_t *it, struct value *ret)
{
	uint32_t n = 0;
	const uint8_t *bytes = NULL;
	bson_subtype_t subtype;

	if (BSON_ITER_HOLDS_NULL(it)) {
		*ret = (struct value){ .kind = VALUE_NULL };
		return true;
	}
	if (BSON_ITER_HOLDS_UTF8(it)) {
		ret->at = bson_iter_utf8(it, &n);
		*ret = (struct value){ ret->at, n, VALUE_TEXT };
		return true;
	}
	if (!BSON_ITER_HOLDS_BINARY(it))
		return false;
	bson_iter_binary(it, &subtype, &n, &bytes);
	*ret = (struct value){ (const char *)bytes, n, VALUE_BYTES };
	return true;
}

static struct str find_text(const bson_t *doc, const char *name)
{
	bson_iter_t it;
	uint32_t n = 0;

	if (!bson_iter_init_find(&it, doc, name) || !BSON_ITER_HOLDS_UTF8(&it))
		return (struct str){ 0 };
	const char *at = bson_iter_utf8(&it, &n);
	return (struct str){ at, n };
}

static bool find_op(const bson_t *doc, enum record_op *ret)
{
	struct str name = find_text(doc, "op");

	for (size_t i = 0; i < LENGTH(op_names); i++)
		if (str_eqs(name, op_names[i])) {
			*ret = (enum record_op)i;
			return true;
		}
	return false;
}

/* values stays NULL when the document has none. */
static bool read_values(const bson_t *doc, struct arena *arena,
			struct record_change *change)
{
	const struct target_table *table = change->table;
	struct value *values;
	bson_iter_t it, column;

	if (!bson_iter_init_find(&it, doc, "values"))
		return change->op == RECORD_TRUNCATE ||
		       change->op == RECORD_REFETCH;
	if (!BSON_ITER_HOLDS_DOCUMENT(&it) || !bson_iter_recurse(&it, &column))
		return false;
	values = arena_array(arena, struct value, table->count);
	while (bson_iter_next(&column))
		for (size_t i = 0; i < table->count; i++)
			if (strcmp(table->columns[i].name,
				   bson_iter_key(&column)) == 0 &&
			    !read_value(&column, &values[i]))
				return false;
	change->values = values;
	return true;
}

static bool read_attribute(const bson_t *doc, struct record_change *change)
{
	bool set = change->op == RECORD_SET;
	bson_iter_t it;

	if (!set && change->op != RECORD_UNSET)
		return true;
	change->attribute = find_text(doc, "attribute");
	change->json = str_eqs(find_text(doc, "json"), "number")
			       ? RECORD_JSON_NUMBER
			       : RECORD_JSON_STRING;
	if (change->attribute.n == 0)
		return false;
	return !set || (bson_iter_init_find(&it, doc, "value") &&
			read_value(&it, &change->value));
}

static const struct mapping_table *find_source(const struct mapping *mapping,
					       struct str name)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (str_eqs(name, mapping->tables[i].source))
			return &mapping->tables[i];
	return NULL;
}

static bool read_refetch(const bson_t *doc, const struct mapping *mapping,
			 struct record_change *change)
{
	bson_iter_t it;

	struct str source = find_text(doc, "source");

	if (source.n > 0)
		change->source = find_source(mapping, source);
	if (change->op != RECORD_REFETCH)
		return source.n == 0 || change->source;
	return change->source && change->source->target == change->table &&
	       bson_iter_init_find(&it, doc, "value") &&
	       read_value(&it, &change->value);
}

int record_bson_read(struct str bytes, const struct mapping *mapping,
		     struct arena *arena, struct record_change *ret,
		     struct err *err)
{
	struct record_change change = { 0 };
	bson_iter_t it;
	bson_t doc;

	if (!bson_init_static(&doc, (const uint8_t *)bytes.at, bytes.n) ||
	    !bson_validate(&doc, BSON_VALIDATE_NONE, NULL))
		return err_set(err, ERR_CORRUPT, "record change: not BSON");
	struct str name = find_text(&doc, "record");
	if (name.n == 0 || !find_op(&doc, &change.op))
		return err_set(err, ERR_CORRUPT,
			       "record change: no op or record");
	change.table =
		mapping_target(mapping, arena_strndup(arena, name.at, name.n));
	if (!change.table)
		return err_set(err, ERR_CORRUPT,
			       "record change: the mapping has no target %.*s",
			       (int)name.n, name.at);
	if (!read_values(&doc, arena, &change) ||
	    !read_attribute(&doc, &change) ||
	    !read_refetch(&doc, mapping, &change))
		return err_set(err, ERR_CORRUPT,
			       "record change of %s: malformed",
			       change.table->name);
	change.actions = bson_iter_init_find(&it, &doc, "actions") &&
			 bson_iter_as_bool(&it);
	*ret = change;
	return 0;
}
