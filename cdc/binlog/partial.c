#include "cdc/binlog/partial.h"

#include <assert.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/reader.h"
#include "cdc/binlog/json_diff.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/types.h"

enum { PARTIAL_JSON = 1 };

struct image {
	const struct value_codec *codecs;
	const uint8_t *const *places; /* of the image before */
	const struct value *before;
	struct value_sink *sink;
	const uint8_t *partial; /* bits of JSON columns; NULL: none is */
	const uint8_t *nulls;	/* bits of columns that are present */
};

static bool bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

static size_t count_json(const struct row_plan *plan)
{
	const struct value_codec *codecs = row_plan_codecs(plan);
	size_t count = 0;

	for (size_t i = 0; i < row_plan_count(plan); i++)
		count += codecs[i].type == TYPE_JSON;
	return count;
}

static bool open_image(const struct rows *rows, const struct row_plan *plan,
		       struct image *image, struct reader *r)
{
	uint64_t options = reader_lenenc(r);

	if (options & ~(uint64_t)PARTIAL_JSON)
		return false;
	if (options & PARTIAL_JSON)
		image->partial = reader_bytes(r, (count_json(plan) + 7) / 8);
	image->nulls = reader_bytes(r, (rows->present_count[1] + 7) / 8);
	return !r->failed;
}

/* A length in front of as many bytes. */
static struct reader take(struct reader *r, size_t width)
{
	return reader_sub(r, reader_le(r, width));
}

/* base: with its length in front. */
static bool patch(struct reader base, size_t width, struct reader diffs,
		  struct value_sink *sink, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	enum json_diff_result result;

	reader_bytes(&base, width);
	buf_init(&text, json_diff_text_max(base, diffs));
	result = json_diff_format(base, diffs, sink->arena, &text);
	if (result == JSON_DIFF_APPLIED)
		*ret = (struct value){
			.at = arena_memdup(sink->arena, text.at, text.n),
			.n = (uint32_t)text.n,
			.kind = VALUE_TEXT,
		};
	return result != JSON_DIFF_CORRUPT;
}

/* The value of column i, which is there and not NULL. */
static bool read_value(const struct image *image, size_t i, bool partial,
		       struct reader *r, struct value *ret)
{
	const struct value_codec *codec = &image->codecs[i];
	size_t width =
		(size_t)(codec->width < 0 ? -codec->width : codec->width);
	struct reader bytes =
		codec->width < 0 ? take(r, width) : reader_sub(r, width);

	if (bytes.failed || !codec->decode)
		return !bytes.failed;
	if (!partial)
		return codec->decode(codec, bytes.at, reader_left(&bytes),
				     image->sink, ret);
	if (!value_has(image->before[i]))
		return true;
	const uint8_t *base = image->places[i];
	size_t n = (size_t)(image->places[i + 1] - base);
	return patch(reader_of(base, n), width, bytes, image->sink, ret);
}

size_t partial_read(struct rows *rows, const struct row_plan *plan,
		    const uint8_t *const *places, const struct value *before,
		    struct value_sink *sink, struct value *values)
{
	struct image image = { .codecs = row_plan_codecs(plan),
			       .places = places,
			       .before = before,
			       .sink = sink };
	struct reader r = rows->body;
	size_t place = 0, json = 0;

	if (!open_image(rows, plan, &image, &r))
		return 0;
	assert(image.nulls && rows->present[1]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct value_codec *codec = &image.codecs[i];
		bool partial = false;

		values[i] = (struct value){ .kind = VALUE_ABSENT };
		if (codec->type == TYPE_JSON && image.partial)
			partial = bit(image.partial, json++);
		if (!bit(rows->present[1], i))
			continue;
		if (bit(image.nulls, place++)) {
			if (codec->decode)
				values[i].kind = VALUE_NULL;
			continue;
		}
		if (!read_value(&image, i, partial, &r, &values[i]))
			return i;
	}
	rows->body = r;
	return rows->count;
}
