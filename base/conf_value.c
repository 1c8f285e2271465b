#include "base/conf_value.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/utf8.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first: printing takes the first that divides. */
static const struct unit times[] = {
	{ "h", 3600000 }, { "min", 60000 }, { "s", 1000 }, { "ms", 1 }, { 0 },
};
static const struct unit sizes[] = {
	{ "GiB", 1 << 30 },
	{ "MiB", 1 << 20 },
	{ "KiB", 1 << 10 },
	{ "B", 1 },
	{ 0 },
};

static void *field_of(const struct conf_row *row, void *base)
{
	return (char *)base + row->offset;
}

static const void *const_field_of(const struct conf_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

/* Neither control characters nor what YAML takes for a line break: such a
 * setting is a slip, and could not be printed as it is. */
static bool is_plain_text(struct str text)
{
	while (text.n) {
		uint32_t c;
		size_t n = utf8_next(text, &c);

		if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe ||
		    c == 0xffff)
			return false;
		text = (struct str){ text.at + n, text.n - n };
	}
	return true;
}

/* "1.5" times the factor; false unless that is a whole number in range. */
static bool scale(struct str number, int64_t factor, int64_t *ret)
{
	struct str rest = number;
	struct str whole = str_split(&rest, '.'), part = rest;
	bool dotted = whole.n != number.n;
	uint64_t a, b = 0, divisor = 1, value;

	if (!str_to_u64(whole, &a) || (dotted && !str_to_u64(part, &b)) ||
	    part.n > 9)
		return false;
	for (size_t i = 0; i < part.n; i++)
		divisor *= 10;
	b *= (uint64_t)factor; /* below 10^9 * 2^30 */
	if (b % divisor || __builtin_mul_overflow(a, (uint64_t)factor, &value))
		return false;
	if (__builtin_add_overflow(value, b / divisor, &value) ||
	    value > INT64_MAX)
		return false;
	*ret = (int64_t)value;
	return true;
}

/* bare: the factor of a number without a unit; 0: only "0" may be bare. */
static bool parse_quantity(struct str text, const struct unit *units,
			   int64_t bare, int64_t *ret)
{
	struct str number = { text.at, 0 };

	while (number.n < text.n &&
	       (text.at[number.n] == '.' ||
		(text.at[number.n] >= '0' && text.at[number.n] <= '9')))
		number.n++;

	struct str name = { text.at + number.n, text.n - number.n };
	if (name.n == 0) {
		if (bare == 0 && !str_eqs(number, "0"))
			return false;
		return scale(number, bare ? bare : 1, ret);
	}
	for (; units->name; units++) {
		if (str_eqs(name, units->name))
			return scale(number, units->factor, ret);
	}
	return false;
}

static void print_quantity(int64_t number, const struct unit *units,
			   struct buf *out)
{
	while (number % units->factor || (number == 0 && units->factor > 1000))
		units++;
	buf_addi(out, number / units->factor);
	buf_adds(out, units->name);
}

void conf_value_number(const struct conf_row *row, int64_t number,
		       struct buf *out)
{
	if (row->type == CONF_TIME)
		print_quantity(number, times, out);
	else if (row->type == CONF_SIZE)
		print_quantity(number, sizes, out);
	else
		buf_addi(out, number);
}

static int out_of_range(const struct conf_row *row, struct err *err)
{
	struct buf range;

	buf_init(&range, 128);
	conf_value_number(row, row->least, &range);
	buf_adds(&range, " to ");
	conf_value_number(row, row->most, &range);
	err_set(err, ERR_CONFIG, "must be in the range %s", buf_str(&range));
	buf_done(&range);
	return err->code;
}

static int parse_number(const struct conf_row *row, struct str text,
			bool bare_seconds, int64_t *ret, struct err *err)
{
	int64_t number;

	if (row->type == CONF_TIME) {
		if (!parse_quantity(text, times, bare_seconds ? 1000 : 0,
				    &number))
			return err_set(err, ERR_CONFIG,
				       "must be a duration in whole ms, such "
				       "as 250ms, 2s, 5min or 1h");
	} else if (row->type == CONF_SIZE) {
		if (!parse_quantity(text, sizes, 1, &number))
			return err_set(err, ERR_CONFIG,
				       "must be a size in whole bytes, such as "
				       "512B, 64KiB, 8MiB or 1GiB");
	} else if (!str_to_i64(text, &number)) {
		return err_set(err, ERR_CONFIG, "must be a whole number");
	}
	if (number < row->least || number > row->most)
		return out_of_range(row, err);
	*ret = number;
	return 0;
}

struct str conf_value_choices(const struct conf_row *row)
{
	return (struct str){ row->help, strcspn(row->help, " ,;") };
}

static int parse_choice(const struct conf_row *row, struct str text,
			struct err *err)
{
	struct str all = conf_value_choices(row), rest = all;

	while (rest.n) {
		if (str_eq(str_split(&rest, '|'), text))
			return 0;
	}
	return err_set(err, ERR_CONFIG, "must be one of %.*s", (int)all.n,
		       all.at);
}

/* "a, b" → "a,b" */
static int parse_list(struct str text, struct arena *texts, const char **ret,
		      struct err *err)
{
	struct str rest = str_trim(text);
	char *joined = arena_strndup(texts, rest.at, rest.n), *end = joined;

	while (rest.at && text.n) {
		struct str item = str_trim(str_split(&rest, ','));

		if (item.n == 0 && (end != joined || rest.at))
			return err_set(err, ERR_CONFIG,
				       "an item of the list is empty");
		if (end != joined)
			*end++ = ',';
		if (item.n)
			memcpy(end, item.at, item.n);
		end += item.n;
	}
	*end = '\0';
	*ret = joined;
	return 0;
}

static int parse_text(const struct conf_row *row, struct str text,
		      struct arena *texts, const char **ret, struct err *err)
{
	if (!is_plain_text(text))
		return err_set(err, ERR_CONFIG,
			       "must be UTF-8 without control characters");
	if (row->type == CONF_LIST)
		return parse_list(text, texts, ret, err);
	if (row->type == CONF_CHOICE) {
		int rc = parse_choice(row, text, err);

		if (rc != 0)
			return rc;
	}
	*ret = arena_strndup(texts, text.at, text.n);
	return 0;
}

int conf_value_parse(const struct conf_row *row, struct str text,
		     bool bare_seconds, void *base, struct arena *texts,
		     struct err *err)
{
	void *field = field_of(row, base);

	switch (row->type) {
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_LIST:
	case CONF_CHOICE:
		return parse_text(row, text, texts, (const char **)field, err);
	case CONF_INT:
	case CONF_TIME:
	case CONF_SIZE:
		return parse_number(row, text, bare_seconds, (int64_t *)field,
				    err);
	case CONF_BOOL:
		if (str_to_bool(text, (bool *)field))
			return 0;
		return err_set(err, ERR_CONFIG, "must be true or false");
	}
	return err_set(err, ERR_CONFIG, "has no type");
}

static void print_text(const char *text, struct buf *out)
{
	struct json quoted;

	json_init(&quoted, out, JSON_PLAIN);
	json_str(&quoted, text);
}

static void print_list(const char *joined, struct buf *out)
{
	struct str rest = str_of(joined);
	struct json list;

	json_init(&list, out, JSON_PLAIN);
	json_begin_array(&list);
	while (rest.n)
		json_strn(&list, str_split(&rest, ','));
	json_end_array(&list);
}

void conf_value_print(const struct conf_row *row, const void *base,
		      struct buf *out)
{
	const void *field = const_field_of(row, base);

	switch (row->type) {
	case CONF_TEXT:
		print_text(*(const char *const *)field, out);
		break;
	case CONF_SECRET:
		buf_adds(out,
			 **(const char *const *)field ? "\"***\"" : "\"\"");
		break;
	case CONF_LIST:
		print_list(*(const char *const *)field, out);
		break;
	case CONF_CHOICE:
		buf_adds(out, *(const char *const *)field);
		break;
	case CONF_INT:
	case CONF_TIME:
	case CONF_SIZE:
		conf_value_number(row, *(const int64_t *)field, out);
		break;
	case CONF_BOOL:
		buf_adds(out, *(const bool *)field ? "true" : "false");
		break;
	}
}
