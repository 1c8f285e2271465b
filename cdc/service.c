#include "cdc/service.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/alert.h"
#include "cdc/board.h"
#include "cdc/checkpoint.h"
#include "cdc/endpoint.h"
#include "cdc/head.h"
#include "cdc/publisher.h"
#include "cdc/refusal.h"
#include "cdc/retention.h"
#include "cdc/session.h"
#include "cdc/setup.h"
#include "cdc/stopper.h"

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MOST_MS = 5000,
	/* For alerts on their way: that cdc ended by itself must be told. */
	DRAIN_MS = 300,
	DRAIN_FAILED_MS = 5000,
};

struct service {
	struct setup *setup;	    /* borrowed */
	const struct stopper *stop; /* borrowed */
	struct board board;
	struct publisher *publisher; /* owned */
	struct endpoint *endpoint;   /* owned */
	int64_t backoff_ms;
	int64_t corrupt_in_row; /* without progress between */
	bool worked;		/* a session was opened once */
	struct refusal refusal;
	struct alerts *alerts;	     /* owned */
	enum link_reason lost;	     /* why the last one ended */
	struct retention *retention; /* owned */
};

/* Which errors another session may cure. */
static bool worth_retrying(struct service *s, int code)
{
	switch (code) {
	case ERR_IO:
	case ERR_SOURCE_LOST:
	case ERR_TARGET_LOST:
		return true;
	case ERR_CORRUPT:
		/* Bytes may be damaged on the way; twice is the log itself. */
		return ++s->corrupt_in_row < 2;
	case ERR_TARGET:
		/* It answers, and says no: perhaps somebody mends it. Who has
		 * just started us looks on. */
		return s->worked || !refusal_told(&s->refusal);
	default:
		return false;
	}
}

/* Between half and all of the back-off, so that two never march in step. */
static int64_t jittered(int64_t ms)
{
	return ms / 2 + clock_mono_us() % (ms / 2 + 1);
}

static void pause_after(struct service *s, const struct err *why)
{
	int64_t wait = jittered(s->backoff_ms);

	pthread_mutex_lock(&s->board.lock);
	s->board.facts.failures_in_row++;
	link_lost(&s->board.facts.link, s->lost, why);
	pthread_mutex_unlock(&s->board.lock);
	board_state(&s->board, CDC_PAUSED, why->msg);
	log_warn("replication paused, trying again", KV_ERR(why),
		 KV_INT("wait_ms", wait));
	stopper_wait(s->stop, wait);
	s->backoff_ms *= 2;
	if (s->backoff_ms > BACKOFF_MOST_MS)
		s->backoff_ms = BACKOFF_MOST_MS;
}

/* Started while a server was away, it is not checked yet. A source that is
 * still away is left to the session: it takes the reign first, so that
 * ficus.status can say so. */
static int preflight(struct service *s, struct err *err)
{
	if (s->setup->checked)
		return 0;
	int rc = setup_preflight(s->setup, err);
	if (rc != ERR_SOURCE_LOST)
		return rc;
	memset(err, 0, sizeof(*err));
	return 0;
}

static int64_t commits(struct service *s)
{
	pthread_mutex_lock(&s->board.lock);
	int64_t seq = s->board.facts.seq;
	pthread_mutex_unlock(&s->board.lock);
	return seq;
}

static int one_session(struct service *s, struct err *err)
{
	struct session *session = NULL;
	int64_t before = commits(s);
	int rc = preflight(s, err);

	if (rc == 0)
		rc = setup_target(s->setup, err);
	if (rc == 0)
		rc = session_open(s->setup, &s->board, &session, err);
	s->lost = link_reason_of(rc, false, 0, 0);
	if (rc == ERR_TARGET)
		board_refused(&s->board, DOMAIN_UNKNOWN, NULL, true);
	if (rc == 0) {
		s->worked = true;
		board_state(&s->board, CDC_CATCHING_UP, "catching up");
		rc = session_run(session, s->stop, err);
		s->lost = link_reason_of(rc, true, session_heard_us(session),
					 s->setup->source.heartbeat_ms);
	}
	session_close(session);
	/* It got further: what ended it is not what ended the one before. */
	if (commits(s) > before) {
		s->backoff_ms = BACKOFF_FIRST_MS;
		s->corrupt_in_row = 0;
	}
	return rc;
}

/* What the decoder found says nothing of what to do. */
static int add_cure(struct err *err)
{
	char found[sizeof(err->msg)];

	memcpy(found, err->msg, sizeof(found));
	return err_set(err, ERR_CORRUPT,
		       "%.500s; read twice: if mysqlbinlog "
		       "--verify-binlog-checksum reads the source's log, look "
		       "at what is between it and us; else empty the records "
		       "and run cdc --bootstrap",
		       found);
}

static int run(struct service *s, struct err *err)
{
	while (!stopper_wait(s->stop, 0)) {
		int rc = one_session(s, err);

		if (rc == ERR_TARGET)
			refusal_judge(&s->refusal, err);
		if (rc == 0 || rc == ERR_STOPPED)
			return 0;
		if (!worth_retrying(s, rc)) {
			return rc == ERR_CORRUPT ? add_cure(err) : rc;
		}
		pause_after(s, err);
		memset(err, 0, sizeof(*err));
	}
	return 0;
}

/* Head samples must be of the kind the checkpoint is of, or nothing would
 * ever pass. While the target can't say, the setting does. */
static const char *head_mode(struct service *s)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct checkpoint checkpoint = { 0 };
	struct err ignored = { 0 };
	const char *set = s->setup->settings.source_position_mode;
	bool file = strcmp(set, "file") == 0;
	int found = 0;

	if (pg_connect(&s->setup->target, &pg, &ignored) == 0 &&
	    checkpoint_read(pg, &checkpoint, &found, &ignored) == 0 && found)
		file = str_starts(str_of(checkpoint.position), "file:");
	checkpoint_done(&checkpoint);
	return file ? "file" : "gtid";
}

static int start(struct service *s, struct err *err)
{
	const struct settings *settings = &s->setup->settings;
	int rc = head_start(&s->setup->head, head_mode(s), &s->board.head, err);

	if (rc == 0 && *settings->metrics_listen)
		rc = endpoint_start(settings->metrics_listen, &s->board,
				    &s->endpoint, err);
	if (rc == 0)
		rc = retention_start(&s->setup->source, &s->board,
				     &s->retention, err);
	if (rc == 0)
		s->publisher = publisher_start(&s->setup->target, &s->board);
	return rc;
}

static void stop(struct service *s, bool failed)
{
	publisher_stop(s->publisher);
	endpoint_stop(s->endpoint);
	retention_stop(s->retention);
	head_stop(s->board.head);
	alerts_stop(s->alerts, failed ? DRAIN_FAILED_MS : DRAIN_MS);
	board_done(&s->board);
}

int service_run(struct setup *setup, const struct stopper *stopper,
		struct err *err)
{
	struct service s = { .setup = setup,
			     .stop = stopper,
			     .backoff_ms = BACKOFF_FIRST_MS };

	board_init(&s.board);
	s.board.losses = setup->losses;
	s.alerts = alerts_start(setup->settings.alerts_webhook,
				setup->settings.alerts_timeout);
	s.board.alerts = s.alerts;
	s.refusal = (struct refusal){ .setup = setup, .board = &s.board };
	int rc = start(&s, err);
	if (rc == 0)
		rc = run(&s, err);
	board_state(&s.board, rc < 0 ? CDC_FAILED : CDC_PAUSED,
		    rc < 0 ? err->msg : "stopped");
	if (rc < 0 && !refusal_told(&s.refusal))
		alerts_raise(s.alerts, ALERT_STOPPED, err->msg);
	stop(&s, rc < 0);
	return rc;
}
