#include "router/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/thread.h"
#include "router/ticket.h"

enum { STOP_MS = 1000 };

struct watch {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	struct decide_view view;
	const char *event;
	atomic_uint_fast64_t version;
	atomic_bool stopping, connected;
	atomic_int force; /* -1: as it is */
	struct watch_conf conf;
	/* Of the thread alone. */
	struct pg *pg;
	struct health health;
	struct flags flags;
	bool any_on, complained;
};

static const char status_sql[] =
	"select s.epoch, s.state = 'streaming',"
	" s.customer_fresh and not r.domains && '{customer,metadata}',"
	" s.catalog_fresh and not r.domains && '{catalog,metadata}',"
	" s.order_fresh and not r.domains && '{order,metadata}',"
	" coalesce(s.lag_ms, -1),"
	" (extract(epoch from clock_timestamp() - s.written_at)"
	"  * 1000)::bigint,"
	" (extract(epoch from pg_postmaster_start_time())"
	"  * 1000000)::bigint, s.system_identifier, c.seq, c.passed_ticket,"
	" s.unhealthy_keys,"
	" c.epoch = s.epoch and abs(extract(epoch from"
	"  s.postgres_start - pg_postmaster_start_time())) < 1"
	" from ficus.status s cross join lateral (select seq, epoch,"
	" passed_ticket from ficus.checkpoint order by seq desc limit 1) c"
	" cross join lateral (select array(select distinct domain"
	"  from ficus.refetch) as domains) r";
static const char flags_sql[] =
	"select name, enabled and (until is null or"
	" until > clock_timestamp()), percent_bp, version,"
	" (extract(epoch from updated_at) * 1000000)::bigint,"
	" (extract(epoch from clock_timestamp()) * 1000000)::bigint"
	" from ficus.feature_flags";

static bool is_true(const struct pg_result *r, size_t row, size_t column)
{
	return str_eqs(pg_value(r, row, column), "t");
}

static int status_read(struct watch *watch, struct health_sample *ret,
		       struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct health_sample s = { .taken_us = clock_mono_us() };
	int rc = pg_run(watch->pg, "status", NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	if (pg_rows(r) == 1) {
		s.epoch = pg_int(r, 0, 0);
		s.streaming = is_true(r, 0, 1);
		s.fresh[DOMAIN_CUSTOMER] = is_true(r, 0, 2);
		s.fresh[DOMAIN_CATALOG] = is_true(r, 0, 3);
		s.fresh[DOMAIN_ORDER] = is_true(r, 0, 4);
		s.lag_ms = pg_int(r, 0, 5);
		s.row_age_ms = pg_int(r, 0, 6);
		s.postgres_start_us = pg_int(r, 0, 7);
		s.system_identifier = pg_int(r, 0, 8);
		s.seq = pg_int(r, 0, 9);
		s.passed_ticket = pg_int(r, 0, 10);
		s.unhealthy_keys = pg_int(r, 0, 11);
		s.found = is_true(r, 0, 12);
	}
	*ret = s;
	return 0;
}

static int flags_poll(struct watch *watch, bool *changed, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	bool seen[DOMAIN_N] = { false };
	int rc = pg_run(watch->pg, "flags", NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < pg_rows(r); i++) {
		enum domain domain = domain_of(pg_text(r, i, 0));
		struct flag row = {
			.enabled = is_true(r, i, 1),
			.percent_bp = (uint16_t)pg_int(r, i, 2),
			.version = pg_int(r, i, 3),
			.updated_us = pg_int(r, i, 4),
		};

		if (domain == DOMAIN_NONE)
			continue;
		seen[domain] = true;
		*changed |= flags_update(&watch->flags, domain, &row,
					 pg_int(r, i, 5));
	}
	for (int i = 0; i < DOMAIN_N; i++) {
		if (!seen[i] && watch->flags.flag[i].enabled) {
			watch->flags.flag[i].enabled = false;
			*changed = true;
		}
	}
	return 0;
}

static void event(struct watch *watch, const char *what)
{
	ticket_forget(watch->conf.tickets, watch->health.event_us);
	log_info("the copy must be proven again", KV_STR("after", what));
}

static void publish(struct watch *watch)
{
	bool any_on = flags_any_on(&watch->flags);
	int force;

	/* While all flags were off no fences were set. */
	if (any_on && !watch->any_on) {
		health_event(&watch->health, "flag switched on",
			     clock_mono_us());
		event(watch, watch->health.event);
	}
	watch->any_on = any_on;
	pthread_mutex_lock(&watch->lock);
	watch->view.flags = watch->flags;
	force = atomic_load(&watch->force);
	if (force >= 0) /* asked for since the last turn */
		watch->view.flags.admin_force = force != 0;
	watch->view.health = watch->health.view;
	watch->view.max_lag_ms = watch->conf.max_lag_ms;
	watch->event = watch->health.event;
	atomic_fetch_add(&watch->version, 1);
	pthread_mutex_unlock(&watch->lock);
}

static void flags_keep(struct watch *watch)
{
	struct err err = { 0 };

	if (flags_write(watch->conf.state_dir, &watch->flags, &err) < 0)
		log_warn("flags not kept on disk, ignoring", KV_ERR(&err));
}

/* What an operator asked for by watch_force(). */
static bool force_take(struct watch *watch)
{
	int force = atomic_exchange(&watch->force, -1);

	if (force < 0 || watch->flags.admin_force == (force != 0))
		return false;
	watch->flags.admin_force = force != 0;
	log_info("admin_force changed", KV_INT("force", force));
	return true;
}

static void tickets_check(struct watch *watch)
{
	struct health *health = &watch->health;
	int64_t passed =
		ticket_passed(watch->conf.tickets, health->view.passed_ticket);
	bool standing;

	if (passed)
		health_passed(health, passed);
	standing = atomic_load(watch->conf.fenced_us) >= health->view.passed_us;
	if ((standing || !health->view.proven) &&
	    ticket_pending(watch->conf.tickets) == 0)
		ticket_probe(watch->conf.tickets);
}

static int look(struct watch *watch, struct err *err)
{
	struct health_sample sample;
	bool changed = force_take(watch);
	int rc = status_read(watch, &sample, err);

	if (rc == 0)
		rc = flags_poll(watch, &changed, err);
	if (rc < 0)
		return rc;
	if (health_update(&watch->health, &sample, clock_mono_us()))
		event(watch, watch->health.event);
	if (sample.found)
		tickets_check(watch);
	if (changed)
		flags_keep(watch);
	publish(watch);
	return 0;
}

static int watch_connect(struct watch *watch, struct err *err)
{
	int rc = pg_connect(watch->conf.pg, &watch->pg, err);

	if (rc == 0)
		rc = pg_exec(watch->pg,
			     "set statement_timeout = '1s';"
			     /* As in pg_setup.c. */
			     "set enable_seqscan = off; set jit = off;"
			     "listen ficus_flags",
			     err);
	if (rc == 0)
		rc = pg_prepare(watch->pg, "status", status_sql, err);
	if (rc == 0)
		rc = pg_prepare(watch->pg, "flags", flags_sql, err);
	return rc;
}

static int turn(struct watch *watch, struct err *err)
{
	const char *channel;
	int rc = watch->pg ? 0 : watch_connect(watch, err);

	if (rc == 0)
		rc = look(watch, err);
	if (rc == 0) {
		if (watch->complained)
			log_info("status is read again");
		watch->complained = false;
		atomic_store(&watch->connected, true);
		rc = pg_wait_notify(watch->pg, WATCH_MS, &channel, err);
	}
	return rc;
}

static void pause_ms(int ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&pause, NULL);
}

static void *watch_main(void *arg)
{
	struct watch *watch = arg;

	while (!atomic_load(&watch->stopping)) {
		struct err err = { 0 };

		if (turn(watch, &err) == 0)
			continue;
		atomic_store(&watch->connected, false);
		if (!watch->complained)
			log_warn("status can't be read; reads go to Magento",
				 KV_ERR(&err));
		watch->complained = true;
		pg_close(TAKE(watch->pg));
		if (force_take(watch)) {
			flags_keep(watch);
			publish(watch);
		}
		pause_ms(WATCH_MS);
	}
	pg_close(TAKE(watch->pg));
	return NULL;
}

struct watch *watch_start(const struct watch_conf *conf)
{
	struct watch *watch = mem_zalloc(sizeof(*watch));
	struct err err = { 0 };

	watch->conf = *conf;
	atomic_store(&watch->force, -1);
	pthread_mutex_init(&watch->lock, NULL);
	health_init(&watch->health, conf->max_lag_ms, conf->dwell_ms,
		    clock_mono_us());
	if (flags_read(conf->state_dir, &watch->flags, &err) < 0)
		log_err("flags on disk", KV_ERR(&err));
	watch->any_on = flags_any_on(&watch->flags);
	publish(watch);
	if (thread_start(&watch->thread, watch_main, watch) != 0)
		abort(); /* no threads: as no memory */
	return watch;
}

void watch_stop(struct watch *watch)
{
	struct timespec until;

	if (!watch)
		return;
	atomic_store(&watch->stopping, true);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_MS / 1000;
	if (pthread_timedjoin_np(watch->thread, NULL, &until) != 0) {
		(void)pthread_detach(watch->thread);
		return; /* it still uses its memory */
	}
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

bool watch_view(struct watch *watch, uint64_t *version, struct decide_view *ret)
{
	if (atomic_load_explicit(&watch->version, memory_order_acquire) ==
	    *version)
		return false;
	pthread_mutex_lock(&watch->lock);
	*ret = watch->view;
	*version = atomic_load(&watch->version);
	pthread_mutex_unlock(&watch->lock);
	return true;
}

void watch_force(struct watch *watch, bool force)
{
	/* Decisions follow at once; the thread makes it last. */
	pthread_mutex_lock(&watch->lock);
	watch->view.flags.admin_force = force;
	atomic_store(&watch->force, force);
	atomic_fetch_add(&watch->version, 1);
	pthread_mutex_unlock(&watch->lock);
}

const char *watch_event(struct watch *watch)
{
	const char *what;

	pthread_mutex_lock(&watch->lock);
	what = watch->event;
	pthread_mutex_unlock(&watch->lock);
	return what;
}

bool watch_connected(struct watch *watch)
{
	return atomic_load(&watch->connected);
}
