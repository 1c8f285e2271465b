/* bootstrap.since: from the settings to the mapping's bounds.
 *
 * A date is taken as it is, in UTC; a span ("18 months") is counted back once,
 * from when the copy was begun, so that what the copy holds does not depend on
 * a clock. What holds is kept in ficus.since, which also tells routers that
 * what the copy lacks is not absent. */
#ifndef CDC_SINCE_H
#define CDC_SINCE_H

#include "base/defs.h"

struct err;
struct mapping;
struct pg;
struct settings;

/* Are the settings dates or spans, of domains that have such a filter? */
int since_check(const struct settings *settings, const struct mapping *mapping,
		struct err *err) MUST_CHECK;
/* The bounds as they hold for this copy into the mapping. Before a bootstrap
 * has begun they are those of the settings. */
int since_load(struct pg *pg, const struct settings *settings,
	       struct mapping *mapping, struct err *err) MUST_CHECK;
/* By who applies: settings that have changed hold from now on; all of the
 * domain is asked for again. */
int since_follow(struct pg *pg, const struct settings *settings,
		 struct mapping *mapping, struct err *err) MUST_CHECK;

#endif
