/* What the files of group.h share; not for others.
 *
 *   group.c        feeding, offsets, the events that are no statements
 *   group_state.c  how a group begins and ends, and what is reported then
 *   group_query.c  statements: terminators, DDL, XA
 *   group_packed.c events inside others, or compressed
 *   held.c         rows of XA transactions and behind savepoints
 *   group_rows.c   rows; tables.c: table maps and their plans */
#ifndef CDC_GROUP_IMPL_H
#define CDC_GROUP_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/gtid.h"
#include "cdc/binlog/position.h"
#include "cdc/group.h"

struct err;
struct event;
struct group_rows;
struct held;
struct mapping_table;
struct packed;
struct table;
struct tables;

/* The group that is open, if one is. */
struct open_group {
	bool open;
	bool begun; /* until a terminator; else the next statement is all */
	bool known; /* done before: passed over */
	bool xa;
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
	struct packed *packed;
	struct held *held;
	struct open_group now;
	/* Tables with rows in it whose engine may not roll back; owned. */
	const struct mapping_table **lasting;
	size_t lasting_count;
	struct position position; /* as of the last end() */
	struct buf file;	  /* the log being read, and how far */
	uint64_t offset;
	int64_t created; /* Unix time of `file`; 0: not known yet */
	struct group_counts counts;
	struct buf position_text, file_text, name_text, xa_name;
};

/* A group opens; one that is still open had no end. */
int group_begin(struct group *group, const struct gtid *gtid,
		struct err *err) MUST_CHECK;
/* The server crashed in the open group, if one is, or dropped it. */
int group_cut_off(struct group *group, struct err *err) MUST_CHECK;
int group_finish(struct group *group, struct err *err) MUST_CHECK;
/* It ended in ROLLBACK. */
int group_finish_undone(struct group *group, struct err *err) MUST_CHECK;
/* It is an XA transaction's, whose rows wait for its XA COMMIT. */
void group_begin_xa(struct group *group, struct str name);
/* Rows of the table came: a ROLLBACK may not have undone them. */
void group_note_lasting(struct group *group, const struct table *table);
/* … which asks for it to be read again. */
int group_refetch_lasting(struct group *group, struct err *err) MUST_CHECK;
/* Between groups: the offset has moved. */
int group_moved(struct group *group, struct err *err) MUST_CHECK;

/* A QUERY event. */
int group_query(struct group *group, const struct event *event,
		struct err *err) MUST_CHECK;

#endif
