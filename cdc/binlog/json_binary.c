#include "cdc/binlog/json_binary.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/reader.h"
#include "base/str.h"
#include "cdc/binlog/decimal.h"
#include "cdc/binlog/floating.h"
#include "cdc/binlog/temporal.h"
#include "cdc/binlog/types.h"

enum json_type {
	JSON_SMALL_OBJECT = 0x00,
	JSON_LARGE_OBJECT = 0x01,
	JSON_SMALL_ARRAY = 0x02,
	JSON_LARGE_ARRAY = 0x03,
	JSON_LITERAL = 0x04,
	JSON_INT16 = 0x05,
	JSON_UINT16 = 0x06,
	JSON_INT32 = 0x07,
	JSON_UINT32 = 0x08,
	JSON_INT64 = 0x09,
	JSON_UINT64 = 0x0a,
	JSON_DOUBLE = 0x0b,
	JSON_STRING = 0x0c,
	JSON_OPAQUE = 0x0f,
};

/* An array entry takes 3 bytes at least and 8 characters at most ("-32768, "),
 * a control character 1 and 6, an opaque time 13 and 28. */
size_t json_binary_text_max(size_t n)
{
	return n * 8 + 64;
}

static void write_string(struct buf *out, const uint8_t *at, size_t n)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	size_t plain = 0;

	buf_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		const char *found;

		if (at[i] >= 0x20 && at[i] != '"' && at[i] != '\\')
			continue;
		buf_add(out, at + plain, i - plain);
		plain = i + 1;
		found = at[i] ? strchr(escapes, at[i]) : NULL;
		if (found)
			buf_addf(out, "\\%c", found[1]);
		else
			buf_addf(out, "\\u%04x", at[i]);
	}
	buf_add(out, at + plain, n - plain);
	buf_addc(out, '"');
}

/* Seven bits a byte, the low ones first; at most 5 bytes. */
static uint64_t read_length(struct reader *r)
{
	uint64_t length = 0;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t byte = reader_le(r, 1);

		length |= (byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return length;
	}
	r->failed = true;
	return 0;
}

static void write_base64(struct buf *out, const uint8_t *at, size_t n)
{
	enum { LINE = 57 }; /* bytes; 76 characters */
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				       "nopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		if (i && i % LINE == 0)
			buf_adds(out, "\\n"); /* a new line in the string */
		size_t have = n - i < 3 ? n - i : 3;
		unsigned bits = (unsigned)at[i] << 16;

		if (have > 1)
			bits |= (unsigned)at[i + 1] << 8;
		if (have > 2)
			bits |= at[i + 2];
		for (size_t j = 0; j < 4; j++)
			buf_addc(out,
				 j <= have ? alphabet[bits >> (18 - 6 * j) & 63]
					   : '=');
	}
}

static bool write_decimal(struct buf *out, struct reader r)
{
	char text[DECIMAL_TEXT_MAX];
	unsigned precision = (unsigned)reader_le(&r, 1);
	unsigned scale = (unsigned)reader_le(&r, 1);
	size_t width = decimal_width(precision, scale);

	if (r.failed || width == 0 || reader_left(&r) != width)
		return false;
	size_t n = decimal_format(r.at, precision, scale, text);
	buf_add(out, text, n);
	return n > 0;
}

static bool write_moment(struct buf *out, uint8_t type, struct reader r)
{
	char text[TEMPORAL_TEXT_MAX];
	int64_t packed = (int64_t)reader_le(&r, 8);
	size_t n;

	if (r.failed)
		return false;
	if (type == TYPE_DATE)
		n = temporal_packed_date(packed, text);
	else if (type == TYPE_TIME)
		n = temporal_packed_time(packed, text);
	else
		n = temporal_packed_datetime(packed, text);
	buf_addc(out, '"');
	buf_add(out, text, n);
	buf_addc(out, '"');
	return n > 0;
}

static bool write_opaque(struct buf *out, struct reader *r)
{
	uint8_t type = (uint8_t)reader_le(r, 1);
	struct reader value = reader_sub(r, read_length(r));

	if (value.failed)
		return false;
	switch (type) {
	case TYPE_NEWDECIMAL:
		return write_decimal(out, value);
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_DATETIME:
	case TYPE_TIMESTAMP:
		return write_moment(out, type, value);
	default:
		buf_addf(out, "\"base64:type%u:", type);
		write_base64(out, value.at, reader_left(&value));
		buf_addc(out, '"');
		return true;
	}
}

static bool write_literal(struct buf *out, uint64_t literal)
{
	static const char *const names[] = { "null", "true", "false" };

	if (literal >= LENGTH(names))
		return false;
	buf_adds(out, names[literal]);
	return true;
}

static bool write_double(struct buf *out, uint64_t bits)
{
	char text[FLOATING_TEXT_MAX];
	double number;
	size_t n;

	memcpy(&number, &bits, sizeof(number));
	if (!floating_double(number, text, &n))
		return false;
	buf_add(out, text, n);
	/* Stays a double when it is read again. */
	if (!memchr(text, '.', n) && !memchr(text, 'e', n))
		buf_adds(out, ".0");
	return true;
}

static bool write_text(struct buf *out, struct reader *r)
{
	uint64_t n = read_length(r);
	const uint8_t *at = reader_bytes(r, n);

	if (!at)
		return false;
	write_string(out, at, n);
	return true;
}

static bool write_scalar(struct buf *out, uint8_t type, struct reader *r)
{
	switch (type) {
	case JSON_LITERAL:
		return write_literal(out, reader_le(r, 1));
	case JSON_INT16:
		buf_addi(out, (int16_t)reader_le(r, 2));
		return true;
	case JSON_UINT16:
		buf_addu(out, reader_le(r, 2));
		return true;
	case JSON_INT32:
		buf_addi(out, (int32_t)reader_le(r, 4));
		return true;
	case JSON_UINT32:
		buf_addu(out, reader_le(r, 4));
		return true;
	case JSON_INT64:
		buf_addi(out, (int64_t)reader_le(r, 8));
		return true;
	case JSON_UINT64:
		buf_addu(out, reader_le(r, 8));
		return true;
	case JSON_DOUBLE:
		return write_double(out, reader_le(r, 8));
	case JSON_STRING:
		return write_text(out, r);
	case JSON_OPAQUE:
		return write_opaque(out, r);
	default:
		return false;
	}
}

bool json_container_open(struct json_container *c, uint8_t type,
			 struct reader r)
{
	struct reader head = r;

	c->wide = type == JSON_LARGE_OBJECT || type == JSON_LARGE_ARRAY ? 4 : 2;
	c->object = type <= JSON_LARGE_OBJECT;
	c->count = reader_le(&head, c->wide);
	uint64_t size = reader_le(&head, c->wide);
	if (head.failed || size > reader_left(&r) || size < 2 * c->wide)
		return false;
	r.end = r.at + size;
	head.end = r.end;
	c->all = r;
	c->keys = reader_sub(&head, c->object ? c->count * (c->wide + 2) : 0);
	c->values = reader_sub(&head, c->count * (c->wide + 1));
	return !head.failed;
}

bool json_container_key(struct json_container *c, struct str *ret)
{
	uint64_t offset = reader_le(&c->keys, c->wide);
	uint64_t n = reader_le(&c->keys, 2);
	struct reader r = c->all;

	reader_bytes(&r, offset);
	ret->at = (const char *)reader_bytes(&r, n);
	ret->n = n;
	return ret->at && !c->keys.failed;
}

static bool is_inline(uint8_t type, size_t wide)
{
	switch (type) {
	case JSON_LITERAL:
	case JSON_INT16:
	case JSON_UINT16:
		return true;
	case JSON_INT32:
	case JSON_UINT32:
		return wide == 4;
	default:
		return false;
	}
}

bool json_container_value(struct json_container *c, struct json_value *ret)
{
	ret->type = (uint8_t)reader_le(&c->values, 1);
	struct reader entry = reader_sub(&c->values, c->wide);

	if (is_inline(ret->type, c->wide)) {
		ret->bytes = entry;
		return !entry.failed;
	}
	ret->bytes = c->all;
	reader_bytes(&ret->bytes, reader_le(&entry, c->wide));
	return !ret->bytes.failed && !entry.failed;
}

bool json_is_container(uint8_t type)
{
	return type <= JSON_LARGE_ARRAY;
}

void json_write_key(struct buf *out, struct str key)
{
	write_string(out, (const uint8_t *)key.at, key.n);
	buf_adds(out, ": ");
}

static bool write_container(struct buf *out, const struct json_value *value,
			    unsigned depth)
{
	struct json_container c;

	if (depth > JSON_DEPTH_MAX ||
	    !json_container_open(&c, value->type, value->bytes))
		return false;
	buf_addc(out, c.object ? '{' : '[');
	for (uint64_t i = 0; i < c.count && !out->failed; i++) {
		struct json_value element;
		struct str key;

		if (i)
			buf_adds(out, ", ");
		if (c.object) {
			if (!json_container_key(&c, &key))
				return false;
			json_write_key(out, key);
		}
		if (!json_container_value(&c, &element) ||
		    !json_write_value(out, &element, depth + 1))
			return false;
	}
	buf_addc(out, c.object ? '}' : ']');
	return true;
}

/* Recursion ends at JSON_DEPTH_MAX, work at the buffer's maximum. */
bool json_write_value(struct buf *out, const struct json_value *value,
		      unsigned depth)
{
	struct reader r = value->bytes;

	if (json_is_container(value->type))
		return write_container(out, value, depth);
	return write_scalar(out, value->type, &r) && !r.failed;
}

void json_value_open(const uint8_t *at, size_t n, struct json_value *ret)
{
	static const uint8_t null[] = { JSON_LITERAL, 0 };

	if (n == 0) {
		at = null;
		n = sizeof(null);
	}
	ret->type = at[0];
	ret->bytes = reader_of(at + 1, n - 1);
}

bool json_binary_format(const uint8_t *at, size_t n, struct buf *out)
{
	struct json_value value;

	json_value_open(at, n, &value);
	return json_write_value(out, &value, 1) && !out->failed;
}
