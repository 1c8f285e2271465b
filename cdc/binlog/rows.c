#include "cdc/binlog/rows.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/partial.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"

enum { OLD_POST_HEADER = 6 };

/* The type without its compression, which is laid out in the same order. */
static uint8_t plain_type(uint8_t type)
{
	if (type == EVENT_PARTIAL_UPDATE_ROWS)
		return EVENT_UPDATE_ROWS;
	if (type >= EVENT_WRITE_ROWS_COMPRESSED)
		return (uint8_t)(type - EVENT_WRITE_ROWS_COMPRESSED +
				 EVENT_WRITE_ROWS);
	if (type >= EVENT_WRITE_ROWS_COMPRESSED_V1)
		return (uint8_t)(type - EVENT_WRITE_ROWS_COMPRESSED_V1 +
				 EVENT_WRITE_ROWS_V1);
	return type;
}

static bool is_v2(uint8_t plain)
{
	return plain >= EVENT_WRITE_ROWS;
}

static enum row_op op_of(uint8_t plain)
{
	switch (plain) {
	case EVENT_WRITE_ROWS_V1:
	case EVENT_WRITE_ROWS:
		return ROW_INSERT;
	case EVENT_UPDATE_ROWS_V1:
	case EVENT_UPDATE_ROWS:
		return ROW_UPDATE;
	default:
		return ROW_DELETE;
	}
}

static size_t count_bits(const uint8_t *bits, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n / 8; i++)
		count += (size_t)__builtin_popcount(bits[i]);
	for (size_t i = n / 8 * 8; i < n; i++)
		count += bits[i / 8] >> (i % 8) & 1;
	return count;
}

static void read_extra(struct reader *r, struct rows *rows)
{
	uint64_t n = reader_le(r, 2); /* counts itself */

	if (n < 2) {
		r->failed = true;
		return;
	}
	rows->extra.at = (const char *)reader_bytes(r, n - 2);
	rows->extra.n = n - 2;
}

static void read_present(struct reader *r, struct rows *rows, size_t image)
{
	const uint8_t *bits = reader_bytes(r, (rows->count + 7) / 8);

	if (!bits)
		return;
	rows->present[image] = bits;
	rows->present_count[image] = count_bits(bits, rows->count);
}

int rows_parse(const struct event *event, const struct format *format,
	       struct rows *ret, struct err *err)
{
	struct reader r = event->body;
	uint8_t type = plain_type(event->type);
	struct rows rows = {
		.op = op_of(type),
		.partial = event->type == EVENT_PARTIAL_UPDATE_ROWS,
		.packed = event->type >= EVENT_WRITE_ROWS_COMPRESSED_V1,
	};
	bool old = format->post_header[event->type] == OLD_POST_HEADER;

	rows.table_id = reader_le(&r, old ? 4 : 6);
	rows.flags = (uint16_t)reader_le(&r, 2);
	if (is_v2(type))
		read_extra(&r, &rows);
	rows.count = reader_lenenc(&r);
	if (!r.failed && rows.count > TABLE_MAP_COLUMNS_MAX)
		return err_set(err, ERR_CORRUPT, "%s: %zu columns",
			       event_type_name(event->type), rows.count);
	if (!r.failed) {
		read_present(&r, &rows, 0);
		if (rows.op == ROW_UPDATE)
			read_present(&r, &rows, 1);
	}
	if (r.failed)
		return err_set(err, ERR_CORRUPT, "%s: truncated header",
			       event_type_name(event->type));
	rows.body = r;
	*ret = rows;
	return 0;
}

int rows_expand(struct rows *rows, const struct event *event,
		struct buf *scratch, struct err *err)
{
	static const char front[VALUE_FRONT];
	int fail;

	if (!rows->packed)
		return 0;
	buf_add(scratch, front, sizeof(front));
	fail = deflated_read(event, rows->body, scratch, err);
	if (fail)
		return fail;
	rows->body =
		reader_of(scratch->at + VALUE_FRONT, scratch->n - VALUE_FRONT);
	rows->packed = false;
	return 0;
}

bool rows_is_dummy(const struct rows *rows)
{
	const uint64_t none6 = UINT64_C(0xffffffffffff);

	return rows->table_id == none6 || rows->table_id == 0xffffffff ||
	       rows->count == 0;
}

bool rows_is_full(const struct rows *rows)
{
	return rows->present_count[0] == rows->count &&
	       (rows->op != ROW_UPDATE ||
		rows->present_count[1] == rows->count);
}

static bool bit(const uint8_t *bits, size_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

/* One row under way. */
struct walk {
	const struct row_plan *plan;
	const struct value_codec *codecs; /* the plan's */
	struct value_sink *sink;
	/* Where each column of the first image begins, and behind the last
	 * where the image ends. */
	const uint8_t **places;
};

static const struct value absent = { .kind = VALUE_ABSENT };
static const struct value null = { .kind = VALUE_NULL };

/* The column at *at, which is there and not NULL. */
static inline bool read_column(const struct walk *walk, size_t i,
			       const uint8_t **at, const uint8_t *end,
			       struct value *ret)
{
	const struct value_codec *codec = &walk->codecs[i];
	const uint8_t *start = *at;
	size_t n = (size_t)codec->width;

	if (codec->width < 0) { /* its length is in front */
		struct reader r = { .at = start, .end = end };

		n = reader_le(&r, (size_t)-codec->width);
		if (r.failed)
			return false;
		start = r.at;
	}
	if (n > (size_t)(end - start))
		return false;
	*at = start + n;
	if (codec->decode)
		return codec->decode(codec, start, n, walk->sink, ret);
	*ret = absent;
	return true;
}

/* A column of an image. */
static inline bool read_nullable(const struct walk *walk, size_t i,
				 bool is_null, const uint8_t **at,
				 const uint8_t *end, struct value *ret)
{
	if (!is_null)
		return read_column(walk, i, at, end, ret);
	*ret = walk->codecs[i].decode ? null : absent;
	return true;
}

/* An image that has every column. */
static size_t read_whole(struct rows *rows, const struct walk *walk,
			 struct value *values)
{
	size_t count = rows->count;
	const uint8_t *nulls = reader_bytes(&rows->body, (count + 7) / 8);
	const uint8_t *at = rows->body.at, *end = rows->body.end;

	if (!nulls)
		return 0;
	for (size_t i = 0; i < count; i++) {
		walk->places[i] = at;
		if (!read_nullable(walk, i, bit(nulls, i), &at, end,
				   &values[i]))
			return i;
	}
	walk->places[count] = at;
	rows->body.at = at;
	return count;
}

/* One that may not. The null bitmap counts only the columns that are
 * present. */
static size_t read_some(struct rows *rows, size_t image,
			const struct walk *walk, struct value *values)
{
	const uint8_t *present = rows->present[image];
	size_t held = rows->present_count[image], place = 0;
	const uint8_t *nulls = reader_bytes(&rows->body, (held + 7) / 8);
	const uint8_t *at = rows->body.at, *end = rows->body.end;

	if (!nulls)
		return 0;
	for (size_t i = 0; i < rows->count; i++) {
		if (image == 0)
			walk->places[i] = at;
		if (!bit(present, i)) {
			values[i] = absent;
			continue;
		}
		if (!read_nullable(walk, i, bit(nulls, place++), &at, end,
				   &values[i]))
			return i;
	}
	if (image == 0)
		walk->places[rows->count] = at;
	rows->body.at = at;
	return rows->count;
}

/* One image. Returns the column that could not be read, or the count of
 * columns. */
static size_t read_image(struct rows *rows, size_t image,
			 const struct walk *walk, struct value *values)
{
	if (image == 0 && rows->present_count[0] == rows->count)
		return read_whole(rows, walk, values);
	return read_some(rows, image, walk, values);
}

static size_t same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t one, other;
	size_t i = 0;

	for (; i + sizeof(one) <= n; i += sizeof(one)) {
		memcpy(&one, a + i, sizeof(one));
		memcpy(&other, b + i, sizeof(other));
		if (one != other)
			return i + (size_t)__builtin_ctzll(one ^ other) / 8;
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* The image after, where both have the same columns and the same NULLs. Most
 * of it is what was there before, and is not decoded again: only columns with
 * a byte that differs are. */
static size_t read_changes(struct rows *rows, const struct walk *walk,
			   const struct value *before, struct value *after)
{
	const uint8_t **places = walk->places;
	const uint8_t *old_end = places[rows->count], *end = rows->body.end;
	const uint8_t *at = rows->body.at + (rows->present_count[1] + 7) / 8;
	size_t i = 0;

	for (;;) {
		size_t left = (size_t)(end - at);
		size_t old = (size_t)(old_end - places[i]);
		const uint8_t *start = places[i];
		size_t same = same_bytes(start, at, left < old ? left : old);

		while (i < rows->count &&
		       (size_t)(places[i + 1] - start) <= same) {
			after[i] = before[i];
			i++;
		}
		at += places[i] - start;
		if (i == rows->count)
			break;
		if (!read_column(walk, i, &at, end, &after[i]))
			return i;
		i++;
	}
	rows->body.at = at;
	return rows->count;
}

/* The bitmaps of both images; the second's is in front of rows->body. */
static bool same_columns(const struct rows *rows, const uint8_t *nulls)
{
	size_t held = rows->present_count[1], n = (held + 7) / 8;

	return rows->present_count[0] == held &&
	       memcmp(rows->present[0], rows->present[1],
		      (rows->count + 7) / 8) == 0 &&
	       reader_left(&rows->body) >= n &&
	       memcmp(nulls, rows->body.at, n) == 0;
}

static int check_image(const struct rows *rows, const struct walk *walk,
		       size_t failed, struct err *err)
{
	if (failed == rows->count)
		return 0;
	if (walk->sink->too_large)
		return err_set(err, ERR_OPERATOR,
			       "row %" PRIu64 ": a value of %s has %" PRIu64
			       " bytes when expanded: raise "
			       "replication.max_value_size",
			       rows->row + 1,
			       row_plan_column(walk->plan, failed),
			       walk->sink->too_large);
	return err_set(err, ERR_CORRUPT,
		       "row %" PRIu64 ": %s is truncated or no value of its"
		       " type (%u); was the table altered?",
		       rows->row + 1, row_plan_column(walk->plan, failed),
		       walk->codecs[failed].type);
}

static struct walk start_walk(const struct rows *rows,
			      const struct row_plan *plan,
			      struct value_sink *sink)
{
	size_t images = rows->op == ROW_UPDATE ? 2 : 1;
	size_t places = (rows->count + 1) * sizeof(const uint8_t *);
	char *room = arena_alloc(sink->arena,
				 places + images * row_plan_text_max(plan));

	sink->out = room + places;
	return (struct walk){
		.plan = plan,
		.codecs = row_plan_codecs(plan),
		.sink = sink,
		.places = (const uint8_t **)(void *)room,
	};
}

static int next_update(struct rows *rows, const struct walk *walk,
		       struct value *before, struct value *after,
		       struct err *err)
{
	const uint8_t *nulls = rows->body.at;
	size_t failed = read_image(rows, 0, walk, before);

	if (check_image(rows, walk, failed, err))
		return err->code;
	if (rows->partial)
		failed = partial_read(rows, walk->plan, walk->places, before,
				      walk->sink, after);
	else if (same_columns(rows, nulls))
		failed = read_changes(rows, walk, before, after);
	else
		failed = read_image(rows, 1, walk, after);
	return check_image(rows, walk, failed, err);
}

int rows_next(struct rows *rows, const struct row_plan *plan,
	      struct value_sink *sink, struct value *before,
	      struct value *after, struct err *err)
{
	if (rows->body.failed)
		return err_set(err, ERR_CORRUPT, "rows: read on after an end");
	if (reader_left(&rows->body) == 0)
		return 0;
	if (rows->count != row_plan_count(plan) || rows->count == 0)
		return err_set(err, ERR_CORRUPT,
			       "rows of %zu columns, table map of %zu",
			       rows->count, row_plan_count(plan));
	const uint8_t *start = rows->body.at;
	struct walk walk = start_walk(rows, plan, sink);
	int fail;

	if (rows->op == ROW_UPDATE)
		fail = next_update(rows, &walk, before, after, err);
	else
		fail = check_image(
			rows, &walk,
			read_image(rows, 0, &walk,
				   rows->op == ROW_INSERT ? after : before),
			err);
	if (fail)
		return fail;
	if (rows->body.at == start)
		return err_set(err, ERR_CORRUPT, "rows: images of no column");
	rows->row++;
	return 1;
}
