#include "cdc/binlog/value.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cdc/binlog/address.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/decimal.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/digits.h"
#include "cdc/binlog/floating.h"
#include "cdc/binlog/json_binary.h"
#include "cdc/binlog/temporal.h"
#include "cdc/binlog/types.h"
#include "transform/losses.h"

static bool meta_width(uint8_t type, uint16_t meta, int32_t *ret)
{
	unsigned first = meta & 0xff, second = meta >> 8;

	switch (type) {
	case TYPE_TIMESTAMP2:
		*ret = (int32_t)(4 + temporal_fraction_width(first));
		return first <= TEMPORAL_DIGITS_MAX;
	case TYPE_DATETIME2:
		*ret = (int32_t)(5 + temporal_fraction_width(first));
		return first <= TEMPORAL_DIGITS_MAX;
	case TYPE_TIME2:
		*ret = (int32_t)(3 + temporal_fraction_width(first));
		return first <= TEMPORAL_DIGITS_MAX;
	case TYPE_NEWDECIMAL:
		*ret = (int32_t)decimal_width(first, second);
		return *ret > 0;
	case TYPE_BIT:
		*ret = (int32_t)(second + (first > 0));
		return first < 8 && *ret >= 1 && *ret <= 8;
	case TYPE_ENUM:
		*ret = meta;
		return meta == 1 || meta == 2;
	case TYPE_SET:
		*ret = meta;
		return (meta >= 1 && meta <= 4) || meta == 8;
	default:
		return false;
	}
}

/* Blobs carry the bytes of their length; strings the most bytes they can
 * have, from which follows whether one byte says how many. */
static bool prefix_width(uint8_t type, uint16_t meta, int32_t *ret)
{
	switch (type) {
	case TYPE_VARCHAR:
	case TYPE_VAR_STRING:
	case TYPE_VARCHAR_COMPRESSED:
	case TYPE_STRING:
		*ret = meta < 256 ? -1 : -2;
		return true;
	default:
		*ret = -(int32_t)meta;
		return meta >= 1 && meta <= 4;
	}
}

bool value_width(uint8_t type, uint16_t meta, int32_t *ret)
{
	static const int8_t widths[256] = {
#define WIDTH_ROW(name, code, meta, width) [code] = (width) + 4,
		COLUMN_TYPES(WIDTH_ROW)
#undef WIDTH_ROW
	};
	int width = widths[type] - 4;

	if (width == WIDTH_META)
		return meta_width(type, meta, ret);
	if (width == WIDTH_PREFIX)
		return prefix_width(type, meta, ret);
	*ret = width;
	return width >= 0;
}

static void set_text(struct value *ret, const void *at, size_t n)
{
	*ret = (struct value){ .at = at, .n = (uint32_t)n, .kind = VALUE_TEXT };
}

/* The text is at sink->out already. The next one's place does not depend on
 * its length, so that the processor can begin with that one. */
static inline bool keep_text(const struct value_codec *codec,
			     struct value_sink *sink, size_t n,
			     struct value *ret)
{
	set_text(ret, sink->out, n);
	sink->out += codec->text_max;
	return n > 0;
}

/* The value in the top bytes of a word, whatever its width: what is loaded
 * below it is in front of the value (VALUE_FRONT). */
static inline uint64_t load_top(const uint8_t *at, size_t n)
{
	uint64_t word;

	/* little-endian; see below value_choose() */
	memcpy(&word, at + n - sizeof(word), sizeof(word));
	return word;
}

static inline uint64_t load_le(const uint8_t *at, size_t n)
{
	return load_top(at, n) >> (64 - 8 * n);
}

static bool keep_long_integer(const struct value_codec *codec,
			      struct value_sink *sink, uint64_t size,
			      bool negative, struct value *ret)
{
	char *start = sink->out;

	*start = '-';
	char *end = digits_put(start + negative, size);
	return keep_text(codec, sink, (size_t)(end - start), ret);
}

static inline bool keep_integer(const struct value_codec *codec,
				struct value_sink *sink, uint64_t size,
				bool negative, struct value *ret)
{
	char *start = sink->out;

	if (size >= DIGITS_WORD_END)
		return keep_long_integer(codec, sink, size, negative, ret);
	*start = '-';
	char *end = digits_lead(start + negative, (uint32_t)size);
	return keep_text(codec, sink, (size_t)(end - start), ret);
}

static bool read_unsigned(const struct value_codec *codec, const uint8_t *at,
			  size_t n, struct value_sink *sink, struct value *ret)
{
	return keep_integer(codec, sink, load_le(at, n), false, ret);
}

static bool read_signed(const struct value_codec *codec, const uint8_t *at,
			size_t n, struct value_sink *sink, struct value *ret)
{
	int64_t number = (int64_t)load_top(at, n) >> (64 - 8 * n);
	bool negative = number < 0;

	return keep_integer(codec, sink,
			    negative ? 0 - (uint64_t)number : (uint64_t)number,
			    negative, ret);
}

static bool read_double(const struct value_codec *codec, const uint8_t *at,
			size_t n, struct value_sink *sink, struct value *ret)
{
	double number;
	size_t used;

	memcpy(&number, at, n);
	return floating_double(number, sink->out, &used) &&
	       keep_text(codec, sink, used, ret);
}

static bool read_float(const struct value_codec *codec, const uint8_t *at,
		       size_t n, struct value_sink *sink, struct value *ret)
{
	float number;
	size_t used;

	memcpy(&number, at, n);
	return floating_float(number, sink->out, &used) &&
	       keep_text(codec, sink, used, ret);
}

static bool read_fixed(const struct value_codec *codec, const uint8_t *at,
		       size_t n, struct value_sink *sink, struct value *ret)
{
	double number;
	float single;
	size_t used;

	if (n == sizeof(number)) {
		memcpy(&number, at, n);
	} else {
		memcpy(&single, at, n);
		number = (double)single;
	}
	return floating_fixed(number, codec->scale, sink->out, &used) &&
	       keep_text(codec, sink, used, ret);
}

static bool read_decimal(const struct value_codec *codec, const uint8_t *at,
			 size_t n, struct value_sink *sink, struct value *ret)
{
	size_t used =
		decimal_format(at, codec->precision, codec->scale, sink->out);

	(void)n;
	return keep_text(codec, sink, used, ret);
}

static bool read_shaped_decimal(const struct value_codec *codec,
				const uint8_t *at, size_t n,
				struct value_sink *sink, struct value *ret)
{
	(void)n;
	return keep_text(codec, sink,
			 decimal_format_shape(at, &codec->shape, sink->out),
			 ret);
}

static bool read_temporal(const struct value_codec *codec, const uint8_t *at,
			  size_t n, struct value_sink *sink, struct value *ret)
{
	char *text = sink->out;
	size_t used = 0;

	(void)n;
	if (codec->type == TYPE_DATE || codec->type == TYPE_NEWDATE)
		used = temporal_date(at, text);
	else if (codec->type == TYPE_YEAR)
		used = temporal_year(at, text);
	else if (codec->type == TYPE_DATETIME2)
		used = temporal_datetime(at, codec->scale, text);
	else if (codec->type == TYPE_TIMESTAMP2)
		used = temporal_timestamp(at, codec->scale, text);
	else if (codec->type == TYPE_TIME2)
		used = temporal_time(at, codec->scale, text);
	else if (codec->type == TYPE_DATETIME)
		used = temporal_old_datetime(at, text);
	else if (codec->type == TYPE_TIMESTAMP)
		used = temporal_old_timestamp(at, text);
	else if (codec->type == TYPE_TIME)
		used = temporal_old_time(at, text);
	return keep_text(codec, sink, used, ret);
}

static bool read_text(const struct value_codec *codec, const uint8_t *at,
		      size_t n, struct value_sink *sink, struct value *ret)
{
	if (!charset_read(codec->charset, at, n, sink, ret))
		loss_add(codec->loss, LOSS_INVALID_TEXT);
	return true;
}

static bool read_bytes(const struct value_codec *codec, const uint8_t *at,
		       size_t n, struct value_sink *sink, struct value *ret)
{
	*ret = (struct value){ .at = (const char *)at,
			       .n = (uint32_t)n,
			       .kind = VALUE_BYTES };
	if (n < codec->pad_to) {
		char *padded = arena_zalloc(sink->arena, codec->pad_to);

		memcpy(padded, at, n);
		ret->at = padded;
		ret->n = codec->pad_to;
	}
	return true;
}

/* MariaDB's COMPRESSED columns. */
static bool read_packed(const struct value_codec *codec, const uint8_t *at,
			size_t n, struct value_sink *sink, struct value *ret)
{
	struct deflated packed;
	uint8_t *expanded;

	if (!deflated_parse_column(reader_of(at, n), &packed))
		return false;
	if (sink->max && packed.size > sink->max) {
		sink->too_large = packed.size;
		return false;
	}
	expanded = arena_alloc(sink->arena, packed.size);
	if (!deflated_expand(&packed, expanded))
		return false;
	return codec->charset
		       ? read_text(codec, expanded, packed.size, sink, ret)
		       : read_bytes(codec, expanded, packed.size, sink, ret);
}

static bool read_address(const struct value_codec *codec, const uint8_t *at,
			 size_t n, struct value_sink *sink, struct value *ret)
{
	enum address_kind kind = (enum address_kind)codec->address;
	uint8_t bytes[ADDRESS_BYTES_MAX] = { 0 };

	if (n > address_width(kind))
		return false;
	memcpy(bytes, at, n);
	return keep_text(codec, sink, address_format(kind, bytes, sink->out),
			 ret);
}

static bool keep_long_text(struct value_sink *sink, const char *text, size_t n,
			   struct value *ret)
{
	set_text(ret, arena_memdup(sink->arena, text, n), n);
	return true;
}

static bool read_json(const struct value_codec *codec, const uint8_t *at,
		      size_t n, struct value_sink *sink, struct value *ret)
{
	CLEANUP(buf_done) struct buf text;

	(void)codec;
	buf_init(&text, json_binary_text_max(n));
	return json_binary_format(at, n, &text) &&
	       keep_long_text(sink, text.at, text.n, ret);
}

static bool read_enum(const struct value_codec *codec, const uint8_t *at,
		      size_t n, struct value_sink *sink, struct value *ret)
{
	uint64_t number = load_le(at, n);

	(void)sink;
	if (number > codec->label_count)
		return false;
	if (number == 0) /* what was not in the list when it was written */
		set_text(ret, "", 0);
	else
		set_text(ret, codec->labels[number - 1].at,
			 codec->labels[number - 1].n);
	return true;
}

static bool read_set(const struct value_codec *codec, const uint8_t *at,
		     size_t n, struct value_sink *sink, struct value *ret)
{
	uint64_t bits = load_le(at, n);
	size_t room = 0, used = 0;
	char *out;

	if (codec->label_count < 64 && bits >> codec->label_count)
		return false;
	for (uint64_t left = bits; left; left &= left - 1)
		room += codec->labels[__builtin_ctzll(left)].n + 1;
	out = arena_alloc(sink->arena, room);
	for (uint64_t left = bits; left; left &= left - 1) {
		struct str label = codec->labels[__builtin_ctzll(left)];

		if (used)
			out[used++] = ',';
		memcpy(out + used, label.at, label.n);
		used += label.n;
	}
	set_text(ret, out, used);
	return true;
}

static value_fn choose_number(struct value_codec *codec)
{
	switch (codec->type) {
	case TYPE_TINY:
	case TYPE_SHORT:
	case TYPE_INT24:
	case TYPE_LONG:
	case TYPE_LONGLONG:
		return codec->is_unsigned ? read_unsigned : read_signed;
	case TYPE_FLOAT:
		return codec->fixed ? read_fixed : read_float;
	case TYPE_DOUBLE:
		return codec->fixed ? read_fixed : read_double;
	case TYPE_NEWDECIMAL:
		return decimal_shape_of(codec->precision, codec->scale,
					&codec->shape)
			       ? read_shaped_decimal
			       : read_decimal;
	default:
		return NULL;
	}
}

static value_fn choose_string(const struct value_codec *codec)
{
	if (codec->address)
		return read_address;
	switch (codec->type) {
	case TYPE_STRING:
	case TYPE_VARCHAR:
	case TYPE_VAR_STRING:
	case TYPE_TINY_BLOB:
	case TYPE_MEDIUM_BLOB:
	case TYPE_LONG_BLOB:
	case TYPE_BLOB:
		return codec->charset ? read_text : read_bytes;
	case TYPE_VARCHAR_COMPRESSED:
	case TYPE_BLOB_COMPRESSED:
		return read_packed;
	case TYPE_BIT:
	case TYPE_GEOMETRY:
	case TYPE_VECTOR:
		return read_bytes;
	case TYPE_JSON:
		return read_json;
	case TYPE_ENUM:
		return read_enum;
	case TYPE_SET:
		return read_set;
	default:
		return NULL;
	}
}

static value_fn choose_temporal(const struct value_codec *codec)
{
	switch (codec->type) {
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_DATETIME:
	case TYPE_YEAR:
	case TYPE_NEWDATE:
	case TYPE_TIMESTAMP2:
	case TYPE_DATETIME2:
	case TYPE_TIME2:
		return read_temporal;
	default:
		return NULL;
	}
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "load_le() and the floating-point types want a little-endian "
	       "machine");

static size_t text_max(const struct value_codec *codec)
{
	if (codec->decode == read_signed || codec->decode == read_unsigned)
		return 1 + STR_U64_MAX + DIGITS_SLACK;
	if (codec->decode == read_float || codec->decode == read_double)
		return FLOATING_TEXT_MAX;
	if (codec->decode == read_fixed)
		return FLOATING_FIXED_MAX;
	if (codec->decode == read_address)
		return ADDRESS_TEXT_MAX;
	if (codec->type == TYPE_NEWDECIMAL)
		return codec->precision + DECIMAL_TEXT_EXTRA;
	if (codec->decode == read_temporal)
		return TEMPORAL_TEXT_MAX;
	return 0;
}

bool value_choose(struct value_codec *codec)
{
	codec->decode = choose_number(codec);
	if (!codec->decode)
		codec->decode = choose_string(codec);
	if (!codec->decode)
		codec->decode = choose_temporal(codec);
	codec->text_max = (uint16_t)text_max(codec);
	return codec->decode != NULL;
}
