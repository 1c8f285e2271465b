#include "cdc/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "cdc/binlog/position.h"
#include "cdc/board.h"
#include "cdc/source.h"
#include "cdc/stopper.h"

enum {
	PERIOD_MS = 5 * 1000,
	RETRY_MS = 2 * 1000,
	ANSWER_MS = 2 * 1000,  /* longest wait for the server */
	AT_HEAD_MS = 3 * 1000, /* lag under which nothing is unread */
	DAY_S = 24 * 60 * 60,
	FILE_TEXT_MAX = 2 * POSITION_FILE_MAX,
	WARN_PART = 4,	      /* of the period: warn when less is left */
	WARN_S = 6 * 60 * 60, /* the same where there is no period */
};

struct retention {
	struct source_config config;
	struct board *board; /* borrowed */
	pthread_t thread;
	struct stopper stop;
	pthread_mutex_t lock;	/* of the pointer `source` */
	struct source *source;	/* owned; NULL while away */
	struct position newest; /* end of the log at the last look */
	int64_t looked_us;	/* monotonic; 0: never */
	double bytes_per_s;
	double warned_s; /* what was left at the last warning */
};

static double by_age(const struct retention_facts *f)
{
	if (f->expire_s <= 0)
		return RETENTION_NEVER;
	if (f->newest)
		return f->expire_s;
	if (f->event_age_s < 0)
		return RETENTION_UNKNOWN;
	return f->event_age_s < f->expire_s ? f->expire_s - f->event_age_s : 0;
}

static double by_size(const struct retention_facts *f)
{
	double room = f->limit_bytes - f->behind_bytes;

	if (f->limit_bytes <= 0 || f->newest)
		return RETENTION_NEVER;
	if (room <= 0)
		return 0;
	return f->bytes_per_s > 0 ? room / f->bytes_per_s : RETENTION_NEVER;
}

double retention_estimate(const struct retention_facts *facts)
{
	double age = by_age(facts), size = by_size(facts);

	if (facts->gone)
		return 0;
	return size < age || (age < 0 && !isinf(size)) ? size : age;
}

/* ---- Looking ---- */

static int number(struct source *source, const char *name, double *ret,
		  struct err *err)
{
	CLEANUP(mem_freep) char *text = NULL;
	int fail = source_variable(source, name, &text, err);

	*ret = !fail && text ? strtod(text, NULL) : 0;
	return fail;
}

/* MySQL >= 5.7 and MariaDB >= 10.6 count seconds, older ones days. */
static int read_limits(struct source *source, struct retention_facts *f,
		       struct err *err)
{
	CLEANUP(mem_freep) char *purges = NULL;
	double days = 0;
	int fail =
		number(source, "binlog_expire_logs_seconds", &f->expire_s, err);

	if (!fail && f->expire_s <= 0)
		fail = number(source, "expire_logs_days", &days, err);
	if (!fail)
		fail = number(source, "max_binlog_total_size", &f->limit_bytes,
			      err);
	if (!fail)
		fail = source_variable(source, "binlog_expire_logs_auto_purge",
				       &purges, err);
	if (f->expire_s <= 0)
		f->expire_s = days * DAY_S;
	if (purges && strcmp(purges, "OFF") == 0)
		f->expire_s = 0;
	return fail;
}

/* Sums of the logs from two places on: the copy's, and the end as it was. */
struct sums {
	const struct position *copy, *before;
	struct position last; /* owned */
	double behind, grown;
	bool found;
};

static void add_log(struct sums *s, struct str name, double size)
{
	int order;

	if (s->copy->file &&
	    position_compare_files(name, str_of(s->copy->file), &order)) {
		s->found = s->found || order == 0;
		if (order >= 0)
			s->behind += size;
		if (order == 0)
			s->behind -= (double)s->copy->offset;
	}
	if (s->before->file &&
	    position_compare_files(name, str_of(s->before->file), &order)) {
		if (order >= 0)
			s->grown += size;
		if (order == 0)
			s->grown -= (double)s->before->offset;
	}
	position_set_file(&s->last, name, (uint64_t)size);
}

static int add_logs(struct source *source, struct sums *s, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool row = true;
	int fail = source_query(source, "show binary logs", &rows, err);

	while (!fail && row) {
		fail = source_next(rows, &row, err);
		if (!fail && row)
			add_log(s, source_text(rows, 0),
				(double)source_int(rows, 1));
	}
	return fail;
}

static void note_growth(struct retention *r, const struct sums *s)
{
	int64_t now = clock_mono_us();
	double seconds = (double)(now - r->looked_us) / 1e6;

	if (r->looked_us && seconds > 0 && s->grown >= 0) {
		double rate = s->grown / seconds;

		/* Smoothed: the last minutes count, not one import. */
		r->bytes_per_s = r->bytes_per_s > 0
					 ? r->bytes_per_s * 0.9 + rate * 0.1
					 : rate;
	}
	r->looked_us = now;
	position_copy(&r->newest, &s->last);
}

/* Where the copy stands in the log; its file is known even where GTIDs count.
 */
static int copy_place(struct retention *r, struct board_facts *facts,
		      struct position *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf file;

	buf_init(&file, FILE_TEXT_MAX);
	buf_adds(&file, "file:");
	board_read(r->board, facts, NULL, &file);
	if (file.failed || file.n == strlen("file:"))
		return 0;
	return position_parse(str_of(buf_str(&file)), ret, err);
}

static bool goes_by_file(struct retention *r)
{
	pthread_mutex_lock(&r->board->lock);
	enum position_kind kind = r->board->applied.kind;
	pthread_mutex_unlock(&r->board->lock);
	return kind == POSITION_FILE;
}

static int place_in_logs(struct retention *r, struct position *copy,
			 struct retention_facts *f, struct err *err)
{
	struct sums sums = { .copy = copy, .before = &r->newest };
	int fail = add_logs(r->source, &sums, err);

	if (!fail) {
		note_growth(r, &sums);
		f->behind_bytes = sums.behind;
		f->bytes_per_s = r->bytes_per_s;
		f->gone = goes_by_file(r) && copy->file && sums.last.file &&
			  !sums.found;
		f->newest = copy->file && sums.last.file &&
			    strcmp(copy->file, sums.last.file) == 0;
	}
	position_done(&sums.last);
	return fail;
}

static int look(struct retention *r, struct retention_facts *f, struct err *err)
{
	CLEANUP(position_done) struct position copy = { 0 };
	CLEANUP(mem_freep) char *now = NULL;
	struct board_facts facts;
	int64_t lag;
	int fail = copy_place(r, &facts, &copy, err);

	if (!fail)
		fail = read_limits(r->source, f, err);
	if (!fail)
		fail = place_in_logs(r, &copy, f, err);
	if (!fail)
		fail = source_one(r->source, "select unix_timestamp()", &now,
				  err);
	if (fail)
		return fail;
	lag = board_lag(r->board, clock_mono_us());
	f->newest = f->newest || (lag != LAG_UNKNOWN && lag < AT_HEAD_MS);
	f->event_age_s = now && facts.source_time
				 ? strtod(now, NULL) - (double)facts.source_time
				 : -1;
	return 0;
}

/* ---- Telling ---- */

static void warn(struct retention *r, const struct retention_facts *f,
		 double left)
{
	double little = f->expire_s > 0 ? f->expire_s / WARN_PART : WARN_S;

	if (left < 0 || left > little) {
		r->warned_s = RETENTION_NEVER;
		return;
	}
	if (left > 0 ? left > r->warned_s / 2 : r->warned_s <= 0)
		return;
	r->warned_s = left;
	log_warn("the source purges soon what the copy has not read: keep the "
		 "binlog longer (binlog_expire_logs_seconds), let cdc catch "
		 "up; else the copy must be made anew",
		 KV_INT("seconds_left", left),
		 KV_INT("behind_bytes", f->behind_bytes));
}

static void tell(struct retention *r, double left)
{
	pthread_mutex_lock(&r->board->lock);
	r->board->facts.until_purge_s = left;
	pthread_mutex_unlock(&r->board->lock);
}

static void set_source(struct retention *r, struct source *source)
{
	pthread_mutex_lock(&r->lock);
	source_close(r->source);
	r->source = source;
	pthread_mutex_unlock(&r->lock);
}

static int connect_source(struct retention *r, struct err *err)
{
	struct source *source = NULL;
	int fail = source_connect(&r->config, &source, err);

	if (!fail)
		set_source(r, source);
	return fail;
}

/* False: look again soon, nothing is known yet. */
static bool turn(struct retention *r)
{
	struct retention_facts facts = { 0 };
	struct err err = { 0 };
	int fail = r->source ? 0 : connect_source(r, &err);

	if (!fail)
		fail = look(r, &facts, &err);
	if (fail) {
		/* The stream's own connection says what is wrong. */
		log_debug("the source's logs not looked at", KV_ERR(&err));
		set_source(r, NULL);
		tell(r, RETENTION_UNKNOWN);
		return false;
	}
	double left = retention_estimate(&facts);

	tell(r, left);
	warn(r, &facts, left);
	return left >= 0;
}

static void *run(void *user)
{
	struct retention *r = user;
	int64_t wait = 0;

	while (!stopper_wait(&r->stop, wait))
		wait = turn(r) ? PERIOD_MS : RETRY_MS;
	return NULL;
}

int retention_start(const struct source_config *source, struct board *board,
		    struct retention **ret, struct err *err)
{
	struct retention *r = mem_zalloc(sizeof(*r));

	r->config = *source;
	r->config.read_timeout_ms = ANSWER_MS;
	if (r->config.connect_timeout_ms > ANSWER_MS)
		r->config.connect_timeout_ms = ANSWER_MS;
	r->board = board;
	pthread_mutex_init(&r->lock, NULL);
	r->warned_s = RETENTION_NEVER;
	stopper_init(&r->stop);
	int fail = thread_start(&r->thread, run, r);
	if (fail) {
		pthread_mutex_destroy(&r->lock);
		stopper_done(&r->stop);
		free(r);
		return err_set(err, ERR_LIMIT, "the retention thread: %s",
			       strerror(fail));
	}
	*ret = r;
	return 0;
}

void retention_stop(struct retention *r)
{
	if (!r)
		return;
	stopper_set(&r->stop);
	pthread_mutex_lock(&r->lock);
	if (r->source)
		source_cancel(r->source);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	source_close(r->source);
	position_done(&r->newest);
	pthread_mutex_destroy(&r->lock);
	stopper_done(&r->stop);
	free(r);
}
