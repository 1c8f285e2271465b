#include "cdc/publisher.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/thread.h"
#include "cdc/alert.h"
#include "cdc/board.h"
#include "cdc/head.h"
#include "cdc/stopper.h"

enum {
	POLL_MS = 20, /* longest a state change waits to be published */
	RETRY_MS = 250,
	TRIM_PERIOD_MS = 10000,
	COUNT_PERIOD_MS = 1000,
	POSITION_MAX = 1024 * 1024,
};

/* What is to be read again makes its domain stale, metadata all of them.
 * A row of another epoch is newer than ours: a successor has taken over. */
static const char STATUS_SQL[] =
	"insert into ficus.status (epoch, state, position, head, lag_ms, "
	"customer_fresh, catalog_fresh, order_fresh, unhealthy_keys, "
	"failures_in_row, reason, postgres_start, system_identifier, "
	"connected, reconnects, last_error, last_error_at, until_purge_s, "
	"written_at) select $1, $2, $3, $4, $5, "
	"$6::boolean and not r.domains && '{customer,metadata}', "
	"$7::boolean and not r.domains && '{catalog,metadata}', "
	"$8::boolean and not r.domains && '{order,metadata}', (select count(*) "
	"from ficus.dead_letters), $9, $10, "
	"pg_postmaster_start_time(), (pg_control_system()).system_identifier, "
	"$11, $12, $13, to_timestamp($14::double precision), $15, "
	"clock_timestamp() "
	"from (select array(select distinct domain from ficus.refetch) "
	"as domains) r on conflict (one) do update set "
	"epoch = excluded.epoch, state = excluded.state, "
	"position = excluded.position, head = excluded.head, "
	"lag_ms = excluded.lag_ms, customer_fresh = excluded.customer_fresh, "
	"catalog_fresh = excluded.catalog_fresh, "
	"order_fresh = excluded.order_fresh, "
	"unhealthy_keys = excluded.unhealthy_keys, "
	"failures_in_row = excluded.failures_in_row, "
	"reason = excluded.reason, postgres_start = excluded.postgres_start, "
	"system_identifier = excluded.system_identifier, "
	"connected = excluded.connected, reconnects = excluded.reconnects, "
	"last_error = excluded.last_error, "
	"last_error_at = excluded.last_error_at, "
	"until_purge_s = excluded.until_purge_s, "
	"written_at = excluded.written_at "
	"where ficus.status.epoch <= excluded.epoch";

/* Tickets that have passed and are old tell nobody anything any more. */
static const char TRIM_SQL[] =
	"delete from ficus.ticket where n <= (select passed_ticket from "
	"ficus.checkpoint order by seq desc limit 1) "
	"and taken_at < clock_timestamp() - interval '1 minute'";

struct publisher {
	const struct pg_config *target; /* borrowed */
	struct board *board;		/* borrowed */
	pthread_t thread;
	struct stopper stop;
	struct pg *pg; /* owned; NULL while away */
	/* Monotonic. */
	int64_t begun_us, written_us, trimmed_us, counted_us;
	bool complained;
};

static struct pg_param text_param(const char *text)
{
	return (struct pg_param){ .at = text, .n = strlen(text) };
}

struct numbers {
	char epoch[24], lag[24], failures[24], reconnects[24];
	char error_at[32], until_purge[32];
};

static struct pg_param known(const char *text, bool is)
{
	return is ? text_param(text) : (struct pg_param){ 0 };
}

static void write_numbers(const struct board_facts *facts, int64_t lag,
			  struct numbers *n)
{
	snprintf(n->epoch, sizeof(n->epoch), "%lld", (long long)facts->epoch);
	snprintf(n->lag, sizeof(n->lag), "%lld", (long long)lag);
	snprintf(n->failures, sizeof(n->failures), "%d",
		 facts->failures_in_row);
	snprintf(n->reconnects, sizeof(n->reconnects), "%llu",
		 (unsigned long long)link_reconnects(&facts->link));
	snprintf(n->error_at, sizeof(n->error_at), "%.6f",
		 (double)facts->link.last_error_us / 1e6);
	snprintf(n->until_purge, sizeof(n->until_purge), "%.0f",
		 facts->until_purge_s);
}

static int write_status(struct publisher *p, struct err *err)
{
	struct board_facts facts;
	struct buf position, head;
	struct head_state head_facts = { 0 };
	struct numbers n;
	int64_t now = clock_mono_us();
	int64_t lag = board_lag(p->board, now);

	buf_init(&position, POSITION_MAX);
	buf_init(&head, POSITION_MAX);
	board_read(p->board, &facts, &position, NULL);
	if (p->board->head)
		head_state(p->board->head, &head_facts, &head);
	write_numbers(&facts, lag, &n);

	const struct pg_param params[] = {
		text_param(n.epoch),
		text_param(cdc_state_name(facts.state)),
		text_param(buf_str(&position)),
		text_param(buf_str(&head)),
		known(n.lag, lag != LAG_UNKNOWN),
		text_param(facts.fresh[DOMAIN_CUSTOMER] ? "t" : "f"),
		text_param(facts.fresh[DOMAIN_CATALOG] ? "t" : "f"),
		text_param(facts.fresh[DOMAIN_ORDER] ? "t" : "f"),
		text_param(n.failures),
		text_param(facts.reason),
		text_param(facts.link.connected ? "t" : "f"),
		text_param(n.reconnects),
		text_param(facts.link.last_error),
		known(n.error_at, facts.link.last_error_us != 0),
		known(n.until_purge, facts.until_purge_s >= 0 &&
					     isfinite(facts.until_purge_s)),
	};
	int rc = pg_run(p->pg, "status", params, LENGTH(params), NULL, err);

	buf_done(&position);
	buf_done(&head);
	p->written_us = now;
	return rc;
}

static int take_tickets(struct publisher *p, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	/* Seen at the time of the answer: a head sample taken after it has
	 * every write whose ticket is in the answer. */
	int rc = pg_run(p->pg, "ticket", NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	if (pg_rows(r) == 1 && !pg_null(r, 0, 0)) {
		board_ticket_seen(p->board, pg_int(r, 0, 0), clock_mono_us());
		if (p->board->head && board_ticket_waiting(p->board))
			head_poke(p->board->head);
	}
	return 0;
}

static enum domain domain_of(const char *name)
{
	for (int d = DOMAIN_METADATA; d < DOMAIN_COUNT; d++)
		if (strcmp(domain_name((enum domain)d), name) == 0)
			return (enum domain)d;
	return DOMAIN_METADATA;
}

/* Locked. */
static void time_stale(struct board_facts *facts)
{
	int64_t now = clock_mono_us();

	for (int d = DOMAIN_CUSTOMER; d < DOMAIN_COUNT; d++) {
		int64_t *since = &facts->stale_since_us[d];
		bool fresh = facts->fresh[d] && !facts->refetches[d] &&
			     !facts->refetches[DOMAIN_METADATA];

		if (fresh)
			*since = 0;
		else if (*since == 0)
			*since = now;
	}
}

static int count_refetches(struct publisher *p, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int64_t counts[DOMAIN_COUNT] = { 0 };
	int64_t unread = 0;
	int rc = pg_query(p->pg,
			  "select domain, count(*), "
			  "count(*) filter (where read_position is null) "
			  "from ficus.refetch group by domain",
			  NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < pg_rows(r); i++) {
		counts[domain_of(pg_text(r, i, 0))] = pg_int(r, i, 1);
		unread += pg_int(r, i, 2);
	}
	pthread_mutex_lock(&p->board->lock);
	memcpy(p->board->facts.refetches, counts, sizeof(counts));
	p->board->facts.refetches_unread = unread;
	time_stale(&p->board->facts);
	pthread_mutex_unlock(&p->board->lock);
	return 0;
}

static struct letter_count *letter_count(struct board *board,
					 enum domain domain, const char *record)
{
	for (size_t i = 0; i < board->letter_tables; i++)
		if (strcmp(board->letters[i].record, record) == 0)
			return &board->letters[i];
	if (board->letter_tables == LETTER_TABLES_MAX)
		return &board->letters[LETTER_TABLES_MAX - 1];
	struct letter_count *count = &board->letters[board->letter_tables++];

	count->domain = domain;
	snprintf(count->record, sizeof(count->record), "%s", record);
	return count;
}

static int64_t take_letters(struct board *board, const struct pg_result *r)
{
	int64_t all = 0;

	pthread_mutex_lock(&board->lock);
	for (size_t i = 0; i < board->letter_tables; i++)
		board->letters[i].count = 0;
	for (size_t i = 0; i < pg_rows(r); i++) {
		letter_count(board, domain_of(pg_text(r, i, 0)),
			     pg_text(r, i, 1))
			->count += pg_int(r, i, 2);
		all += pg_int(r, i, 2);
	}
	pthread_mutex_unlock(&board->lock);
	return all;
}

static int count_letters(struct publisher *p, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	char text[128];
	int rc = pg_query(p->pg,
			  "select domain, record, count(*) from "
			  "ficus.dead_letters group by domain, record",
			  NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	int64_t all = take_letters(p->board, r);
	snprintf(text, sizeof(text),
		 "records the target refused: %lld; cdc --dead-letters says "
		 "which and why",
		 (long long)all);
	if (!p->board->alerts)
		return 0;
	if (all > 0)
		alerts_raise(p->board->alerts, ALERT_DEAD_LETTERS, text);
	else
		alerts_resolve(p->board->alerts, ALERT_DEAD_LETTERS,
			       "no dead letters are left");
	return 0;
}

static void tell_refusal_over(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	bool refused = board->facts.refusals_in_row > 0;
	pthread_mutex_unlock(&board->lock);

	if (board->alerts && !refused)
		alerts_resolve(board->alerts, ALERT_REFUSED,
			       "the target takes the batch now; flags stay off "
			       "until somebody switches them on");
}

static bool all_fresh(const struct board_facts *facts)
{
	return facts->fresh[DOMAIN_CUSTOMER] && facts->fresh[DOMAIN_CATALOG] &&
	       facts->fresh[DOMAIN_ORDER];
}

/* Locked. By its position, or by time: all chunks were read before we began,
 * so a head that was sampled since is behind them (refetch.c). */
static bool has_passed(const struct publisher *p,
		       const struct position *read_at)
{
	const struct position *applied = &p->board->applied;

	if (position_contains(applied, read_at))
		return true;
	return p->board->head &&
	       head_passed(p->board->head, applied) >= p->begun_us;
}

/* A domain is fresh when every chunk read for it was read before what is
 * applied now. An unread chunk keeps it stale. */
static int find_stale(struct publisher *p, bool stale[DOMAIN_COUNT],
		      struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(p->pg,
			  "select distinct domain, read_position "
			  "from ficus.chunks",
			  NULL, 0, &r, err);

	for (size_t i = 0; rc == 0 && i < pg_rows(r); i++) {
		struct position read_at = { 0 };
		bool passed = false;

		if (!pg_null(r, i, 1)) {
			rc = position_parse(pg_value(r, i, 1), &read_at, err);
			if (rc < 0)
				break;
			pthread_mutex_lock(&p->board->lock);
			passed = has_passed(p, &read_at);
			pthread_mutex_unlock(&p->board->lock);
			position_done(&read_at);
		}
		if (!passed)
			stale[domain_of(pg_text(r, i, 0))] = true;
	}
	return rc;
}

static int find_fresh(struct publisher *p, struct err *err)
{
	struct board_facts facts;
	bool stale[DOMAIN_COUNT] = { false };
	bool any = false;

	board_read(p->board, &facts, NULL, NULL);
	if (all_fresh(&facts) || facts.state == CDC_BOOTSTRAPPING ||
	    facts.epoch == 0)
		return 0;
	int rc = find_stale(p, stale, err);
	for (int d = DOMAIN_METADATA; d < DOMAIN_COUNT; d++)
		any = any || stale[d];
	/* Before the last domain is fresh, or a failure would not be tried
	 * again. */
	if (rc == 0 && !any)
		rc = pg_exec(p->pg,
			     "delete from ficus.chunks; "
			     "update ficus.bootstrap set finished_at = now() "
			     "where finished_at is null",
			     err);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&p->board->lock);
	for (int d = DOMAIN_METADATA; d < DOMAIN_COUNT; d++)
		p->board->facts.fresh[d] = !stale[d];
	pthread_mutex_unlock(&p->board->lock);
	return 0;
}

static int connect_target(struct publisher *p, struct err *err)
{
	int rc = pg_connect(p->target, &p->pg, err);

	if (rc == 0)
		rc = pg_exec(p->pg,
			     "set synchronous_commit = off; "
			     /* The plans are kept while the tables grow. */
			     "set enable_seqscan = off; set jit = off; "
			     "set statement_timeout = '5s'; "
			     "listen ficus_ticket",
			     err);
	if (rc == 0)
		rc = pg_prepare(p->pg, "status", STATUS_SQL, err);
	if (rc == 0)
		rc = pg_prepare(p->pg, "ticket",
				"select max(n) from ficus.ticket", err);
	if (rc < 0) {
		pg_close(p->pg);
		p->pg = NULL;
	}
	return rc;
}

static bool due(struct publisher *p, int64_t now)
{
	pthread_mutex_lock(&p->board->lock);
	bool changed = p->board->changed;
	p->board->changed = false;
	pthread_mutex_unlock(&p->board->lock);
	return changed || now - p->written_us >= PUBLISHER_PERIOD_MS * 1000;
}

/* One turn: wait for a ticket or the next tick, then do what is due. */
static int turn(struct publisher *p, struct err *err)
{
	const char *channel = NULL;
	int rc = pg_wait_notify(p->pg, POLL_MS, &channel, err);
	int64_t now = clock_mono_us();

	if (rc == 0 && channel)
		rc = take_tickets(p, err);
	if (rc == 0 && due(p, now)) {
		rc = take_tickets(p, err);
		if (rc == 0)
			rc = find_fresh(p, err);
		if (rc == 0)
			rc = count_refetches(p, err);
		if (rc == 0 && now - p->counted_us >= COUNT_PERIOD_MS * 1000) {
			p->counted_us = now;
			rc = count_letters(p, err);
		}
		tell_refusal_over(p->board);
		if (rc == 0)
			rc = write_status(p, err);
	}
	if (rc == 0 && now - p->trimmed_us >= TRIM_PERIOD_MS * 1000) {
		p->trimmed_us = now;
		rc = pg_exec(p->pg, TRIM_SQL, err);
	}
	return rc;
}

static void record_lag(struct publisher *p)
{
	int64_t now = clock_mono_us();
	int64_t lag = board_lag(p->board, now);

	pthread_mutex_lock(&p->board->lock);
	lag_record(&p->board->history, now, lag);
	pthread_mutex_unlock(&p->board->lock);
}

static void complain(struct publisher *p, const struct err *err)
{
	if (!p->complained)
		log_warn("status not published, trying again", KV_ERR(err));
	p->complained = true;
}

static void *run(void *user)
{
	struct publisher *p = user;

	while (!stopper_wait(&p->stop, 0)) {
		struct err err = { 0 };
		int rc = p->pg ? 0 : connect_target(p, &err);

		if (rc == 0)
			rc = turn(p, &err);
		record_lag(p);
		if (rc == 0) {
			p->complained = false;
			continue;
		}
		complain(p, &err);
		pg_close(p->pg);
		p->pg = NULL;
		stopper_wait(&p->stop, RETRY_MS);
	}
	return NULL;
}

struct publisher *publisher_start(const struct pg_config *target,
				  struct board *board)
{
	struct publisher *p = mem_zalloc(sizeof(*p));

	p->target = target;
	p->board = board;
	p->begun_us = clock_mono_us();
	stopper_init(&p->stop);
	if (thread_start(&p->thread, run, p) != 0)
		abort(); /* no thread at start is no memory */
	return p;
}

void publisher_stop(struct publisher *p)
{
	struct err err = { 0 };

	if (!p)
		return;
	stopper_set(&p->stop);
	pthread_join(p->thread, NULL);
	if (p->pg && write_status(p, &err) < 0)
		log_warn("last status not published, ignoring", KV_ERR(&err));
	pg_close(p->pg);
	stopper_done(&p->stop);
	free(p);
}
