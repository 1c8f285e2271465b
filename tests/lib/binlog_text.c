#include "tests/lib/binlog_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/deflated.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/gtid.h"
#include "cdc/binlog/gtid_pos.h"
#include "cdc/binlog/gtid_set.h"
#include "cdc/binlog/payload.h"
#include "cdc/binlog/row_plan.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/table_map.h"
#include "cdc/binlog/types.h"
#include "transform/table_def.h"

enum { EVENT_MAX = 1 << 20, TYPE_AT = 4, SIZE_AT = 9, MAGIC = 4 };

void binlog_text_init(struct binlog_text *text, struct buf *out)
{
	*text = (struct binlog_text){ .out = out };
	format_init(&text->format, CHECKSUM_NONE);
	arena_init(&text->arena);
	buf_init(&text->scratch, EVENT_MAX);
	fragments_init(&text->fragments, EVENT_MAX);
	text->payload = payload_stream_new(EVENT_MAX);
	text->before = mem_array(TABLE_MAP_COLUMNS_MAX, sizeof(struct value));
	text->after = mem_array(TABLE_MAP_COLUMNS_MAX, sizeof(struct value));
}

static void forget_tables(struct binlog_text *text)
{
	for (size_t i = 0; i < BINLOG_TEXT_TABLES; i++) {
		table_map_free(TAKE(text->tables[i].map));
		row_plan_free(TAKE(text->tables[i].plan));
	}
}

void binlog_text_done(struct binlog_text *text)
{
	forget_tables(text);
	arena_done(&text->arena);
	buf_done(&text->scratch);
	fragments_done(&text->fragments);
	payload_stream_free(text->payload);
	free(text->before);
	free(text->after);
}

/* ---- Printing ---- */

static void say(const struct binlog_text *text, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

static void say(const struct binlog_text *text, const char *fmt, ...)
{
	char *line = NULL;
	va_list args;

	if (!text->out)
		return;
	va_start(args, fmt);
	int n = vasprintf(&line, fmt, args);
	va_end(args);
	if (n > 0)
		buf_add(text->out, line, (size_t)n);
	free(line);
}

/* Printable as it is, the rest as \xx. */
static void say_bytes(const struct binlog_text *text, const void *at, size_t n)
{
	const uint8_t *bytes = at;

	for (size_t i = 0; text->out && i < n; i++)
		if (bytes[i] >= ' ' && bytes[i] != '\\' && bytes[i] != 0x7f)
			buf_addc(text->out, (char)bytes[i]);
		else
			say(text, "\\%02x", bytes[i]);
}

static void say_str(const struct binlog_text *text, const char *name,
		    struct str value)
{
	say(text, " %s=", name);
	say_bytes(text, value.at, value.n);
}

static void say_value(const struct binlog_text *text, const struct value *v)
{
	static const char *const plain[] = { "-", "NULL", "'", "x'" };

	say(text, " %s", plain[v->kind]);
	if (!value_has(*v))
		return;
	if (v->kind == VALUE_TEXT)
		say_bytes(text, v->at, v->n);
	for (size_t i = 0; v->kind == VALUE_BYTES && i < v->n; i++)
		say(text, "%02x", (uint8_t)v->at[i]);
	say(text, "'");
}

static void say_image(const struct binlog_text *text, const char *what,
		      const struct value *values, size_t count)
{
	say(text, "  %s", what);
	for (size_t i = 0; i < count; i++)
		say_value(text, &values[i]);
	say(text, "\n");
}

/* ---- Tables and rows ---- */

static struct table_def *guess(const struct table_map *map)
{
	struct table_def *def = table_def_new("guess", map->count);

	for (size_t i = 0; i < map->count; i++) {
		uint8_t type = map->columns[i].type;
		const char *list = type == TYPE_ENUM  ? "enum('a','b','c','d')"
				   : type == TYPE_SET ? "set('a','b','c','d')"
						      : "";

		def->columns[i].name = mem_strdup("column");
		def->columns[i].type = mem_strdup(list);
		def->columns[i].charset = mem_strdup("utf8mb4");
	}
	return def;
}

static int take_map(struct binlog_text *text, const struct event *event,
		    struct err *err)
{
	CLEANUP(table_map_freep) struct table_map *map = NULL;
	CLEANUP(table_def_freep) struct table_def *def = NULL;
	CLEANUP(row_plan_freep) struct row_plan *plan = NULL;

	if (table_map_parse(event->body, &text->format, &map, err))
		return err->code;
	if (!(map->has & TABLE_MAP_NAMES))
		def = guess(map);
	if (row_plan_new(map, def, NULL, &plan, err))
		return err->code;
	say(text, " id=%" PRIu64, map->id);
	say_str(text, "schema", map->schema);
	say_str(text, "table", map->table);
	say(text, " columns=%zu metadata=%x", map->count, map->has);
	for (size_t i = 0; i < map->count; i++)
		if (map->columns[i].name.n)
			say_str(text, "column", map->columns[i].name);
	size_t slot = map->id % BINLOG_TEXT_TABLES;
	table_map_free(text->tables[slot].map);
	row_plan_free(text->tables[slot].plan);
	text->tables[slot].map = TAKE(map);
	text->tables[slot].plan = TAKE(plan);
	return 0;
}

static int take_each_row(struct binlog_text *text, struct rows *rows,
			 const struct row_plan *plan, struct err *err)
{
	struct value_sink sink = { .arena = &text->arena };
	int more;

	for (;;) {
		more = rows_next(rows, plan, &sink, text->before, text->after,
				 err);
		if (more <= 0)
			break;
		text->rows++;
		if (text->out && rows->op != ROW_INSERT)
			say_image(text, "-", text->before, rows->count);
		if (text->out && rows->op != ROW_DELETE)
			say_image(text, "+", text->after, rows->count);
		arena_reset(&text->arena);
	}
	arena_reset(&text->arena);
	return more;
}

static int take_rows(struct binlog_text *text, const struct event *event,
		     struct err *err)
{
	struct rows rows;
	int fail = rows_parse(event, &text->format, &rows, err);

	if (fail)
		return fail;
	say(text, " id=%" PRIu64 " flags=%x\n", rows.table_id, rows.flags);
	if (rows_is_dummy(&rows))
		return 0;
	size_t slot = rows.table_id % BINLOG_TEXT_TABLES;
	const struct table_map *map = text->tables[slot].map;
	if (!map || map->id != rows.table_id)
		return err_set(err, ERR_CORRUPT, "rows without their map");
	fail = rows_expand(&rows, event, &text->scratch, err);
	if (!fail)
		fail = take_each_row(text, &rows, text->tables[slot].plan, err);
	buf_reset(&text->scratch, EVENT_MAX);
	return fail;
}

/* ---- Other events ---- */

static int take_format(struct binlog_text *text, const struct event *event,
		       struct err *err)
{
	int fail = format_parse(event, &text->format, err);

	if (fail)
		return fail;
	say(text, " server=%s checksum=%d", text->format.server,
	    text->format.checksum != CHECKSUM_NONE);
	if (text->skip_checksum && text->format.checksum == CHECKSUM_VERIFY)
		text->format.checksum = CHECKSUM_SKIP;
	forget_tables(text);
	return 0;
}

static int take_gtid(struct binlog_text *text, const struct event *event,
		     struct err *err)
{
	CLEANUP(buf_done) struct buf name = { 0 };
	struct gtid gtid;
	int fail = gtid_parse(event, &gtid, err);

	if (fail)
		return fail;
	buf_init(&name, EVENT_MAX);
	gtid_format(&gtid, &name);
	say(text, " %s clock=%" PRId64 "/%" PRId64 " flags=%x/%x",
	    buf_str(&name), gtid.last_committed, gtid.sequence_number,
	    gtid.flags2, gtid.flags_extra);
	if (gtid.flags2 & (GTID_PREPARED_XA | GTID_COMPLETED_XA))
		say_str(text, "xa", gtid.xid.gtrid);
	return 0;
}

static int take_set(struct binlog_text *text, const struct event *event,
		    struct err *err)
{
	CLEANUP(gtid_set_done) struct gtid_set set = { 0 };
	CLEANUP(buf_done) struct buf name = { 0 };
	struct reader r = event->body;
	int fail = gtid_set_decode(&set, &r, err);

	if (fail)
		return fail;
	buf_init(&name, EVENT_MAX);
	gtid_set_format(&set, &name);
	say(text, " %s", buf_str(&name));
	return 0;
}

static int take_list(struct binlog_text *text, const struct event *event,
		     struct err *err)
{
	CLEANUP(gtid_pos_done) struct gtid_pos pos = { 0 };
	CLEANUP(buf_done) struct buf name = { 0 };
	int fail = gtid_pos_decode(event, &pos, err);

	if (fail)
		return fail;
	buf_init(&name, EVENT_MAX);
	gtid_pos_format(&pos, &name);
	say(text, " %s", buf_str(&name));
	return 0;
}

static int take_query(struct binlog_text *text, const struct event *event,
		      struct err *err)
{
	struct query query;
	int fail = query_parse(event, &query, err);

	if (fail)
		return fail;
	say(text, " kind=%u error=%u flags2=%x", query_kind(query.sql),
	    query.error, query.flags2);
	say_str(text, "schema", query.schema);
	say_str(text, "sql", query.sql);
	return 0;
}

static int take_packed_query(struct binlog_text *text,
			     const struct event *event, struct err *err)
{
	struct event plain = *event;
	int fail = deflated_query(event, &text->scratch, err);

	plain.type = EVENT_QUERY;
	plain.body = reader_of(text->scratch.at, text->scratch.n);
	if (!fail)
		fail = take_query(text, &plain, err);
	buf_reset(&text->scratch, EVENT_MAX);
	return fail;
}

static int take_xa(struct binlog_text *text, const struct event *event,
		   struct err *err)
{
	struct xa_prepare prepare;
	int fail = xa_prepare_parse(event, &prepare, err);

	if (fail)
		return fail;
	say(text, " one_phase=%d format=%u", prepare.one_phase,
	    prepare.xid.format);
	say_str(text, "gtrid", prepare.xid.gtrid);
	say_str(text, "bqual", prepare.xid.bqual);
	return 0;
}

static int take_xid(struct binlog_text *text, const struct event *event,
		    struct err *err)
{
	uint64_t xid;
	int fail = xid_parse(event, &xid, err);

	if (!fail)
		say(text, " %" PRIu64, xid);
	return fail;
}

static int take_rotate(struct binlog_text *text, const struct event *event,
		       struct err *err)
{
	struct rotate rotate;
	int fail = rotate_parse(event, &rotate, err);

	if (fail)
		return fail;
	say(text, " position=%" PRIu64, rotate.position);
	say_str(text, "file", rotate.file);
	return 0;
}

static int take_heartbeat(const struct event *event, struct err *err)
{
	struct heartbeat beat;

	return heartbeat_parse(event, &beat, err);
}

static int take_incident(const struct event *event, struct err *err)
{
	struct incident incident;

	return incident_parse(event, &incident, err);
}

/* ---- Events inside others, and all of them ---- */

static int take(struct binlog_text *text, const struct event *event,
		struct err *err);

static int take_payload(struct binlog_text *text, const struct event *event,
			struct err *err)
{
	struct payload payload;
	struct event inner;
	const uint8_t *at = NULL;
	size_t n = 0;
	int rc = payload_parse(event, &payload, err);

	if (rc)
		return rc;
	say(text, "\n");
	payload_open(text->payload, &payload);
	do {
		rc = payload_next(text->payload, &at, &n, err);
		if (rc <= 0)
			break;
		if (event_parse(at, n, CHECKSUM_NONE, &inner, err))
			rc = err->code;
		else if (inner.type == EVENT_TRANSACTION_PAYLOAD ||
			 inner.type == EVENT_PARTIAL_ROW_DATA)
			rc = err_set(err, ERR_CORRUPT, "one inside another");
		else if (take(text, &inner, err))
			rc = err->code;
	} while (rc > 0);
	payload_close(text->payload);
	say(text, "end of payload");
	return rc;
}

static int take_fragment(struct binlog_text *text, const struct event *event,
			 struct err *err)
{
	struct fragments *fragments = &text->fragments;
	struct event whole;
	int rc = fragments_add(fragments, event, err);

	if (rc <= 0)
		return rc;
	rc = event_parse(fragments->bytes.at, fragments->bytes.n,
			 CHECKSUM_VERIFY, &whole, err);
	if (rc)
		rc = event_parse(fragments->bytes.at, fragments->bytes.n,
				 CHECKSUM_NONE, &whole, err);
	if (!rc && event_is_rows(whole.type))
		rc = take_rows(text, &whole, err);
	fragments_drop(fragments);
	return rc;
}

static int take_body(struct binlog_text *text, const struct event *event,
		     struct err *err)
{
	switch (event->type) {
	case EVENT_FORMAT_DESCRIPTION:
		return take_format(text, event, err);
	case EVENT_GTID:
	case EVENT_ANONYMOUS_GTID:
	case EVENT_GTID_TAGGED:
	case EVENT_MARIADB_GTID:
		return take_gtid(text, event, err);
	case EVENT_PREVIOUS_GTIDS:
		return take_set(text, event, err);
	case EVENT_GTID_LIST:
		return take_list(text, event, err);
	case EVENT_QUERY:
		return take_query(text, event, err);
	case EVENT_QUERY_COMPRESSED:
		return take_packed_query(text, event, err);
	case EVENT_XA_PREPARE:
		return take_xa(text, event, err);
	case EVENT_XID:
		return take_xid(text, event, err);
	case EVENT_ROTATE:
		return take_rotate(text, event, err);
	case EVENT_HEARTBEAT:
	case EVENT_HEARTBEAT_V2:
		return take_heartbeat(event, err);
	case EVENT_INCIDENT:
		return take_incident(event, err);
	case EVENT_TABLE_MAP:
		return take_map(text, event, err);
	case EVENT_TRANSACTION_PAYLOAD:
		return take_payload(text, event, err);
	case EVENT_PARTIAL_ROW_DATA:
		return take_fragment(text, event, err);
	default:
		return event_is_rows(event->type) ? take_rows(text, event, err)
						  : 0;
	}
}

static int take(struct binlog_text *text, const struct event *event,
		struct err *err)
{
	bool pass;
	int fail = event_check_type(event, &pass, err);

	if (fail)
		return fail;
	say(text, "%s", event_type_name(event->type));
	fail = take_body(text, event, err);
	if (text->out && text->out->n &&
	    text->out->at[text->out->n - 1] != '\n')
		say(text, "\n");
	return fail;
}

int binlog_text_feed(struct binlog_text *text, const uint8_t *at, size_t n,
		     struct err *err)
{
	struct event event;
	int fail = event_parse(at, n, text->format.checksum, &event, err);

	return fail ? fail : take(text, &event, err);
}

int binlog_text_read(struct binlog_text *text, const uint8_t *at, size_t n,
		     struct err *err)
{
	struct reader file = reader_of(at, n);

	reader_bytes(&file, MAGIC);
	while (!file.failed && reader_left(&file)) {
		size_t offset = (size_t)(file.at - at);
		struct reader head = file;

		reader_bytes(&head, SIZE_AT);
		size_t size = reader_le(&head, 4);
		const uint8_t *event =
			head.failed ? NULL : reader_bytes(&file, size);
		if (!event)
			return err_set(err, ERR_CORRUPT, "offset %zu: cut off",
				       offset);
		if (binlog_text_feed(text, event, size, err))
			return err_wrap(err, "offset %zu", offset);
	}
	return file.failed ? err_set(err, ERR_CORRUPT, "no binlog") : 0;
}
