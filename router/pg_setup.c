#include "router/pg_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "router/pg_pool.h"

/* libpq's keywords: ours over those of config->options. */
static void keyword_set(struct pg_setup *setup, const char *key,
			const char *value)
{
	size_t n = 0;

	if (!value || !value[0])
		return;
	for (; setup->keywords && setup->keywords[n]; n++) {
		if (strcmp(setup->keywords[n], key) == 0) {
			free(setup->values[n]);
			setup->values[n] = mem_strdup(value);
			return;
		}
	}
	setup->keywords =
		mem_realloc(setup->keywords, (n + 2) * sizeof(char *));
	setup->values = mem_realloc(setup->values, (n + 2) * sizeof(char *));
	setup->keywords[n] = mem_strdup(key);
	setup->values[n] = mem_strdup(value);
	setup->keywords[n + 1] = setup->values[n + 1] = NULL;
}

static int keywords_more(struct pg_setup *setup, const char *options,
			 struct err *err)
{
	char *msg = NULL;
	PQconninfoOption *all;

	if (!options || !options[0])
		return 0;
	all = PQconninfoParse(options, &msg);
	if (!all) {
		err_set(err, ERR_CONFIG, "target options: %.*s",
			(int)strcspn(msg ? msg : "", "\n"), msg ? msg : "");
		PQfreemem(msg);
		return ERR_CONFIG;
	}
	for (PQconninfoOption *o = all; o->keyword; o++)
		keyword_set(setup, o->keyword, o->val);
	PQconninfoFree(all);
	return 0;
}

static int keywords_build(struct pg_setup *setup, const struct pg_config *pg,
			  struct err *err)
{
	char number[24];

	if (keywords_more(setup, pg->options, err) < 0)
		return err->code;
	keyword_set(setup, "host", pg->host);
	keyword_set(setup, "user", pg->user);
	keyword_set(setup, "password", pg->password);
	keyword_set(setup, "dbname", pg->database);
	keyword_set(setup, "application_name",
		    pg->application ? pg->application : "ficus-router");
	keyword_set(setup, "client_encoding", "UTF8");
	keyword_set(setup, "keepalives_idle", "10");
	keyword_set(setup, "keepalives_interval", "5");
	keyword_set(setup, "keepalives_count", "3");
	snprintf(number, sizeof(number), "%lld", (long long)pg->port);
	keyword_set(setup, "port", pg->port ? number : NULL);
	snprintf(number, sizeof(number), "%lld",
		 (long long)pg->tcp_user_timeout_ms);
	keyword_set(setup, "tcp_user_timeout",
		    pg->tcp_user_timeout_ms ? number : NULL);
	return 0;
}

void pg_setup_done(struct pg_setup *setup)
{
	for (size_t i = 0; setup->keywords && setup->keywords[i]; i++) {
		free(setup->keywords[i]);
		free(setup->values[i]);
	}
	free(setup->keywords);
	free(setup->values);
	free(setup->schema);
}

int pg_setup_init(struct pg_setup *setup, const struct pg_config *config,
		  struct err *err)
{
	*setup = (struct pg_setup){ 0 };
	setup->schema = mem_strdup(config->schema ? config->schema : "public");
	if (keywords_build(setup, config, err) < 0) {
		pg_setup_done(setup);
		return err->code;
	}
	return 0;
}

void pg_setup_name(char name[PG_SETUP_NAME_MAX], size_t index)
{
	snprintf(name, PG_SETUP_NAME_MAX, "s%zu", index);
}

/* Plans are made once: all statements go by key, whatever the key. And by
 * index, whatever the planner thinks of a table that is still small when the
 * plan is made: ficus.checkpoint has one row then and thousands later. */
static const char session_sql[] =
	"select set_config('search_path', quote_ident($1), false),"
	" set_config('statement_timeout', $2, false),"
	" set_config('timezone', 'UTC', false),"
	" set_config('datestyle', 'ISO', false),"
	" set_config('intervalstyle', 'postgres', false),"
	" set_config('bytea_output', 'hex', false),"
	" set_config('jit', 'off', false),"
	" set_config('enable_seqscan', 'off', false),"
	" set_config('plan_cache_mode', 'force_generic_plan', false),"
	" set_config('default_transaction_read_only', 'on', false)";

bool pg_setup_send(const struct pg_setup *setup, struct pg_conn *pg)
{
	char timeout[24];
	const char *values[] = { setup->schema, timeout };

	snprintf(timeout, sizeof(timeout), "%lld",
		 (long long)setup->statement_timeout_ms);
	if (!PQsendQueryParams(pg, session_sql, 2, NULL, values, NULL, NULL, 0))
		return false;
	for (size_t i = 0; i < setup->count; i++) {
		char name[PG_SETUP_NAME_MAX];

		pg_setup_name(name, i);
		if (!PQsendPrepare(pg, name, setup->statements[i].sql, 0, NULL))
			return false;
	}
	return PQpipelineSync(pg);
}

static void ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

struct pg_conn *pg_setup_connect(const struct pg_setup *setup)
{
	PGconn *pg =
		PQconnectStartParams((const char *const *)setup->keywords,
				     (const char *const *)setup->values, 0);

	if (pg)
		PQsetNoticeProcessor(pg, ignore_notice, NULL);
	return pg;
}
