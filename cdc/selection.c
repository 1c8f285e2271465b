#include "cdc/selection.h"

#include <string.h>

#include "base/buf.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"
#include "transform/value.h"

const struct dialect selection_source = {
	"t.", '`', "cast(convert(", " using utf8mb4) as binary)", "x'", "'",
};
const struct dialect selection_target = {
	"c.", '"', "convert_to(", ", 'UTF8')", "'\\x", "'::bytea",
};

void selection_add_name(struct buf *sql, const struct dialect *d,
			struct str name)
{
	buf_adds(sql, d->alias);
	buf_addc(sql, d->quote);
	for (size_t i = 0; i < name.n; i++) {
		if (name.at[i] == d->quote) /* a quote in a name stands twice */
			buf_addc(sql, d->quote);
		buf_addc(sql, name.at[i]);
	}
	buf_addc(sql, d->quote);
}

bool selection_is_deep(struct str selection)
{
	size_t n = sizeof(SELECTION_DEEP) - 1;

	return selection.n > n &&
	       memcmp(selection.at + selection.n - n, SELECTION_DEEP, n) == 0;
}

struct str selection_shallow(struct str selection)
{
	if (selection_is_deep(selection))
		selection.n -= sizeof(SELECTION_DEEP) - 1;
	return selection;
}

/* "a=1,b=2" as "(a = 1 and b = 2)". */
void selection_add(struct buf *sql, const struct dialect *d,
		   struct str selection)
{
	const char *glue = "(";

	selection = selection_shallow(selection);
	while (selection.n > 0) {
		struct str value = str_split(&selection, ',');
		struct str name = str_split(&value, '=');

		buf_adds(sql, glue);
		selection_add_name(sql, d, name);
		buf_addf(sql, " = %.*s", (int)value.n, value.at);
		glue = " and ";
	}
	buf_addc(sql, ')');
}

void selection_add_place(struct buf *place, struct str value, bool is_text)
{
	if (!is_text) {
		buf_add(place, value.at, value.n);
		return;
	}
	buf_addc(place, 'x');
	for (size_t i = 0; i < value.n; i++)
		buf_addf(place, "%02x", (unsigned char)value.at[i]);
}

void selection_add_order(struct buf *sql, const struct dialect *d,
			 struct str name, bool is_text)
{
	buf_adds(sql, is_text ? d->bytes : "");
	selection_add_name(sql, d, name);
	buf_adds(sql, is_text ? d->bytes_end : "");
}

static void add_compared(struct buf *sql, const struct dialect *d,
			 struct str name, const char *by, struct str value)
{
	bool is_text = value.n > 0 && value.at[0] == 'x';

	selection_add_order(sql, d, name, is_text);
	buf_adds(sql, by);
	if (is_text)
		buf_addf(sql, "%s%.*s%s", d->hex, (int)value.n - 1,
			 value.at + 1, d->hex_end);
	else
		buf_add(sql, value.at, value.n);
}

/* Keys behind `after` ("5,7"), by all columns in their order. The first
 * condition alone lets an index be used. */
void selection_add_behind(struct buf *sql, const struct dialect *d,
			  const struct str *names, size_t count,
			  struct str after)
{
	int open = 0;

	for (size_t i = 0; i < count; i++) {
		struct str value = str_split(&after, ',');

		if (i == 0 && count > 1) {
			add_compared(sql, d, names[0], " >= ", value);
			buf_adds(sql, " and ");
		}
		buf_addc(sql, '(');
		add_compared(sql, d, names[i], " > ", value);
		open++;
		if (i + 1 == count)
			break;
		buf_adds(sql, " or (");
		add_compared(sql, d, names[i], " = ", value);
		buf_adds(sql, " and ");
		open++;
	}
	while (open-- > 0)
		buf_addc(sql, ')');
}

/* Do the selections have the same columns? */
bool selection_alike(struct str a, struct str b)
{
	while (a.n > 0 && b.n > 0) {
		struct str x = str_split(&a, ','), y = str_split(&b, ',');

		if (!str_eq(str_split(&x, '='), str_split(&y, '=')))
			return false;
	}
	return a.n == 0 && b.n == 0;
}

size_t selection_key_columns(const struct target_table *table, size_t *ret)
{
	size_t count = 0;

	for (int place = 1; place <= TARGET_KEY_MAX; place++)
		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].key == place)
				ret[count++] = i;
	return count;
}

/* Fills the values; is it the target's key, no more and no less? */
bool selection_is_key(const struct target_table *target, struct str selection,
		      struct value *values)
{
	size_t key[TARGET_KEY_MAX], count = selection_key_columns(target, key),
				    held = 0;

	selection = selection_shallow(selection);
	while (selection.n > 0) {
		struct str value = str_split(&selection, ',');
		struct str name = str_split(&value, '=');
		size_t i = 0;

		while (i < count &&
		       !str_eqs(name, target->columns[key[i]].name))
			i++;
		if (i == count)
			return false;
		values[key[i]] = (struct value){ value.at, (uint32_t)value.n,
						 VALUE_TEXT };
		held++;
	}
	return held == count;
}
