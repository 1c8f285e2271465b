/* What `cdc --resync` was asked for, and its requests in ficus.refetch.
 *
 *     customer          each mapped table of the domain, whole: the healer
 *                       walks each by its own key (refetch_read.h)
 *     customer:5,7      the roots of the domain's families that are keyed by
 *                       entity_id, each with all that hangs on it
 *
 * Tables rather than ranges of roots, because a row that is wrong may hang on
 * a root that is wrong, or on none.
 *
 * A request that an earlier resync made and that is half read goes on where
 * it is; any other that is there already starts anew. */
#ifndef CDC_RESYNC_ASK_H
#define CDC_RESYNC_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "transform/mapping.h"

struct err;
struct pg;
struct setup;

enum { RESYNC_IDS_MAX = 10000 };

struct resync_ask {
	enum domain domain;
	int64_t *ids; /* owned; sorted, each once */
	size_t id_count;
};

/* "catalog" or "order:3,9". ERR_CONFIG: no such domain, or no such id. */
int resync_ask_parse(const char *text, struct resync_ask *ret,
		     struct err *err) MUST_CHECK;
void resync_ask_done(struct resync_ask *ask);

struct resync_requests {
	struct buf ids; /* of ficus.refetch, as an array's text */
	size_t count, joined;
	uint64_t total; /* estimate: rows, or entities by their ids */
};

/* Written and committed. Warns of ids that neither side has. */
int resync_ask_write(const struct resync_ask *ask, const struct setup *setup,
		     struct pg *pg, struct resync_requests *ret,
		     struct err *err) MUST_CHECK;
void resync_requests_done(struct resync_requests *requests);

#endif
