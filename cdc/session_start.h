/* What a session begins with: its applier, the proof that the source's log
 * continues the copy's, and what the board is told of it. */
#ifndef CDC_SESSION_START_H
#define CDC_SESSION_START_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/pg.h"

struct apply;
struct board;
struct err;
struct position;
struct schema_history;
struct setup;

/* A statement that takes longer than target.timeout would otherwise fail
 * forever: after each failure in a row it gets twice as long. */
struct pg_config session_target(const struct setup *setup, struct board *board);
/* `target` is borrowed until apply_close(). */
int session_open_apply(const struct setup *setup,
		       const struct pg_config *target, struct apply **ret,
		       struct err *err) MUST_CHECK;
/* The board, and its head sampler, learn where the copy stands. */
void session_tell_start(struct board *board, struct apply *apply,
			const struct position *at);
/* Where the stream goes on, which from here on is this server's: *at may
 * change. Errors as those of origin_check(). */
int session_check_origin(const struct setup *setup, struct board *board,
			 struct apply *apply, struct position *at,
			 struct err *err) MUST_CHECK;
/* Tables of the user's that the kept schema does not know are taken up where
 * the stream stands, as if they had been altered there. */
void session_note_new(const struct setup *setup,
		      struct schema_history *history);
void session_connected(struct board *board, bool connected);

#endif
