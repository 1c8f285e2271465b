#include "cdc/rowset.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"
#include "transform/mapping.h"

/* Array: dimensions, has-nulls, element type, length, lower bound (4 bytes
 * each), then per row its length and: fields (4), per field its type (4), its
 * length (4; -1: NULL) and its bytes. Source: array_recv, record_recv. */
enum {
	HEADER = 20,
	KEEP = 1024 * 1024,
	BYTES_MAX = 1000 * 1000 * 1000,
	NUMERIC_DIGITS_MAX = 128, /* MySQL has 65 */
	DAY_SECONDS = 86400,
};

typedef bool (*codec)(struct buf *out, struct str text);

static void add16(struct buf *out, uint16_t n)
{
	uint16_t wire = htobe16(n);

	buf_add(out, &wire, sizeof(wire));
}

static void add32(struct buf *out, uint32_t n)
{
	uint32_t wire = htobe32(n);

	buf_add(out, &wire, sizeof(wire));
}

static void add64(struct buf *out, uint64_t n)
{
	uint64_t wire = htobe64(n);

	buf_add(out, &wire, sizeof(wire));
}

static bool put_int8(struct buf *out, struct str text)
{
	int64_t n;

	if (!str_to_i64(text, &n))
		return false;
	add64(out, (uint64_t)n);
	return true;
}

static bool put_int4(struct buf *out, struct str text)
{
	int64_t n;

	if (!str_to_i64(text, &n) || n < INT32_MIN || n > INT32_MAX)
		return false;
	add32(out, (uint32_t)n);
	return true;
}

static bool put_int2(struct buf *out, struct str text)
{
	int64_t n;

	if (!str_to_i64(text, &n) || n < INT16_MIN || n > INT16_MAX)
		return false;
	add16(out, (uint16_t)n);
	return true;
}

static bool put_bool(struct buf *out, struct str text)
{
	if (text.n != 1 || (text.at[0] != '0' && text.at[0] != '1'))
		return false;
	buf_addc(out, (char)(text.at[0] - '0'));
	return true;
}

static bool put_bytes(struct buf *out, struct str text)
{
	buf_add(out, text.at, text.n);
	return true;
}

static bool put_jsonb(struct buf *out, struct str text)
{
	buf_addc(out, 1); /* version */
	buf_add(out, text.at, text.n);
	return true;
}

/* --- decimals: groups of four digits around the point --- */

struct decimal {
	bool negative;
	struct str whole, fraction;
};

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
	return true;
}

static bool split_decimal(struct str text, struct decimal *ret)
{
	ret->negative = text.n > 0 && text.at[0] == '-';
	if (ret->negative) {
		text.at++;
		text.n--;
	}
	ret->whole = str_split(&text, '.');
	ret->fraction = text;
	return ret->whole.n > 0 && ret->whole.n <= NUMERIC_DIGITS_MAX &&
	       ret->fraction.n <= NUMERIC_DIGITS_MAX &&
	       all_digits(ret->whole) && all_digits(ret->fraction);
}

/* The group of whole digits that ends `from` digits before the point, or of
 * fraction digits that starts there. */
static uint16_t group_of(struct str digits, size_t start, size_t n)
{
	unsigned group = 0;

	for (size_t i = start; i < start + n; i++)
		group = group * 10 +
			(i < digits.n ? (unsigned)(digits.at[i] - '0') : 0);
	return (uint16_t)group;
}

static bool put_numeric(struct buf *out, struct str text)
{
	uint16_t groups[2 * NUMERIC_DIGITS_MAX / 4 + 2];
	size_t n = 0, skip = 0;
	struct decimal d;

	if (!split_decimal(text, &d))
		return false;
	size_t first = d.whole.n % 4 ? d.whole.n % 4 : 4;
	groups[n++] = group_of(d.whole, 0, first);
	for (size_t i = first; i < d.whole.n; i += 4)
		groups[n++] = group_of(d.whole, i, 4);
	int weight = (int)n - 1;
	for (size_t i = 0; i < d.fraction.n; i += 4)
		groups[n++] = group_of(d.fraction, i, 4);
	while (n > 0 && groups[n - 1] == 0)
		n--;
	while (skip < n && groups[skip] == 0)
		skip++;
	add16(out, (uint16_t)(n - skip));
	add16(out, (uint16_t)(n == skip ? 0 : weight - (int)skip));
	add16(out, d.negative && n > skip ? 0x4000 : 0);
	add16(out, (uint16_t)d.fraction.n);
	for (size_t i = skip; i < n; i++)
		add16(out, groups[i]);
	return true;
}

/* --- times: "2026-03-01", "2026-03-01 12:00:00[.123456]" --- */

static bool two_digits(const char *at, unsigned most, int64_t *ret)
{
	unsigned a = (unsigned char)at[0] - '0', b = (unsigned char)at[1] - '0';

	if (a > 9 || b > 9 || a * 10 + b > most)
		return false;
	*ret = a * 10 + b;
	return true;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 2000-01-01 of the ten characters at `at`. */
static bool read_day(const char *at, int64_t *ret)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31 };
	int64_t high, low, month, day;

	if (!two_digits(at, 99, &high) || !two_digits(at + 2, 99, &low) ||
	    at[4] != '-' || !two_digits(at + 5, 12, &month) || at[7] != '-' ||
	    !two_digits(at + 8, 31, &day))
		return false;
	int64_t year = high * 100 + low;
	if (year == 0 || month == 0 || day == 0 ||
	    day > lengths[month - 1] + (month == 2 && is_leap(year)))
		return false;

	/* Years start in March, so that the leap day comes last. */
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 +
		       day - 1;
	*ret = days - 730425; /* 2000-01-01 counted like that */
	return true;
}

static bool read_clock(struct str text, int64_t *ret)
{
	int64_t hour, minute, second, micros = 0;

	if (text.n < 9 || (text.at[0] != ' ' && text.at[0] != 'T') ||
	    !two_digits(text.at + 1, 23, &hour) || text.at[3] != ':' ||
	    !two_digits(text.at + 4, 59, &minute) || text.at[6] != ':' ||
	    !two_digits(text.at + 7, 59, &second))
		return false;
	if (text.n > 9) {
		struct str fraction = { text.at + 10, text.n - 10 };

		if (text.at[9] != '.' || fraction.n > 6 || fraction.n == 0 ||
		    !all_digits(fraction))
			return false;
		for (size_t i = 0; i < 6; i++)
			micros = micros * 10 +
				 (i < fraction.n ? fraction.at[i] - '0' : 0);
	}
	*ret = ((hour * 60 + minute) * 60 + second) * 1000000 + micros;
	return true;
}

static bool put_date(struct buf *out, struct str text)
{
	int64_t day;

	if (text.n != 10 || !read_day(text.at, &day))
		return false;
	add32(out, (uint32_t)day);
	return true;
}

/* With a time zone too: the text is UTC. */
static bool put_timestamp(struct buf *out, struct str text)
{
	struct str rest = { text.at + 10, text.n - 10 };
	int64_t day, time = 0;

	if (text.n < 10 || !read_day(text.at, &day) ||
	    (text.n > 10 && !read_clock(rest, &time)))
		return false;
	add64(out, (uint64_t)(day * DAY_SECONDS * 1000000 + time));
	return true;
}

/* --- columns --- */

struct rowset_type {
	const char *name; /* as format_type() prints it, without a modifier */
	uint32_t oid;	  /* fixed in pg_type.dat */
	codec put;
};

static const struct rowset_type types[] = {
	{ "bigint", 20, put_int8 },
	{ "integer", 23, put_int4 },
	{ "smallint", 21, put_int2 },
	{ "text", 25, put_bytes },
	{ "character varying", 1043, put_bytes },
	{ "numeric", 1700, put_numeric },
	{ "timestamp with time zone", 1184, put_timestamp },
	{ "timestamp without time zone", 1114, put_timestamp },
	{ "date", 1082, put_date },
	{ "boolean", 16, put_bool },
	{ "bytea", 17, put_bytes },
	{ "jsonb", 3802, put_jsonb },
};

/* timestamp(0) and the like round; leave that to the target. */
static bool is_type(const char *column_type, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(column_type, name, n) != 0)
		return false;
	return column_type[n] == '\0' ||
	       (column_type[n] == '(' &&
		column_type[strlen(column_type) - 1] == ')');
}

static const struct rowset_type *type_of(const char *column_type)
{
	for (size_t i = 0; i < LENGTH(types); i++)
		if (is_type(column_type, types[i].name))
			return &types[i];
	return NULL;
}

bool rowset_takes(const struct target_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (!type_of(table->columns[i].type))
			return false;
	return true;
}

void rowset_init(struct rowset *rowset)
{
	*rowset = (struct rowset){ 0 };
	buf_init(&rowset->bytes, BYTES_MAX);
}

void rowset_done(struct rowset *rowset)
{
	buf_done(&rowset->bytes);
}

void rowset_start(struct rowset *rowset, const struct target_table *table,
		  uint32_t row_type)
{
	static const char zeros[HEADER];

	assert(table->count <= LENGTH(rowset->types));
	rowset->table = table;
	for (size_t i = 0; i < table->count; i++) {
		rowset->types[i] = type_of(table->columns[i].type);
		assert(rowset->types[i]);
	}
	buf_reset(&rowset->bytes, KEEP);
	rowset->row_type = row_type;
	rowset->count = 0;
	buf_add(&rowset->bytes, zeros, HEADER);
}

/* The length of what was written behind `start` goes into the 4 bytes there. */
static void patch_length(struct buf *out, size_t start)
{
	uint32_t wire = htobe32((uint32_t)(out->n - start - 4));

	if (!out->failed)
		memcpy(out->at + start, &wire, sizeof(wire));
}

static bool add_field(struct buf *out, const struct rowset_type *type,
		      struct value v)
{
	add32(out, type->oid);
	size_t start = out->n;
	add32(out, UINT32_MAX);
	if (!value_has(v))
		return true;
	if (!type->put(out, (struct str){ v.at, v.n }))
		return false;
	patch_length(out, start);
	return true;
}

bool rowset_add(struct rowset *rowset, const struct value *values)
{
	struct buf *out = &rowset->bytes;
	size_t start = out->n, count = rowset->table->count;

	add32(out, 0);
	add32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		if (!add_field(out, rowset->types[i], values[i]))
			return false;
	patch_length(out, start);
	rowset->count++;
	return !out->failed;
}

struct pg_param rowset_param(struct rowset *rowset)
{
	const uint32_t header[HEADER / 4] = {
		htobe32(rowset->count > 0),
		0,
		htobe32(rowset->row_type),
		htobe32(rowset->count),
		htobe32(1),
	};

	memcpy(rowset->bytes.at, header, HEADER);
	return (struct pg_param){
		.at = rowset->bytes.at,
		.n = rowset->count > 0 ? rowset->bytes.n : 12,
		.binary = true,
	};
}
