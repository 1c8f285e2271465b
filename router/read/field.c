#include "router/read/field.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_tree.h"

enum { DECIMAL_MAX = 128 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct str take_digits(struct str *rest)
{
	struct str digits = { rest->at, 0 };

	while (digits.n < rest->n && is_digit(rest->at[digits.n]))
		digits.n++;
	*rest = (struct str){ rest->at + digits.n, rest->n - digits.n };
	return digits;
}

static bool take_char(struct str *rest, char c)
{
	if (!rest->n || rest->at[0] != c)
		return false;
	*rest = (struct str){ rest->at + 1, rest->n - 1 };
	return true;
}

/* Behind the "e"; three digits are enough to be refused. */
static bool take_exponent(struct str *rest, int *ret)
{
	bool minus = take_char(rest, '-');
	struct str digits;
	int exponent = 0;

	if (!minus)
		take_char(rest, '+');
	digits = take_digits(rest);
	if (!digits.n || digits.n > 3)
		return false;
	for (size_t i = 0; i < digits.n; i++)
		exponent = exponent * 10 + (digits.at[i] - '0');
	*ret = minus ? -exponent : exponent;
	return true;
}

struct decimal {
	bool minus;
	struct str whole, fraction;
	int exponent;
};

static bool decimal_parse(struct str text, struct decimal *ret)
{
	ret->minus = take_char(&text, '-');
	ret->whole = take_digits(&text);
	if (take_char(&text, '.'))
		ret->fraction = take_digits(&text);
	if (!ret->whole.n && !ret->fraction.n)
		return false;
	if (take_char(&text, 'e') || take_char(&text, 'E'))
		if (!take_exponent(&text, &ret->exponent))
			return false;
	return text.n == 0 && ret->whole.n + ret->fraction.n +
					      (size_t)abs(ret->exponent) + 3 <=
				      DECIMAL_MAX;
}

/* All digits in a row with zeros enough around them that the point, moved by
 * the exponent, falls inside; then what stands for nothing is cut off. */
static struct str decimal_text(const struct decimal *d, struct arena *arena)
{
	char digits[2 * DECIMAL_MAX];
	size_t n = 0, point, from = 0, length = 0;
	size_t pad = (size_t)abs(d->exponent);
	char *out = arena_alloc(arena, 2 * DECIMAL_MAX);

	memset(digits, '0', pad);
	n = pad;
	if (d->whole.n)
		memcpy(digits + n, d->whole.at, d->whole.n);
	n += d->whole.n;
	point = (size_t)((long)n + d->exponent);
	if (d->fraction.n)
		memcpy(digits + n, d->fraction.at, d->fraction.n);
	n += d->fraction.n;
	memset(digits + n, '0', pad);
	n += pad;

	while (n > point && digits[n - 1] == '0')
		n--;
	while (from + 1 < point && digits[from] == '0')
		from++;
	if (d->minus &&
	    !(n == point && point == from + 1 && digits[from] == '0'))
		out[length++] = '-';
	if (from >= point)
		out[length++] = '0';
	for (size_t i = from; i < n; i++) {
		if (i == point)
			out[length++] = '.';
		out[length++] = digits[i];
	}
	return (struct str){ out, length };
}

bool field_decimal(struct str text, struct arena *arena, struct str *ret)
{
	struct decimal decimal = { 0 };

	if (!decimal_parse(text, &decimal))
		return false;
	*ret = decimal_text(&decimal, arena);
	return true;
}

static void write_number(struct json *w, struct str text, bool whole,
			 struct arena *arena)
{
	struct str number;

	if (!field_decimal(text, arena, &number) ||
	    (whole && memchr(number.at, '.', number.n)))
		json_null(w);
	else
		json_raw(w, number);
}

static void write_id(struct json *w, struct str text, struct arena *arena)
{
	struct str number;

	if (field_decimal(text, arena, &number) && str_eqs(number, "0"))
		json_null(w);
	else
		write_number(w, text, true, arena);
}

static bool is_true(struct str text, struct arena *arena)
{
	struct str number;

	if (field_decimal(text, arena, &number))
		return !str_eqs(number, "0");
	return str_eqs(text, "t") || str_eqs(text, "true");
}

/* "YYYY-MM-DD HH:MM:SS", perhaps a fraction, perhaps "+00". */
static void write_time(struct json *w, struct str text)
{
	static const char shape[] = "dddd-dd-dd dd:dd:dd";
	char out[40];
	size_t n = sizeof(shape) - 1;

	if (str_ends(text, "+00"))
		text.n -= 3;
	if (text.n < n || text.n > 26 || (text.n > n && text.at[n] != '.')) {
		json_null(w);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (shape[i] == 'd' ? !is_digit(text.at[i])
				    : text.at[i] != shape[i]) {
			json_null(w);
			return;
		}
	}
	memcpy(out, text.at, text.n);
	out[10] = 'T';
	out[text.n] = 'Z';
	json_strn(w, (struct str){ out, text.n + 1 });
}

static void write_parts(struct json *w, struct str text, char separator)
{
	json_begin_array(w);
	while (text.at)
		json_strn(w, str_split(&text, separator));
	json_end_array(w);
}

static size_t text_length(const struct json_node *node)
{
	switch (node->type) {
	case JSON_NUMBER:
	case JSON_STRING:
		return node->text.n;
	case JSON_TRUE:
	case JSON_FALSE:
		return 1;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
	default:
		return 0;
	}
}

static struct str scalar_text(const struct json_node *node)
{
	if (node->type == JSON_NUMBER || node->type == JSON_STRING)
		return node->text;
	if (node->type == JSON_TRUE)
		return STR("1");
	if (node->type == JSON_FALSE)
		return STR("0");
	return (struct str){ 0 };
}

static struct str joined(const struct json_node *array, char separator,
			 struct arena *arena)
{
	size_t n = 0;
	char *out;

	for (const struct json_node *m = array->first; m; m = m->next)
		n += text_length(m) + 1;
	out = arena_alloc(arena, n + 1);
	n = 0;
	for (const struct json_node *m = array->first; m; m = m->next) {
		struct str text = scalar_text(m);

		if (m != array->first)
			out[n++] = separator;
		if (text.n)
			memcpy(out + n, text.at, text.n);
		n += text.n;
	}
	return (struct str){ out, n };
}

struct str field_node_text(const struct json_node *node, char separator,
			   struct arena *arena)
{
	if (!node)
		return (struct str){ 0 };
	if (node->type == JSON_ARRAY && node->first)
		return joined(node, separator, arena);
	return scalar_text(node);
}

struct attribute {
	struct str code, value;
};

static int by_code(const void *a, const void *b)
{
	const struct attribute *x = a, *y = b;
	size_t n = x->code.n < y->code.n ? x->code.n : y->code.n;
	int order = n ? memcmp(x->code.at, y->code.at, n) : 0;

	if (order)
		return order;
	return (x->code.n > y->code.n) - (x->code.n < y->code.n);
}

static bool is_hidden(struct str code, const char *const *hidden)
{
	for (; hidden && *hidden; hidden++)
		if (str_eqs(code, *hidden))
			return true;
	return false;
}

/* {"code": value} of the copy, or [{"attribute_code", "value"}] of Magento. */
static struct attribute attribute_of(const struct json_node *member, bool pairs,
				     struct arena *arena)
{
	const struct json_node *code, *value = member;
	struct attribute attribute = { .code = member->key };

	if (pairs) {
		code = json_tree_get(member, "attribute_code");
		value = json_tree_get(member, "value");
		attribute.code = field_node_text(code, ',', arena);
	}
	attribute.value = field_node_text(value, ',', arena);
	return attribute;
}

static void write_attributes(struct json *w, const struct json_node *node,
			     const char *const *hidden, struct arena *arena)
{
	struct attribute *all;
	size_t n = 0;

	for (const struct json_node *m = node ? node->first : NULL; m;
	     m = m->next)
		n++;
	all = arena_array(arena, struct attribute, n + 1);
	n = 0;
	for (const struct json_node *m = node ? node->first : NULL; m;
	     m = m->next) {
		all[n] = attribute_of(m, node->type == JSON_ARRAY, arena);
		if (all[n].code.n && all[n].value.at &&
		    !is_hidden(all[n].code, hidden))
			n++;
	}
	qsort(all, n, sizeof(*all), by_code);
	json_begin_object(w);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && str_eq(all[i].code, all[i - 1].code))
			continue;
		json_keyn(w, all[i].code);
		json_strn(w, all[i].value);
	}
	json_end_object(w);
}

static void write_text(struct json *w, enum field_cast cast, struct str text,
		       struct arena *arena)
{
	switch (cast) {
	case FIELD_INT:
	case FIELD_NUMBER:
		write_number(w, text, cast == FIELD_INT, arena);
		break;
	case FIELD_ID:
		write_id(w, text, arena);
		break;
	case FIELD_BOOL:
	case FIELD_FLAG:
		json_bool(w, is_true(text, arena));
		break;
	case FIELD_TIME:
		write_time(w, text);
		break;
	case FIELD_LINES:
	case FIELD_COMMAS:
		write_parts(w, text, cast == FIELD_LINES ? '\n' : ',');
		break;
	case FIELD_TEXT:
	case FIELD_ATTRIBUTES:
	default:
		json_strn(w, text);
	}
}

void field_write(struct json *w, enum field_cast cast, struct field_value value,
		 const char *const *hidden, struct arena *arena)
{
	if (cast == FIELD_ATTRIBUTES)
		write_attributes(w, value.node, hidden, arena);
	else if (value.text.at)
		write_text(w, cast, value.text, arena);
	else if (cast == FIELD_FLAG)
		json_bool(w, false);
	else
		json_null(w);
}
