#include "cdc/row_bson.h"

#include <bson/bson.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "transform/table_def.h"

static const char *const op_names[] = {
	[ROW_INSERT] = "insert",
	[ROW_UPDATE] = "update",
	[ROW_DELETE] = "delete",
};

static const char *const actions_names[] = {
	[ROW_ACTIONS_SILENT] = "silent",
	[ROW_ACTIONS_NONE] = "none",
	[ROW_ACTIONS_LOGGED] = "logged",
};

/* --- writing */

static void append_value(bson_t *doc, struct str name, struct value v)
{
	int n = (int)name.n;
	const char *at = v.at ? v.at : "";

	if (v.kind == VALUE_NULL)
		bson_append_null(doc, name.at, n);
	else if (v.kind == VALUE_TEXT)
		bson_append_utf8(doc, name.at, n, at, (int)v.n);
	else if (v.kind == VALUE_BYTES)
		bson_append_binary(doc, name.at, n, BSON_SUBTYPE_BINARY,
				   (const uint8_t *)at, v.n);
}

static void append_image(bson_t *doc, const char *key, const struct str *names,
			 size_t count, const struct value *values)
{
	bson_t image;

	if (!values)
		return;
	bson_append_document_begin(doc, key, -1, &image);
	for (size_t i = 0; i < count; i++)
		append_value(&image, names[i], values[i]);
	bson_append_document_end(doc, &image);
}

void row_bson_write(struct buf *out, const char *table, const struct str *names,
		    size_t count, const struct row_change *change)
{
	bson_t doc;

	bson_init(&doc);
	bson_append_utf8(&doc, "table", -1, table, -1);
	bson_append_utf8(&doc, "op", -1, op_names[change->op], -1);
	bson_append_utf8(&doc, "actions", -1, actions_names[change->actions],
			 -1);
	if (change->incomplete)
		bson_append_bool(&doc, "incomplete", -1, true);
	if (change->concealed)
		bson_append_bool(&doc, "concealed", -1, true);
	append_image(&doc, "before", names, count, change->before);
	append_image(&doc, "after", names, count, change->after);
	buf_add(out, bson_get_data(&doc), doc.len);
	bson_destroy(&doc);
}

/* --- reading */

static int malformed(struct err *err)
{
	return err_set(err, ERR_CORRUPT, "a kept row is malformed");
}

static bool find_text(const bson_t *doc, const char *name, struct str *ret)
{
	bson_iter_t it;
	uint32_t n = 0;

	if (!bson_iter_init_find(&it, doc, name) || !BSON_ITER_HOLDS_UTF8(&it))
		return false;
	ret->at = bson_iter_utf8(&it, &n);
	ret->n = n;
	return true;
}

/* Which of the names stands there; -1: none. */
static int find_name(const bson_t *doc, const char *key,
		     const char *const *names, size_t count)
{
	struct str text;

	if (find_text(doc, key, &text))
		for (size_t i = 0; i < count; i++)
			if (str_eqs(text, names[i]))
				return (int)i;
	return -1;
}

static bool read_value(const bson_iter_t *it, struct value *ret)
{
	uint32_t n = 0;

	if (BSON_ITER_HOLDS_NULL(it)) {
		*ret = (struct value){ .kind = VALUE_NULL };
	} else if (BSON_ITER_HOLDS_UTF8(it)) {
		const char *text = bson_iter_utf8(it, &n);

		*ret = (struct value){ text, n, VALUE_TEXT };
	} else if (BSON_ITER_HOLDS_BINARY(it)) {
		const uint8_t *bytes = NULL;
		bson_subtype_t subtype;

		bson_iter_binary(it, &subtype, &n, &bytes);
		*ret = (struct value){ (const char *)bytes, n, VALUE_BYTES };
	} else {
		return false;
	}
	return true;
}

/* Columns come in the order of the table as it was: mostly the next one. */
static int find_column(const struct table_def *def, size_t next,
		       const char *name)
{
	if (next < def->count && strcmp(def->columns[next].name, name) == 0)
		return (int)next;
	return table_def_find(def, name);
}

static bool read_image(bson_iter_t *column, const struct table_def *def,
		       struct value *values)
{
	size_t next = 0;

	memset(values, 0, def->count * sizeof(*values));
	while (bson_iter_next(column)) {
		int at = find_column(def, next, bson_iter_key(column));

		if (at < 0)
			continue;
		if (!read_value(column, &values[at]))
			return false;
		next = (size_t)at + 1;
	}
	return true;
}

/* NULL without that image. */
static bool find_image(const bson_t *doc, const char *key,
		       const struct table_def *def, struct value *room,
		       const struct value **ret)
{
	bson_iter_t it, column;

	*ret = NULL;
	if (!bson_iter_init_find(&it, doc, key))
		return true;
	if (!BSON_ITER_HOLDS_DOCUMENT(&it) ||
	    !bson_iter_recurse(&it, &column) || !read_image(&column, def, room))
		return false;
	*ret = room;
	return true;
}

static bool has_its_images(const struct row_change *change)
{
	return (change->before != NULL) == (change->op != ROW_INSERT) &&
	       (change->after != NULL) == (change->op != ROW_DELETE);
}

int row_bson_peek(struct str bytes, size_t *ret_n, struct str *ret_table,
		  struct err *err)
{
	int32_t n;
	bson_t doc;

	if (bytes.n < sizeof(n))
		return malformed(err);
	memcpy(&n, bytes.at, sizeof(n));
	n = (int32_t)BSON_UINT32_FROM_LE((uint32_t)n);
	if (n < 0 || (size_t)n > bytes.n ||
	    !bson_init_static(&doc, (const uint8_t *)bytes.at, (size_t)n) ||
	    !bson_validate(&doc, BSON_VALIDATE_NONE, NULL) ||
	    !find_text(&doc, "table", ret_table))
		return malformed(err);
	*ret_n = (size_t)n;
	return 0;
}

int row_bson_read(struct str bytes, const struct table_def *def,
		  struct value *before, struct value *after,
		  struct row_change *ret, struct err *err)
{
	struct row_change change = { 0 };
	int op, actions;
	bson_iter_t it;
	bson_t doc;

	if (!bson_init_static(&doc, (const uint8_t *)bytes.at, bytes.n))
		return malformed(err);
	op = find_name(&doc, "op", op_names, LENGTH(op_names));
	actions = find_name(&doc, "actions", actions_names,
			    LENGTH(actions_names));
	if (op < 0 || actions < 0 ||
	    !find_image(&doc, "before", def, before, &change.before) ||
	    !find_image(&doc, "after", def, after, &change.after))
		return malformed(err);
	change.op = (enum row_op)op;
	change.actions = (enum row_actions)actions;
	change.incomplete = bson_iter_init_find(&it, &doc, "incomplete") &&
			    bson_iter_as_bool(&it);
	change.concealed = bson_iter_init_find(&it, &doc, "concealed") &&
			   bson_iter_as_bool(&it);
	change.columns = def->count;
	if (!has_its_images(&change))
		return malformed(err);
	*ret = change;
	return 0;
}
