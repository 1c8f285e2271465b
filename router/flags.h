/* The feature flags as this router takes them: one per domain, with a
 * percentage of subjects in basis points.
 *
 * The truth is ficus.feature_flags; watch.h polls it. Every doubt means off:
 * a flag never read, a version lower than one seen before (a database put
 * back) until somebody changes the flag again, a corrupt file. The file keeps
 * the highest version seen over restarts, and admin_force, which sends all to
 * Magento on this router even without PostgreSQL. */
#ifndef ROUTER_FLAGS_H
#define ROUTER_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "router/domain.h"

struct err;

enum { FLAG_PERCENT_ALL = 10000 };

struct flag {
	bool known; /* it has been read at least once */
	bool enabled;
	bool regressed;	     /* its version went back: off */
	uint16_t percent_bp; /* 0 … 10000 */
	int64_t version;
	int64_t updated_us; /* when it was changed, PostgreSQL's clock */
	int64_t noticed_us; /* when a regress was seen, the same clock */
};

struct flags {
	struct flag flag[DOMAIN_N];
	bool admin_force; /* everything to Magento */
};

/* A fresh row of the table, with PostgreSQL's time of the query. True when
 * anything changed. */
bool flags_update(struct flags *flags, enum domain domain,
		  const struct flag *row, int64_t database_us);
/* Could any subject be sent to the copy? */
bool flags_any_on(const struct flags *flags);
bool flag_on(const struct flag *flag);
/* 0 … 9999; differs per flag, so that it is not always the same clients who
 * come first. */
uint32_t flag_bucket(enum domain domain, uint64_t subject);
bool flag_includes(const struct flag *flag, enum domain domain,
		   uint64_t subject);

/* The file dir/flags. Missing: flags as they are, 0. Corrupt: ERR_CORRUPT,
 * and admin_force is set. dir "" does nothing. */
int flags_read(const char *dir, struct flags *flags,
	       struct err *err) MUST_CHECK;
/* Written aside and renamed over, so that a crash leaves one or the other. */
int flags_write(const char *dir, const struct flags *flags,
		struct err *err) MUST_CHECK;

/* "on" (100 %), "off", or a percentage with up to two decimals ("12.5"). */
bool flag_parse(struct str text, bool *ret_enabled, uint16_t *ret_bp);

#endif
