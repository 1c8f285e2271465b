#include "base/pg.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pg_error.h"
#include "base/pg_private.h"
#include "base/secret.h"

static const char WRONG_PASSWORD[] = "28P01";

enum { KEYWORDS_MAX = 64, KEEPALIVE_IDLE_S = 5, KEEPALIVE_INTERVAL_S = 2 };

/* Keywords for libpq; of a repeated one the last counts. */
struct keywords {
	const char *names[KEYWORDS_MAX + 1], *values[KEYWORDS_MAX + 1];
	size_t n;
	char port[24], user_timeout[24], idle[24], interval[24];
};

static void add(struct keywords *k, const char *name, const char *value)
{
	if (!value || k->n == KEYWORDS_MAX)
		return;
	k->names[k->n] = name;
	k->values[k->n] = value;
	k->n++;
}

static void add_number(struct keywords *k, const char *name, char text[24],
		       int64_t number)
{
	snprintf(text, 24, "%lld", (long long)number);
	add(k, name, text);
}

static void fill(struct keywords *k, const struct pg_config *c,
		 const char *password)
{
	add(k, "host", c->host);
	add_number(k, "port", k->port, c->port ? c->port : 5432);
	add(k, "user", c->user);
	add(k, "password", password);
	add(k, "dbname", c->database);
	add(k, "application_name", c->application);
	add(k, "client_encoding", "UTF8");
	add(k, "gssencmode", "disable");
	add(k, "keepalives", "1");
	add_number(k, "keepalives_idle", k->idle, KEEPALIVE_IDLE_S);
	add_number(k, "keepalives_interval", k->interval, KEEPALIVE_INTERVAL_S);
	add(k, "keepalives_count", "3");
	if (c->tcp_user_timeout_ms > 0)
		add_number(k, "tcp_user_timeout", k->user_timeout,
			   c->tcp_user_timeout_ms);
}

/* The operator's own keywords win over ours. They may hold a password, so
 * the text of a fault in them is not repeated. */
static int add_options(struct keywords *k, const char *text,
		       PQconninfoOption **owned, struct err *err)
{
	if (!text || !*text)
		return 0;
	*owned = PQconninfoParse(text, NULL);
	if (!*owned)
		return err_set(err, ERR_CONFIG,
			       "target.options: not of the form \"keyword="
			       "value keyword=value\" with keywords of libpq");
	for (PQconninfoOption *o = *owned; o->keyword; o++)
		add(k, o->keyword, o->val);
	return 0;
}

static int connect_error(struct pg *pg, struct err *err)
{
	char *message = PQerrorMessage(pg->conn);
	struct pg_fault fault = { .sqlstate = pg->sqlstate,
				  .message = message };

	/* The verbose form is asked for since it is the only one that has
	 * the code; its second line is a place in the server's source. */
	pg_error_find_state(message, pg->sqlstate);
	char *location = strstr(message, "\nLOCATION:");
	if (location)
		*location = '\0';
	return pg_error_set(err, &fault);
}

static int poll_connect(struct pg *pg, int64_t timeout_ms, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;

	for (;;) {
		struct pollfd wait = { .fd = PQsocket(pg->conn) };
		int64_t left = timeout_ms ? deadline - clock_mono_ms() : -1;

		wait.events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (timeout_ms && left <= 0)
			return err_set(err, ERR_TARGET_LOST,
				       "no connection within %lld ms",
				       (long long)timeout_ms);
		int n = poll(&wait, 1, (int)left);
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_TARGET_LOST, "poll: %s",
				       strerror(errno));
		if (n <= 0)
			continue;
		step = PQconnectPoll(pg->conn);
		if (step == PGRES_POLLING_OK)
			return 0;
		if (step == PGRES_POLLING_FAILED)
			return connect_error(pg, err);
	}
}

static void drop_notice(void *user, const PGresult *notice)
{
	(void)user;
	(void)notice;
}

static bool has_file(const struct pg_config *config)
{
	return config->password_file && *config->password_file;
}

static int start(struct pg *pg, const struct pg_config *config, struct err *err)
{
	struct keywords k = { .n = 0 };
	PQconninfoOption *owned = NULL;
	CLEANUP(secret_freep) char *secret = NULL;

	if (has_file(config) &&
	    secret_read(config->password_file, &secret, err) != 0)
		return err_set(err, ERR_TARGET_LOST, "%.500s", err->msg);
	fill(&k, config, secret ? secret : config->password);
	int rc = add_options(&k, config->options, &owned, err);
	if (rc == 0)
		pg->conn = PQconnectStartParams(k.names, k.values, 0);
	PQconninfoFree(owned);
	if (rc != 0)
		return rc;
	if (!pg->conn)
		abort(); /* it fails for lack of memory only */
	PQsetNoticeReceiver(pg->conn, drop_notice, NULL);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return connect_error(pg, err);
	rc = poll_connect(pg, config->connect_timeout_ms, err);
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	return rc;
}

static int set_up(struct pg *pg, const struct pg_config *config,
		  struct err *err)
{
	struct buf sql;

	if (PQsetnonblocking(pg->conn, 1) != 0)
		return pg_lost(pg, err);
	pg->cancel = PQgetCancel(pg->conn);
	buf_init(&sql, 4096);
	buf_adds(&sql, "set datestyle = iso; set timezone = 'UTC'; "
		       "set standard_conforming_strings = on; "
		       "set extra_float_digits = 1; set search_path = ");
	pg_quote_name(&sql, config->schema ? config->schema : "public");
	if (config->idle_in_transaction_ms > 0)
		buf_addf(&sql,
			 "; set idle_in_transaction_session_timeout = %lld",
			 (long long)config->idle_in_transaction_ms);
	int rc = sql.failed
			 ? err_set(err, ERR_CONFIG, "target.schema: too long")
			 : pg_exec(pg, buf_str(&sql), err);
	buf_done(&sql);
	return rc;
}

int pg_connect(const struct pg_config *config, struct pg **ret, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = mem_zalloc(sizeof(*pg));

	pg->answer_timeout_ms = config->answer_timeout_ms;
	int rc = start(pg, config, err);
	/* A password in a file may be about to change. */
	if (rc != 0 && has_file(config) &&
	    strcmp(pg->sqlstate, WRONG_PASSWORD) == 0)
		rc = err->code = ERR_TARGET_LOST;
	if (rc == 0)
		rc = set_up(pg, config, err);
	if (rc != 0)
		return err_wrap(
			err, "PostgreSQL at %s:%lld",
			config->host ? config->host : "?",
			(long long)(config->port ? config->port : 5432));
	*ret = TAKE(pg);
	return 0;
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	PQfreeCancel(pg->cancel);
	PQfinish(pg->conn);
	free(pg->channel);
	free(pg->pipe.keeps);
	free(pg);
}

void pg_closep(struct pg **pg)
{
	pg_close(*pg);
}

void pg_cancel(struct pg *pg)
{
	char why[256];

	atomic_store(&pg->cancelled, true);
	/* A failure leaves the statement to end by itself or by time-out. */
	PQcancel(pg->cancel, why, sizeof(why));
}
