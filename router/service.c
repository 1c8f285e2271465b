#include "router/service.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/settings.h"
#include "router/admin.h"
#include "router/auth.h"
#include "router/fence.h"
#include "router/loop.h"
#include "router/router.h"
#include "router/routes.h"
#include "router/routes_load.h"
#include "router/ticket.h"
#include "router/watch.h"

enum { SERVICE_ANSWER_MS = 2000 };

struct service {
	const struct settings *settings;
	struct router router;
	struct routes *routes; /* owned; router.routes */
	struct pg_config pg;
	struct loop **loops;
	size_t n_loops;
	struct admin *admin;
	atomic_bool draining;
	char name[64]; /* in ficus.ticket.router */
};

struct pg_config service_pg_config(const struct settings *s)
{
	return (struct pg_config){
		.host = s->target_host,
		.user = s->target_user,
		.password = s->target_password,
		.password_file = s->target_password_file,
		.database = s->target_database,
		.application = "ficus-router",
		.schema = s->target_schema,
		.options = s->target_options,
		.port = s->target_port,
		.connect_timeout_ms = s->target_connect_timeout,
		.tcp_user_timeout_ms = s->target_timeout,
		.answer_timeout_ms = SERVICE_ANSWER_MS,
	};
}

int service_routes(const struct settings *s, struct routes **ret,
		   struct err *err)
{
	struct routes_conf conf = { .magento = s->router_magento,
				    .upstreams = s->router_upstreams,
				    .allow_auth_none = s->router_auth_none };
	int rc = routes_load(s->router_routes, &conf, ret, err);

	for (size_t i = 0; rc == 0 && i < (*ret)->n_warnings; i++)
		log_warn("route never reached",
			 KV_STR("rule", (*ret)->warnings[i]));
	return rc;
}

static bool any_gated(const struct routes *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		if (routes->rules[i].gated)
			return true;
	}
	return false;
}

static int trusted_init(struct service *service, struct err *err)
{
	const char *text = service->settings->router_trusted;
	int rc;

	/* Who is on this machine may see why; an empty list means no more. */
	rc = cidr_list_parse(*text ? text : "127.0.0.0/8,::1",
			     &service->router.trusted, err);
	return rc < 0 ? err_wrap(err, "router.trusted_peers") : 0;
}

static void name_init(struct service *service)
{
	char host[40] = "";
	uint32_t tail = 0;

	(void)gethostname(host, sizeof(host) - 1);
	(void)!getrandom(&tail, sizeof(tail), 0);
	(void)snprintf(service->name, sizeof(service->name), "%s:%d", host,
		       (int)getpid());
	(void)snprintf(service->router.via, sizeof(service->router.via),
		       "ficus-%08x", (unsigned)tail);
}

static int router_init(struct service *service, struct err *err)
{
	const struct settings *s = service->settings;
	struct router *router = &service->router;
	int rc = service_routes(s, &service->routes, err);

	if (rc == 0)
		rc = trusted_init(service, err);
	if (rc < 0)
		return rc;
	name_init(service);
	router->routes = service->routes;
	router->fences = fence_new(FENCE_SLOTS);
	router->auth = auth_new();
	router->secret = hash_key_of(s->router_fence_secret);
	router->ryw_wait_ms = s->router_ryw_wait;
	router->copy_timeout_ms = s->router_copy_timeout;
	router->magento_timeout_ms = s->router_magento_timeout;
	router->magento_most = s->router_magento_concurrency;
	router->pg_connections = s->router_pg_connections;
	router->view.max_lag_ms = s->router_max_lag;
	router->view.health.lag_ms = -1;
	if (any_gated(service->routes))
		router->pg = &service->pg;
	return 0;
}

static void watch_init(struct service *service)
{
	const struct settings *s = service->settings;
	struct router *router = &service->router;
	struct watch_conf conf = {
		.pg = &service->pg,
		.state_dir = s->router_state_dir,
		.max_lag_ms = s->router_max_lag,
		.dwell_ms = s->router_resume_dwell,
		.fenced_us = &router->fenced_us,
	};

	if (!router->pg)
		return;
	router->tickets = ticket_office_start(&service->pg, router->fences,
					      service->name);
	conf.tickets = router->tickets;
	router->watch = watch_start(&conf);
}

static int loops_start(struct service *service, struct err *err)
{
	const struct settings *s = service->settings;
	size_t n = (size_t)s->router_threads;

	service->loops = mem_array(n, sizeof(struct loop *));
	for (size_t i = 0; i < n; i++) {
		int rc = loop_start(&service->router, s->router_listen, n > 1,
				    &service->loops[i], err);

		if (rc < 0)
			return rc;
		service->n_loops++;
	}
	return 0;
}

static int admin_init(struct service *service, struct err *err)
{
	const struct settings *s = service->settings;
	struct admin_conf conf = { .listen = s->router_admin_listen,
				   .token = s->router_admin_token,
				   .router = &service->router,
				   .draining = &service->draining };

	if (!*conf.listen)
		return 0;
	service->admin = admin_start(&conf, err);
	return service->admin ? 0 : err->code;
}

static void loops_stop(struct service *service, bool hard)
{
	for (size_t i = 0; i < service->n_loops; i++)
		loop_stop(service->loops[i], hard);
}

static void loops_join(struct service *service)
{
	for (size_t i = 0; i < service->n_loops; i++)
		loop_join(service->loops[i]);
}

/* The loops have ended. */
static void service_done(struct service *service)
{
	struct router *router = &service->router;

	for (size_t i = 0; i < service->n_loops; i++)
		loop_free(service->loops[i]);
	admin_stop(service->admin);
	watch_stop(router->watch);
	ticket_office_stop(router->tickets);
	fence_free(router->fences);
	auth_free(router->auth);
	routes_free(service->routes);
	free(service->loops);
	free(service);
}

static int service_start(struct service *service, struct err *err)
{
	int rc = router_init(service, err);

	if (rc == 0) {
		watch_init(service);
		rc = loops_start(service, err);
	}
	if (rc == 0)
		rc = admin_init(service, err);
	return rc;
}

/* While the loops end by themselves, a second signal cuts what is under way. */
static void *second_signal(void *arg)
{
	struct service *service = arg;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigwait(&set, &signal) == 0)
		loops_stop(service, true);
	return NULL;
}

static void drain(struct service *service)
{
	pthread_t thread;
	bool threaded;

	log_info("draining");
	atomic_store(&service->draining, true);
	loops_stop(service, false);
	threaded = pthread_create(&thread, NULL, second_signal, service) == 0;
	loops_join(service);
	if (threaded) {
		(void)pthread_cancel(thread);
		(void)pthread_join(thread, NULL);
	}
}

int service_run(const struct settings *settings, struct err *err)
{
	struct service *service = mem_zalloc(sizeof(*service));
	sigset_t set;
	int rc, signal = 0;

	/* Before the first thread, so that all have it blocked. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
			NULL);
	service->settings = settings;
	service->pg = service_pg_config(settings);
	rc = service_start(service, err);
	if (rc == 0) {
		log_info(
			"routing", KV_STR("listen", settings->router_listen),
			KV_INT("port", loop_port(service->loops[0])),
			KV_INT("admin_port",
			       service->admin ? admin_port(service->admin) : 0),
			KV_INT("rules", service->routes->n));
		(void)sigwait(&set, &signal);
		drain(service);
	} else {
		loops_stop(service, true);
		loops_join(service);
	}
	service_done(service);
	return rc;
}
