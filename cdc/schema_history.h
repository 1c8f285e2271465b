/* The source's schema as of the stream, carried over every statement that
 * changes it.
 *
 * The stream may be hours behind, and the server can only be asked what its
 * tables look like *now*. What it says is used for a place in the log only
 * where it is proven to be right there:
 *
 *   1. The schema S kept with the checkpoint is that of the checkpoint: it is
 *      written in the same target transaction, and it starts with a bootstrap
 *      that read the same schema before and after its first position.
 *   2. Nothing but a statement in the log changes a table. So S stays right
 *      for a table until the stream has a statement D that is about it
 *      (ddl.h).
 *   3. At D the schema M is read from the server. First each table that D
 *      names is selected from, without rows: the server makes that wait until
 *      D is complete (D is in the log before others see its effect, but its
 *      lock on the table's name is held until they do). Then M is read, then
 *      the end of the log, H. A statement that M shows was written to the log
 *      before H was asked for (both servers write the log before they let
 *      others see), so M shows no statement behind H.
 *   4. The log from D to H is searched for statements (log_ahead.h; nothing
 *      to do when D is the last). A table that no statement in it is about
 *      looks in M as it did right behind D. With 3 that is exact.
 *   5. A table that is named again before H is *unknown* from D until the
 *      statement that settles it by 4. Until then its rows are read with the
 *      names that the log itself sends (binlog_row_metadata=FULL), or passed
 *      over. In both cases it is read again (apply_refetch), and so are the
 *      tables that follow it by foreign keys: that reading comes after H, and
 *      H lies behind the statement that makes it known.
 *   6. Foreign keys belong to the child's definition and may also change with
 *      a statement that renames the parent or its columns. They are taken from
 * M when they differ and no later statement before H is about the child or its
 * parents; else the child is read again, too.
 *   7. The definitions before and behind D, and the statement, tell whether
 *      rows that exist have other values now (schema_change.h): then the
 *      table is read again.
 *
 * M, H and what lies between serve for the next statements, too, as long as
 * these stand before H. A change that is in no log (SET sql_log_bin=0) is
 * found when a table map does not fit, or, by names, with FULL metadata.
 *
 * One thread owns it. */
#ifndef CDC_SCHEMA_HISTORY_H
#define CDC_SCHEMA_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct mapping;
struct mapping_table;
struct position;
struct schema;
struct schema_history;
struct source_config;
struct stopper;

/* What became of a table's rows. */
enum schema_outcome {
	SCHEMA_EMPTIED = 1, /* it has none any more */
	SCHEMA_REFETCH = 2, /* they must be read again */
};

struct schema_history_options {
	const struct source_config *source;
	const struct mapping *mapping;
	const char *database;
	size_t queue_bytes;
	uint64_t max_event;
	/* Close the stream: the log is to be read by us. */
	void (*release)(void *user);
	/* For each table concerned, after a statement. */
	void (*outcome)(void *user, const struct mapping_table *table,
			unsigned outcome);
	void *user;
};

/* Everything in options is borrowed; `schema` is taken: that of the
 * checkpoint. */
struct schema_history *
schema_history_new(const struct schema_history_options *options,
		   struct schema *schema);
void schema_history_free(struct schema_history *history); /* NULL is fine */

/* As of the stream; valid until schema_history_settle(). */
const struct schema *schema_history_now(const struct schema_history *history);

/* The stream has a statement. True: it may be about tables of ours, and is to
 * be settled before the next transaction is read. */
bool schema_history_note(struct schema_history *history, struct str schema,
			 struct str sql);
bool schema_history_pending(const struct schema_history *history);

/* Rows of the same transaction come before it can be settled (CREATE TABLE …
 * SELECT): a table that was not there before is unknown to them. */
void schema_history_rows_follow(struct schema_history *history);

/* `at`: behind the statement. Asks the server; afterwards the schema is that
 * of `at`. *changed: is it another than before? After an error the history is
 * of no use any more. */
int schema_history_settle(struct schema_history *history,
			  const struct position *at, const struct stopper *stop,
			  bool *changed, struct err *err) MUST_CHECK;

#endif
