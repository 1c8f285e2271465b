#include "cdc/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pg.h"
#include "cdc/alert.h"
#include "cdc/board.h"
#include "cdc/setup.h"

/* In one commit with the check that nobody has taken over since. */
static const char switch_sql[] =
	"with ours as"
	" (select from ficus.epoch where epoch = $1 for key share)"
	" update ficus.feature_flags set enabled = false, reason = $2,"
	" actor = 'cdc' where enabled and name = any($3::text[])"
	" and exists (select from ours)";

/* Metadata is of all domains. */
static const char *flags_of(enum domain domain)
{
	switch (domain) {
	case DOMAIN_CUSTOMER:
		return "{customer_read}";
	case DOMAIN_CATALOG:
		return "{catalog_read}";
	case DOMAIN_ORDER:
		return "{order_read}";
	case DOMAIN_METADATA:
	case DOMAIN_UNKNOWN:
		break;
	}
	return "{customer_read,catalog_read,order_read}";
}

/* The copy will not get any newer: readers are to ask Magento. Routers would
 * find out by the lag; a flag also says why. */
static void switch_off(struct refusal *refusal, const struct board_facts *facts,
		       const char *reason)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	const char *flags = flags_of(facts->refused);
	struct err err = { 0 };
	char epoch[24];

	snprintf(epoch, sizeof(epoch), "%" PRId64, facts->epoch);
	const struct pg_param params[] = {
		pg_param_text(epoch),
		pg_param_text(reason),
		pg_param_text(flags),
	};
	int rc = pg_connect(&refusal->setup->target, &pg, &err);
	if (rc == 0)
		rc = pg_query(pg, switch_sql, params, LENGTH(params), NULL,
			      &err);
	if (rc < 0)
		log_warn("flags not switched off, ignoring", KV_ERR(&err));
	else
		log_warn("flags switched off", KV_STR("flags", flags),
			 KV_STR("reason", reason));
}

void refusal_judge(struct refusal *refusal, const struct err *why)
{
	char text[sizeof(why->msg) + 64];
	struct board_facts facts;

	board_read(refusal->board, &facts, NULL, NULL);
	if (facts.refusals_in_row == 1)
		refusal->told = false;
	if (refusal->told ||
	    facts.refusals_in_row < refusal->setup->settings.max_retries)
		return;
	refusal->told = true;
	snprintf(text, sizeof(text), "the target refuses a batch: %s",
		 why->msg);
	switch_off(refusal, &facts, text);
	alerts_raise(refusal->board->alerts, ALERT_REFUSED, text);
}

bool refusal_told(const struct refusal *refusal)
{
	return refusal->told;
}
