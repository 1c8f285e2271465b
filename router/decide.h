/* Where one request goes, and why. Pure: the same facts and view give the
 * same answer, in the data path, in /explain and in tests.
 *
 * Reasons stand in the order in which they are asked; the first that applies
 * is taken. It is the metric label, the log field and what X-Ficus-Route
 * shows: "magento;reason=flag_off". */
#ifndef ROUTER_DECIDE_H
#define ROUTER_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"
#include "router/fence.h"
#include "router/flags.h"
#include "router/health.h"

struct buf;
struct route;
struct routes;

/*	X(name, text, what it means) */
#define DECIDE_REASONS(X)                                                      \
	X(NO_RULE, "no_rule", "no route matches; Magento gets the rest")       \
	X(METHOD, "method", "not a read")                                      \
	X(ROUTE, "route", "the route says so")                                 \
	X(ADMIN_FORCE, "admin_force", "an operator sends all to Magento")      \
	X(OVERRIDE, "method_override", "a GET that may be a write")            \
	X(BODY, "request_body", "a read with a body")                          \
	X(ODD_PATH, "odd_path", "the path can be read in several ways")        \
	X(NO_TEMPLATE, "no_template", "the copy has no such resource")         \
	X(FLAG_OFF, "flag_off", "the domain's flag is off")                    \
	X(ROLLOUT, "rollout_excluded", "outside the flag's percentage")        \
	X(AUTH, "auth_unverified", "Magento must authorise it first")          \
	X(LAG_UNKNOWN, "lag_unknown", "no word on the copy's lag")             \
	X(UNPROVEN, "unproven", "no ticket passed since the last event")       \
	X(NOT_FRESH, "not_fresh", "the domain is not complete")                \
	X(LAG_HIGH, "lag_high", "the copy is too old")                         \
	X(DWELL, "dwell", "the copy was bad a moment ago")                     \
	X(UPSTREAM, "upstream_down", "the read service is ejected")            \
	X(FENCED, "fenced", "the client saw something newer in Magento")       \
	X(COPY, "copy", "all is well")                                         \
	X(FELL_STALE, "fell_stale", "the snapshot was too old")                \
	X(FELL_FENCE, "fell_fence", "the client's ticket did not pass")        \
	X(FELL_UNHEALTHY, "fell_unhealthy", "a dead letter concerns it")       \
	X(FELL_PARTIAL, "fell_partial",                                        \
	  "a list of a domain with bootstrap.since")                           \
	X(FELL_EPOCH, "fell_epoch", "another applier or server")               \
	X(FELL_NOT_FOUND, "fell_not_found", "the copy does not have it")       \
	X(FELL_TIMEOUT, "fell_timeout", "the copy was too slow")               \
	X(FELL_ERROR, "fell_error", "the copy failed")

#define DECIDE_ENUM(name, text, help) DECIDE_##name,
enum decide_reason { DECIDE_REASONS(DECIDE_ENUM) DECIDE_REASON_N };
#undef DECIDE_ENUM

struct decide_view {
	struct flags flags;
	struct health_view health;
	int64_t max_lag_ms; /* router.max_lag */
};

/* What is asked about a request, found out by the caller. */
struct decide_facts {
	const struct route *route; /* NULL: none matches */
	uint16_t upstream;	   /* destination chosen by weight */
	enum http_method method;
	bool odd_path, override, has_body;
	int template;	  /* < 0: none fits */
	uint64_t subject; /* whose bucket counts */
	bool authorised;  /* or the route needs none */
	bool upstream_down;
	enum fence_state fence;
	int64_t ticket; /* with FENCE_TICKET */
	int64_t now_us; /* clock_mono_us() */
};

struct decision {
	enum decide_reason reason;
	uint16_t upstream;  /* where first; index in routes->upstreams */
	bool fallback;	    /* a failure there is asked of Magento */
	int64_t max_lag_ms; /* the snapshot must prove it */
	int64_t ticket;	    /* and have passed this; 0: none */
};

struct decision decide(const struct decide_facts *facts,
		       const struct decide_view *view);
const char *decide_reason_name(enum decide_reason reason);
const char *decide_reason_help(enum decide_reason reason);
/* "copy;reason=copy": the upstream by kind, never by address. */
void decide_print(struct buf *out, uint16_t upstream,
		  enum decide_reason reason);

#endif
