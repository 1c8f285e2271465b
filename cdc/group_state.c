/* How a group begins and ends, and what is reported then. */
#include "cdc/group_impl.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/table_map.h"
#include "cdc/group_packed.h"
#include "cdc/held.h"
#include "cdc/tables.h"
#include "transform/mapping.h"
#include "transform/transform.h"

enum { TEXT_KEEP = 64 * 1024 };

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
	end.log_created = group->created;
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
int group_moved(struct group *group, struct err *err)
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

	held_end(group->held);
	if (group->now.rows == 0)
		return 0;
	transform_undo(group->options.transform);
	return sink->rollback(sink->user, err);
}

/* ---- What a rollback leaves ---- */

void group_note_lasting(struct group *group, const struct table *table)
{
	const struct mapping_table *named;

	if (table->transactional)
		return;
	named = mapping_find(group->options.mapping,
			     binding_source(table->binding));
	for (size_t i = 0; i < group->lasting_count; i++)
		if (group->lasting[i] == named)
			return;
	group->lasting = mem_realloc(
		group->lasting, (group->lasting_count + 1) * sizeof(named));
	group->lasting[group->lasting_count++] = named;
}

int group_refetch_lasting(struct group *group, struct err *err)
{
	const struct group_sink *sink = group->options.sink;

	for (size_t i = 0; i < group->lasting_count; i++) {
		const struct record_change change = {
			.op = RECORD_REFETCH,
			.table = group->lasting[i]->target,
			.source = group->lasting[i],
			.value = { .kind = VALUE_NULL },
		};
		int fail = sink->change(sink->change_user, &change, err);

		if (fail)
			return fail;
	}
	return 0;
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
int group_cut_off(struct group *group, struct err *err)
{
	int fail;

	packed_drop(group->packed);
	if (!group->now.open)
		return 0;
	fail = group->now.known ? 0 : undo(group, err);
	group->counts.incomplete++;
	group->now = (struct open_group){ 0 };
	return fail;
}

/* A position of GTIDs can't say that a group without one is done; that is for
 * file and offset, which the next session finds out (origin.h). */
static int may_follow(const struct group *group, const struct gtid *gtid,
		      struct err *err)
{
	if (gtid->kind == GTID_NONE && group->position.kind == POSITION_MYSQL)
		return err_set(err, ERR_SOURCE_LOST,
			       "a transaction without a GTID behind those that "
			       "have one: if it is not read now, set "
			       "source.position_mode: file");
	if (position_may_follow(&group->position, gtid))
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "GTID %" PRIu32 "-%" PRIu32 "-%" PRIu64 " comes behind "
		       "a higher one of another server: the histories of the "
		       "domain have parted; set gtid_strict_mode=ON on the "
		       "source, empty the records and run cdc --bootstrap",
		       gtid->domain, gtid->server, gtid->seq);
}

int group_begin(struct group *group, const struct gtid *gtid, struct err *err)
{
	int fail = group_cut_off(group, err);

	if (!fail)
		fail = may_follow(group, gtid, err);
	if (fail)
		return fail;
	tables_trim(group->tables);
	group->now = (struct open_group){ .open = true, .gtid = *gtid };
	group->now.gtid.xid = (struct xid){ 0 }; /* borrowed of the event */
	group->now.known = is_known(group, gtid);
	group->lasting_count = 0;
	transform_mark(group->options.transform);
	return 0;
}

void group_begin_xa(struct group *group, struct str name)
{
	group->now.begun = group->now.xa = true;
	if (!group->now.known && group->options.sink->store)
		held_begin(group->held, name);
}

/* Rows behind a savepoint, and of an XA transaction in one phase. */
static int settle(struct group *group, struct err *err)
{
	uint64_t counted_before = 0;
	int fail = 0;

	if (held_is_open(group->held))
		fail = held_commit(group->held, NULL, &counted_before, err);
	held_end(group->held);
	return fail;
}

int group_finish(struct group *group, struct err *err)
{
	int fail = 0;

	if (group->now.known) {
		group->counts.groups_known++;
	} else {
		const char *name = name_of(group);

		fail = settle(group, err);
		if (fail)
			return fail;
		set_position(group);
		position_advance(&group->position, &group->now.gtid);
		group->counts.transactions++;
		group->counts.rows += group->now.rows;
		fail = report(group, name, err);
	}
	group->now = (struct open_group){ 0 };
	return fail;
}

/* It ended in ROLLBACK, and is in the log because a table without transactions
 * took part: what was written there stayed. Of tables that have them, and
 * Magento's all do, nothing happened. */
int group_finish_undone(struct group *group, struct err *err)
{
	int fail = group->now.known ? 0 : undo(group, err);

	if (fail)
		return fail;
	if (!group->now.known) {
		group->counts.rollbacks++;
		fail = group_refetch_lasting(group, err);
		if (fail)
			return fail;
		set_position(group);
		position_advance(&group->position, &group->now.gtid);
		fail = report(group, NULL, err);
	}
	group->now = (struct open_group){ 0 };
	return fail;
}
