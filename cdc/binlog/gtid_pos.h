/* A MariaDB GTID position: for each replication domain the last GTID done.
 *
 * Kept sorted by domain. Owns its memory; a zeroed struct is empty. */
#ifndef CDC_BINLOG_GTID_POS_H
#define CDC_BINLOG_GTID_POS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct buf;
struct err;
struct event;

enum { GTID_POS_MAX = 65536 }; /* domains; servers have a handful */

struct gtid_domain {
	uint32_t domain, server;
	uint64_t seq;
};

struct gtid_pos {
	struct gtid_domain *domains; /* owned */
	size_t count, room;
};

void gtid_pos_init(struct gtid_pos *pos);
void gtid_pos_done(struct gtid_pos *pos);
void gtid_pos_copy(struct gtid_pos *to, const struct gtid_pos *from);

/* "0-1-5,1-2-9", blanks around the parts; a domain may stand there once. */
int gtid_pos_parse(struct gtid_pos *pos, struct str text,
		   struct err *err) MUST_CHECK;
void gtid_pos_format(const struct gtid_pos *pos, struct buf *out);

/* The domain stands at this GTID now, whatever it stood at before. */
void gtid_pos_set(struct gtid_pos *pos, struct gtid_domain gtid);
/* Forget the domain, if it is there. */
void gtid_pos_drop(struct gtid_pos *pos, uint32_t domain);
const struct gtid_domain *gtid_pos_find(const struct gtid_pos *pos,
					uint32_t domain); /* NULL: never */
/* Sequence numbers grow within a domain (gtid_strict_mode), whichever server
 * writes: at least as far in every domain of `part`. */
bool gtid_pos_contains(const struct gtid_pos *pos, const struct gtid_pos *part);
bool gtid_pos_equal(const struct gtid_pos *a, const struct gtid_pos *b);

/* GTID_LIST: the state before the file it opens. Of a domain in which several
 * servers wrote, the list gives the newest last. */
int gtid_pos_decode(const struct event *event, struct gtid_pos *ret,
		    struct err *err) MUST_CHECK;

#endif
