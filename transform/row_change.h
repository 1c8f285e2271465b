/* One row of a rows event (or of a snapshot chunk): what happened to a source
 * row. Values stand by source ordinal; both images borrow from the caller's
 * arena or event and live until the next row. */
#ifndef TRANSFORM_ROW_CHANGE_H
#define TRANSFORM_ROW_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "transform/value.h"

enum row_op { ROW_INSERT, ROW_UPDATE, ROW_DELETE };

/* What the event's flags say of foreign-key actions (design section 2.4). */
enum row_actions {
	ROW_ACTIONS_SILENT, /* they ran, unlogged: synthesise them */
	ROW_ACTIONS_NONE,   /* checks were off (0x02): none ran */
	ROW_ACTIONS_LOGGED, /* MySQL ≥ 9.6 (0x10): children are in the log */
};

struct row_change {
	enum row_op op;
	enum row_actions actions;
	/* The images lack columns (binlog_row_image is not FULL): ABSENT is
	 * then not known. A server may even leave out of an UPDATE's
	 * after-image what a REPLACE set to its default (MariaDB). */
	bool incomplete;
	/* What must not leave the source has gone (transform_conceal). */
	bool concealed;
	size_t columns; /* of the images; set when they are incomplete */
	const struct value *before; /* UPDATE, DELETE; else NULL */
	const struct value *after;  /* INSERT, UPDATE; else NULL */
};

#endif
