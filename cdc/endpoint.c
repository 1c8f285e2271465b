#include "cdc/endpoint.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cdc/board.h"
#include "cdc/page.h"
#include "cdc/stats.h"
#include "http/server.h"

enum { ROUTES = 6 };

struct endpoint {
	struct board *board; /* borrowed */
	struct http_route routes[ROUTES];
	struct http_server_thread *server; /* owned */
};

static void on_metrics(void *user, const struct http_request *request,
		       struct http_reply *reply)
{
	struct endpoint *e = user;

	(void)request;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	stats_write(e->board, &reply->body);
}

/* Alive: the process answers. Whether it is of use is /readyz. */
static void on_healthz(void *user, const struct http_request *request,
		       struct http_reply *reply)
{
	struct endpoint *e = user;
	enum cdc_state state = board_get_state(e->board);

	(void)request;
	if (state == CDC_FAILED)
		reply->status = 503;
	buf_addf(&reply->body, "%s\n", cdc_state_name(state));
}

static void on_readyz(void *user, const struct http_request *request,
		      struct http_reply *reply)
{
	struct endpoint *e = user;
	struct board_facts facts;

	(void)request;
	board_read(e->board, &facts, NULL, NULL);
	if (facts.state != CDC_STREAMING)
		reply->status = 503;
	buf_addf(&reply->body, "%s%s%s\n", cdc_state_name(facts.state),
		 facts.reason[0] ? ": " : "", facts.reason);
}

static void on_lag(void *user, const struct http_request *request,
		   struct http_reply *reply)
{
	struct endpoint *e = user;
	struct lag_history *history = mem_zalloc(sizeof(*history));
	int64_t now = clock_mono_us();
	int64_t lag = board_lag(e->board, now);

	(void)request;
	pthread_mutex_lock(&e->board->lock);
	*history = e->board->history;
	pthread_mutex_unlock(&e->board->lock);
	reply->type = "application/json";
	lag_json(history, now, lag, &reply->body);
	free(history);
}

static void on_status(void *user, const struct http_request *request,
		      struct http_reply *reply)
{
	struct endpoint *e = user;

	(void)request;
	reply->type = "application/json";
	stats_json(e->board, &reply->body);
}

static void on_page(void *user, const struct http_request *request,
		    struct http_reply *reply)
{
	(void)user;
	(void)request;
	reply->type = "text/html; charset=utf-8";
	buf_adds(&reply->body, cdc_page);
}

int endpoint_start(const char *listen, struct board *board,
		   struct endpoint **ret, struct err *err)
{
	struct endpoint *e = mem_zalloc(sizeof(*e));
	const struct http_route routes[ROUTES] = {
		{ "/metrics", HTTP_METHOD_GET, false, on_metrics, e },
		{ "/healthz", HTTP_METHOD_GET, false, on_healthz, e },
		{ "/readyz", HTTP_METHOD_GET, false, on_readyz, e },
		{ "/lag", HTTP_METHOD_GET, false, on_lag, e },
		{ "/status", HTTP_METHOD_GET, false, on_status, e },
		{ "/", HTTP_METHOD_GET, false, on_page, e },
	};
	const struct http_server_conf conf = { .listen = listen,
					       .setting = "metrics.listen",
					       .routes = e->routes,
					       .n_routes = ROUTES };

	e->board = board;
	for (size_t i = 0; i < ROUTES; i++)
		e->routes[i] = routes[i];
	e->server = http_server_thread_start(&conf, err);
	if (!e->server) {
		free(e);
		return err->code;
	}
	*ret = e;
	return 0;
}

void endpoint_stop(struct endpoint *e)
{
	if (!e)
		return;
	http_server_thread_stop(e->server);
	free(e);
}
