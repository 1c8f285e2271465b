#include "cdc/alert.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cdc/webhook.h"

enum {
	QUEUE_MAX = 16,
	BODY_MAX = 64 * 1024,
	BACKOFF_FIRST_MS = 250,
	BACKOFF_MOST_MS = 60000,
	BACKOFF_ENDING_MS = 500, /* most, while the service ends */
};

struct alerts {
	const char *url; /* borrowed */
	int64_t timeout_ms;
	char instance[300];
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t woken;
	bool firing[ALERT_KIND_COUNT];
	struct webhook_message queue[QUEUE_MAX]; /* a ring */
	size_t first, count;
	struct alert_counts counts;
	int64_t end_us; /* monotonic, when to give up; 0: not ending */
};

static const char *const kind_names[] = {
#define ALERT_NAME(name, text) [ALERT_##name] = (text),
	ALERT_KINDS(ALERT_NAME)
#undef ALERT_NAME
};

/* --- the thread --- */

static bool ending(const struct alerts *a)
{
	return a->end_us != 0;
}

static bool over(const struct alerts *a)
{
	return ending(a) && (a->count == 0 || clock_mono_us() >= a->end_us);
}

/* Until woken, or for ms. */
static void nap(struct alerts *a, int64_t ms)
{
	int64_t until = clock_mono_us() + ms * 1000;
	struct timespec at = { .tv_sec = until / 1000000,
			       .tv_nsec = until % 1000000 * 1000 };

	pthread_cond_timedwait(&a->woken, &a->lock, &at);
}

/* Before the next attempt. Messages that come meanwhile wait, too. */
static void back_off(struct alerts *a, int64_t *ms)
{
	int64_t until = clock_mono_us() + *ms * 1000;

	while (!ending(a) && clock_mono_us() < until)
		nap(a, *ms);
	if (ending(a) && *ms > BACKOFF_ENDING_MS)
		*ms = BACKOFF_ENDING_MS;
	if (ending(a) && !over(a))
		nap(a, *ms);
	*ms = *ms * 2 < BACKOFF_MOST_MS ? *ms * 2 : BACKOFF_MOST_MS;
}

static bool given_up(void *user)
{
	struct alerts *a = user;

	pthread_mutex_lock(&a->lock);
	bool yes = over(a);
	pthread_mutex_unlock(&a->lock);
	return yes;
}

static int deliver(struct alerts *a, const struct webhook_message *message,
		   struct err *err)
{
	const struct webhook_receiver to = {
		.url = a->url,
		.timeout_ms = a->timeout_ms,
		.given_up = given_up,
		.user = a,
	};
	CLEANUP(buf_done) struct buf body;

	buf_init(&body, BODY_MAX);
	webhook_body(&body, message, a->instance);
	return webhook_post(&to, &body, err);
}

/* The oldest message, without the lock while it is on its way. Whoever finds
 * the queue full drops the newest, so that it stays the oldest. */
static bool deliver_first(struct alerts *a)
{
	struct webhook_message message = a->queue[a->first];
	struct err err = { 0 };

	pthread_mutex_unlock(&a->lock);
	int rc = deliver(a, &message, &err);
	if (rc < 0)
		log_warn("alert not delivered, trying again", KV_ERR(&err),
			 KV_STR("alert", message.name));
	pthread_mutex_lock(&a->lock);
	if (rc < 0) {
		a->counts.failed++;
		return false;
	}
	a->counts.delivered++;
	a->first = (a->first + 1) % QUEUE_MAX;
	a->count--;
	return true;
}

static void *run(void *user)
{
	struct alerts *a = user;
	int64_t backoff_ms = BACKOFF_FIRST_MS;

	pthread_mutex_lock(&a->lock);
	while (!over(a)) {
		if (a->count == 0)
			pthread_cond_wait(&a->woken, &a->lock);
		else if (deliver_first(a))
			backoff_ms = BACKOFF_FIRST_MS;
		else
			back_off(a, &backoff_ms);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

struct alerts *alerts_start(const char *url, int64_t timeout_ms)
{
	struct alerts *a = mem_zalloc(sizeof(*a));
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	snprintf(a->instance, sizeof(a->instance), "%s:%ld", host,
		 (long)getpid());
	a->url = url;
	a->timeout_ms = timeout_ms;
	pthread_mutex_init(&a->lock, NULL);
	thread_cond_init(&a->woken);
	if (thread_start(&a->thread, run, a) != 0)
		abort(); /* no thread at start is no memory */
	return a;
}

void alerts_stop(struct alerts *a, int64_t drain_ms)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->end_us = clock_mono_us() + drain_ms * 1000;
	pthread_cond_signal(&a->woken);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	if (a->count > 0)
		log_warn("alerts not delivered, ignoring",
			 KV_INT("count", a->count));
	pthread_cond_destroy(&a->woken);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* --- from other threads --- */

static void say(struct alerts *a, enum alert_kind kind, bool resolved,
		const char *text)
{
	if (a->count == QUEUE_MAX) {
		a->counts.dropped++;
		return;
	}
	struct webhook_message *message =
		&a->queue[(a->first + a->count++) % QUEUE_MAX];

	message->name = kind_names[kind];
	message->resolved = resolved;
	message->at_us = clock_wall_us();
	snprintf(message->text, sizeof(message->text), "%s", text);
	pthread_cond_signal(&a->woken);
}

static void turn(struct alerts *a, enum alert_kind kind, bool firing,
		 const char *text)
{
	if (!*a->url)
		return;
	pthread_mutex_lock(&a->lock);
	if (a->firing[kind] != firing)
		say(a, kind, !firing, text);
	a->firing[kind] = firing;
	pthread_mutex_unlock(&a->lock);
}

void alerts_raise(struct alerts *a, enum alert_kind kind, const char *text)
{
	turn(a, kind, true, text);
}

void alerts_resolve(struct alerts *a, enum alert_kind kind, const char *text)
{
	turn(a, kind, false, text);
}

void alerts_counts(struct alerts *a, struct alert_counts *ret)
{
	pthread_mutex_lock(&a->lock);
	*ret = a->counts;
	pthread_mutex_unlock(&a->lock);
}
