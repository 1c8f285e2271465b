#include "router/health.h"

#include <stddef.h>

/* PostgreSQL's clock may have been set back by so much before we distrust
 * the age of the status row. */
enum { HEALTH_CLOCK_SLACK_MS = 1000 };

void health_init(struct health *health, int64_t max_lag_ms, int64_t dwell_ms,
		 int64_t now_us)
{
	*health = (struct health){ .max_lag_ms = max_lag_ms,
				   .dwell_ms = dwell_ms,
				   .event_us = now_us,
				   .event = "start of this router" };
	health->view.lag_ms = -1;
}

void health_event(struct health *health, const char *what, int64_t now_us)
{
	health->event = what;
	health->event_us = now_us;
	health->view.proven = false;
}

static const char *event_of(const struct health *health,
			    const struct health_sample *s)
{
	const struct health_view *v = &health->view;

	if (!v->known)
		return NULL;
	if (s->system_identifier != v->system_identifier)
		return "another PostgreSQL";
	if (s->postgres_start_us != v->postgres_start_us)
		return "restart of PostgreSQL";
	if (s->epoch != v->epoch)
		return "new epoch";
	if (s->seq < health->seq || s->passed_ticket < v->passed_ticket)
		return "position went back";
	return NULL;
}

static int64_t lag_of(const struct health_sample *s)
{
	if (s->lag_ms < 0 || s->row_age_ms < -HEALTH_CLOCK_SLACK_MS)
		return -1;
	return s->lag_ms + (s->row_age_ms > 0 ? s->row_age_ms : 0);
}

static void domain_update(struct health *health, int i, bool well,
			  int64_t now_us)
{
	struct health_view *v = &health->view;
	int64_t dwell_us = health->was_bad[i] ? health->dwell_ms * 1000 : 0;

	if (!well) {
		health->good_us[i] = 0;
		health->was_bad[i] |= v->proven;
		v->up[i] = false;
		return;
	}
	if (health->good_us[i] == 0)
		health->good_us[i] = now_us;
	v->up[i] = v->up[i] || now_us - health->good_us[i] >= dwell_us;
}

bool health_update(struct health *health, const struct health_sample *s,
		   int64_t now_us)
{
	struct health_view *v = &health->view;
	const char *event;
	int64_t lag;

	if (!s->found) {
		/* Kept: epoch and places, so that their change is seen. */
		v->lag_ms = -1;
		v->taken_us = s->taken_us;
		for (int i = 0; i < DOMAIN_N; i++)
			domain_update(health, i, false, now_us);
		return false;
	}
	event = event_of(health, s);
	if (event)
		health_event(health, event, now_us);
	lag = lag_of(s);
	v->known = true;
	v->lag_ms = lag;
	v->taken_us = s->taken_us;
	v->passed_ticket = s->passed_ticket;
	v->epoch = s->epoch;
	v->postgres_start_us = s->postgres_start_us;
	v->system_identifier = s->system_identifier;
	v->unhealthy_keys = s->unhealthy_keys;
	health->seq = s->seq;
	for (int i = 0; i < DOMAIN_N; i++) {
		v->fresh[i] = s->streaming && s->fresh[i];
		domain_update(health, i,
			      v->fresh[i] && lag >= 0 &&
				      lag <= health->max_lag_ms,
			      now_us);
	}
	return event != NULL;
}

void health_passed(struct health *health, int64_t taken_us)
{
	struct health_view *v = &health->view;

	if (taken_us > v->passed_us)
		v->passed_us = taken_us;
	if (taken_us > health->event_us)
		v->proven = true;
}

int64_t health_lag(const struct health_view *view, int64_t now_us)
{
	int64_t age_us = now_us - view->taken_us;

	if (!view->known || view->lag_ms < 0 || age_us < 0)
		return -1;
	return view->lag_ms + age_us / 1000;
}
