#include "cdc/attributes.h"

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "cdc/batch.h"
#include "transform/value.h"

bool attributes_any(const struct batch_row *row, bool set)
{
	for (uint32_t i = 0; i < row->count; i++)
		if ((row->attributes[i].value.kind != VALUE_ABSENT) == set)
			return true;
	return false;
}

/* An integer or a decimal as JSON writes it: what else claims to be a number
 * becomes a string. */
static bool is_json_number(struct value v)
{
	size_t i = 0, digits = 0;

	if (i < v.n && v.at[i] == '-')
		i++;
	if (i + 1 < v.n && v.at[i] == '0' && v.at[i + 1] != '.')
		return false;
	for (; i < v.n && v.at[i] >= '0' && v.at[i] <= '9'; i++)
		digits++;
	if (digits == 0)
		return false;
	if (i == v.n)
		return true;
	if (v.at[i++] != '.')
		return false;
	for (digits = 0; i < v.n && v.at[i] >= '0' && v.at[i] <= '9'; i++)
		digits++;
	return digits > 0 && i == v.n;
}

void attributes_object(const struct batch_row *row, struct buf *out)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	for (uint32_t i = 0; i < row->count; i++) {
		const struct batch_attribute *a = &row->attributes[i];
		struct str text = { a->value.at, a->value.n };

		if (a->value.kind == VALUE_ABSENT)
			continue;
		json_keyn(&w, *a->name);
		if (a->value.kind == VALUE_NULL)
			json_null(&w);
		else if (a->json == RECORD_JSON_NUMBER &&
			 is_json_number(a->value))
			json_raw(&w, text);
		else
			json_strn(&w, text);
	}
	json_end_object(&w);
}

void attributes_gone(const struct batch_row *row, struct buf *out)
{
	bool first = true;

	buf_addc(out, '{');
	for (uint32_t i = 0; i < row->count; i++) {
		struct str name = *row->attributes[i].name;

		if (row->attributes[i].value.kind != VALUE_ABSENT)
			continue;
		buf_adds(out, first ? "\"" : ",\"");
		first = false;
		for (size_t j = 0; j < name.n; j++) {
			if (name.at[j] == '"' || name.at[j] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, name.at[j]);
		}
		buf_addc(out, '"');
	}
	buf_addc(out, '}');
}
