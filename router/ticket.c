/* Who waits for whom: desks (event loops) append keys to the office's queue
 * under its lock; the office's thread takes the whole queue, inserts, then
 * publishes per desk up to which of its keys rows are there. Waits form a
 * list per desk in order of their numbers, touched by the loop alone. A desk
 * may close while keys of it are with the thread: its memory stays. */
#include "router/ticket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/thread.h"
#include "router/fence.h"

enum { TICK_MS = 20, RETRY_MS = 200, TRIM_US = 10 * 1000 * 1000 };

struct key {
	struct client_key client;
	struct ticket_desk *desk;
	uint64_t seq;
};

struct batch {
	int64_t n, start_us;
};

struct ticket_office {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping, probe;
	atomic_bool up;
	atomic_uint_fast64_t failures;
	struct key *queue, *taken; /* TICKET_QUEUE_MAX each */
	size_t n_queue, n_taken;
	struct batch ring[TICKET_RING]; /* not yet passed, by n */
	size_t n_ring;
	const struct pg_config *config;
	struct fence_table *fences;
	const char *name;
	struct pg *pg; /* of the thread */
	int64_t trimmed_us;
	struct ticket_desk *desks; /* open or not; freed with the office */
};

struct ticket_desk {
	struct ticket_office *office;
	uv_async_t async;
	uv_timer_t timer;
	int handles;
	bool open;		       /* under the office's lock */
	struct ticket_desk *next;      /* in office->desks */
	uint64_t seq;		       /* of the last key given in */
	atomic_uint_fast64_t done_seq; /* settled up to here */
	struct ticket_wait *first, *last;
	void (*closed)(void *user);
	void *user;
};

static const char insert_sql[] =
	"insert into ficus.ticket (client, router)"
	" select client, $2 from unnest($1::bytea[]) client returning n";
static const char probe_sql[] =
	"insert into ficus.ticket (client, router) values (null, $1)"
	" returning n";
static const char trim_sql[] =
	"delete from ficus.ticket where taken_at < clock_timestamp()"
	" - interval '10 minutes' and n <= coalesce((select passed_ticket"
	" from ficus.checkpoint order by seq desc limit 1), 0)"
	" or taken_at < clock_timestamp() - interval '1 day'";

/* ---- the office's thread ---- */

static int office_connect(struct ticket_office *office, struct err *err)
{
	int rc;

	if (office->pg)
		return 0;
	rc = pg_connect(office->config, &office->pg, err);
	if (rc == 0)
		rc = pg_exec(office->pg,
			     "set synchronous_commit = off;"
			     "set statement_timeout = '2s'",
			     err);
	return rc;
}

/* '{"\\x0011…","\\x…"}' without the keys that came twice in a row. */
static void keys_write(const struct ticket_office *office, struct buf *out)
{
	char hex[2 * CLIENT_KEY_BYTES];
	const struct client_key *last = NULL;

	buf_addc(out, '{');
	for (size_t i = 0; i < office->n_taken; i++) {
		const struct client_key *key = &office->taken[i].client;

		if (last && memcmp(last, key, sizeof(*key)) == 0)
			continue;
		buf_adds(out, last ? ",\"\\\\x" : "\"\\\\x");
		str_hex(hex, key->bytes, sizeof(key->bytes));
		buf_add(out, hex, sizeof(hex));
		buf_addc(out, '"');
		last = key;
	}
	buf_addc(out, '}');
}

static int office_insert(struct ticket_office *office, int64_t *ret_n,
			 struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *result = NULL;
	CLEANUP(buf_done) struct buf keys;
	struct pg_param params[2];
	size_t last;
	int rc;

	buf_init(&keys, (size_t)TICKET_QUEUE_MAX * 64);
	params[1] =
		(struct pg_param){ office->name, strlen(office->name), false };
	if (office->n_taken > 0) {
		keys_write(office, &keys);
		params[0] = (struct pg_param){ keys.at, keys.n, false };
		rc = pg_query(office->pg, insert_sql, params, 2, &result, err);
	} else {
		rc = pg_query(office->pg, probe_sql, params + 1, 1, &result,
			      err);
	}
	if (rc < 0)
		return rc;
	last = pg_rows(result);
	if (last == 0)
		return err_set(err, ERR_TARGET, "ficus.ticket gave no number");
	*ret_n = pg_int(result, last - 1, 0);
	return 0;
}

/* Room is made by forgetting every second batch: its passing is then noticed
 * with that of the next one, later and never too early. */
static void ring_add(struct ticket_office *office, struct batch batch)
{
	size_t kept = 0;

	if (office->n_ring == TICKET_RING) {
		for (size_t i = 1; i < TICKET_RING; i += 2)
			office->ring[kept++] = office->ring[i];
		office->n_ring = kept;
	}
	office->ring[office->n_ring++] = batch;
}

static void settle(struct ticket_office *office)
{
	pthread_mutex_lock(&office->lock);
	for (size_t i = 0; i < office->n_taken; i++) {
		struct ticket_desk *desk = office->taken[i].desk;

		atomic_store(&desk->done_seq, office->taken[i].seq);
		if (desk->open && (i + 1 == office->n_taken ||
				   office->taken[i + 1].desk != desk))
			(void)uv_async_send(&desk->async);
	}
	pthread_mutex_unlock(&office->lock);
}

static void trim(struct ticket_office *office, int64_t now_us)
{
	struct err err = { 0 };

	if (now_us - office->trimmed_us < TRIM_US)
		return;
	office->trimmed_us = now_us;
	if (pg_exec(office->pg, trim_sql, &err) < 0)
		log_warn("old tickets not removed, ignoring", KV_ERR(&err));
}

static void office_write(struct ticket_office *office)
{
	struct err err = { 0 };
	int64_t start_us, n = 0;
	int rc = office_connect(office, &err);

	start_us = clock_mono_us();
	if (rc == 0)
		rc = office_insert(office, &n, &err);
	if (rc < 0) {
		if (atomic_exchange(&office->up, false))
			log_warn("tickets can't be written; clients who saw "
				 "Magento read there",
				 KV_ERR(&err));
		atomic_fetch_add(&office->failures, office->n_taken);
		pg_close(TAKE(office->pg));
		settle(office);
		return;
	}
	atomic_store(&office->up, true);
	for (size_t i = 0; i < office->n_taken; i++)
		fence_ticket(office->fences, &office->taken[i].client, start_us,
			     n);
	pthread_mutex_lock(&office->lock);
	ring_add(office, (struct batch){ n, start_us });
	pthread_mutex_unlock(&office->lock);
	settle(office);
	trim(office, start_us);
}

/* Until there is something to write; false when asked to stop. */
static bool office_wait(struct ticket_office *office)
{
	struct key *swap;
	bool go_on;

	pthread_mutex_lock(&office->lock);
	while (!office->stopping && !office->probe && office->n_queue == 0)
		pthread_cond_wait(&office->wake, &office->lock);
	swap = office->taken;
	office->taken = office->queue;
	office->n_taken = office->n_queue;
	office->queue = swap;
	office->n_queue = 0;
	office->probe = false;
	go_on = !office->stopping;
	pthread_mutex_unlock(&office->lock);
	return go_on;
}

/* After a failure: no new try before RETRY_MS, unless asked to stop. */
static void office_pause(struct ticket_office *office)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)RETRY_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&office->lock);
	while (!office->stopping &&
	       pthread_cond_timedwait(&office->wake, &office->lock, &until) ==
		       0)
		;
	pthread_mutex_unlock(&office->lock);
}

static void *office_main(void *arg)
{
	struct ticket_office *office = arg;

	while (office_wait(office)) {
		office_write(office);
		if (!atomic_load(&office->up))
			office_pause(office);
	}
	pg_close(office->pg);
	return NULL;
}

/* ---- for the watch and main ---- */

struct ticket_office *ticket_office_start(const struct pg_config *config,
					  struct fence_table *fences,
					  const char *name)
{
	struct ticket_office *office = mem_zalloc(sizeof(*office));

	office->config = config;
	office->fences = fences;
	office->name = name;
	office->queue = mem_array(TICKET_QUEUE_MAX, sizeof(struct key));
	office->taken = mem_array(TICKET_QUEUE_MAX, sizeof(struct key));
	pthread_mutex_init(&office->lock, NULL);
	thread_cond_init(&office->wake);
	if (thread_start(&office->thread, office_main, office) != 0)
		abort(); /* no threads: as no memory */
	return office;
}

void ticket_office_stop(struct ticket_office *office)
{
	if (!office)
		return;
	pthread_mutex_lock(&office->lock);
	office->stopping = true;
	pthread_cond_broadcast(&office->wake);
	pthread_mutex_unlock(&office->lock);
	pthread_join(office->thread, NULL);
	pthread_cond_destroy(&office->wake);
	pthread_mutex_destroy(&office->lock);
	while (office->desks) {
		struct ticket_desk *desk = office->desks;

		office->desks = desk->next;
		free(desk);
	}
	free(office->queue);
	free(office->taken);
	free(office);
}

void ticket_probe(struct ticket_office *office)
{
	pthread_mutex_lock(&office->lock);
	office->probe = true;
	pthread_cond_signal(&office->wake);
	pthread_mutex_unlock(&office->lock);
}

int64_t ticket_passed(struct ticket_office *office, int64_t n)
{
	int64_t newest = 0;
	size_t kept = 0;

	pthread_mutex_lock(&office->lock);
	for (size_t i = 0; i < office->n_ring; i++) {
		if (office->ring[i].n > n)
			office->ring[kept++] = office->ring[i];
		else if (office->ring[i].start_us > newest)
			newest = office->ring[i].start_us;
	}
	office->n_ring = kept;
	pthread_mutex_unlock(&office->lock);
	return newest;
}

size_t ticket_pending(struct ticket_office *office)
{
	size_t n;

	pthread_mutex_lock(&office->lock);
	n = office->n_ring;
	pthread_mutex_unlock(&office->lock);
	return n;
}

void ticket_forget(struct ticket_office *office, int64_t before_us)
{
	size_t kept = 0;

	pthread_mutex_lock(&office->lock);
	for (size_t i = 0; i < office->n_ring; i++) {
		if (office->ring[i].start_us > before_us)
			office->ring[kept++] = office->ring[i];
	}
	office->n_ring = kept;
	pthread_mutex_unlock(&office->lock);
}

uint64_t ticket_failures(struct ticket_office *office)
{
	return atomic_load(&office->failures);
}

/* ---- the desk, on its loop ---- */

void ticket_cancel(struct ticket_wait *wait)
{
	struct ticket_desk *desk = wait->desk;

	if (!desk)
		return;
	*(wait->prev ? &wait->prev->next : &desk->first) = wait->next;
	*(wait->next ? &wait->next->prev : &desk->last) = wait->prev;
	wait->desk = NULL;
	wait->next = wait->prev = NULL;
	if (!desk->first)
		(void)uv_timer_stop(&desk->timer);
}

static void desk_serve(struct ticket_desk *desk)
{
	uint64_t done = atomic_load(&desk->done_seq);
	int64_t now = clock_mono_us();

	while (desk->first &&
	       (desk->first->seq <= done || desk->first->until_us <= now)) {
		struct ticket_wait *wait = desk->first;

		ticket_cancel(wait);
		wait->written(wait->user);
	}
}

static void async_cb(uv_async_t *async)
{
	desk_serve(async->data);
}

static void timer_cb(uv_timer_t *timer)
{
	desk_serve(timer->data);
}

struct ticket_desk *ticket_desk_open(struct ticket_office *office,
				     struct uv_loop_s *loop)
{
	struct ticket_desk *desk = mem_zalloc(sizeof(*desk));

	desk->office = office;
	desk->open = true;
	desk->async.data = desk;
	desk->timer.data = desk;
	(void)uv_async_init(loop, &desk->async, async_cb);
	(void)uv_timer_init(loop, &desk->timer);
	pthread_mutex_lock(&office->lock);
	desk->next = office->desks;
	office->desks = desk;
	pthread_mutex_unlock(&office->lock);
	return desk;
}

static void desk_closed(uv_handle_t *handle)
{
	struct ticket_desk *desk = handle->data;

	if (++desk->handles < 2)
		return;
	if (desk->closed)
		desk->closed(desk->user);
}

void ticket_desk_close(struct ticket_desk *desk, void (*closed)(void *user),
		       void *user)
{
	pthread_mutex_lock(&desk->office->lock);
	desk->open = false;
	pthread_mutex_unlock(&desk->office->lock);
	desk->closed = closed;
	desk->user = user;
	uv_close((uv_handle_t *)&desk->async, desk_closed);
	uv_close((uv_handle_t *)&desk->timer, desk_closed);
}

bool ticket_take(struct ticket_desk *desk, const struct client_key *key,
		 struct ticket_wait *wait)
{
	struct ticket_office *office = desk->office;
	bool queued;

	pthread_mutex_lock(&office->lock);
	queued = office->n_queue < TICKET_QUEUE_MAX;
	if (queued)
		office->queue[office->n_queue++] =
			(struct key){ *key, desk, ++desk->seq };
	pthread_cond_signal(&office->wake);
	pthread_mutex_unlock(&office->lock);
	if (!queued || !atomic_load(&office->up))
		return false;
	wait->desk = desk;
	wait->seq = desk->seq;
	wait->until_us = clock_mono_us() + (int64_t)TICKET_WAIT_MS * 1000;
	wait->prev = desk->last;
	wait->next = NULL;
	*(desk->last ? &desk->last->next : &desk->first) = wait;
	desk->last = wait;
	if (desk->first == wait)
		(void)uv_timer_start(&desk->timer, timer_cb, TICK_MS, TICK_MS);
	return true;
}
