/* decide() by a table: one fact changed from "all is well" each time. */
#include "tests/lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "router/decide.h"
#include "router/routes.h"

enum { SECOND = 1000 * 1000 };

struct scene {
	struct route route;
	struct decide_facts facts;
	struct decide_view view;
};

static struct scene well(void)
{
	struct scene s = {
		.route = { .gated = true,
			   .fallback = true,
			   .domain = DOMAIN_ORDER,
			   .flag = DOMAIN_ORDER },
		.facts = { .upstream = ROUTE_COPY,
			   .method = HTTP_METHOD_GET,
			   .authorised = true,
			   .now_us = 10 * SECOND },
		.view = { .max_lag_ms = 2000 },
	};

	s.view.flags.flag[DOMAIN_ORDER] = (struct flag){
		.known = true, .enabled = true, .percent_bp = FLAG_PERCENT_ALL
	};
	s.view.health = (struct health_view){ .known = true,
					      .proven = true,
					      .fresh = { true, true, true },
					      .up = { true, true, true },
					      .lag_ms = 5,
					      .taken_us = 10 * SECOND };
	return s;
}

static struct decision decided(struct scene *s)
{
	s->facts.route = &s->route;
	return decide(&s->facts, &s->view);
}

static void post(struct scene *s)
{
	s->facts.method = HTTP_METHOD_POST;
}
static void head(struct scene *s)
{
	s->facts.method = HTTP_METHOD_HEAD;
}
static void plain(struct scene *s)
{
	s->route.gated = false;
	s->facts.upstream = ROUTE_MAGENTO;
}
static void plain_post(struct scene *s)
{
	plain(s);
	post(s);
}
static void force(struct scene *s)
{
	s->view.flags.admin_force = true;
}
static void override(struct scene *s)
{
	s->facts.override = true;
}
static void body(struct scene *s)
{
	s->facts.has_body = true;
}
static void odd(struct scene *s)
{
	s->facts.odd_path = true;
}
static void other_path(struct scene *s)
{
	s->facts.template = -1;
}
static void flag_off(struct scene *s)
{
	s->view.flags.flag[DOMAIN_ORDER].enabled = false;
}
static void other_flag_off(struct scene *s)
{
	s->view.flags.flag[DOMAIN_CUSTOMER].enabled = false;
}
static void no_flag(struct scene *s)
{
	flag_off(s);
	s->route.flag = DOMAIN_NONE;
}
static void rollout(struct scene *s)
{
	s->view.flags.flag[DOMAIN_ORDER].percent_bp = 1;
	s->facts.subject = 12345;
}
static void no_auth(struct scene *s)
{
	s->facts.authorised = false;
}
static void no_lag(struct scene *s)
{
	s->view.health.lag_ms = -1;
}
static void no_sample(struct scene *s)
{
	s->view.health.known = false;
}
static void unproven(struct scene *s)
{
	s->view.health.proven = false;
}
static void not_fresh(struct scene *s)
{
	s->view.health.fresh[DOMAIN_ORDER] = false;
}
static void other_not_fresh(struct scene *s)
{
	s->view.health.fresh[DOMAIN_CATALOG] = false;
}
static void lag(struct scene *s)
{
	s->view.health.lag_ms = 2001;
}
static void old_sample(struct scene *s)
{
	s->facts.now_us += 2 * SECOND;
}
static void lag_allowed(struct scene *s)
{
	lag(s);
	s->route.max_lag_ms = 3000;
}
static void lag_of_route(struct scene *s)
{
	s->view.health.lag_ms = 11;
	s->route.max_lag_ms = 10;
}
static void dwell(struct scene *s)
{
	s->view.health.up[DOMAIN_ORDER] = false;
}
static void down(struct scene *s)
{
	s->facts.upstream_down = true;
}
static void fence_unknown(struct scene *s)
{
	s->facts.fence = FENCE_UNKNOWN;
}
static void fence_set_ticket(struct scene *s)
{
	s->facts.fence = FENCE_TICKET;
	s->facts.ticket = 44;
}
static void fence_elsewhere(struct scene *s)
{
	fence_set_ticket(s);
	s->facts.upstream = 2;
}
static void fence_ignored(struct scene *s)
{
	fence_unknown(s);
	s->route.ryw = ROUTE_RYW_NONE;
}
static void elsewhere(struct scene *s)
{
	s->facts.upstream = 2;
}

TEST(one_changed_fact_changes_the_answer)
{
	static const struct {
		void (*change)(struct scene *s);
		enum decide_reason reason;
		int upstream;
	} cases[] = {
		{ head, DECIDE_COPY, ROUTE_COPY },
		{ plain, DECIDE_ROUTE, ROUTE_MAGENTO },
		{ plain_post, DECIDE_METHOD, ROUTE_MAGENTO },
		{ force, DECIDE_ADMIN_FORCE, ROUTE_MAGENTO },
		{ override, DECIDE_OVERRIDE, ROUTE_MAGENTO },
		{ body, DECIDE_BODY, ROUTE_MAGENTO },
		{ odd, DECIDE_ODD_PATH, ROUTE_MAGENTO },
		{ other_path, DECIDE_NO_TEMPLATE, ROUTE_MAGENTO },
		{ flag_off, DECIDE_FLAG_OFF, ROUTE_MAGENTO },
		{ other_flag_off, DECIDE_COPY, ROUTE_COPY },
		{ no_flag, DECIDE_COPY, ROUTE_COPY },
		{ rollout, DECIDE_ROLLOUT, ROUTE_MAGENTO },
		{ no_auth, DECIDE_AUTH, ROUTE_MAGENTO },
		{ no_lag, DECIDE_LAG_UNKNOWN, ROUTE_MAGENTO },
		{ no_sample, DECIDE_LAG_UNKNOWN, ROUTE_MAGENTO },
		{ unproven, DECIDE_UNPROVEN, ROUTE_MAGENTO },
		{ not_fresh, DECIDE_NOT_FRESH, ROUTE_MAGENTO },
		{ other_not_fresh, DECIDE_COPY, ROUTE_COPY },
		{ lag, DECIDE_LAG_HIGH, ROUTE_MAGENTO },
		{ old_sample, DECIDE_LAG_HIGH, ROUTE_MAGENTO },
		{ lag_allowed, DECIDE_COPY, ROUTE_COPY },
		{ lag_of_route, DECIDE_LAG_HIGH, ROUTE_MAGENTO },
		{ dwell, DECIDE_DWELL, ROUTE_MAGENTO },
		{ down, DECIDE_UPSTREAM, ROUTE_MAGENTO },
		{ fence_unknown, DECIDE_FENCED, ROUTE_MAGENTO },
		{ fence_set_ticket, DECIDE_COPY, ROUTE_COPY },
		{ fence_elsewhere, DECIDE_FENCED, ROUTE_MAGENTO },
		{ fence_ignored, DECIDE_COPY, ROUTE_COPY },
		{ elsewhere, DECIDE_COPY, 2 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct scene s = well();
		struct decision d;

		cases[i].change(&s);
		d = decided(&s);
		if (d.reason != cases[i].reason)
			fail_msg("case %zu: %s", i,
				 decide_reason_name(d.reason));
		assert_int_equal(d.upstream, cases[i].upstream);
		assert_int_equal(d.fallback, d.upstream != ROUTE_MAGENTO);
	}
}

TEST(no_route_is_magento)
{
	struct scene s = well();
	struct decision d = decide(&s.facts, &s.view);

	assert_int_equal(d.upstream, ROUTE_MAGENTO);
	assert_int_equal(d.reason, DECIDE_NO_RULE);
}

TEST(earlier_reasons_hide_later_ones)
{
	static void (*const changes[])(struct scene *) = {
		fence_unknown, down,   dwell,	 lag,	   not_fresh,
		unproven,      no_lag, no_auth,	 flag_off, other_path,
		odd,	       body,   override, force,
	};
	static const enum decide_reason want[] = {
		DECIDE_FENCED,	    DECIDE_UPSTREAM,	DECIDE_DWELL,
		DECIDE_LAG_HIGH,    DECIDE_NOT_FRESH,	DECIDE_UNPROVEN,
		DECIDE_LAG_UNKNOWN, DECIDE_AUTH,	DECIDE_FLAG_OFF,
		DECIDE_NO_TEMPLATE, DECIDE_ODD_PATH,	DECIDE_BODY,
		DECIDE_OVERRIDE,    DECIDE_ADMIN_FORCE,
	};
	struct scene s = well();

	for (size_t i = 0; i < LENGTH(changes); i++) {
		changes[i](&s);
		assert_int_equal(decided(&s).reason, want[i]);
	}
}

TEST(the_copy_must_prove_the_ticket)
{
	struct scene s = well();

	fence_set_ticket(&s);
	assert_int_equal(decided(&s).ticket, 44);
	assert_int_equal(decided(&s).max_lag_ms, 2000);
}

TEST(a_route_may_refuse_the_fallback)
{
	struct scene s = well();

	s.route.fallback = false;
	assert_false(decided(&s).fallback);
}

TEST(the_header_names_no_address)
{
	struct buf out;

	buf_init(&out, 100);
	decide_print(&out, ROUTE_COPY, DECIDE_COPY);
	buf_addc(&out, ' ');
	decide_print(&out, ROUTE_MAGENTO, DECIDE_FLAG_OFF);
	buf_addc(&out, ' ');
	decide_print(&out, 5, DECIDE_ROUTE);
	assert_string_equal(buf_str(&out),
			    "copy;reason=copy magento;reason=flag_off "
			    "upstream;reason=route");
	buf_done(&out);
}

RUN(CASE(one_changed_fact_changes_the_answer), CASE(no_route_is_magento),
    CASE(earlier_reasons_hide_later_ones), CASE(the_copy_must_prove_the_ticket),
    CASE(a_route_may_refuse_the_fallback), CASE(the_header_names_no_address))
