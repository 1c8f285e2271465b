/* A table map (u16 length, bytes) and a rows event of any type behind it:
 * each row decodes or is refused, and there are not more rows than bytes. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXPANDED_MAX = 1 << 16 };

static struct value before[TABLE_MAP_COLUMNS_MAX];
static struct value after[TABLE_MAP_COLUMNS_MAX];

static void read_rows(struct reader body, uint8_t type,
		      const struct format *format, const struct row_plan *plan)
{
	struct arena arena;
	struct value_sink sink = { .arena = &arena, .max = EXPANDED_MAX };
	struct event event = { .type = type, .body = body };
	struct err err = { 0 };
	CLEANUP(buf_done) struct buf scratch;
	struct rows rows;
	size_t count = 0, most;

	buf_init(&scratch, EXPANDED_MAX);
	if (rows_parse(&event, format, &rows, &err) ||
	    rows_expand(&rows, &event, &scratch, &err))
		return;
	most = reader_left(&rows.body);
	arena_init(&arena);
	while (rows_next(&rows, plan, &sink, before, after, &err) > 0)
		if (++count > most)
			__builtin_trap();
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t types[] = {
		EVENT_WRITE_ROWS_V1,	   EVENT_UPDATE_ROWS_V1,
		EVENT_DELETE_ROWS_V1,	   EVENT_WRITE_ROWS,
		EVENT_UPDATE_ROWS,	   EVENT_DELETE_ROWS,
		EVENT_PARTIAL_UPDATE_ROWS, EVENT_UPDATE_ROWS_COMPRESSED_V1,
	};
	CLEANUP(table_map_freep) struct table_map *map = NULL;
	CLEANUP(row_plan_freep) struct row_plan *plan = NULL;
	struct reader r = reader_of(data, size);
	struct format format;
	struct err err = { 0 };

	uint8_t type = types[reader_le(&r, 1) % LENGTH(types)];
	struct reader head = reader_sub(&r, reader_le(&r, 2));
	format_init(&format, CHECKSUM_NONE);
	if (r.failed || table_map_parse(head, &format, &map, &err) ||
	    row_plan_new(map, NULL, NULL, &plan, &err))
		return 0;
	read_rows(r, type, &format, plan);
	return 0;
}
