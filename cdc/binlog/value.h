/* One column's codec: from the bytes of a row image to a struct value.
 *
 * Chosen once per table map (row_plan.h), used for each value. What needs no
 * conversion points into the event; the rest goes to the caller's arena. */
#ifndef CDC_BINLOG_VALUE_H
#define CDC_BINLOG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/binlog/decimal.h"
#include "transform/value.h"

struct arena;
struct charset_reader;
struct loss;

/* Where values go. */
struct value_sink {
	struct arena *arena;
	/* Of rows_next(): where the next number's or time's text goes, in
	 * room for those of a whole row. */
	char *out;
	/* Of a compressed column: most bytes a value may have; 0: any. One of
	 * too_large bytes was refused if that is not 0. */
	uint64_t max, too_large;
};

struct value_codec;

/* Bytes in front of a value that may be read with it, and are not used. In a
 * rows event its header and bitmaps are there. */
enum { VALUE_FRONT = 8 };

/* False when the bytes cannot be right. */
typedef bool (*value_fn)(const struct value_codec *codec, const uint8_t *at,
			 size_t n, struct value_sink *sink, struct value *ret);

struct value_codec {
	value_fn decode; /* NULL: measured only */
	int32_t width;	 /* bytes; < 0: minus the bytes of its length */
	uint8_t type;	 /* enum column_type */
	uint8_t precision, scale; /* decimal; scale: fractional digits too */
	bool is_unsigned;
	bool fixed;	 /* FLOAT, DOUBLE: with `scale` places always */
	uint8_t address; /* enum address_kind; sent as BINARY */
	struct decimal_shape shape;
	uint16_t text_max; /* bytes written at sink->out, at most */
	uint16_t pad_to;   /* BINARY(n): zero bytes the log leaves out */
	const struct charset_reader *charset; /* borrowed; text only */
	const struct str *labels;	      /* borrowed; UTF-8 */
	uint32_t label_count;
	struct loss *loss; /* borrowed; counts invalid text, or NULL */
};

/* The width of a value of this type with this metadata, as in value_codec;
 * false for types and metadata no server writes. */
bool value_width(uint8_t type, uint16_t meta, int32_t *ret);

/* Pick codec->decode and text_max by type; the other members are set already
 * (type, width, precision, scale, sign, charset, labels). False: the type is
 * not decoded. */
bool value_choose(struct value_codec *codec);

#endif
