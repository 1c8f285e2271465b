#include "router/stats.h"

#include <string.h>

#include "base/defs.h"
#include "base/metrics.h"
#include "router/domain.h"

enum {
	METRIC_COPY,
	METRIC_MAGENTO,
	METRIC_OTHER,
	METRIC_STATUS,
	METRIC_FAILURES,
	METRIC_SECONDS,
	METRIC_LAG,
	METRIC_PROVEN,
	METRIC_CONNECTED,
	METRIC_FORCE,
	METRIC_FENCES,
	METRIC_BUSY,
	METRIC_AGE,
	METRIC_FRESH,
	METRIC_FLAG,
	METRIC_TICKET_FAILURES,
	METRIC_PLAIN,
};

#define PLAIN_ROW(field, help)                                                 \
	{ "ficus_router_" #field "_total", METRIC_COUNTER, help, NULL, NULL },

static struct metric metrics[] = {
	{ "ficus_router_copy_total", METRIC_COUNTER,
	  "Requests answered by the copy, by reason", "reason", NULL },
	{ "ficus_router_magento_total", METRIC_COUNTER,
	  "Requests answered by Magento, by reason", "reason", NULL },
	{ "ficus_router_upstream_total", METRIC_COUNTER,
	  "Requests answered by other upstreams, by reason", "reason", NULL },
	{ "ficus_router_responses_total", METRIC_COUNTER,
	  "Answers to clients by class of status; none: cut off", "class",
	  NULL },
	{ "ficus_router_upstream_failures_total", METRIC_COUNTER,
	  "Upstream connections that ended without a whole response", "kind",
	  NULL },
	{ "ficus_router_request_seconds", METRIC_HISTOGRAM,
	  "Seconds from a request's head to the end of its answer", "target",
	  NULL },
	{ "ficus_router_lag_seconds", METRIC_GAUGE,
	  "Lag of the copy as decisions see it; -1: unknown", NULL, NULL },
	{ "ficus_router_proven", METRIC_GAUGE,
	  "1: a ticket has passed since the last event", NULL, NULL },
	{ "ficus_router_status_connected", METRIC_GAUGE,
	  "1: status and flags can be read", NULL, NULL },
	{ "ficus_router_admin_force", METRIC_GAUGE,
	  "1: an operator sends everything to Magento", NULL, NULL },
	{ "ficus_router_fences", METRIC_GAUGE,
	  "Clients whose reads wait for a ticket", NULL, NULL },
	{ "ficus_router_magento_requests", METRIC_GAUGE,
	  "Requests at Magento now", NULL, NULL },
	{ "ficus_router_status_age_seconds", METRIC_GAUGE,
	  "Age of the last look at ficus.status", NULL, NULL },
	{ "ficus_router_domain_fresh", METRIC_GAUGE,
	  "1: the domain is complete and streaming", "domain", NULL },
	{ "ficus_router_flag_percent", METRIC_GAUGE,
	  "Share of subjects the flag sends to the copy, 0 to 100", "flag",
	  NULL },
	{ "ficus_router_ticket_failures", METRIC_GAUGE,
	  "Tickets that could not be written since the start", NULL, NULL },
	STATS_PLAIN(PLAIN_ROW)
};

static const char *const targets[] = { "magento", "copy", "upstream" };
static const char *const classes[] = {
	"none", "1xx", "2xx", "3xx", "4xx", "5xx"
};

void stats_time(uint16_t upstream, double seconds)
{
	metric_observe(&metrics[METRIC_SECONDS],
		       targets[upstream > 2 ? 2 : upstream], seconds);
}

static void reasons_add(int metric, const uint64_t *counts)
{
	for (int i = 0; i < DECIDE_REASON_N; i++) {
		if (counts[i])
			metric_add(&metrics[metric],
				   decide_reason_name((enum decide_reason)i),
				   counts[i]);
	}
}

void stats_flush(struct stats *stats)
{
	const uint64_t plain[] = {
#define PLAIN_VALUE(field, help) stats->field,
		STATS_PLAIN(PLAIN_VALUE)
#undef PLAIN_VALUE
	};

	reasons_add(METRIC_COPY, stats->copy);
	reasons_add(METRIC_MAGENTO, stats->magento);
	reasons_add(METRIC_OTHER, stats->other);
	for (int i = 0; i < 6; i++) {
		if (stats->status[i])
			metric_add(&metrics[METRIC_STATUS], classes[i],
				   stats->status[i]);
	}
	for (int i = 0; i < LINK_FAILURE_N; i++) {
		if (stats->failures[i])
			metric_add(&metrics[METRIC_FAILURES],
				   link_failure_name((enum link_failure)i),
				   stats->failures[i]);
	}
	for (size_t i = 0; i < LENGTH(plain); i++) {
		if (plain[i])
			metric_add(&metrics[METRIC_PLAIN + i], NULL, plain[i]);
	}
	memset(stats, 0, sizeof(*stats));
}

void stats_write(const struct stats_gauges *g, struct buf *out)
{
	metric_set(&metrics[METRIC_LAG], NULL, g->lag_s);
	metric_set(&metrics[METRIC_PROVEN], NULL, g->proven);
	metric_set(&metrics[METRIC_CONNECTED], NULL, g->connected);
	metric_set(&metrics[METRIC_FORCE], NULL, g->admin_force);
	metric_set(&metrics[METRIC_FENCES], NULL, g->fences);
	metric_set(&metrics[METRIC_BUSY], NULL, g->magento_busy);
	metric_set(&metrics[METRIC_AGE], NULL, g->view_age_s);
	metric_set(&metrics[METRIC_TICKET_FAILURES], NULL,
		   (double)g->ticket_failures);
	for (int i = 0; i < DOMAIN_N; i++) {
		metric_set(&metrics[METRIC_FRESH], domain_name((enum domain)i),
			   g->fresh[i]);
		metric_set(&metrics[METRIC_FLAG], domain_flag((enum domain)i),
			   g->flag_percent[i] / 100.0);
	}
	metrics_write(metrics, (int)LENGTH(metrics), 1, out);
}
