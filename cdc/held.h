/* Rows that are not handed on yet, because whether they happened is not known
 * when they are read:
 *
 *   - of an XA transaction, until XA COMMIT or XA ROLLBACK, which may come in
 *     another file, with other transactions in between, days later;
 *   - of any transaction from its first SAVEPOINT on, until its end: a ROLLBACK
 *     TO takes those behind the savepoint back.
 *
 * They wait as documents (cdc/row_bson.h), a run by the transaction's name, in
 * the store of the sink (struct group_store), which keeps them with the
 * position. Once they count they go through the transform in their order, as
 * if they came from the log at that place. Until then they change nothing,
 * the attribute map included. Part of group.c, no I/O. */
#ifndef CDC_HELD_H
#define CDC_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct group_sink;
struct held;
struct row_change;
struct schema;
struct table;
struct transform;

/* All are borrowed. */
struct held *held_new(struct transform *transform,
		      const struct group_sink *sink,
		      const struct schema *schema);
void held_free(struct held *held); /* NULL is fine */
/* Of the tables that rows kept earlier are of. */
void held_set_schema(struct held *held, const struct schema *schema);

/* From here on the open group's rows wait, under that name: of an XA
 * transaction the text of xa_name.h, else "". */
void held_begin(struct held *held, struct str name);
bool held_is_open(const struct held *held);
/* The open group is over, or taken back. */
void held_end(struct held *held);

/* A row of the open group. */
int held_row(struct held *held, struct table *table,
	     const struct row_change *change, struct err *err) MUST_CHECK;
/* SAVEPOINT, ROLLBACK TO, by name as it is quoted in the log. ERR_OPERATOR: no
 * savepoint of that name was in the log. */
void held_savepoint(struct held *held, struct str name);
int held_rollback_to(struct held *held, struct str name,
		     struct err *err) MUST_CHECK;

/* XA PREPARE: the open run stays, whatever comes of it. */
int held_keep(struct held *held, struct err *err) MUST_CHECK;
/* The run's rows count now; it is gone afterwards. *rows is raised by each
 * before the sink gets it. name NULL: the open run. ERR_OPERATOR: the run is
 * not known, its rows came before the copy's position. */
int held_commit(struct held *held, const char *name, uint64_t *rows,
		struct err *err) MUST_CHECK;
/* XA ROLLBACK: the run is gone. One that is not known changed nothing. */
int held_drop(struct held *held, const char *name, struct err *err) MUST_CHECK;

#endif
