/* How events form groups.
 *
 *   MySQL    GTID|ANONYMOUS  QUERY BEGIN  maps, rows …  XID|QUERY COMMIT
 *            GTID|ANONYMOUS  QUERY <DDL>
 *            GTID  QUERY XA START  … QUERY XA END  XA_PREPARE
 *            GTID  QUERY XA COMMIT|XA ROLLBACK
 *   MariaDB  GTID  maps, rows …  XID|QUERY COMMIT
 *            GTID(prepared, xid)  … QUERY XA END  XA_PREPARE
 *            GTID(completed, xid)  QUERY XA COMMIT|XA ROLLBACK
 *            GTID(standalone)  QUERY <DDL>
 *   either   … QUERY ROLLBACK, when a table without transactions took part
 *
 * From QUERY BEGIN to XID may come inside one TRANSACTION_PAYLOAD.
 *
 * A server that crashed leaves a group without its end; the next file then
 * begins with a format description. What the group gave is taken back.
 *
 * Offsets are kept in 64 bits: the header's are the low 32, MariaDB >= 11.4
 * leaves them out inside a group, and a file is longer than 4 GiB when its
 * last transaction is. */
#include "cdc/group.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/types.h"
#include "cdc/binlog/xa_name.h"
#include "cdc/group_impl.h"
#include "cdc/group_packed.h"
#include "cdc/group_rows.h"
#include "cdc/held.h"
#include "cdc/tables.h"
#include "transform/fk_watch.h"
#include "transform/transform.h"

enum {
	POSITION_TEXT_MAX = 64 * 1024 * 1024,
	NAME_TEXT_MAX = 2 * POSITION_FILE_MAX,
	HALF = 1u << 31,
	TYPE_AT = 4, /* of the type in an event */
};

struct group *group_new(const struct group_options *options,
			const struct position *start)
{
	struct group *group = mem_zalloc(sizeof(*group));
	struct tables_options tables = {
		.database = options->database,
		.mapping = options->mapping,
		.schema = options->schema,
		.transform = options->transform,
	};

	group->options = *options;
	format_init(&group->format, CHECKSUM_NONE);
	group->tables = tables_new(&tables);
	group->held =
		held_new(options->transform, options->sink, options->schema);
	group->rows = group_rows_new(options->transform, options->sink,
				     group->held, options->max_event);
	group->packed =
		packed_new(options->max_event ? (size_t)options->max_event
					      : (size_t)EVENT_SIZE_MAX);
	position_copy(&group->position, start);
	buf_init(&group->file, POSITION_FILE_MAX);
	buf_init(&group->position_text, POSITION_TEXT_MAX);
	buf_init(&group->file_text, NAME_TEXT_MAX);
	buf_init(&group->name_text, NAME_TEXT_MAX);
	buf_init(&group->xa_name, XA_NAME_MAX);
	if (start->kind == POSITION_FILE && start->file)
		buf_adds(&group->file, start->file);
	return group;
}

void group_free(struct group *group)
{
	if (!group)
		return;
	tables_free(group->tables);
	group_rows_free(group->rows);
	packed_free(group->packed);
	held_free(group->held);
	free(group->lasting);
	position_done(&group->position);
	buf_done(&group->file);
	buf_done(&group->position_text);
	buf_done(&group->file_text);
	buf_done(&group->name_text);
	buf_done(&group->xa_name);
	free(group);
}

/* ---- The other events ---- */

static int on_gtid(struct group *group, const struct event *event,
		   struct err *err)
{
	struct gtid gtid;
	int fail = gtid_parse(event, &gtid, err);

	if (!fail)
		fail = group_begin(group, &gtid, err);
	if (fail)
		return fail;
	if (gtid.kind == GTID_MARIADB) {
		group->now.begun = !(gtid.flags2 & GTID_STANDALONE);
		group->now.ddl_part = gtid.flags_extra & GTID_START_ALTER;
	}
	if (gtid.flags2 & GTID_PREPARED_XA) {
		buf_reset(&group->xa_name, XA_NAME_MAX);
		xa_name_format(&gtid.xid, &group->xa_name);
		group_begin_xa(group, (struct str){ buf_str(&group->xa_name),
						    group->xa_name.n });
	}
	return 0;
}

static int on_rotate(struct group *group, const struct event *event,
		     struct err *err)
{
	struct rotate rotate;
	int fail = rotate_parse(event, &rotate, err);

	if (!fail && !rotate.fake)
		fail = group_cut_off(group, err);
	if (fail)
		return fail;
	if (!str_eqs(rotate.file, buf_str(&group->file)))
		group->created = 0;
	buf_reset(&group->file, POSITION_FILE_MAX);
	buf_add(&group->file, rotate.file.at, rotate.file.n);
	if (group->file.failed)
		return err_set(err, ERR_CORRUPT, "a file name of %zu bytes",
			       rotate.file.n);
	group->offset = rotate.position;
	if (rotate.fake)
		return 0;
	tables_clear(group->tables);
	return group_moved(group, err);
}

static int on_format(struct group *group, const struct event *event,
		     struct err *err)
{
	int fail = format_parse(event, &group->format, err);

	if (!fail)
		fail = group_cut_off(group, err);
	if (fail)
		return fail;
	if (group->options.skip_checksum &&
	    group->format.checksum == CHECKSUM_VERIFY)
		group->format.checksum = CHECKSUM_SKIP;
	tables_clear(group->tables);
	group->created = event->timestamp;
	return group_moved(group, err);
}

static int on_xa_prepare(struct group *group, const struct event *event,
			 struct err *err)
{
	struct xa_prepare prepare;
	int fail = xa_prepare_parse(event, &prepare, err);

	if (fail)
		return fail;
	if (!group->now.open)
		return err_set(err, ERR_CORRUPT, "no transaction is open");
	if (held_is_open(group->held) && !prepare.one_phase) {
		fail = held_keep(group->held, err);
		held_end(group->held);
	}
	group->counts.prepared += !group->now.known && !prepare.one_phase;
	return fail ? fail : group_finish(group, err);
}

static int on_incident(const struct event *event, struct err *err)
{
	struct incident incident;
	int fail = incident_parse(event, &incident, err);

	if (fail)
		return fail;
	return err_set(err, ERR_OPERATOR,
		       "the source lost events (incident %u): run "
		       "cdc --bootstrap",
		       incident.number);
}

static int on_heartbeat(struct group *group, const struct event *event,
			struct err *err)
{
	struct heartbeat heartbeat;
	int fail = heartbeat_parse(event, &heartbeat, err);

	group->counts.heartbeats++;
	if (fail || group->now.open)
		return fail;
	/* It stands behind events that were not sent to us. */
	if (heartbeat.position > group->offset &&
	    str_eqs(heartbeat.file, buf_str(&group->file)))
		group->offset = heartbeat.position;
	return group_moved(group, err);
}

static int on_table_map(struct group *group, const struct event *event,
			struct err *err)
{
	if (group->now.known)
		return 0;
	return tables_put(group->tables, event->body, &group->format, err);
}

static int feed_rows(struct group *group, struct table *table,
		     const struct event *event, struct rows *rows,
		     struct err *err)
{
	bool packed = rows->packed;
	int fail = rows_expand(rows, event, packed_scratch(group->packed), err);

	if (!fail)
		fail = group_rows_feed(group->rows, table, rows,
				       &group->now.rows, err);
	if (packed)
		packed_scratch_done(group->packed);
	return fail;
}

/* A request made now would be done before the transaction's end. */
static int on_watched(struct group *group, const struct table *table,
		      const struct rows *rows, struct err *err)
{
	if (group->now.xa)
		return err_set(err, ERR_OPERATOR,
			       "an XA transaction changes %s, which takes rows "
			       "of ours along by foreign keys: add it to the "
			       "mapping and run cdc --bootstrap",
			       table->watched->source);
	return group_rows_watched(group->rows, table, rows, err);
}

static int on_rows(struct group *group, const struct event *event,
		   struct err *err)
{
	struct table *table;
	struct rows rows;
	int fail;

	group->counts.row_events++;
	if (group->now.known)
		return 0;
	fail = rows_parse(event, &group->format, &rows, err);
	if (fail || rows_is_dummy(&rows))
		return fail;
	table = tables_find(group->tables, rows.table_id);
	if (!table)
		return err_set(err, ERR_CORRUPT,
			       "rows of table id %" PRIu64 " without its map",
			       rows.table_id);
	fail = table->map ? tables_plan(group->tables, table, err) : 0;
	if (fail)
		return fail;
	if (!table->map) {
		group->counts.row_events_skipped++;
		tables_skip(group->tables, table);
		return table->watched ? on_watched(group, table, &rows, err)
				      : 0;
	}
	group_note_lasting(group, table);
	return feed_rows(group, table, event, &rows, err);
}

static int feed_inner(struct group *group, const struct event *event,
		      struct err *err);

/* What a group passed over holds is not even expanded. */
static int on_payload(struct group *group, const struct event *event,
		      struct err *err)
{
	if (group->now.known)
		return group_finish(group, err);
	return packed_payload(group->packed, event, feed_inner, group, err);
}

static int on_fragment(struct group *group, const struct event *event,
		       struct err *err)
{
	if (group->now.known)
		return 0;
	return packed_fragment(group->packed, event, feed_inner, group, err);
}

/* ---- Feeding ---- */

/* Where the event ends. Artificial events stand in no file; a format
 * description in front of the middle of a file has no offset. */
static void track(struct group *group, const struct event *event)
{
	uint64_t next =
		(group->offset & ~(uint64_t)UINT32_MAX) | event->log_pos;

	if (event->flags & EVENT_ARTIFICIAL)
		return;
	if (event->log_pos == 0) {
		if (group->now.open)
			group->offset += event->size;
		return;
	}
	if (next < group->offset && group->offset - next > HALF)
		next += (uint64_t)UINT32_MAX + 1;
	if (next > group->offset)
		group->offset = next;
}

/* Events that don't come between the fragments of another. */
static int dispatch_whole(struct group *group, const struct event *event,
			  struct err *err)
{
	int fail = packed_expect_none(group->packed, err);

	if (fail)
		return fail;
	switch (event->type) {
	case EVENT_QUERY:
	case EVENT_EXECUTE_LOAD_QUERY:
		return group_query(group, event, err);
	case EVENT_QUERY_COMPRESSED:
		return packed_query(group->packed, event, feed_inner, group,
				    err);
	case EVENT_XID:
		return group->now.open ? group_finish(group, err) : 0;
	case EVENT_XA_PREPARE:
		return on_xa_prepare(group, event, err);
	case EVENT_TABLE_MAP:
		return on_table_map(group, event, err);
	case EVENT_TRANSACTION_PAYLOAD:
		return on_payload(group, event, err);
	default:
		return on_rows(group, event, err);
	}
}

static int dispatch(struct group *group, const struct event *event,
		    struct err *err)
{
	switch (event->type) {
	case EVENT_ROTATE:
		return on_rotate(group, event, err);
	case EVENT_FORMAT_DESCRIPTION:
		return on_format(group, event, err);
	case EVENT_GTID:
	case EVENT_ANONYMOUS_GTID:
	case EVENT_GTID_TAGGED:
	case EVENT_MARIADB_GTID:
		return on_gtid(group, event, err);
	case EVENT_QUERY:
	case EVENT_EXECUTE_LOAD_QUERY:
	case EVENT_QUERY_COMPRESSED:
	case EVENT_XID:
	case EVENT_XA_PREPARE:
	case EVENT_TABLE_MAP:
	case EVENT_TRANSACTION_PAYLOAD:
		return dispatch_whole(group, event, err);
	case EVENT_PARTIAL_ROW_DATA:
		return on_fragment(group, event, err);
	case EVENT_INCIDENT:
		return on_incident(event, err);
	case EVENT_HEARTBEAT:
	case EVENT_HEARTBEAT_V2:
		return on_heartbeat(group, event, err);
	default:
		break;
	}
	if (event_is_rows(event->type))
		return dispatch_whole(group, event, err);
	return group->now.open ? 0 : group_moved(group, err);
}

/* The fake ROTATE comes before the format description that says whether
 * events have a checksum; whether its own is right tells. */
static int parse(struct group *group, const uint8_t *at, size_t n,
		 struct event *ret, struct err *err)
{
	struct err ignored = { 0 };

	if (!group->started &&
	    !event_parse(at, n, CHECKSUM_VERIFY, ret, &ignored)) {
		group->format.checksum = CHECKSUM_VERIFY;
		group->started = true;
		return 0;
	}
	group->started = true;
	return event_parse(at, n, group->format.checksum, ret, err);
}

/* An event of its own or inside another; that one has the offset. */
static int feed_event(struct group *group, const struct event *event,
		      bool inner, struct err *err)
{
	bool pass = false;
	int fail = event_check_type(event, &pass, err);

	if (fail)
		return fail;
	group->counts.events++;
	group->counts.ignored_events += pass;
	if (event->timestamp && !(event->flags & EVENT_ARTIFICIAL)) {
		group->counts.last_timestamp = event->timestamp;
		group->now.timestamp = event->timestamp;
	}
	if (!inner)
		track(group, event);
	return dispatch(group, event, err);
}

static int feed_inner(struct group *group, const struct event *event,
		      struct err *err)
{
	return feed_event(group, event, true, err);
}

static int feed(struct group *group, const uint8_t *at, size_t n,
		struct err *err)
{
	struct event event;
	int fail;

	if (group->options.max_event && n > group->options.max_event)
		return err_set(err, ERR_OPERATOR,
			       "an event of %zu bytes: raise "
			       "replication.max_value_size",
			       n);
	fail = parse(group, at, n, &event, err);
	if (fail)
		return fail;
	group->counts.bytes += n;
	return feed_event(group, &event, false, err);
}

int group_feed(struct group *group, const uint8_t *at, size_t n,
	       struct err *err)
{
	uint64_t begun = group->offset;
	int fail = feed(group, at, n, err);

	if (fail)
		return err_wrap(err, "%s:%" PRIu64 ": %s",
				buf_str(&group->file), begun,
				event_type_name(n > TYPE_AT ? at[TYPE_AT] : 0));
	return 0;
}

void group_set_schema(struct group *group, const struct schema *schema)
{
	group->options.schema = schema;
	tables_set_schema(group->tables, schema);
	held_set_schema(group->held, schema);
}

const struct position *group_position(const struct group *group)
{
	return &group->position;
}

bool group_is_open(const struct group *group)
{
	return group->now.open;
}

const struct group_counts *group_counts(const struct group *group)
{
	return &group->counts;
}

const struct group_skipped *group_skipped(const struct group *group,
					  size_t *count)
{
	return tables_skipped(group->tables, count);
}
