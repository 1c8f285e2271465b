/* The watcher: a thread that looks at ficus.status, the newest checkpoint and
 * the flags every 100 ms by a connection of its own, keeps the lag gate, and
 * publishes what decide() needs.
 *
 * Should PostgreSQL hang, the thread hangs with it, and the age of the last
 * sample alone closes the gate. A NOTIFY on ficus_flags makes it look at
 * once; the poll would find the change anyway. */
#ifndef ROUTER_WATCH_H
#define ROUTER_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "router/decide.h"

struct err;
struct pg_config;
struct ticket_office;
struct watch;

enum { WATCH_MS = 100 };

struct watch_conf {
	const struct pg_config *pg; /* borrowed, as all of this */
	struct ticket_office *tickets;
	const char *state_dir; /* "": flags are not kept */
	int64_t max_lag_ms, dwell_ms;
	atomic_int_fast64_t *fenced_us; /* the latest fence that was set */
};

struct watch *watch_start(const struct watch_conf *conf);
/* Waits a second for the thread; one that hangs is left to the exit. */
void watch_stop(struct watch *watch);

/* Copies the view if it is another than `*version`, which is updated. Cheap
 * when nothing changed. Start with version 0. */
bool watch_view(struct watch *watch, uint64_t *version,
		struct decide_view *ret);
/* Everything to Magento, on this router alone; kept in state_dir. */
void watch_force(struct watch *watch, bool force);
/* "new epoch", "start of this router": what the gate last closed for. */
const char *watch_event(struct watch *watch);
bool watch_connected(struct watch *watch);

#endif
