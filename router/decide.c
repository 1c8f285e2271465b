#include "router/decide.h"

#include "base/buf.h"
#include "router/routes.h"

static const struct {
	const char *name, *help;
} reasons[] = {
#define REASON_ROW(name, text, help) [DECIDE_##name] = { text, help },
	DECIDE_REASONS(REASON_ROW)
#undef REASON_ROW
};

const char *decide_reason_name(enum decide_reason reason)
{
	return reasons[reason].name;
}

const char *decide_reason_help(enum decide_reason reason)
{
	return reasons[reason].help;
}

/* Why not to ask the gated upstream at all, by the request itself. */
static enum decide_reason by_request(const struct decide_facts *facts)
{
	if (facts->override)
		return DECIDE_OVERRIDE;
	if (facts->has_body)
		return DECIDE_BODY;
	if (facts->odd_path)
		return DECIDE_ODD_PATH;
	if (facts->template <0)
		return DECIDE_NO_TEMPLATE;
	return DECIDE_COPY;
}

static enum decide_reason by_flag(const struct decide_facts *facts,
				  const struct decide_view *view)
{
	enum domain domain = facts->route->flag;
	const struct flag *flag;

	if (domain == DOMAIN_NONE)
		return DECIDE_COPY;
	flag = &view->flags.flag[domain];
	if (!flag_on(flag))
		return DECIDE_FLAG_OFF;
	return flag_includes(flag, domain, facts->subject) ? DECIDE_COPY
							   : DECIDE_ROLLOUT;
}

static enum decide_reason by_health(const struct decide_facts *facts,
				    const struct decide_view *view,
				    int64_t max_lag_ms)
{
	const struct health_view *health = &view->health;
	enum domain domain = facts->route->domain;
	int64_t lag = health_lag(health, facts->now_us);

	if (lag < 0)
		return DECIDE_LAG_UNKNOWN;
	if (!health->proven)
		return DECIDE_UNPROVEN;
	if (!health->fresh[domain])
		return DECIDE_NOT_FRESH;
	if (lag > max_lag_ms)
		return DECIDE_LAG_HIGH;
	return health->up[domain] ? DECIDE_COPY : DECIDE_DWELL;
}

/* The copy itself waits, within its snapshot, for a ticket to pass; another
 * read service can't, so that its fenced clients go to Magento. */
static enum decide_reason by_fence(const struct decide_facts *facts)
{
	if (facts->route->ryw == ROUTE_RYW_NONE)
		return DECIDE_COPY;
	switch (facts->fence) {
	case FENCE_NONE:
		return DECIDE_COPY;
	case FENCE_TICKET:
		return facts->upstream == ROUTE_COPY ? DECIDE_COPY
						     : DECIDE_FENCED;
	case FENCE_UNKNOWN:
		break;
	}
	return DECIDE_FENCED;
}

static enum decide_reason gated(const struct decide_facts *facts,
				const struct decide_view *view,
				int64_t max_lag_ms)
{
	enum decide_reason reason = by_request(facts);

	if (reason == DECIDE_COPY)
		reason = by_flag(facts, view);
	if (reason == DECIDE_COPY && !facts->authorised)
		reason = DECIDE_AUTH;
	if (reason == DECIDE_COPY)
		reason = by_health(facts, view, max_lag_ms);
	if (reason == DECIDE_COPY && facts->upstream_down)
		reason = DECIDE_UPSTREAM;
	if (reason == DECIDE_COPY)
		reason = by_fence(facts);
	return reason;
}

static bool is_read(enum http_method method)
{
	return method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD;
}

struct decision decide(const struct decide_facts *facts,
		       const struct decide_view *view)
{
	const struct route *route = facts->route;
	struct decision d = { .upstream = ROUTE_MAGENTO };

	if (!route) {
		d.reason =
			is_read(facts->method) ? DECIDE_NO_RULE : DECIDE_METHOD;
		return d;
	}
	if (!route->gated || facts->upstream == ROUTE_MAGENTO) {
		d.upstream = facts->upstream;
		d.reason =
			is_read(facts->method) ? DECIDE_ROUTE : DECIDE_METHOD;
		return d;
	}
	d.max_lag_ms = route->max_lag_ms ? route->max_lag_ms : view->max_lag_ms;
	if (view->flags.admin_force)
		d.reason = DECIDE_ADMIN_FORCE;
	else
		d.reason = gated(facts, view, d.max_lag_ms);
	if (d.reason != DECIDE_COPY)
		return d;
	d.upstream = facts->upstream;
	d.fallback = route->fallback;
	if (facts->fence == FENCE_TICKET && route->ryw != ROUTE_RYW_NONE)
		d.ticket = facts->ticket;
	return d;
}

void decide_print(struct buf *out, uint16_t upstream, enum decide_reason reason)
{
	const char *target = "upstream";

	if (upstream == ROUTE_MAGENTO)
		target = "magento";
	else if (upstream == ROUTE_COPY)
		target = "copy";
	buf_adds(out, target);
	buf_adds(out, ";reason=");
	buf_adds(out, reasons[reason].name);
}
