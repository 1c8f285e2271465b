#include "router/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/server.h"
#include "http/target.h"
#include "router/explain.h"
#include "router/fence.h"
#include "router/flag_store.h"
#include "router/router.h"
#include "router/stats.h"
#include "router/ticket.h"
#include "router/watch.h"

enum { ADMIN_ROUTES = 8 };

struct admin {
	struct admin_conf conf;
	struct http_server_thread *server;
	struct http_route routes[ADMIN_ROUTES];
	struct decide_view view;
	uint64_t view_version;
};

static const struct decide_view *view_of(struct admin *admin)
{
	if (admin->conf.router->watch)
		(void)watch_view(admin->conf.router->watch,
				 &admin->view_version, &admin->view);
	return &admin->view;
}

static void error_reply(struct http_reply *reply, int status, const char *text)
{
	struct json w;

	reply->status = status;
	reply->type = "application/json";
	json_init(&w, &reply->body, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "error");
	json_str(&w, text);
	json_end_object(&w);
	buf_addc(&reply->body, '\n');
}

/* ---- looking ---- */

static void metrics_cb(void *user, const struct http_request *request,
		       struct http_reply *reply)
{
	struct admin *admin = user;
	struct router *router = admin->conf.router;
	const struct decide_view *view = view_of(admin);
	int64_t now = clock_mono_us(), lag = health_lag(&view->health, now);
	struct stats_gauges g = {
		.lag_s = lag < 0 ? -1 : (double)lag / 1000,
		.proven = view->health.proven,
		.connected = router->watch && watch_connected(router->watch),
		.admin_force = view->flags.admin_force,
		.fences = (double)fence_count(router->fences,
					      view->health.passed_us),
		.magento_busy = atomic_load(&router->magento_busy),
		.view_age_s = (double)(now - view->health.taken_us) / 1e6,
		.ticket_failures =
			router->tickets ? ticket_failures(router->tickets) : 0,
	};

	(void)request;
	for (int i = 0; i < DOMAIN_N; i++) {
		const struct flag *flag = &view->flags.flag[i];

		g.fresh[i] = view->health.fresh[i];
		g.flag_percent[i] = flag_on(flag) ? flag->percent_bp : 0;
	}
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	stats_write(&g, &reply->body);
}

static void healthz_cb(void *user, const struct http_request *request,
		       struct http_reply *reply)
{
	(void)user;
	(void)request;
	buf_adds(&reply->body, "ok\n");
}

/* Ready means able to answer: with Magento alone that is always so. */
static void readyz_cb(void *user, const struct http_request *request,
		      struct http_reply *reply)
{
	struct admin *admin = user;

	(void)request;
	if (atomic_load(admin->conf.draining)) {
		reply->status = 503;
		buf_adds(&reply->body, "stopping\n");
		return;
	}
	buf_adds(&reply->body, "ok\n");
}

/* Why a domain's reads would not come from the copy; NULL: they would. */
static const char *why_not(const struct decide_view *view, enum domain domain)
{
	const struct health_view *health = &view->health;
	int64_t lag = health_lag(health, clock_mono_us());

	if (view->flags.admin_force)
		return "admin_force";
	if (!flag_on(&view->flags.flag[domain]))
		return "flag_off";
	if (lag < 0)
		return "lag_unknown";
	if (!health->proven)
		return "unproven";
	if (!health->fresh[domain])
		return "not_fresh";
	if (lag > view->max_lag_ms)
		return "lag_high";
	return health->up[domain] ? NULL : "dwell";
}

static void health_cb(void *user, const struct http_request *request,
		      struct http_reply *reply)
{
	struct admin *admin = user;
	struct str path = request->path;
	char name[32];
	enum domain domain;
	const char *why;

	path.at += strlen("/health/");
	path.n -= strlen("/health/");
	(void)snprintf(name, sizeof(name), "%.*s", (int)path.n, path.at);
	domain = domain_of(name);
	if (domain == DOMAIN_NONE) {
		error_reply(reply, 404,
			    "no such domain: customer, catalog, "
			    "order");
		return;
	}
	why = why_not(view_of(admin), domain);
	reply->status = why ? 503 : 200;
	buf_addf(&reply->body, "%s\n", why ? why : "fresh");
}

/* ---- explaining ---- */

struct param {
	const char *name;
	struct str value;
};

static void params_read(const struct http_request *request, struct arena *arena,
			struct param *params, size_t n)
{
	struct http_query query = http_query_of(request->query);
	struct str name, value;

	while (http_query_next(&query, arena, &name, &value)) {
		for (size_t i = 0; i < n; i++) {
			if (str_eqs(name, params[i].name))
				params[i].value = value;
		}
	}
}

static void explain_cb(void *user, const struct http_request *request,
		       struct http_reply *reply)
{
	struct admin *admin = user;
	struct param params[] = { { "method", STR("GET") },
				  { "path", STR("/") },
				  { "client", STR("") } };
	struct explain what = { .peer = request->peer };
	struct arena arena;

	arena_init(&arena);
	params_read(request, &arena, params, 3);
	what.method = params[0].value;
	what.path = params[1].value;
	what.client = params[2].value;
	reply->type = "application/json";
	reply->status = explain_write(&reply->body, admin->conf.router,
				      view_of(admin), &what);
	buf_addc(&reply->body, '\n');
	arena_done(&arena);
}

/* ---- flags ---- */

static void flags_get_cb(void *user, const struct http_request *request,
			 struct http_reply *reply)
{
	struct admin *admin = user;
	struct router *router = admin->conf.router;
	struct err err = { 0 };

	(void)request;
	reply->type = "application/json";
	buf_addf(&reply->body, "{\"admin_force\":%s,\"flags\":",
		 view_of(admin)->flags.admin_force ? "true" : "false");
	if (!router->pg) {
		buf_adds(&reply->body, "[]}\n");
		return;
	}
	if (flag_store_json(router->pg, &reply->body, &err) < 0) {
		buf_reset(&reply->body, 0);
		error_reply(reply, 503, err.msg);
		return;
	}
	buf_adds(&reply->body, "}\n");
}

/* Compares all bytes, whatever differs first. */
static bool same_secret(struct str a, const char *b)
{
	size_t n = strlen(b);
	unsigned differ = a.n != n;

	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned)(a.at[i] ^ b[n ? i % n : 0]);
	return differ == 0;
}

static bool may_change(const struct admin *admin,
		       const struct http_request *request,
		       struct http_reply *reply)
{
	struct str auth =
		http_head_get(request->head, HTTP_FIELD_AUTHORIZATION);

	if (!*admin->conf.token) {
		error_reply(reply, 403,
			    "changes need router.admin.token in the settings");
		return false;
	}
	if (str_starts(auth, "Bearer ") &&
	    same_secret((struct str){ auth.at + 7, auth.n - 7 },
			admin->conf.token))
		return true;
	error_reply(reply, 401, "Authorization: Bearer <router.admin.token>");
	reply->extra_name = "WWW-Authenticate";
	(void)snprintf(reply->extra_value, sizeof(reply->extra_value),
		       "Bearer");
	return false;
}

static void force_put(struct admin *admin, struct str value,
		      struct http_reply *reply)
{
	bool on = str_eqs(value, "on");

	if (!on && !str_eqs(value, "off")) {
		error_reply(reply, 400, "force is on or off");
		return;
	}
	if (!admin->conf.router->watch) {
		error_reply(reply, 409, "no route uses the copy");
		return;
	}
	watch_force(admin->conf.router->watch, on);
	reply->type = "application/json";
	buf_addf(&reply->body, "{\"admin_force\":%s}\n", on ? "true" : "false");
}

/* "5", "\"5\"" or "*" */
static bool version_parse(struct str text, int64_t *ret)
{
	if (text.n >= 2 && text.at[0] == '"' && text.at[text.n - 1] == '"')
		text = (struct str){ text.at + 1, text.n - 2 };
	if (str_eqs(text, "*")) {
		*ret = 0;
		return true;
	}
	return str_to_i64(text, ret) && *ret > 0;
}

static void flag_put(struct admin *admin, const struct param *params,
		     struct str if_match, struct http_reply *reply)
{
	char name[64], reason[256];
	struct flag_change change = { .name = name,
				      .reason = reason,
				      .actor = "admin address" };
	struct err err = { 0 };
	int64_t version;
	int rc;

	(void)snprintf(name, sizeof(name), "%.*s", (int)params[0].value.n,
		       params[0].value.at);
	(void)snprintf(reason, sizeof(reason), "%.*s", (int)params[2].value.n,
		       params[2].value.at);
	if (!flag_parse(params[1].value, &change.enabled, &change.percent_bp)) {
		error_reply(reply, 400, "value is on, off or a percentage");
		return;
	}
	if (!if_match.at || !version_parse(if_match, &change.version)) {
		error_reply(reply, 428, "If-Match: the version it has, or *");
		return;
	}
	rc = flag_store_set(admin->conf.router->pg, &change, &version, &err);
	if (rc < 0) {
		error_reply(reply,
			    rc == ERR_LIMIT    ? 412
			    : rc == ERR_CONFIG ? 404
					       : 503,
			    err.msg);
		return;
	}
	log_info("flag changed", KV_STR("flag", name),
		 KV_INT("enabled", change.enabled),
		 KV_INT("percent_bp", change.percent_bp),
		 KV_INT("version", version));
	reply->type = "application/json";
	buf_addf(&reply->body, "{\"version\":%jd}\n", (intmax_t)version);
}

static void flags_put_cb(void *user, const struct http_request *request,
			 struct http_reply *reply)
{
	struct admin *admin = user;
	struct param params[] = { { "name", STR("") },
				  { "value", STR("") },
				  { "reason", STR("") },
				  { "force", { 0 } } };
	struct arena arena;

	if (!may_change(admin, request, reply))
		return;
	arena_init(&arena);
	params_read(request, &arena, params, 4);
	if (params[3].value.at)
		force_put(admin, params[3].value, reply);
	else if (!admin->conf.router->pg)
		error_reply(reply, 409, "no route uses the copy");
	else
		flag_put(admin, params,
			 http_head_find(request->head, "If-Match"), reply);
	arena_done(&arena);
}

/* ---- the page ---- */

static const char page_head[] =
	"<!doctype html><meta charset=utf-8><meta http-equiv=refresh "
	"content=2><title>Ficus router</title>"
	"<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;"
	"max-width:48em;padding:0 1em}table{border-collapse:collapse}"
	"td,th{padding:.2em 1em .2em 0;text-align:left}"
	".no{color:#b00}.yes{color:#070}</style><h1>Ficus router</h1>";

static void page_domains(struct buf *out, const struct decide_view *view)
{
	buf_adds(out, "<table><tr><th>reads<th>flag<th>come from<th>because");
	for (int i = 0; i < DOMAIN_N; i++) {
		const struct flag *flag = &view->flags.flag[i];
		const char *why = why_not(view, (enum domain)i);

		buf_addf(out, "<tr><td>%s<td>%.2f %%<td class=%s>%s<td>%s",
			 domain_name((enum domain)i),
			 flag_on(flag) ? flag->percent_bp / 100.0 : 0.0,
			 why ? "no" : "yes", why ? "Magento" : "the copy",
			 why ? why : "all is well");
	}
	buf_adds(out, "</table>");
}

static void page_cb(void *user, const struct http_request *request,
		    struct http_reply *reply)
{
	struct admin *admin = user;
	const struct router *router = admin->conf.router;
	const struct decide_view *view = view_of(admin);
	int64_t lag = health_lag(&view->health, clock_mono_us());
	struct buf *out = &reply->body;

	(void)request;
	reply->type = "text/html; charset=utf-8";
	buf_adds(out, page_head);
	page_domains(out, view);
	if (lag < 0)
		buf_adds(out, "<p>Lag of the copy: unknown, which counts as "
			      "high.");
	else
		buf_addf(out, "<p>Lag of the copy: %jd ms.", (intmax_t)lag);
	if (router->watch)
		buf_addf(out, " Last proven anew after: %s.",
			 watch_event(router->watch));
	buf_adds(out, "<p><a href=/metrics>metrics</a> <a href=/flags>flags</a>"
		      " <a href='/explain?path=/api/v1/customers/1'>explain"
		      "</a>");
}

struct admin *admin_start(const struct admin_conf *conf, struct err *err)
{
	struct admin *admin = mem_zalloc(sizeof(*admin));
	const struct http_route routes[ADMIN_ROUTES] = {
		{ "/metrics", HTTP_METHOD_GET, false, metrics_cb, admin },
		{ "/healthz", HTTP_METHOD_GET, false, healthz_cb, admin },
		{ "/readyz", HTTP_METHOD_GET, false, readyz_cb, admin },
		{ "/health/", HTTP_METHOD_GET, true, health_cb, admin },
		{ "/explain", HTTP_METHOD_GET, false, explain_cb, admin },
		{ "/flags", HTTP_METHOD_GET, false, flags_get_cb, admin },
		{ "/flags", HTTP_METHOD_PUT, false, flags_put_cb, admin },
		{ "/", HTTP_METHOD_GET, false, page_cb, admin },
	};
	struct http_server_conf server = { .listen = conf->listen,
					   .setting = "router.admin.listen",
					   .routes = admin->routes,
					   .n_routes = ADMIN_ROUTES };

	admin->conf = *conf;
	admin->view = conf->router->view;
	memcpy(admin->routes, routes, sizeof(routes));
	admin->server = http_server_thread_start(&server, err);
	if (!admin->server) {
		free(admin);
		return NULL;
	}
	return admin;
}

uint16_t admin_port(const struct admin *admin)
{
	return http_server_thread_port(admin->server);
}

void admin_stop(struct admin *admin)
{
	if (!admin)
		return;
	http_server_thread_stop(admin->server);
	free(admin);
}
