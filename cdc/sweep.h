/* A statement on the rows of a table that a condition finds, be it three or
 * ten million, in the open target transaction.
 *
 * Up to SWEEP_ROWS of them are done at once, which is nearly always all. Where
 * there are more, or a whole table is to be looked through, the table is
 * walked in slices of its primary key: each answer comes within a second or
 * so, far below target.timeout, and the walk is linear whether the condition
 * has an index or not.
 *
 * Lives on the caller's stack. The caller fills head, where and params. */
#ifndef CDC_SWEEP_H
#define CDC_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/pg.h"
#include "cdc/target_sql.h"

struct err;
struct match;

enum {
	SWEEP_ROWS = 20000,		      /* of a slice */
	SWEEP_PARAMS_MAX = TARGET_KEY_MAX + 1 /* of the caller's */
};

struct sweep {
	const struct target_shape *shape; /* borrowed, as are the params */
	struct buf head;  /* "delete from t as c", "update t as c set …" */
	struct buf where; /* " where …", of the same alias */
	struct pg_param params[SWEEP_PARAMS_MAX];
	size_t param_count;
	bool whole; /* no index finds the rows: slices at once */
};

/* head: verb ("update "), the table's name and its alias. */
void sweep_init(struct sweep *sweep, const struct target_shape *shape,
		const char *verb);
void sweep_done(struct sweep *sweep);
/* The same condition for another statement follows. */
void sweep_again(struct sweep *sweep, const char *verb);

/* Adds the number of rows to *rows. What it did to a row must not be undone or
 * done worse when it is done twice. */
int sweep_run(struct sweep *sweep, struct pg *pg, uint64_t *rows,
	      struct err *err) MUST_CHECK;

#endif
