#include "router/pg_pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/mem.h"
#include "router/pg_session.h"
#include "router/pg_setup.h"

struct pg_pool_job {
	TAILQ_ENTRY(pg_pool_job) link; /* in the queue while conn is NULL */
	struct pg_pool *pool;
	struct pg_session *conn;
	struct pg_pool_step steps[PG_POOL_STEPS_MAX];
	size_t count;
	pg_pool_cb callback;
	void *user;
};

TAILQ_HEAD(job_queue, pg_pool_job);

struct pg_pool {
	struct pg_setup setup;
	struct pg_session_owner owner;
	struct pg_session **conns;
	size_t count; /* of conns; while closing, of those left */
	struct job_queue queue;
	size_t queued;
	void (*closed)(void *user);
	void *closed_user;
};

static void on_answer(void *user, const struct pg_pool_answer *answer)
{
	struct pg_pool_job *job = user;

	job->callback(job->user, answer);
	free(job);
}

static void unqueue(struct pg_pool_job *job)
{
	TAILQ_REMOVE(&job->pool->queue, job, link);
	job->pool->queued--;
}

static struct pg_session *idle_conn(const struct pg_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pg_session_idle(pool->conns[i]))
			return pool->conns[i];
	return NULL;
}

/* Never calls a job back: what can't be sent stays queued until another
 * connection takes it, or who started it loses patience. */
static void dispatch(struct pg_pool *pool)
{
	while (!TAILQ_EMPTY(&pool->queue)) {
		struct pg_pool_job *job = TAILQ_FIRST(&pool->queue);
		struct pg_session *conn = idle_conn(pool);

		if (!conn)
			return;
		if (!pg_session_send(conn, job->steps, job->count, on_answer,
				     job))
			continue;
		job->conn = conn;
		unqueue(job);
	}
}

/* Jobs that wait for a connection nobody has. */
static void fail_queue(struct pg_pool *pool)
{
	struct pg_pool_answer answer = {
		.status = PG_POOL_LOST, .reason = "no connection to PostgreSQL"
	};

	while (pg_pool_usable(pool) == 0 && !TAILQ_EMPTY(&pool->queue)) {
		struct pg_pool_job *job = TAILQ_FIRST(&pool->queue);

		/* The analyser does not see that TAILQ_REMOVE unlinks.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		unqueue(job);
		on_answer(job, &answer);
	}
}

static void on_changed(void *user)
{
	struct pg_pool *pool = user;

	if (pool->closed)
		return;
	dispatch(pool);
	fail_queue(pool);
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
	dispatch(pool);
	return job;
}

void pg_pool_cancel(struct pg_pool_job *job)
{
	if (job->conn)
		pg_session_abandon(job->conn);
	else
		unqueue(job);
	free(job);
}

size_t pg_pool_usable(const struct pg_pool *pool)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++)
		n += pg_session_usable(pool->conns[i]);
	return n;
}

size_t pg_pool_busy(const struct pg_pool *pool)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++)
		n += pg_session_busy(pool->conns[i]);
	return n;
}

size_t pg_pool_queued(const struct pg_pool *pool)
{
	return pool->queued;
}

uint64_t pg_pool_connects(const struct pg_pool *pool)
{
	return pool->owner.connects;
}

const char *pg_pool_trouble(const struct pg_pool *pool)
{
	return pool->owner.trouble;
}

int pg_pool_open(struct uv_loop_s *loop, const struct pg_pool_conf *conf,
		 struct pg_pool **ret, struct err *err)
{
	struct pg_pool *pool;

	if (conf->connections < 1 || conf->connections > PG_POOL_CONNS_MAX)
		return err_set(err, ERR_CONFIG,
			       "%lld connections to PostgreSQL: 1 to %d "
			       "are possible",
			       (long long)conf->connections, PG_POOL_CONNS_MAX);
	pool = mem_zalloc(sizeof(*pool));
	if (pg_setup_init(&pool->setup, conf->pg, err) < 0) {
		free(pool);
		return err->code;
	}
	pool->setup.statement_timeout_ms = conf->statement_timeout_ms;
	pool->setup.statements = conf->statements;
	pool->setup.count = conf->count;
	pool->owner = (struct pg_session_owner){ .loop = loop,
						 .setup = &pool->setup,
						 .changed = on_changed,
						 .user = pool };
	TAILQ_INIT(&pool->queue);
	pool->count = (size_t)conf->connections;
	pool->conns = mem_array(pool->count, sizeof(struct pg_session *));
	for (size_t i = 0; i < pool->count; i++)
		pool->conns[i] = pg_session_new(&pool->owner);
	*ret = pool;
	return 0;
}

static void on_conn_closed(void *user)
{
	struct pg_pool *pool = user;
	void (*closed)(void *user) = pool->closed;

	user = pool->closed_user;
	if (--pool->count > 0)
		return;
	pg_setup_done(&pool->setup);
	free(pool->conns);
	free(pool);
	closed(user);
}

void pg_pool_close(struct pg_pool *pool, void (*closed)(void *user), void *user)
{
	assert(!pool->closed && closed && TAILQ_EMPTY(&pool->queue));
	pool->closed = closed;
	pool->closed_user = user;
	for (size_t i = 0; i < pool->count; i++)
		pg_session_close(pool->conns[i], on_conn_closed, pool);
}
