/* Events that hold others, or that came compressed: what they hold is fed to
 * the group as if it had come by itself. Part of group.c.
 *
 *   TRANSACTION_PAYLOAD   the events of one transaction (MySQL)
 *   QUERY_COMPRESSED      a QUERY (MariaDB); compressed rows are expanded by
 *                         group.c, when their table is wanted
 *   PARTIAL_ROW_DATA      a piece of a rows event (MariaDB) */
#ifndef CDC_GROUP_PACKED_H
#define CDC_GROUP_PACKED_H

#include <stddef.h>

#include "base/defs.h"

struct buf;
struct err;
struct event;
struct format;
struct group;
struct packed;

/* max: bytes of the largest event that may come out. */
struct packed *packed_new(size_t max);
void packed_free(struct packed *packed); /* NULL is fine */

/* The group ended or was cut off: what was begun in it is forgotten. */
void packed_drop(struct packed *packed);
/* For what an event expands to; empty, and to be given back. */
struct buf *packed_scratch(struct packed *packed);
void packed_scratch_done(struct packed *packed);

/* An event inside another: no offset in the log is its own. */
typedef int (*packed_sink)(struct group *group, const struct event *event,
			   struct err *err);

int packed_payload(struct packed *packed, const struct event *event,
		   packed_sink sink, struct group *group,
		   struct err *err) MUST_CHECK;
int packed_query(struct packed *packed, const struct event *event,
		 packed_sink sink, struct group *group,
		 struct err *err) MUST_CHECK;
int packed_fragment(struct packed *packed, const struct event *event,
		    packed_sink sink, struct group *group,
		    struct err *err) MUST_CHECK;
/* Before any other event: a fragment may be missing. */
int packed_expect_none(const struct packed *packed, struct err *err) MUST_CHECK;

#endif
