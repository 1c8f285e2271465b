#include "cdc/head.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cdc/binlog/position.h"
#include "cdc/source.h"

/* A busy source gives a sample per period and a few more by pokes. */
enum {
	SAMPLES_MAX = 16384,
	ANSWER_MS = 2000, /* longest wait for a connection or a sample */
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 5000,
};

static const int64_t US_PER_MS = 1000;

struct sample {
	int64_t taken_us; /* of the latest question with this answer */
	struct position position;
};

struct head {
	struct source_config config;
	pthread_t thread;

	pthread_mutex_t lock; /* of all below */
	const char *mode;     /* borrowed */
	pthread_cond_t wake;
	bool stop, poked;
	/* The connection, for stopping a blocked question; NULL: none. */
	struct source *source;
	struct sample *ring; /* owned; SAMPLES_MAX, oldest first from `first` */
	size_t first, count;
	int64_t passed_us;
	struct head_state state;
};

static struct sample *sample_at(const struct head *head, size_t i)
{
	return &head->ring[(head->first + i) % SAMPLES_MAX];
}

static void drop_first(struct head *head)
{
	position_done(&sample_at(head, 0)->position);
	head->first = (head->first + 1) % SAMPLES_MAX;
	head->count--;
}

/* Takes the position. */
static void add_sample(struct head *head, int64_t taken_us,
		       struct position *position)
{
	struct sample *last;

	head->state.sampled_us = taken_us;
	head->state.samples++;
	last = head->count ? sample_at(head, head->count - 1) : NULL;
	if (last && position_equal(&last->position, position)) {
		last->taken_us = taken_us;
		position_done(position);
		return;
	}
	while (head->count > 1 && (head->count == SAMPLES_MAX ||
				   sample_at(head, 1)->taken_us <
					   taken_us - HEAD_KEEP_MS * US_PER_MS))
		drop_first(head);
	head->count++;
	last = sample_at(head, head->count - 1);
	last->taken_us = taken_us;
	last->position = *position;
}

static void failed(struct head *head, const struct err *err)
{
	pthread_mutex_lock(&head->lock);
	head->state.connected = false;
	head->state.failures++;
	snprintf(head->state.error, sizeof(head->state.error), "%s", err->msg);
	pthread_mutex_unlock(&head->lock);
}

/* False: we are to stop. A poke asks for a sample, which without a connection
 * nobody can take: it does not shorten the back-off. */
static bool sleep_until(struct head *head, int64_t until_us, bool pokes)
{
	struct timespec at = { .tv_sec = until_us / 1000000,
			       .tv_nsec = until_us % 1000000 * 1000 };
	int timed_out = 0;
	bool go_on;

	pthread_mutex_lock(&head->lock);
	while (!head->stop && !(pokes && head->poked) && !timed_out)
		timed_out =
			pthread_cond_timedwait(&head->wake, &head->lock, &at);
	head->poked = false;
	go_on = !head->stop;
	pthread_mutex_unlock(&head->lock);
	return go_on;
}

/* Publish the connection; false when we are to stop. */
static bool set_source(struct head *head, struct source *source)
{
	bool go_on;

	pthread_mutex_lock(&head->lock);
	head->source = source;
	go_on = !head->stop;
	if (source && go_on) {
		head->state.connected = true;
		head->state.error[0] = '\0';
	}
	pthread_mutex_unlock(&head->lock);
	return go_on;
}

static const char *mode_of(struct head *head)
{
	pthread_mutex_lock(&head->lock);
	const char *mode = head->mode;
	pthread_mutex_unlock(&head->lock);
	return mode;
}

static int take_sample(struct head *head, struct source *source,
		       struct err *err)
{
	struct position position;
	int64_t begun = clock_mono_us();
	int fail = source_head(source, mode_of(head), &position, err);

	if (fail)
		return fail;
	pthread_mutex_lock(&head->lock);
	add_sample(head, begun, &position);
	pthread_mutex_unlock(&head->lock);
	return 0;
}

/* Sample until the connection fails or we are to stop. */
static void sample_on(struct head *head, struct source *source)
{
	struct err err = { 0 };
	int64_t next = clock_mono_us();
	bool go_on = set_source(head, source);

	while (go_on) {
		if (take_sample(head, source, &err)) {
			failed(head, &err);
			break;
		}
		next += HEAD_PERIOD_MS * US_PER_MS;
		if (next < clock_mono_us())
			next = clock_mono_us();
		go_on = sleep_until(head, next, true);
	}
	set_source(head, NULL);
}

/* Between half and all of it, so that two never march in step. */
static int64_t jittered(int64_t us)
{
	return us / 2 + clock_mono_us() % (us / 2 + 1);
}

static void *sample_all(void *user)
{
	struct head *head = user;
	int64_t retry = RETRY_MIN_MS;
	bool go_on = true;

	while (go_on) {
		struct source *source = NULL;
		struct err err = { 0 };
		int64_t begun = clock_mono_us();

		if (source_connect(&head->config, &source, &err))
			failed(head, &err);
		else
			sample_on(head, source);
		source_close(source);
		/* A connection that lasted begins the back-off anew. */
		retry = clock_mono_us() - begun > RETRY_MAX_MS * US_PER_MS
				? RETRY_MIN_MS
				: retry * 2;
		if (retry > RETRY_MAX_MS)
			retry = RETRY_MAX_MS;
		go_on = sleep_until(
			head, clock_mono_us() + jittered(retry * US_PER_MS),
			false);
	}
	return NULL;
}

static void head_free(struct head *head)
{
	while (head->count > 0)
		drop_first(head);
	free(head->ring);
	pthread_cond_destroy(&head->wake);
	pthread_mutex_destroy(&head->lock);
	free(head);
}

int head_start(const struct source_config *config, const char *mode,
	       struct head **ret, struct err *err)
{
	struct head *head = mem_zalloc(sizeof(*head));
	int fail;

	head->config = *config;
	head->config.read_timeout_ms = ANSWER_MS;
	if (head->config.connect_timeout_ms > ANSWER_MS)
		head->config.connect_timeout_ms = ANSWER_MS;
	head->mode = mode;
	head->ring = mem_array(SAMPLES_MAX, sizeof(*head->ring));
	head->passed_us = INT64_MIN;
	head->state.sampled_us = INT64_MIN;
	pthread_mutex_init(&head->lock, NULL);
	thread_cond_init(&head->wake);
	fail = thread_start(&head->thread, sample_all, head);
	if (fail) {
		head_free(head);
		return err_set(err, ERR_LIMIT, "the head sampler's thread: %s",
			       strerror(fail));
	}
	*ret = head;
	return 0;
}

void head_stop(struct head *head)
{
	if (!head)
		return;
	pthread_mutex_lock(&head->lock);
	head->stop = true;
	if (head->source)
		source_cancel(head->source);
	pthread_cond_signal(&head->wake);
	pthread_mutex_unlock(&head->lock);
	pthread_join(head->thread, NULL);
	head_free(head);
}

void head_poke(struct head *head)
{
	pthread_mutex_lock(&head->lock);
	head->poked = true;
	pthread_cond_signal(&head->wake);
	pthread_mutex_unlock(&head->lock);
}

/* Samples grow, so those that are contained come first; they are dropped, but
 * for the newest, whose time may still move on. */
int64_t head_passed(struct head *head, const struct position *applied)
{
	int64_t passed;

	pthread_mutex_lock(&head->lock);
	while (head->count > 0 &&
	       position_contains(applied, &sample_at(head, 0)->position)) {
		if (sample_at(head, 0)->taken_us > head->passed_us)
			head->passed_us = sample_at(head, 0)->taken_us;
		if (head->count == 1)
			break;
		drop_first(head);
	}
	passed = head->passed_us;
	pthread_mutex_unlock(&head->lock);
	return passed;
}

int64_t head_proven(struct head *head, const struct position *position)
{
	int64_t proven;

	pthread_mutex_lock(&head->lock);
	proven = head->passed_us;
	for (size_t i = 0; i < head->count; i++) {
		const struct sample *sample = sample_at(head, i);

		if (!position_contains(position, &sample->position))
			break;
		if (sample->taken_us > proven)
			proven = sample->taken_us;
	}
	pthread_mutex_unlock(&head->lock);
	return proven;
}

void head_forget(struct head *head)
{
	pthread_mutex_lock(&head->lock);
	while (head->count > 0)
		drop_first(head);
	head->passed_us = INT64_MIN;
	pthread_mutex_unlock(&head->lock);
	head_poke(head);
}

void head_set_mode(struct head *head, const char *mode)
{
	pthread_mutex_lock(&head->lock);
	head->mode = mode;
	pthread_mutex_unlock(&head->lock);
	head_forget(head);
}

bool head_lacks(struct head *head, const struct position *applied,
		int64_t since_us)
{
	bool lacks = false;

	pthread_mutex_lock(&head->lock);
	if (head->count > 0) {
		const struct sample *last = sample_at(head, head->count - 1);

		lacks = last->taken_us > since_us &&
			last->position.kind == applied->kind &&
			!position_contains(&last->position, applied);
	}
	pthread_mutex_unlock(&head->lock);
	return lacks;
}

void head_state(struct head *head, struct head_state *ret, struct buf *position)
{
	pthread_mutex_lock(&head->lock);
	*ret = head->state;
	if (position && head->count > 0)
		position_format(&sample_at(head, head->count - 1)->position,
				position);
	pthread_mutex_unlock(&head->lock);
}
