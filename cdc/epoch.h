/* Who may apply: one cdc at a time.
 *
 * A session-level advisory lock keeps a second cdc out; the number in
 * ficus.epoch, raised by each leader and checked by each of its commits under
 * FOR KEY SHARE (checkpoint_queue), keeps a leader out that lost its session
 * without noticing. */
#ifndef CDC_EPOCH_H
#define CDC_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct pg;

/* ERR_OPERATOR: another cdc holds it, and still does after 4 seconds; names its
 * instance and backend. With `takeover`, or if it is an earlier session of the
 * same instance, that backend is terminated instead. The claim lasts as long as
 * the connection. */
int epoch_take(struct pg *pg, const char *instance, bool takeover,
	       int64_t *ret_epoch, struct err *err) MUST_CHECK;

/* Does nobody apply to this database now? */
int epoch_is_free(struct pg *pg, bool *ret, struct err *err) MUST_CHECK;

#endif
