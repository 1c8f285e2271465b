/* A connection walks these states; move() is the only way between them.
 *
 *     BACKOFF ──timer──▶ CONNECTING ──▶ PREPARING ──▶ IDLE ◀──▶ BUSY
 *        ▲                   │              │          │ ▲        │ abandoned,
 *        │                   │              │          │ │        ▼ or rollback
 *        └───────────────────┴──────────────┴──────────┴─┴── DRAINING
 *
 * In BUSY it works for a callback, in DRAINING for nobody: its answers are
 * thrown away until the pipeline's end. A pipeline that failed leaves its
 * transaction open and aborted; the rollback is drained the same way.
 *
 * uv_poll handles live as long as the socket they watch, which libpq may
 * replace at any PQconnectPoll(); so they are heap objects of their own, freed
 * by their close callback, and connections themselves never wait for one. */
#include "router/pg_session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <uv.h>

#include "base/mem.h"
#include "base/pg.h"
#include "router/pg_setup.h"

#define BIT(state) (1u << (state))
/*	X(name, states that may follow) */
#define CONN_STATES(X)                                                         \
	X(BACKOFF, BIT(CONN_CONNECTING) | BIT(CONN_CLOSED))                    \
	X(CONNECTING,                                                          \
	  BIT(CONN_PREPARING) | BIT(CONN_BACKOFF) | BIT(CONN_CLOSED))          \
	X(PREPARING, BIT(CONN_IDLE) | BIT(CONN_DRAINING) | BIT(CONN_BACKOFF) | \
			     BIT(CONN_CLOSED))                                 \
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

enum { PARAMS_MAX = 8 };

struct pg_session {
	struct pg_session_owner *owner;
	enum conn_state state;
	PGconn *pg;	 /* NULL in BACKOFF and CLOSED */
	uv_poll_t *poll; /* of pg's socket; NULL when not watched */
	uv_timer_t timer;
	int64_t backoff_ms;
	uint64_t drain_ms; /* loop time when DRAINING began */
	/* In BUSY. */
	pg_pool_cb callback;
	void *user;
	size_t statements[PG_POOL_STEPS_MAX];
	PGresult *results[PG_POOL_STEPS_MAX];
	size_t done;			     /* statements answered */
	bool failed;			     /* one of them was refused */
	char reason[PG_SESSION_TROUBLE_MAX]; /* of the refusal */
	void (*closed)(void *user);
	void *closed_user;
};

static void conn_start(uv_timer_t *timer);
static void on_poll(uv_poll_t *poll, int status, int events);
static void on_timeout(uv_timer_t *timer);

static void move(struct pg_session *conn, enum conn_state next)
{
	assert(legal_next[conn->state] & BIT(next));
	conn->state = next;
}

/* From now on the connection's answers are nobody's. */
static void move_draining(struct pg_session *conn)
{
	move(conn, CONN_DRAINING);
	conn->drain_ms = uv_now(conn->owner->loop);
	uv_timer_start(&conn->timer, on_timeout, PG_POOL_DRAIN_MS, 0);
}

bool pg_session_idle(const struct pg_session *conn)
{
	return conn->state == CONN_IDLE;
}

/* An abandoned pipeline's answer is normally about to come. */
bool pg_session_usable(const struct pg_session *conn)
{
	return conn->state == CONN_IDLE || conn->state == CONN_BUSY ||
	       (conn->state == CONN_DRAINING &&
		uv_now(conn->owner->loop) - conn->drain_ms <
			PG_POOL_DRAIN_SOON_MS);
}

bool pg_session_busy(const struct pg_session *conn)
{
	return conn->state == CONN_BUSY || conn->state == CONN_DRAINING;
}

/* The first line of a libpq message; later ones may quote values. */
static void note_trouble(struct pg_session *conn, const char *what,
			 const char *msg)
{
	snprintf(conn->owner->trouble, PG_SESSION_TROUBLE_MAX, "%s: %.*s", what,
		 (int)strcspn(msg, "\n"), msg);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void unwatch(struct pg_session *conn)
{
	if (!conn->poll)
		return;
	conn->poll->data = NULL;
	uv_poll_stop(conn->poll);
	uv_close((uv_handle_t *)conn->poll, free_handle);
	conn->poll = NULL;
}

static void watch(struct pg_session *conn, int events)
{
	if (!conn->poll) {
		conn->poll = mem_zalloc(sizeof(*conn->poll));
		uv_poll_init(conn->owner->loop, conn->poll, PQsocket(conn->pg));
		conn->poll->data = conn;
	}
	uv_poll_start(conn->poll, events, on_poll);
}

static void clear_results(struct pg_session *conn)
{
	for (size_t i = 0; i < LENGTH(conn->results); i++) {
		PQclear(conn->results[i]);
		conn->results[i] = NULL;
	}
	conn->done = 0;
	conn->failed = false;
}

/* Gives the answer to who waits for it, if anybody. */
static void call_back(struct pg_session *conn,
		      const struct pg_pool_answer *answer)
{
	pg_pool_cb callback = TAKE(conn->callback);

	if (callback)
		callback(conn->user, answer);
}

static void disconnect(struct pg_session *conn)
{
	unwatch(conn);
	uv_timer_stop(&conn->timer);
	PQfinish(TAKE(conn->pg));
	clear_results(conn);
}

/* The connection is of no use any more: again after a while. */
static void give_up(struct pg_session *conn)
{
	disconnect(conn);
	move(conn, CONN_BACKOFF);
	uv_timer_start(&conn->timer, conn_start, (uint64_t)conn->backoff_ms, 0);
	conn->backoff_ms *= 2;
	if (conn->backoff_ms > PG_POOL_BACKOFF_MAX_MS)
		conn->backoff_ms = PG_POOL_BACKOFF_MAX_MS;
}

static void conn_drop(struct pg_session *conn)
{
	struct pg_pool_answer answer = { .status = PG_POOL_LOST,
					 .reason = conn->owner->trouble };

	give_up(conn);
	call_back(conn, &answer);
	conn->owner->changed(conn->owner->user);
}

static void conn_fail(struct pg_session *conn, const char *what)
{
	note_trouble(conn, what, PQerrorMessage(conn->pg));
	conn_drop(conn);
}

static void on_timeout(uv_timer_t *timer)
{
	struct pg_session *conn = timer->data;

	note_trouble(conn, "no answer in time",
		     conn->state == CONN_DRAINING ? "to a cancelled read"
						  : "while connecting");
	conn_drop(conn);
}

/* Sends what is buffered; false when the connection is lost. */
static bool flush(struct pg_session *conn)
{
	int left = PQflush(conn->pg);

	if (left < 0)
		return false;
	watch(conn, UV_READABLE | (left ? UV_WRITABLE : 0));
	return true;
}

static void conn_prepare(struct pg_session *conn)
{
	move(conn, CONN_PREPARING);
	unwatch(conn);
	if (PQsetnonblocking(conn->pg, 1) != 0 ||
	    !PQenterPipelineMode(conn->pg) ||
	    !pg_setup_send(conn->owner->setup, conn->pg) || !flush(conn))
		conn_fail(conn, "cannot prepare");
}

static void conn_connect_step(struct pg_session *conn)
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

static void conn_start(uv_timer_t *timer)
{
	struct pg_session *conn = timer->data;

	move(conn, CONN_CONNECTING);
	conn->pg = pg_setup_connect(conn->owner->setup);
	if (!conn->pg || PQstatus(conn->pg) == CONNECTION_BAD) {
		conn_fail(conn, "cannot connect");
		return;
	}
	uv_timer_start(&conn->timer, on_timeout, PG_POOL_CONNECT_MS, 0);
	watch(conn, UV_WRITABLE);
}

/* Which statement is being answered; in PREPARING the first is the
 * session's. */
static const char *current_name(const struct pg_session *conn)
{
	const struct pg_setup *setup = conn->owner->setup;

	if (conn->state == CONN_BUSY && conn->done < PG_POOL_STEPS_MAX)
		return setup->statements[conn->statements[conn->done]].name;
	if (conn->state == CONN_PREPARING && conn->done > 0 &&
	    conn->done <= setup->count)
		return setup->statements[conn->done - 1].name;
	return "session";
}

/* What was refused, without DETAIL and HINT: they quote values, as the first
 * line does for data errors (class 22). */
static void note_refusal(struct pg_session *conn, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (conn->failed)
		return;
	conn->failed = true;
	if (!text || (state && strncmp(state, "22", 2) == 0))
		text = "refused";
	snprintf(conn->reason, sizeof(conn->reason), "%s: %s (SQLSTATE %s)",
		 current_name(conn), text, state ? state : "?");
}

/* Back to work, or first the rollback of what failed. */
static void conn_rest(struct pg_session *conn)
{
	if (PQtransactionStatus(conn->pg) == PQTRANS_IDLE) {
		uv_timer_stop(&conn->timer);
		move(conn, CONN_IDLE);
		return;
	}
	if (conn->state != CONN_DRAINING)
		move_draining(conn);
	if (!PQsendQueryParams(conn->pg, "rollback", 0, NULL, NULL, NULL, NULL,
			       0) ||
	    !PQpipelineSync(conn->pg) || !flush(conn))
		conn_fail(conn, "cannot roll back");
}

static void conn_prepared(struct pg_session *conn)
{
	if (conn->failed) {
		snprintf(conn->owner->trouble, PG_SESSION_TROUBLE_MAX, "%s",
			 conn->reason);
		conn_drop(conn);
		return;
	}
	conn->backoff_ms = PG_POOL_BACKOFF_MS;
	conn->owner->connects++;
	clear_results(conn);
	conn_rest(conn);
}

/* The results are moved away first: the callback may start the next pipeline
 * on this very connection. */
static void conn_answered(struct pg_session *conn)
{
	PGresult *results[PG_POOL_STEPS_MAX];
	const struct pg_rows *rows[PG_POOL_STEPS_MAX];
	char reason[PG_SESSION_TROUBLE_MAX];
	struct pg_pool_answer answer = {
		.status = conn->failed ? PG_POOL_FAILED : PG_POOL_OK,
		.reason = reason,
		.rows = rows,
		.count = conn->failed ? 0 : conn->done,
	};

	snprintf(reason, sizeof(reason), "%s",
		 conn->failed ? conn->reason : "");
	for (size_t i = 0; i < LENGTH(results); i++) {
		results[i] = TAKE(conn->results[i]);
		rows[i] = (const struct pg_rows *)results[i];
	}
	clear_results(conn);
	conn_rest(conn);
	call_back(conn, &answer);
	for (size_t i = 0; i < LENGTH(results); i++)
		PQclear(results[i]);
}

static void conn_synced(struct pg_session *conn)
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
static void conn_take(struct pg_session *conn, PGresult *result)
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

static bool expects_answer(const struct pg_session *conn)
{
	return conn->state == CONN_PREPARING || pg_session_busy(conn);
}

static void conn_read(struct pg_session *conn)
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

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct pg_session *conn = poll->data;

	if (!conn)
		return;
	if (conn->state == CONN_CONNECTING) {
		conn_connect_step(conn);
		return;
	}
	if (status < 0)
		conn_fail(conn, uv_strerror(status));
	else if (events & UV_READABLE)
		conn_read(conn);
	if (conn->poll && (events & UV_WRITABLE) && !flush(conn))
		conn_fail(conn, "cannot send");
	if (conn->state != CONN_CLOSED)
		conn->owner->changed(conn->owner->user);
}

static bool send_step(struct pg_session *conn, const struct pg_pool_step *step)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	char name[PG_SETUP_NAME_MAX];

	assert(step->statement < conn->owner->setup->count);
	assert(step->count <= PARAMS_MAX);
	for (size_t i = 0; i < step->count; i++) {
		values[i] = step->params[i].at;
		lengths[i] = (int)step->params[i].n;
		formats[i] = step->params[i].binary;
	}
	pg_setup_name(name, step->statement);
	return PQsendQueryPrepared(conn->pg, name, (int)step->count, values,
				   lengths, formats, 0);
}

bool pg_session_send(struct pg_session *conn, const struct pg_pool_step *steps,
		     size_t count, pg_pool_cb callback, void *user)
{
	bool ok = true;

	assert(conn->state == CONN_IDLE && count <= PG_POOL_STEPS_MAX);
	for (size_t i = 0; ok && i < count; i++) {
		conn->statements[i] = steps[i].statement;
		ok = send_step(conn, &steps[i]);
	}
	if (!ok || !PQpipelineSync(conn->pg) || !flush(conn)) {
		note_trouble(conn, "cannot send", PQerrorMessage(conn->pg));
		give_up(conn);
		return false;
	}
	move(conn, CONN_BUSY);
	conn->callback = callback;
	conn->user = user;
	return true;
}

void pg_session_abandon(struct pg_session *conn)
{
	conn->callback = NULL;
	clear_results(conn);
	move_draining(conn);
}

struct pg_session *pg_session_new(struct pg_session_owner *owner)
{
	struct pg_session *conn = mem_zalloc(sizeof(*conn));

	conn->owner = owner;
	conn->backoff_ms = PG_POOL_BACKOFF_MS;
	uv_timer_init(owner->loop, &conn->timer);
	conn->timer.data = conn;
	uv_timer_start(&conn->timer, conn_start, 0, 0);
	return conn;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct pg_session *conn = handle->data;
	void (*closed)(void *user) = conn->closed;
	void *user = conn->closed_user;

	free(conn);
	closed(user);
}

void pg_session_close(struct pg_session *conn, void (*closed)(void *user),
		      void *user)
{
	assert(!conn->callback);
	disconnect(conn);
	move(conn, CONN_CLOSED);
	conn->closed = closed;
	conn->closed_user = user;
	uv_close((uv_handle_t *)&conn->timer, on_timer_closed);
}
