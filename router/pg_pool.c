/* Each connection walks these states; move() is the only way between them.
 *
 *     BACKOFF ──timer──▶ CONNECTING ──▶ PREPARING ──▶ IDLE ◀──▶ BUSY
 *        ▲                   │              │          │ ▲        │ cancelled,
 *        │                   │              │          │ │        ▼ or rollback
 *        └───────────────────┴──────────────┴──────────┴─┴── DRAINING
 *
 * A connection in BUSY belongs to a job, in DRAINING to nobody: its answers
 * are thrown away until the pipeline's end. A job that failed leaves its
 * transaction open and aborted; the rollback is drained the same way.
 *
 * uv_poll handles live as long as the socket they watch, which libpq may
 * replace at any PQconnectPoll(); so they are heap objects of their own, freed
 * by their close callback, and connections themselves never wait for one. */
#include "router/pg_pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <libpq-fe.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"

#define BIT(state) (1u << (state))

/*	X(name, states that may follow) */
#define CONN_STATES(X)                                                         \
	X(BACKOFF, BIT(CONN_CONNECTING) | BIT(CONN_CLOSED))                    \
	X(CONNECTING,                                                          \
	  BIT(CONN_PREPARING) | BIT(CONN_BACKOFF) | BIT(CONN_CLOSED))          \
	X(PREPARING, BIT(CONN_IDLE) | BIT(CONN_BACKOFF) | BIT(CONN_CLOSED))    \
	X(IDLE, BIT(CONN_BUSY) | BIT(CONN_BACKOFF) | BIT(CONN_CLOSED))         \
	X(BUSY, BIT(CONN_IDLE) | BIT(CONN_DRAINING) | BIT(CONN_BACKOFF))       \
	X(DRAINING, BIT(CONN_IDLE) | BIT(CONN_BACKOFF) | BIT(CONN_CLOSED))     \
	X(CLOSED, 0)

#define CONN_ENUM(name, next) CONN_##name,
enum conn_state { CONN_STATES(CONN_ENUM) };
#undef CONN_ENUM
#define CONN_NEXT(name, next) next,
static const unsigned legal_next[] = { CONN_STATES(CONN_NEXT) };
#undef CONN_NEXT

enum { PARAMS_MAX = 8, TROUBLE_MAX = 256 };

struct pg_pool_job {
	TAILQ_ENTRY(pg_pool_job) link; /* in the queue while conn is NULL */
	struct pg_pool *pool;
	struct conn *conn;
	struct pg_pool_step steps[PG_POOL_STEPS_MAX];
	size_t count;
	pg_pool_cb callback;
	void *user;
};

struct conn {
	struct pg_pool *pool;
	enum conn_state state;
	PGconn *pg;	 /* NULL in BACKOFF and CLOSED */
	uv_poll_t *poll; /* of pg's socket; NULL when not watched */
	uv_timer_t timer;
	int64_t backoff_ms;
	uint64_t drain_ms;	 /* loop time when DRAINING began */
	struct pg_pool_job *job; /* in BUSY */
	PGresult *results[PG_POOL_STEPS_MAX];
	size_t done;		  /* statements answered */
	bool failed;		  /* one of them was refused */
	char reason[TROUBLE_MAX]; /* of the refusal */
};

TAILQ_HEAD(job_queue, pg_pool_job);

struct pg_pool {
	uv_loop_t *loop;
	struct pg_pool_conf conf;  /* pg is not kept */
	char **keywords, **values; /* of PQconnectStartParams; owned */
	char *schema;
	struct conn *conns;
	size_t count;
	struct job_queue queue;
	size_t queued;
	uint64_t connects;
	char trouble[TROUBLE_MAX];
	size_t open_timers; /* of conns, while closing */
	void (*closed)(void *user);
	void *closed_user;
};

static void conn_start(uv_timer_t *timer);
static void conn_on_poll(uv_poll_t *poll, int status, int events);
static void on_timeout(uv_timer_t *timer);
static void pool_dispatch(struct pg_pool *pool);

static void move(struct conn *conn, enum conn_state next)
{
	assert(legal_next[conn->state] & BIT(next));
	conn->state = next;
}

/* From now on the connection's answers are nobody's. */
static void move_draining(struct conn *conn)
{
	move(conn, CONN_DRAINING);
	conn->drain_ms = uv_now(conn->pool->loop);
	uv_timer_start(&conn->timer, on_timeout, PG_POOL_DRAIN_MS, 0);
}

/* A cancelled job's answer is normally about to come. */
static bool usable(const struct conn *conn)
{
	return conn->state == CONN_IDLE || conn->state == CONN_BUSY ||
	       (conn->state == CONN_DRAINING &&
		uv_now(conn->pool->loop) - conn->drain_ms <
			PG_POOL_DRAIN_SOON_MS);
}

/* The first line of a libpq message; later ones may quote values. */
static void trouble_set(struct conn *conn, const char *what, const char *msg)
{
	int n = (int)strcspn(msg, "\n");

	snprintf(conn->pool->trouble, TROUBLE_MAX, "%s: %.*s", what, n, msg);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void unwatch(struct conn *conn)
{
	if (!conn->poll)
		return;
	conn->poll->data = NULL;
	uv_poll_stop(conn->poll);
	uv_close((uv_handle_t *)conn->poll, free_handle);
	conn->poll = NULL;
}

static void watch(struct conn *conn, int events)
{
	if (!conn->poll) {
		conn->poll = mem_zalloc(sizeof(*conn->poll));
		uv_poll_init(conn->pool->loop, conn->poll, PQsocket(conn->pg));
		conn->poll->data = conn;
	}
	uv_poll_start(conn->poll, events, conn_on_poll);
}

static void clear_results(struct conn *conn)
{
	for (size_t i = 0; i < LENGTH(conn->results); i++) {
		PQclear(conn->results[i]);
		conn->results[i] = NULL;
	}
	conn->done = 0;
	conn->failed = false;
}

/* Gives the job its answer and forgets it. The results are moved away first:
 * the callback may start the next job on this very connection. */
static void job_end(struct pg_pool_job *job, enum pg_pool_status status,
		    const char *reason)
{
	struct conn *conn = job->conn;
	PGresult *results[PG_POOL_STEPS_MAX] = { 0 };
	const struct pg_pool_rows *rows[PG_POOL_STEPS_MAX] = { 0 };
	struct pg_pool_answer answer = { .status = status,
					 .reason = reason,
					 .rows = rows };

	if (conn) {
		for (size_t i = 0; i < LENGTH(results); i++) {
			results[i] = TAKE(conn->results[i]);
			rows[i] = (const struct pg_pool_rows *)results[i];
		}
		answer.count = status == PG_POOL_OK ? conn->done : 0;
		conn->job = NULL;
		clear_results(conn);
		if (status != PG_POOL_LOST)
			move(conn, CONN_IDLE);
	}
	job->callback(job->user, &answer);
	for (size_t i = 0; i < LENGTH(results); i++)
		PQclear(results[i]);
	free(job);
}

/* Jobs that wait for a connection nobody has. */
static void fail_queue(struct pg_pool *pool)
{
	while (pg_pool_usable(pool) == 0 && !TAILQ_EMPTY(&pool->queue)) {
		struct pg_pool_job *job = TAILQ_FIRST(&pool->queue);

		TAILQ_REMOVE(&pool->queue, job, link);
		pool->queued--;
		job_end(job, PG_POOL_LOST, "no connection to PostgreSQL");
	}
}

static void disconnect(struct conn *conn)
{
	unwatch(conn);
	uv_timer_stop(&conn->timer);
	PQfinish(TAKE(conn->pg));
}

/* The connection is of no use any more: give up its socket and its job, and
 * try again after a while. */
static void conn_drop(struct conn *conn)
{
	struct pg_pool *pool = conn->pool;
	struct pg_pool_job *job = conn->job;

	disconnect(conn);
	move(conn, CONN_BACKOFF);
	uv_timer_start(&conn->timer, conn_start, (uint64_t)conn->backoff_ms, 0);
	conn->backoff_ms *= 2;
	if (conn->backoff_ms > PG_POOL_BACKOFF_MAX_MS)
		conn->backoff_ms = PG_POOL_BACKOFF_MAX_MS;
	if (job)
		job_end(job, PG_POOL_LOST, pool->trouble);
	clear_results(conn);
	fail_queue(pool);
}

static void conn_fail(struct conn *conn, const char *what)
{
	trouble_set(conn, what, PQerrorMessage(conn->pg));
	log_debug("PostgreSQL connection lost",
		  KV_STR("reason", conn->pool->trouble));
	conn_drop(conn);
}

static void on_timeout(uv_timer_t *timer)
{
	struct conn *conn = timer->data;

	trouble_set(conn, "no answer in time",
		    conn->state == CONN_DRAINING ? "to a cancelled read"
						 : "while connecting");
	conn_drop(conn);
}

/* Sends what is buffered; false when the connection is lost. */
static bool flush(struct conn *conn)
{
	int left = PQflush(conn->pg);

	if (left < 0)
		return false;
	watch(conn, UV_READABLE | (left ? UV_WRITABLE : 0));
	return true;
}

static void statement_name(char name[24], size_t index)
{
	snprintf(name, 24, "s%zu", index);
}

static const char session_sql[] =
	"select set_config('search_path', quote_ident($1), false),"
	" set_config('statement_timeout', $2, false),"
	" set_config('timezone', 'UTC', false),"
	" set_config('datestyle', 'ISO', false),"
	" set_config('intervalstyle', 'postgres', false),"
	" set_config('bytea_output', 'hex', false),"
	" set_config('jit', 'off', false),"
	" set_config('plan_cache_mode', 'force_generic_plan', false),"
	" set_config('default_transaction_read_only', 'on', false)";

static bool send_session(struct conn *conn)
{
	const struct pg_pool *pool = conn->pool;
	char timeout[24];
	const char *values[] = { pool->schema, timeout };

	snprintf(timeout, sizeof(timeout), "%lld",
		 (long long)pool->conf.statement_timeout_ms);
	if (!PQsendQueryParams(conn->pg, session_sql, 2, NULL, values, NULL,
			       NULL, 0))
		return false;
	for (size_t i = 0; i < pool->conf.count; i++) {
		char name[24];

		statement_name(name, i);
		if (!PQsendPrepare(conn->pg, name, pool->conf.statements[i].sql,
				   0, NULL))
			return false;
	}
	return PQpipelineSync(conn->pg);
}

static void conn_prepare(struct conn *conn)
{
	move(conn, CONN_PREPARING);
	unwatch(conn);
	if (PQsetnonblocking(conn->pg, 1) != 0 ||
	    !PQenterPipelineMode(conn->pg) || !send_session(conn) ||
	    !flush(conn))
		conn_fail(conn, "cannot prepare");
}

static void conn_connect_step(struct conn *conn)
{
	/* libpq may close the socket and open another under its number. */
	unwatch(conn);
	switch (PQconnectPoll(conn->pg)) {
	case PGRES_POLLING_READING:
		watch(conn, UV_READABLE);
		break;
	case PGRES_POLLING_WRITING:
		watch(conn, UV_WRITABLE);
		break;
	case PGRES_POLLING_OK:
		conn_prepare(conn);
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
	default:
		conn_fail(conn, "cannot connect");
	}
}

static void ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

static void conn_start(uv_timer_t *timer)
{
	struct conn *conn = timer->data;
	struct pg_pool *pool = conn->pool;

	move(conn, CONN_CONNECTING);
	conn->pg = PQconnectStartParams((const char *const *)pool->keywords,
					(const char *const *)pool->values, 0);
	if (!conn->pg || PQstatus(conn->pg) == CONNECTION_BAD) {
		conn_fail(conn, "cannot connect");
		return;
	}
	PQsetNoticeProcessor(conn->pg, ignore_notice, NULL);
	uv_timer_start(&conn->timer, on_timeout, PG_POOL_CONNECT_MS, 0);
	watch(conn, UV_WRITABLE);
}

/* What was refused, without DETAIL and HINT: they quote values. */
static void note_refusal(struct conn *conn, const PGresult *result)
{
	const struct pg_pool *pool = conn->pool;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *name = "session";
	/* In PREPARING the first statement is the session's. */
	size_t index = conn->done - 1;

	if (conn->failed)
		return;
	conn->failed = true;
	if (conn->state == CONN_BUSY)
		name = pool->conf
			       .statements[conn->job->steps[conn->done]
						   .statement]
			       .name;
	else if (conn->done > 0 && index < pool->conf.count)
		name = pool->conf.statements[index].name;
	/* Data errors (class 22) quote the value in their first line. */
	if (!text || (state && strncmp(state, "22", 2) == 0))
		text = "refused";
	snprintf(conn->reason, TROUBLE_MAX, "%s: %s (SQLSTATE %s)", name, text,
		 state ? state : "?");
}

/* Back to work, or first the rollback of what failed. */
static void conn_rest(struct conn *conn)
{
	if (PQtransactionStatus(conn->pg) == PQTRANS_IDLE) {
		uv_timer_stop(&conn->timer);
		if (conn->state != CONN_IDLE)
			move(conn, CONN_IDLE);
		return;
	}
	if (conn->state != CONN_DRAINING) {
		move_draining(conn);
	}
	if (!PQsendQueryParams(conn->pg, "rollback", 0, NULL, NULL, NULL, NULL,
			       0) ||
	    !PQpipelineSync(conn->pg) || !flush(conn))
		conn_fail(conn, "cannot roll back");
}

static void conn_prepared(struct conn *conn)
{
	if (conn->failed) {
		snprintf(conn->pool->trouble, TROUBLE_MAX, "%s", conn->reason);
		conn_drop(conn);
		return;
	}
	clear_results(conn);
	conn->backoff_ms = PG_POOL_BACKOFF_MS;
	conn->pool->connects++;
	conn_rest(conn);
}

/* The aborted transaction of a failed job is rolled back before anybody else
 * can have the connection; only then does the job hear. */
static void conn_answered(struct conn *conn)
{
	struct pg_pool_job *job = conn->job;
	char reason[TROUBLE_MAX];

	if (!conn->failed) {
		job_end(job, PG_POOL_OK, "");
		return;
	}
	snprintf(reason, sizeof(reason), "%s", conn->reason);
	conn->job = NULL;
	job->conn = NULL;
	clear_results(conn);
	conn_rest(conn);
	job_end(job, PG_POOL_FAILED, reason);
}

static void conn_synced(struct conn *conn)
{
	if (conn->state == CONN_PREPARING) {
		conn_prepared(conn);
	} else if (conn->state == CONN_BUSY) {
		conn_answered(conn);
	} else {
		clear_results(conn);
		conn_rest(conn);
	}
}

/* Takes one result; NULL ends the answer of one statement. */
static void conn_take(struct conn *conn, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (!result) {
		conn->done++;
		return;
	}
	if (status == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		conn_synced(conn);
		return;
	}
	if (status == PGRES_FATAL_ERROR)
		note_refusal(conn, result);
	if (conn->state == CONN_BUSY && conn->done < LENGTH(conn->results) &&
	    !conn->results[conn->done])
		conn->results[conn->done] = result;
	else
		PQclear(result);
}

static bool expects_answer(const struct conn *conn)
{
	return conn->state == CONN_PREPARING || conn->state == CONN_BUSY ||
	       conn->state == CONN_DRAINING;
}

static void conn_read(struct conn *conn)
{
	if (!PQconsumeInput(conn->pg)) {
		conn_fail(conn, "connection lost");
		return;
	}
	while (expects_answer(conn) && !PQisBusy(conn->pg))
		conn_take(conn, PQgetResult(conn->pg));
	/* The server says good-bye to an idle connection. */
	if (conn->state == CONN_IDLE && PQstatus(conn->pg) == CONNECTION_BAD)
		conn_fail(conn, "connection lost");
}

static void conn_on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = poll->data;
	struct pg_pool *pool;

	if (!conn)
		return;
	pool = conn->pool;
	if (conn->state == CONN_CONNECTING) {
		conn_connect_step(conn);
		return;
	}
	if (status < 0)
		conn_fail(conn, uv_strerror(status));
	else if (events & UV_READABLE)
		conn_read(conn);
	if (conn->pg && conn->poll && (events & UV_WRITABLE) && !flush(conn))
		conn_fail(conn, "cannot send");
	pool_dispatch(pool);
}

static bool send_step(struct conn *conn, const struct pg_pool_step *step)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	char name[24];

	assert(step->statement < conn->pool->conf.count);
	assert(step->count <= PARAMS_MAX);
	for (size_t i = 0; i < step->count; i++) {
		values[i] = step->params[i].at;
		lengths[i] = (int)step->params[i].n;
		formats[i] = step->params[i].binary;
	}
	statement_name(name, step->statement);
	return PQsendQueryPrepared(conn->pg, name, (int)step->count, values,
				   lengths, formats, 0);
}

/* On failure the job is untouched and the connection is to be given up. */
static bool conn_give(struct conn *conn, struct pg_pool_job *job)
{
	bool ok = true;

	for (size_t i = 0; ok && i < job->count; i++)
		ok = send_step(conn, &job->steps[i]);
	if (!ok || !PQpipelineSync(conn->pg) || !flush(conn))
		return false;
	move(conn, CONN_BUSY);
	conn->job = job;
	job->conn = conn;
	return true;
}

static struct conn *idle_conn(struct pg_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->conns[i].state == CONN_IDLE)
			return &pool->conns[i];
	return NULL;
}

/* Never calls a job back: what can't be sent stays queued until another
 * connection takes it, or who started it loses patience. */
static void pool_dispatch(struct pg_pool *pool)
{
	while (!TAILQ_EMPTY(&pool->queue)) {
		struct pg_pool_job *job = TAILQ_FIRST(&pool->queue);
		struct conn *conn = idle_conn(pool);

		if (!conn)
			return;
		if (!conn_give(conn, job)) {
			trouble_set(conn, "cannot send",
				    PQerrorMessage(conn->pg));
			disconnect(conn);
			move(conn, CONN_BACKOFF);
			uv_timer_start(&conn->timer, conn_start,
				       PG_POOL_BACKOFF_MS, 0);
			continue;
		}
		TAILQ_REMOVE(&pool->queue, job, link);
		pool->queued--;
	}
}

struct pg_pool_job *pg_pool_start(struct pg_pool *pool,
				  const struct pg_pool_step *steps,
				  size_t count, pg_pool_cb callback, void *user)
{
	struct pg_pool_job *job = mem_zalloc(sizeof(*job));

	assert(count > 0 && count <= PG_POOL_STEPS_MAX && !pool->closed);
	job->pool = pool;
	memcpy(job->steps, steps, count * sizeof(*steps));
	job->count = count;
	job->callback = callback;
	job->user = user;
	TAILQ_INSERT_TAIL(&pool->queue, job, link);
	pool->queued++;
	pool_dispatch(pool);
	return job;
}

void pg_pool_cancel(struct pg_pool_job *job)
{
	struct conn *conn = job->conn;

	if (conn) {
		conn->job = NULL;
		clear_results(conn);
		move_draining(conn);
	} else {
		TAILQ_REMOVE(&job->pool->queue, job, link);
		job->pool->queued--;
	}
	free(job);
}

size_t pg_pool_usable(const struct pg_pool *pool)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++)
		n += usable(&pool->conns[i]);
	return n;
}

size_t pg_pool_busy(const struct pg_pool *pool)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++)
		n += pool->conns[i].state == CONN_BUSY ||
		     pool->conns[i].state == CONN_DRAINING;
	return n;
}

size_t pg_pool_queued(const struct pg_pool *pool)
{
	return pool->queued;
}

uint64_t pg_pool_connects(const struct pg_pool *pool)
{
	return pool->connects;
}

const char *pg_pool_trouble(const struct pg_pool *pool)
{
	return pool->trouble;
}

/* libpq's keywords: ours over those of config->options. */
static void keyword_set(struct pg_pool *pool, const char *key,
			const char *value)
{
	size_t n = 0;

	if (!value || !value[0])
		return;
	for (; pool->keywords && pool->keywords[n]; n++) {
		if (strcmp(pool->keywords[n], key) == 0) {
			free(pool->values[n]);
			pool->values[n] = mem_strdup(value);
			return;
		}
	}
	pool->keywords = mem_realloc(pool->keywords, (n + 2) * sizeof(char *));
	pool->values = mem_realloc(pool->values, (n + 2) * sizeof(char *));
	pool->keywords[n] = mem_strdup(key);
	pool->values[n] = mem_strdup(value);
	pool->keywords[n + 1] = pool->values[n + 1] = NULL;
}

static int keywords_more(struct pg_pool *pool, const char *options,
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
		keyword_set(pool, o->keyword, o->val);
	PQconninfoFree(all);
	return 0;
}

static int keywords_build(struct pg_pool *pool, const struct pg_config *pg,
			  struct err *err)
{
	char number[24];

	if (keywords_more(pool, pg->options, err) < 0)
		return err->code;
	keyword_set(pool, "host", pg->host);
	keyword_set(pool, "user", pg->user);
	keyword_set(pool, "password", pg->password);
	keyword_set(pool, "dbname", pg->database);
	keyword_set(pool, "application_name",
		    pg->application ? pg->application : "ficus-router");
	keyword_set(pool, "client_encoding", "UTF8");
	keyword_set(pool, "keepalives_idle", "10");
	keyword_set(pool, "keepalives_interval", "5");
	keyword_set(pool, "keepalives_count", "3");
	snprintf(number, sizeof(number), "%lld", (long long)pg->port);
	keyword_set(pool, "port", pg->port ? number : NULL);
	snprintf(number, sizeof(number), "%lld",
		 (long long)pg->tcp_user_timeout_ms);
	keyword_set(pool, "tcp_user_timeout",
		    pg->tcp_user_timeout_ms ? number : NULL);
	return 0;
}

static void pool_free(struct pg_pool *pool)
{
	for (size_t i = 0; pool->keywords && pool->keywords[i]; i++) {
		free(pool->keywords[i]);
		free(pool->values[i]);
	}
	free(pool->keywords);
	free(pool->values);
	free(pool->schema);
	free(pool->conns);
	free(pool);
}

int pg_pool_open(struct uv_loop_s *loop, const struct pg_pool_conf *conf,
		 struct pg_pool **ret, struct err *err)
{
	struct pg_pool *pool;

	if (conf->connections < 1 || conf->connections > 1000)
		return err_set(err, ERR_CONFIG,
			       "%lld connections to PostgreSQL: 1 to 1000 "
			       "are possible",
			       (long long)conf->connections);
	pool = mem_zalloc(sizeof(*pool));
	pool->loop = loop;
	pool->conf = *conf;
	pool->schema =
		mem_strdup(conf->pg->schema ? conf->pg->schema : "public");
	if (keywords_build(pool, conf->pg, err) < 0) {
		pool_free(pool);
		return err->code;
	}
	pool->conf.pg = NULL;
	TAILQ_INIT(&pool->queue);
	pool->count = (size_t)conf->connections;
	pool->conns = mem_array(pool->count, sizeof(*pool->conns));
	for (size_t i = 0; i < pool->count; i++) {
		struct conn *conn = &pool->conns[i];

		conn->pool = pool;
		conn->backoff_ms = PG_POOL_BACKOFF_MS;
		uv_timer_init(loop, &conn->timer);
		conn->timer.data = conn;
		uv_timer_start(&conn->timer, conn_start, 0, 0);
	}
	*ret = pool;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct pg_pool *pool = conn->pool;
	void (*closed)(void *user) = pool->closed;
	void *user = pool->closed_user;

	if (--pool->open_timers > 0)
		return;
	pool_free(pool);
	closed(user);
}

void pg_pool_close(struct pg_pool *pool, void (*closed)(void *user), void *user)
{
	assert(!pool->closed && closed && TAILQ_EMPTY(&pool->queue));
	pool->closed = closed;
	pool->closed_user = user;
	pool->open_timers = pool->count;
	for (size_t i = 0; i < pool->count; i++) {
		struct conn *conn = &pool->conns[i];

		assert(!conn->job);
		disconnect(conn);
		move(conn, CONN_CLOSED);
		uv_close((uv_handle_t *)&conn->timer, on_timer_closed);
	}
}

size_t pg_pool_count(const struct pg_pool_rows *rows)
{
	return rows ? (size_t)PQntuples((const PGresult *)rows) : 0;
}

size_t pg_pool_columns(const struct pg_pool_rows *rows)
{
	return rows ? (size_t)PQnfields((const PGresult *)rows) : 0;
}

struct str pg_pool_value(const struct pg_pool_rows *rows, size_t row,
			 size_t column)
{
	const PGresult *result = (const PGresult *)rows;

	if (PQgetisnull(result, (int)row, (int)column))
		return (struct str){ 0 };
	return (struct str){ PQgetvalue(result, (int)row, (int)column),
			     (size_t)PQgetlength(result, (int)row,
						 (int)column) };
}
