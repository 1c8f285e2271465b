#include "cdc/binlog/rows.h"

#include <inttypes.h>

#include "base/err.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"

enum { OLD_POST_HEADER = 6 };

static bool is_v2(uint8_t type)
{
	return type >= EVENT_WRITE_ROWS;
}

static enum row_op op_of(uint8_t type)
{
	switch (type) {
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
	struct rows rows = { .op = op_of(event->type) };
	bool old = format->post_header[event->type] == OLD_POST_HEADER;

	rows.table_id = reader_le(&r, old ? 4 : 6);
	rows.flags = (uint16_t)reader_le(&r, 2);
	if (is_v2(event->type))
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

/* The bytes of the next value: a fixed width, or a length in front. */
static inline const uint8_t *take(struct reader *r, int32_t width, size_t *n)
{
	*n = width >= 0 ? (size_t)width : reader_le(r, (size_t)-width);
	return reader_bytes(r, *n);
}

/* One image. The null bitmap counts only the columns that are present.
 * Returns the column that could not be read, or the count of columns. */
static size_t read_image(struct rows *rows, size_t image,
			 const struct row_plan *plan, struct value_sink *sink,
			 struct value *values)
{
	const struct value_codec *codecs = row_plan_codecs(plan);
	const uint8_t *present = rows->present[image];
	size_t held = rows->present_count[image], place = 0;
	struct reader r = rows->body;
	const uint8_t *nulls = reader_bytes(&r, (held + 7) / 8);

	if (!nulls)
		return 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct value_codec *codec = &codecs[i];
		size_t n;

		values[i] = (struct value){ .kind = VALUE_ABSENT };
		if (!bit(present, i))
			continue;
		if (bit(nulls, place++)) {
			if (codec->decode)
				values[i].kind = VALUE_NULL;
			continue;
		}
		const uint8_t *at = take(&r, codec->width, &n);
		if (!at || (codec->decode &&
			    !codec->decode(codec, at, n, sink, &values[i])))
			return i;
	}
	rows->body = r;
	return rows->count;
}

static int next_image(struct rows *rows, size_t image,
		      const struct row_plan *plan, struct value_sink *sink,
		      struct value *values, struct err *err)
{
	size_t failed = read_image(rows, image, plan, sink, values);

	if (failed == rows->count)
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "row %" PRIu64 ": %s is truncated or no value of its"
		       " type (%u); was the table altered?",
		       rows->row + 1, row_plan_column(plan, failed),
		       row_plan_codecs(plan)[failed].type);
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
	if (next_image(rows, 0, plan, sink,
		       rows->op == ROW_INSERT ? after : before, err))
		return err->code;
	if (rows->op == ROW_UPDATE &&
	    next_image(rows, 1, plan, sink, after, err))
		return err->code;
	if (rows->body.at == start)
		return err_set(err, ERR_CORRUPT, "rows: images of no column");
	rows->row++;
	return 1;
}
