/* A session: one unbroken stretch of replication.
 *
 * Opened at the last committed checkpoint, it joins the applier, the
 * transform, the schema, the stream and the event assembler, and pumps events
 * from the source to the target until something fails or stop is asked for.
 * Nothing is repaired inside: whoever owns it closes it and opens the next one
 * at the checkpoint, which is where the target says it stands. That is what
 * makes a lost COMMIT answer, a lost stream and a crash the same case. */
#ifndef CDC_SESSION_H
#define CDC_SESSION_H

#include <stdint.h>

#include "base/defs.h"

struct board;
struct err;
struct session;
struct setup;
struct stopper;

/* Everything is borrowed until session_close(). */
int session_open(struct setup *setup, struct board *board, struct session **ret,
		 struct err *err) MUST_CHECK;
void session_close(struct session *session); /* NULL is fine */

/* Returns 0 once `stop` is set and what was complete is committed, else the
 * error that ended it. */
int session_run(struct session *session, const struct stopper *stop,
		struct err *err) MUST_CHECK;

/* Monotonic time of the source's last sign of life. */
int64_t session_heard_us(const struct session *session);

#endif
