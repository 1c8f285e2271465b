/* The publisher: the thread that tells the routers how the copy fares.
 *
 * On a target connection of its own, so that nothing the applier does can
 * delay it: writes ficus.status every 250 ms and at once when the state
 * changes, takes up the tickets that routers insert (NOTIFY ficus_ticket) and
 * pokes the head sampler for them, finds domains fresh once the applied
 * position has passed the chunks read for them, trims old tickets. It
 * reconnects by itself; while it can't, the row grows old and readers refuse
 * the copy, which is what they should do. */
#ifndef CDC_PUBLISHER_H
#define CDC_PUBLISHER_H

#include "base/defs.h"

struct board;
struct err;
struct pg_config;
struct publisher;

enum { PUBLISHER_PERIOD_MS = 250 };

/* Both are borrowed until publisher_stop(). */
struct publisher *publisher_start(const struct pg_config *target,
				  struct board *board);
/* Writes the last state once more, if PostgreSQL answers. NULL is fine. */
void publisher_stop(struct publisher *publisher);

#endif
