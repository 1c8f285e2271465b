/* A read runs one pipeline: begin, proof, dead letters, keys, the entity,
 * its children, commit, all in one snapshot and one round trip. The data is
 * fetched before the proof is known, and thrown away when it does not hold;
 * that costs a refused read what a second round trip would cost every read.
 *
 *     RUNNING ──refused by its fence alone──▶ WAITING ──passed──▶ RUNNING
 *        │                                       │
 *        └──────────▶ the callback ◀─────────────┘ wait or time is over
 *     ENDING ───────────▶ (could not even start)
 *
 * All reads that wait for their fence share one question to PostgreSQL, asked
 * every READ_FENCE_POLL_MS while there are any: how far has the copy come?
 * Who may go on proves it anew, in the snapshot of its data. */
#include "router/read/read.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <uv.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "router/pg_pool.h"
#include "router/pg_rows.h"
#include "router/read/entity.h"
#include "router/read/plan.h"
#include "router/read/proof.h"
#include "router/read/query.h"
#include "router/read/serialise.h"

enum {
	READ_FENCE_POLL_MS = 2,
	READ_STATEMENT_MS = 1000,
	READ_QUEUE_MAX = 1000,
	READ_REASON_MAX = 768,
};

enum read_state { STATE_RUNNING, STATE_WAITING, STATE_ENDING };

struct read {
	TAILQ_ENTRY(read) link;
	struct read_service *service;
	enum read_state state;
	struct read_request request;
	read_cb callback;
	void *user;
	struct pg_pool_job *job; /* in RUNNING */
	int64_t start_us, deadline_ms;
	int64_t wait_until_ms; /* from the first refusal by the fence on */
	int64_t ticket;	       /* in WAITING: what must have passed */
	struct read_answer answer;
	char reason[READ_REASON_MAX]; /* of answers with a text of their own */
	struct query query;
};

TAILQ_HEAD(read_list, read);

struct read_service {
	uv_loop_t *loop;
	struct pg_pool *pool;
	struct plan plan;
	struct read_list reads;
	int64_t queue_max;
	uv_timer_t timer; /* the next deadline */
	int64_t due_ms;	  /* when it fires; 0: not set */
	uv_timer_t fence_timer;
	struct pg_pool_job *fence_job;
	int64_t waiting;
	struct arena arena; /* of one serialisation */
	uint64_t outcomes[READ_OUTCOME_COUNT];
	int open_handles; /* while closing */
	void (*closed)(void *user);
	void *closed_user;
};

static void on_answer(void *user, const struct pg_pool_answer *answer);
static void on_timer(uv_timer_t *timer);
static void on_fence_timer(uv_timer_t *timer);

#define OUTCOME_NAME(name, text) text,
static const char *const outcome_names[] = { READ_OUTCOMES(OUTCOME_NAME) };
#undef OUTCOME_NAME

const char *read_outcome_name(enum read_outcome outcome)
{
	assert(outcome < READ_OUTCOME_COUNT);
	return outcome_names[outcome];
}

struct buf read_answer_take(struct read_answer *answer)
{
	struct buf body = answer->body;

	buf_init(&answer->body, READ_BODY_MAX);
	return body;
}

/* The timer is set for the earliest time anything may be due. It may fire for
 * nothing, because a read that ends does not look for the next. */
static void service_due(struct read_service *service, int64_t at_ms)
{
	int64_t now = clock_mono_ms();

	if (service->due_ms && service->due_ms <= at_ms)
		return;
	service->due_ms = at_ms > now ? at_ms : now;
	uv_update_time(service->loop);
	uv_timer_start(&service->timer, on_timer,
		       (uint64_t)(service->due_ms - now), 0);
}

static void leave_state(struct read *read)
{
	if (read->job)
		pg_pool_cancel(TAKE(read->job));
	if (read->state == STATE_WAITING)
		read->service->waiting--;
}

static void read_free(struct read *read)
{
	buf_done(&read->answer.body);
	free(read);
}

/* The one place that calls back. The read is out of the list by then, so that
 * a callback may close the service. */
static void finish(struct read *read, enum read_outcome outcome,
		   const char *reason)
{
	leave_state(read);
	TAILQ_REMOVE(&read->service->reads, read, link);
	read->answer.outcome = outcome;
	read->answer.reason = reason;
	read->answer.elapsed_us = clock_mono_us() - read->start_us;
	if (outcome != READ_OK)
		buf_reset(&read->answer.body, 0);
	read->service->outcomes[outcome]++;
	read->callback(read->user, &read->answer);
	read_free(read);
}

static void finish_text(struct read *read, enum read_outcome outcome,
			const char *text)
{
	snprintf(read->reason, sizeof(read->reason), "%s", text);
	finish(read, outcome, read->reason);
}

/* Ends it from the timer: read_start() must not call back. */
static void finish_later(struct read *read, enum read_outcome outcome,
			 const char *reason)
{
	read->state = STATE_ENDING;
	read->answer.outcome = outcome;
	read->answer.reason = reason;
	service_due(read->service, clock_mono_ms());
}

static void run(struct read *read)
{
	read->state = STATE_RUNNING;
	read->answer.tries++;
	read->job = pg_pool_start(read->service->pool, read->query.steps,
				  read->query.count, on_answer, read);
}

static void wait_for_fence(struct read *read, int64_t ticket)
{
	struct read_service *service = read->service;
	int64_t now = clock_mono_ms();

	if (!read->wait_until_ms)
		read->wait_until_ms = now + read->request.needs.wait_ms;
	if (now >= read->wait_until_ms) {
		finish(read, READ_REFUSED_FENCE, read->answer.reason);
		return;
	}
	read->state = STATE_WAITING;
	read->ticket = ticket;
	service->waiting++;
	service_due(service, read->wait_until_ms);
	if (!service->fence_job &&
	    !uv_is_active((uv_handle_t *)&service->fence_timer))
		uv_timer_start(&service->fence_timer, on_fence_timer,
			       READ_FENCE_POLL_MS, 0);
}

/* The proof held: is the entity there, is it well, what does it look like? */
static void answer_with(struct read *read, const struct pg_pool_answer *answer)
{
	struct read_service *service = read->service;
	enum read_kind kind = read->request.kind;
	const struct plan_kind *plan = &service->plan.kinds[kind];
	bool list = read_kind_is_list(kind);
	bool found = pg_rows_count(answer->rows[PLAN_ROOT]) > 0;
	struct err err = { 0 };
	int64_t id = 0;

	if (!list && found)
		(void)str_to_i64(pg_rows_value(answer->rows[PLAN_ROOT], 0, 0),
				 &id);
	else if (!list)
		id = read->request.id;
	if (proof_unhealthy(answer->rows[PLAN_UNHEALTHY], plan->entity, id,
			    kind == READ_PRODUCT_BY_SKU)) {
		finish(read, READ_REFUSED_UNHEALTHY,
		       "a change of it could not be applied");
		return;
	}
	if (!list && !found) {
		finish(read, READ_NOT_FOUND, "the copy does not have it");
		return;
	}
	if (serialise_rows(plan, &read->request, answer->rows, &service->arena,
			   &read->answer.body, &err) < 0)
		finish_text(read, READ_ERROR, err.msg);
	else
		finish(read, READ_OK, "");
	arena_reset(&service->arena);
}

static void on_answer(void *user, const struct pg_pool_answer *answer)
{
	struct read *read = user;
	struct proof proof;
	enum read_outcome outcome;

	read->job = NULL;
	if (answer->status != PG_POOL_OK) {
		finish_text(read,
			    answer->status == PG_POOL_LOST ? READ_UNAVAILABLE
							   : READ_ERROR,
			    answer->reason);
		return;
	}
	proof_read(answer->rows[PLAN_PROOF], &proof);
	if (proof.found) {
		read->answer.lag_ms =
			proof.lag_known ? proof.lag_ms + proof.age_ms : -1;
		read->answer.passed_ticket = proof.passed_ticket;
		read->answer.epoch = proof.epoch;
	}
	outcome =
		proof_judge(&proof, &read->request.needs, &read->answer.reason);
	if (outcome == READ_OK)
		answer_with(read, answer);
	else if (outcome == READ_REFUSED_FENCE)
		wait_for_fence(read,
			       proof_ticket(&proof, &read->request.needs));
	else
		finish(read, outcome, read->answer.reason);
}

static struct read *first_passed(struct read_service *service, int64_t passed)
{
	struct read *read;

	TAILQ_FOREACH(read, &service->reads, link)
	if (read->state == STATE_WAITING && read->ticket <= passed)
		return read;
	return NULL;
}

static void on_fence_answer(void *user, const struct pg_pool_answer *answer)
{
	struct read_service *service = user;
	int64_t passed = -1;
	struct read *read;

	service->fence_job = NULL;
	if (answer->status == PG_POOL_OK && pg_rows_count(answer->rows[0]) == 1)
		(void)str_to_i64(pg_rows_value(answer->rows[0], 0, 0), &passed);
	for (read = first_passed(service, passed); read;
	     read = first_passed(service, passed)) {
		service->waiting--;
		run(read);
	}
	if (service->waiting > 0 && !service->closed)
		uv_timer_start(&service->fence_timer, on_fence_timer,
			       READ_FENCE_POLL_MS, 0);
}

static void on_fence_timer(uv_timer_t *timer)
{
	struct read_service *service = timer->data;
	struct pg_pool_step step = { .statement = service->plan.passed_ticket };

	if (service->waiting > 0)
		service->fence_job = pg_pool_start(service->pool, &step, 1,
						   on_fence_answer, service);
}

static int64_t due_of(const struct read *read)
{
	if (read->state == STATE_ENDING)
		return 0;
	if (read->state == STATE_WAITING &&
	    read->wait_until_ms < read->deadline_ms)
		return read->wait_until_ms;
	return read->deadline_ms;
}

/* The first that is due, or NULL and the time of the next, 0 for none. */
static struct read *first_due(struct read_service *service, int64_t *ret_next)
{
	int64_t now = clock_mono_ms();
	struct read *read;

	*ret_next = 0;
	TAILQ_FOREACH(read, &service->reads, link)
	{
		/* The analyser does not see that TAILQ_REMOVE unlinks.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		int64_t due = due_of(read);

		if (due <= now)
			return read;
		if (*ret_next == 0 || due < *ret_next)
			*ret_next = due;
	}
	return NULL;
}

/* A callback may start and cancel reads: the list is looked at anew each
 * time. */
static void on_timer(uv_timer_t *timer)
{
	struct read_service *service = timer->data;
	struct read *read;
	int64_t next;

	service->due_ms = 0;
	for (read = first_due(service, &next); read;
	     read = first_due(service, &next)) {
		if (read->state == STATE_ENDING)
			finish(read, read->answer.outcome, read->answer.reason);
		else if (read->state == STATE_WAITING)
			finish(read, READ_REFUSED_FENCE, read->answer.reason);
		else
			finish(read, READ_TIMEOUT,
			       "PostgreSQL did not answer in time");
		if (service->closed)
			return;
	}
	if (next)
		service_due(service, next);
}

/* Our own contract: the parser gives nothing else. */
static void check(const struct read_service *service,
		  const struct read_request *request)
{
	assert(!service->closed && request->kind < READ_KIND_COUNT);
	assert(request->timeout_ms > 0 &&
	       request->needs.client_n <= READ_CLIENT_MAX);
	assert(!read_kind_is_list(request->kind) ||
	       (request->page >= 1 && request->page <= READ_PAGE_MAX &&
		request->limit >= 1 && request->limit <= READ_LIMIT_MAX));
}

struct read *read_start(struct read_service *service,
			const struct read_request *request, read_cb callback,
			void *user)
{
	struct read *read = mem_zalloc(sizeof(*read));

	check(service, request);
	read->service = service;
	read->request = *request;
	read->callback = callback;
	read->user = user;
	read->start_us = clock_mono_us();
	read->deadline_ms = read->start_us / 1000 + request->timeout_ms;
	read->answer = (struct read_answer){ .type = "application/json",
					     .lag_ms = -1,
					     .passed_ticket = -1,
					     .epoch = -1 };
	buf_init(&read->answer.body, READ_BODY_MAX);
	query_init(&read->query, &read->request,
		   &service->plan.kinds[request->kind]);
	TAILQ_INSERT_TAIL(&service->reads, read, link);
	if (!read_ready(service)) {
		finish_later(read, READ_UNAVAILABLE,
			     "no connection to PostgreSQL");
	} else if ((int64_t)pg_pool_queued(service->pool) >=
		   service->queue_max) {
		finish_later(read, READ_UNAVAILABLE, "too many reads wait");
	} else {
		run(read);
		service_due(service, read->deadline_ms);
	}
	return read;
}

void read_cancel(struct read *read)
{
	leave_state(read);
	TAILQ_REMOVE(&read->service->reads, read, link);
	read_free(read);
}

bool read_ready(const struct read_service *service)
{
	return pg_pool_usable(service->pool) > 0;
}

void read_stats(const struct read_service *service, struct read_stats *ret)
{
	*ret = (struct read_stats){
		.connections = (int64_t)pg_pool_usable(service->pool),
		.busy = (int64_t)pg_pool_busy(service->pool),
		.queued = (int64_t)pg_pool_queued(service->pool),
		.waiting = service->waiting,
		.connects = pg_pool_connects(service->pool),
		.trouble = pg_pool_trouble(service->pool),
	};
	memcpy(ret->outcomes, service->outcomes, sizeof(ret->outcomes));
}

int read_open(struct uv_loop_s *loop, const struct read_conf *conf,
	      struct read_service **ret, struct err *err)
{
	struct read_service *service = mem_zalloc(sizeof(*service));
	struct pg_pool_conf pool = {
		.pg = conf->pg,
		.connections = conf->connections,
		.statement_timeout_ms = READ_STATEMENT_MS,
	};

	plan_init(&service->plan);
	pool.statements = service->plan.statements;
	pool.count = service->plan.count;
	if (pg_pool_open(loop, &pool, &service->pool, err) < 0) {
		plan_done(&service->plan);
		free(service);
		return err->code;
	}
	service->loop = loop;
	service->queue_max = conf->queue_max ? conf->queue_max : READ_QUEUE_MAX;
	TAILQ_INIT(&service->reads);
	arena_init(&service->arena);
	uv_timer_init(loop, &service->timer);
	uv_timer_init(loop, &service->fence_timer);
	service->timer.data = service->fence_timer.data = service;
	*ret = service;
	return 0;
}

static void service_part_closed(struct read_service *service)
{
	void (*closed)(void *user) = service->closed;
	void *user = service->closed_user;

	if (--service->open_handles > 0)
		return;
	plan_done(&service->plan);
	arena_done(&service->arena);
	free(service);
	closed(user);
}

static void on_timer_closed(uv_handle_t *handle)
{
	service_part_closed(handle->data);
}

static void on_pool_closed(void *user)
{
	service_part_closed(user);
}

static void closed_nobody(void *user)
{
	(void)user;
}

void read_close(struct read_service *service, void (*closed)(void *user),
		void *user)
{
	assert(!service->closed);
	service->closed = closed ? closed : closed_nobody;
	service->closed_user = user;
	while (!TAILQ_EMPTY(&service->reads))
		/* The analyser does not see that TAILQ_REMOVE unlinks.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		finish(TAILQ_FIRST(&service->reads), READ_UNAVAILABLE,
		       "the read service closes");
	if (service->fence_job)
		pg_pool_cancel(TAKE(service->fence_job));
	service->open_handles = 3;
	uv_close((uv_handle_t *)&service->timer, on_timer_closed);
	uv_close((uv_handle_t *)&service->fence_timer, on_timer_closed);
	pg_pool_close(service->pool, on_pool_closed, service);
}
