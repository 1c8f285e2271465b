/* How events form groups.
 *
 *   MySQL    GTID|ANONYMOUS  QUERY BEGIN  maps, rows …  XID|QUERY COMMIT
 *            GTID|ANONYMOUS  QUERY <DDL>
 *            GTID  QUERY XA START  … QUERY XA END  XA_PREPARE
 *            GTID  QUERY XA COMMIT|XA ROLLBACK
 *   MariaDB  GTID  maps, rows …  XID|QUERY COMMIT
 *            GTID(standalone)  QUERY <DDL>
 *   either   … QUERY ROLLBACK, when a table without transactions took part
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

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/gtid.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/rows.h"
#include "cdc/binlog/types.h"
#include "cdc/ddl.h"
#include "cdc/group_rows.h"
#include "cdc/tables.h"
#include "transform/mapping.h"
#include "transform/transform.h"

enum {
	POSITION_TEXT_MAX = 64 * 1024 * 1024,
	TEXT_KEEP = 64 * 1024,
	XIDS_MAX = 1024,
	HALF = 1u << 31,
	TYPE_AT = 4, /* of the type in an event */
};

/* The group that is open, if one is. */
struct open_group {
	bool open;
	bool begun; /* until a terminator; else the next statement is all */
	bool known; /* done before: passed over */
	bool xa;
	bool saved;	  /* a SAVEPOINT was set */
	bool ddl_part;	  /* MariaDB START ALTER: nothing changed yet */
	struct gtid gtid; /* kind NONE when anonymous */
	uint64_t rows;	  /* of wanted tables */
	uint32_t timestamp;
};

struct group {
	struct group_options options;
	struct format format;
	bool started; /* the first event was seen */
	struct tables *tables;
	struct group_rows *rows;
	struct open_group now;
	struct position position; /* as of the last end() */
	struct buf file;	  /* the log being read, and how far */
	uint64_t offset;
	char **xids; /* prepared, without rows of wanted tables */
	size_t xid_count;
	struct group_counts counts;
	struct buf position_text, file_text, name_text;
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
	group->rows = group_rows_new(options->transform, options->sink);
	position_copy(&group->position, start);
	buf_init(&group->file, POSITION_FILE_MAX);
	buf_init(&group->position_text, POSITION_TEXT_MAX);
	buf_init(&group->file_text, POSITION_FILE_MAX * 2);
	buf_init(&group->name_text, POSITION_FILE_MAX * 2);
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
	position_done(&group->position);
	buf_done(&group->file);
	buf_done(&group->position_text);
	buf_done(&group->file_text);
	buf_done(&group->name_text);
	for (size_t i = 0; i < group->xid_count; i++)
		free(group->xids[i]);
	free(group->xids);
	free(group);
}

void group_freep(struct group **group)
{
	group_free(*group);
}

/* ---- Reporting ---- */

static void set_position(struct group *group)
{
	position_set_file(&group->position,
			  (struct str){ buf_str(&group->file), group->file.n },
			  group->offset);
}

static int report(struct group *group, const char *name, struct err *err)
{
	struct group_end end = { .position = &group->position };

	buf_reset(&group->position_text, TEXT_KEEP);
	position_format(&group->position, &group->position_text);
	buf_reset(&group->file_text, TEXT_KEEP);
	position_format_file(&group->position, &group->file_text);
	end.position_text = buf_str(&group->position_text);
	end.file_position = buf_str(&group->file_text);
	end.transaction = name;
	end.rows = name ? group->now.rows : 0;
	end.timestamp = group->now.timestamp;
	end.commit_us = name ? group->now.gtid.immediate_commit_us : 0;
	return group->options.sink->end(group->options.sink->user, &end, err);
}

/* The name is not the position's text: of a file it has the group's end. */
static const char *name_of(struct group *group)
{
	buf_reset(&group->name_text, TEXT_KEEP);
	if (group->now.gtid.kind != GTID_NONE)
		gtid_format(&group->now.gtid, &group->name_text);
	else
		buf_addf(&group->name_text, "%s:%" PRIu64,
			 buf_str(&group->file), group->offset);
	return buf_str(&group->name_text);
}

/* Between groups: only a file position has moved. */
static int moved(struct group *group, struct err *err)
{
	const struct position *at = &group->position;
	struct str file = { buf_str(&group->file), group->file.n };

	if (at->kind != POSITION_FILE) {
		set_position(group);
		return 0;
	}
	if (at->file && str_eqs(file, at->file) && group->offset <= at->offset)
		return 0;
	set_position(group);
	return report(group, NULL, err);
}

static int undo(struct group *group, struct err *err)
{
	const struct group_sink *sink = group->options.sink;

	if (group->now.rows == 0)
		return 0;
	return sink->rollback(sink->user, err);
}

/* ---- Groups ---- */

static bool is_known(const struct group *group, const struct gtid *gtid)
{
	const struct position *at = &group->position;

	if (at->kind == POSITION_FILE)
		return at->file &&
		       strcmp(at->file, buf_str(&group->file)) == 0 &&
		       group->offset < at->offset;
	return gtid->kind != GTID_NONE && position_has(at, gtid);
}

/* The group had no end: the server crashed in it, or rolled it back. */
static int cut_off(struct group *group, struct err *err)
{
	int fail;

	if (!group->now.open)
		return 0;
	fail = group->now.known ? 0 : undo(group, err);
	group->counts.incomplete++;
	group->now = (struct open_group){ 0 };
	return fail;
}

static int begin(struct group *group, const struct gtid *gtid, struct err *err)
{
	int fail = cut_off(group, err);

	if (fail)
		return fail;
	tables_trim(group->tables);
	group->now = (struct open_group){ .open = true, .gtid = *gtid };
	group->now.gtid.xid = (struct xid){ 0 }; /* borrowed of the event */
	group->now.known = is_known(group, gtid);
	return 0;
}

static int finish(struct group *group, struct err *err)
{
	int fail = 0;

	if (group->now.known) {
		group->counts.groups_known++;
	} else {
		const char *name = name_of(group);

		set_position(group);
		position_advance(&group->position, &group->now.gtid);
		group->counts.transactions++;
		fail = report(group, name, err);
	}
	group->now = (struct open_group){ 0 };
	return fail;
}

/* It ended in ROLLBACK: Magento's tables all have transactions, so that none
 * of its rows happened. (Others took part, else nothing would be logged.) */
static int finish_undone(struct group *group, struct err *err)
{
	int fail = group->now.known ? 0 : undo(group, err);

	if (fail)
		return fail;
	if (!group->now.known) {
		group->counts.rollbacks++;
		set_position(group);
		position_advance(&group->position, &group->now.gtid);
		fail = report(group, NULL, err);
	}
	group->now = (struct open_group){ 0 };
	return fail;
}

/* ---- XA ---- */

static const char XA_UNKNOWN[] =
	"not supported yet: XA COMMIT of a transaction that was prepared "
	"before the copy's position: run cdc --bootstrap";

/* "XA COMMIT X'61',X'',1" -> "X'61',X'',1" */
static struct str xid_text(struct str sql)
{
	str_split(&sql, ' ');
	str_split(&sql, ' ');
	return str_trim(sql);
}

static void remember_xid(struct group *group, struct str xid)
{
	if (group->xid_count == XIDS_MAX) {
		free(group->xids[0]);
		memmove(group->xids, group->xids + 1,
			(XIDS_MAX - 1) * sizeof(char *));
		group->xid_count--;
	}
	group->xids = mem_realloc(group->xids,
				  (group->xid_count + 1) * sizeof(char *));
	group->xids[group->xid_count++] = mem_strndup(xid.at, xid.n);
}

static bool forget_xid(struct group *group, struct str xid)
{
	for (size_t i = 0; i < group->xid_count; i++)
		if (str_eqs(xid, group->xids[i])) {
			free(group->xids[i]);
			group->xids[i] = group->xids[--group->xid_count];
			return true;
		}
	return false;
}

static int xa_decided(struct group *group, struct str sql, bool commit,
		      struct err *err)
{
	bool seen = forget_xid(group, xid_text(sql));

	if (commit && !seen && !group->now.known)
		return err_set(err, ERR_OPERATOR, "%s", XA_UNKNOWN);
	return finish(group, err);
}

/* ---- Statements ---- */

struct named {
	const char *table; /* the last mapped table named; borrowed */
};

static void note_table(void *user, const struct mapping_table *table)
{
	struct named *named = user;

	named->table = table->source;
}

static int statement(struct group *group, const struct query *query,
		     struct err *err)
{
	const struct group_sink *sink = group->options.sink;
	struct named named = { 0 };
	enum ddl_kind kind;

	if (group->now.known || group->now.ddl_part)
		return 0;
	kind = ddl_tables(group->options.mapping, group->options.database,
			  query->schema, query->sql, note_table, &named);
	if (kind == DDL_NONE)
		return 0;
	if (kind == DDL_DML)
		return named.table ? err_set(err, ERR_OPERATOR,
					     "a statement changed table %s, "
					     "its rows "
					     "are not logged: set "
					     "binlog_format=ROW "
					     "on the source and run cdc "
					     "--bootstrap",
					     named.table)
				   : 0;
	group->counts.ddl++;
	return sink->ddl ? sink->ddl(sink->user, query->schema, query->sql, err)
			 : 0;
}

static int other_query(struct group *group, const struct query *query,
		       struct err *err)
{
	int fail = statement(group, query, err);

	if (!fail && query_starts_transaction(query->sql))
		group->now.begun = true;
	else if (!fail && !group->now.begun)
		fail = finish(group, err);
	return fail;
}

static int rollback_to(struct group *group, struct err *err)
{
	if (group->now.known || group->now.rows == 0)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "not supported yet: ROLLBACK TO SAVEPOINT in a "
		       "transaction with a table that has no transactions: "
		       "run cdc --bootstrap");
}

static int on_query_in_group(struct group *group, const struct query *query,
			     struct err *err)
{
	switch (query_kind(query->sql)) {
	case QUERY_BEGIN:
		group->now.begun = true;
		return 0;
	case QUERY_COMMIT:
		return finish(group, err);
	case QUERY_ROLLBACK:
		return finish_undone(group, err);
	case QUERY_ROLLBACK_TO:
		return rollback_to(group, err);
	case QUERY_SAVEPOINT:
		return 0;
	case QUERY_XA_START:
		group->now.begun = group->now.xa = true;
		remember_xid(group, xid_text(query->sql));
		return 0;
	case QUERY_XA_END:
		return 0;
	case QUERY_XA_COMMIT:
		return xa_decided(group, query->sql, true, err);
	case QUERY_XA_ROLLBACK:
		return xa_decided(group, query->sql, false, err);
	case QUERY_DUMMY:
		return err_set(err, ERR_OPERATOR,
			       "the server replaced an event it thinks we do "
			       "not know: report this with its version");
	case QUERY_OTHER:
		break;
	}
	return other_query(group, query, err);
}

static int on_query(struct group *group, const struct event *event,
		    struct err *err)
{
	static const struct gtid none = { .kind = GTID_NONE };
	struct query query;
	int fail = query_parse(event, &query, err);

	if (!fail && !group->now.open) /* a log without GTID events */
		fail = begin(group, &none, err);
	return fail ? fail : on_query_in_group(group, &query, err);
}

/* ---- The other events ---- */

static int on_gtid(struct group *group, const struct event *event,
		   struct err *err)
{
	struct gtid gtid;
	int fail = gtid_parse(event, &gtid, err);

	if (!fail)
		fail = begin(group, &gtid, err);
	if (fail)
		return fail;
	if (gtid.kind == GTID_MARIADB) {
		group->now.begun = !(gtid.flags2 & GTID_STANDALONE);
		group->now.ddl_part = gtid.flags_extra & GTID_START_ALTER;
	}
	return 0;
}

static int on_rotate(struct group *group, const struct event *event,
		     struct err *err)
{
	struct rotate rotate;
	int fail = rotate_parse(event, &rotate, err);

	if (!fail && !rotate.fake)
		fail = cut_off(group, err);
	if (fail)
		return fail;
	buf_reset(&group->file, POSITION_FILE_MAX);
	buf_add(&group->file, rotate.file.at, rotate.file.n);
	if (group->file.failed)
		return err_set(err, ERR_CORRUPT, "a file name of %zu bytes",
			       rotate.file.n);
	group->offset = rotate.position;
	if (rotate.fake)
		return 0;
	tables_clear(group->tables);
	return moved(group, err);
}

static int on_format(struct group *group, const struct event *event,
		     struct err *err)
{
	int fail = format_parse(event, &group->format, err);

	if (!fail)
		fail = cut_off(group, err);
	if (fail)
		return fail;
	if (group->options.skip_checksum &&
	    group->format.checksum == CHECKSUM_VERIFY)
		group->format.checksum = CHECKSUM_SKIP;
	tables_clear(group->tables);
	return moved(group, err);
}

static int on_xa_prepare(struct group *group, const struct event *event,
			 struct err *err)
{
	struct xa_prepare prepare;
	int fail = xa_prepare_parse(event, &prepare, err);

	return fail ? fail : finish(group, err);
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
	return moved(group, err);
}

static int on_table_map(struct group *group, const struct event *event,
			struct err *err)
{
	if (group->now.known)
		return 0;
	return tables_put(group->tables, event->body, &group->format, err);
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
		return 0;
	}
	if (group->now.xa)
		return err_set(err, ERR_OPERATOR,
			       "not supported yet: an XA transaction writes "
			       "table %s: commit it without XA and run "
			       "cdc --bootstrap",
			       binding_source(table->binding));
	return group_rows_feed(group->rows, table, &rows, &group->now.rows,
			       err);
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
		return on_query(group, event, err);
	case EVENT_XID:
		return group->now.open ? finish(group, err) : 0;
	case EVENT_XA_PREPARE:
		return on_xa_prepare(group, event, err);
	case EVENT_TABLE_MAP:
		return on_table_map(group, event, err);
	case EVENT_INCIDENT:
		return on_incident(event, err);
	case EVENT_HEARTBEAT:
	case EVENT_HEARTBEAT_V2:
		return on_heartbeat(group, event, err);
	default:
		break;
	}
	if (event_is_rows(event->type))
		return on_rows(group, event, err);
	return group->now.open ? 0 : moved(group, err);
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

static int feed(struct group *group, const uint8_t *at, size_t n,
		struct err *err)
{
	struct event event;
	bool pass = false;
	int fail;

	if (group->options.max_event && n > group->options.max_event)
		return err_set(err, ERR_OPERATOR,
			       "an event of %zu bytes: raise "
			       "replication.max_value_size",
			       n);
	fail = parse(group, at, n, &event, err);
	if (!fail)
		fail = event_check_type(&event, &pass, err);
	if (fail)
		return fail;
	group->counts.events++;
	group->counts.bytes += n;
	group->counts.ignored_events += pass;
	if (event.timestamp && !(event.flags & EVENT_ARTIFICIAL)) {
		group->counts.last_timestamp = event.timestamp;
		group->now.timestamp = event.timestamp;
	}
	track(group, &event);
	return dispatch(group, &event, err);
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
}

bool group_is_open(const struct group *group)
{
	return group->now.open;
}

const struct position *group_position(const struct group *group)
{
	return &group->position;
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
