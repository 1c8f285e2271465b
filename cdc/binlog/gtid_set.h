/* A set of MySQL GTIDs: for each (server uuid, tag) the numbers it holds.
 *
 * Kept sorted by uuid, then tag, with disjoint ascending intervals that do
 * not touch, so that equal sets are equal in memory and in text. Owns its
 * memory; a zeroed struct is the empty set. Sizes are bounded by
 * GTID_SET_MAX intervals (some thousand are normal for a server fed by many
 * others; MySQL itself sends sets of that order). */
#ifndef CDC_BINLOG_GTID_SET_H
#define CDC_BINLOG_GTID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/binlog/gtid.h"

struct buf;
struct err;
struct reader;

enum { GTID_SET_MAX = 1 << 20 };

struct gtid_interval {
	uint64_t first, last; /* both inside; 1..2^63-2 */
};

struct gtid_source {
	uint8_t uuid[UUID_BYTES];
	char tag[GTID_TAG_MAX + 1];	 /* "" for untagged */
	struct gtid_interval *intervals; /* owned */
	size_t count, room;
};

struct gtid_set {
	struct gtid_source *sources; /* owned */
	size_t count, room;
};

void gtid_set_init(struct gtid_set *set);
void gtid_set_done(struct gtid_set *set);
void gtid_set_copy(struct gtid_set *to, const struct gtid_set *from);

/* The text of @@gtid_executed: blanks and newlines anywhere between parts,
 * "uuid:1-5:7,uuid2:tag:1-3". Adds to *set, which is unspecified (but may
 * be done) after an error. */
int gtid_set_parse(struct gtid_set *set, struct str text,
		   struct err *err) MUST_CHECK;
void gtid_set_format(const struct gtid_set *set, struct buf *out);

/* Adds first..last (1 <= first <= last) of one source. */
void gtid_set_add(struct gtid_set *set, const uint8_t uuid[UUID_BYTES],
		  const char *tag, struct gtid_interval interval);
/* A GTID of MySQL; others are a fault of the caller. */
void gtid_set_add_gtid(struct gtid_set *set, const struct gtid *gtid);
void gtid_set_merge(struct gtid_set *set, const struct gtid_set *more);

bool gtid_set_has(const struct gtid_set *set, const struct gtid *gtid);
/* Does `set` have everything that `part` has? */
bool gtid_set_contains(const struct gtid_set *set, const struct gtid_set *part);
bool gtid_set_equal(const struct gtid_set *a, const struct gtid_set *b);
/* How many GTIDs `set` has that `part` lacks (for "transactions behind"). */
uint64_t gtid_set_missing(const struct gtid_set *part,
			  const struct gtid_set *set);

/* The body of PREVIOUS_GTIDS; adds to *set like gtid_set_parse(). */
int gtid_set_decode(struct gtid_set *set, struct reader *body,
		    struct err *err) MUST_CHECK;
/* What COM_BINLOG_DUMP_GTID wants. The tagged layout (MySQL >= 8.3) is used
 * only when the set has a tag. */
void gtid_set_encode(const struct gtid_set *set, struct buf *out);

#endif
