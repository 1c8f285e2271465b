/* How a group begins and ends, and what is reported then. */
#include "cdc/group_impl.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "cdc/group_packed.h"
#include "cdc/tables.h"

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

int group_begin(struct group *group, const struct gtid *gtid, struct err *err)
{
	int fail = group_cut_off(group, err);

	if (fail)
		return fail;
	tables_trim(group->tables);
	group->now = (struct open_group){ .open = true, .gtid = *gtid };
	group->now.gtid.xid = (struct xid){ 0 }; /* borrowed of the event */
	group->now.known = is_known(group, gtid);
	return 0;
}

int group_finish(struct group *group, struct err *err)
{
	int fail = 0;

	if (group->now.known) {
		group->counts.groups_known++;
	} else {
		const char *name = name_of(group);

		set_position(group);
		position_advance(&group->position, &group->now.gtid);
		group->counts.transactions++;
		group->counts.rows += group->now.rows;
		fail = report(group, name, err);
	}
	group->now = (struct open_group){ 0 };
	return fail;
}

/* It ended in ROLLBACK: Magento's tables all have transactions, so that none
 * of its rows happened. (Others took part, else nothing would be logged.) */
int group_finish_undone(struct group *group, struct err *err)
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
