/* The head sampler: where the source's log ended, and when we asked.
 *
 * A thread with a connection of its own (to the server Magento writes to)
 * asks for the end of the log every 100 ms and whenever poked. A sample's time
 * is that of the moment *before* the question, on the monotonic clock: an
 * applied position that contains the sample contains everything committed
 * before that time. Lag and tickets both rest on this one number:
 *
 *     lag      = now − head_passed(applied)
 *     a ticket seen at t has passed when head_passed(applied) ≥ t
 *
 * Samples of equal positions are one; ten minutes of them are kept. The
 * thread reconnects by itself; while it can't, nothing passes and lag grows. */
#ifndef CDC_HEAD_H
#define CDC_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct buf;
struct err;
struct head;
struct position;
struct source_config;

enum { HEAD_PERIOD_MS = 100, HEAD_KEEP_MS = 10 * 60 * 1000 };

/* mode: "gtid" or "file", as the applied positions are: samples of another
 * form would never pass. The texts of
 * `config` are borrowed until head_stop(). Connecting is the thread's affair:
 * no server is no error here. */
int head_start(const struct source_config *config, const char *mode,
	       struct head **ret, struct err *err) MUST_CHECK;
void head_stop(struct head *head); /* NULL is fine; takes up to 2 s */

/* As head_start(): the applied positions are of another kind from now on. */
void head_set_mode(struct head *head, const char *mode);
/* Ask now rather than at the next tick. From any thread. */
void head_poke(struct head *head);
/* Monotonic µs of the newest sample that `applied` contains, INT64_MIN if
 * none. Never goes back until head_forget(). From any thread. */
int64_t head_passed(struct head *head, const struct position *applied);
/* What head_passed() will say once `position` is applied; remembers nothing,
 * so that lag stays that of what is committed. From any thread. */
int64_t head_proven(struct head *head, const struct position *position);
/* The applied position went back (a rollback, another checkpoint). */
void head_forget(struct head *head);

/* Was a sample taken after since_us (monotonic) that lacks what `applied` has?
 * Then the log that is sampled is not, or no longer, the one that was read. */
bool head_lacks(struct head *head, const struct position *applied,
		int64_t since_us);

struct head_state {
	bool connected;
	int64_t sampled_us; /* newest sample, monotonic; INT64_MIN if none */
	uint64_t samples, failures;
	char error[768]; /* of the last failure; "" while connected */
};
/* The newest head's canonical text is appended to `position` (may be NULL). */
void head_state(struct head *head, struct head_state *ret,
		struct buf *position);

#endif
