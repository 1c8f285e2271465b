#include "cdc/resync.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/progress.h"
#include "cdc/resync_ask.h"
#include "cdc/setup.h"
#include "cdc/stopper.h"

enum {
	LOOK_MS = 200,
	/* Time for a cdc that died, or a target that went, to be back. */
	AWAY_MS = 30000,
	ERROR_MAX = 256,
	FOLLOWED_MAX = 8,
};

static const int64_t US_PER_MS = 1000;

static const char copy_sql[] =
	"select exists (select from ficus.checkpoint),"
	" coalesce((select written_at > clock_timestamp() - interval '3 s'"
	" from ficus.status), false)";
static const char look_sql[] =
	"select count(*), coalesce(sum(case when read_position is null"
	" then rows_total - least(rows_read, rows_total) else 0 end), "
	"0)::bigint,"
	" max(error),"
	" coalesce((select written_at > clock_timestamp() - interval '3 s'"
	" from ficus.status), false)"
	" from ficus.refetch where id = any($1::bigint[])";

struct watch {
	const struct setup *setup;
	struct pg *pg; /* owned; NULL while away */
	struct resync_requests requests;
	struct progress progress;
	enum domain domain;
	int followed;	       /* how often what followed was watched too */
	int64_t here_us;       /* when cdc and target were last there */
	char error[ERROR_MAX]; /* the last one said */
};

static bool is_true(const struct pg_result *r, size_t column)
{
	return str_eqs(pg_value(r, 0, column), "t");
}

static int wait_elsewhere(const struct watch *w, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "cdc is not running: %zu requests wait for it in the "
		       "target; start it, and run the same command again to "
		       "watch them",
		       w->requests.count);
}

/* --- asking --- */

static int ask(struct watch *w, const struct resync_ask *what, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(w->pg, copy_sql, NULL, 0, &r, err);

	if (rc < 0)
		return rc;
	if (!is_true(r, 0))
		return err_set(err, ERR_OPERATOR,
			       "there is no checkpoint yet: run cdc "
			       "--bootstrap");
	rc = resync_ask_write(what, w->setup, w->pg, &w->requests, err);
	if (rc < 0)
		return rc;
	log_info("to be read again by the running cdc",
		 KV_STR("domain", domain_name(what->domain)),
		 KV_INT("requests", w->requests.count),
		 KV_INT("half_read_already", w->requests.joined));
	return is_true(r, 1) ? 0 : wait_elsewhere(w, err);
}

/* --- watching --- */

static void say_error(struct watch *w, const char *text)
{
	if (*text && strncmp(w->error, text, sizeof(w->error) - 1) != 0)
		log_warn("reading failed, cdc tries on", KV_STR("error", text));
	memset(w->error, 0, sizeof(w->error));
	strncpy(w->error, text, sizeof(w->error) - 1);
}

/* What was read asks for more: rows that went elsewhere, children of rows that
 * are gone. That was committed with it. The stream asks too, for ever perhaps:
 * so no more generations than foreign keys are deep. */
static int follow(struct watch *w, bool *ret_done, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param param = pg_param_text(domain_name(w->domain));
	int rc = pg_query(w->pg,
			  "select id from ficus.refetch where domain = $1"
			  " limit 50000",
			  &param, 1, &r, err);

	if (rc < 0)
		return rc;
	*ret_done = pg_rows(r) == 0 || w->followed++ == FOLLOWED_MAX;
	buf_reset(&w->requests.ids, 0);
	for (size_t i = 0; i < pg_rows(r); i++)
		buf_addf(&w->requests.ids, "%c%s", i ? ',' : '{',
			 pg_text(r, i, 0));
	buf_addc(&w->requests.ids, '}');
	return 0;
}

static int look(struct watch *w, bool *ret_done, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param param = pg_param_buf(&w->requests.ids);
	int rc = w->pg ? 0 : pg_connect(&w->setup->target, &w->pg, err);

	if (rc == 0)
		rc = pg_query(w->pg, look_sql, &param, 1, &r, err);
	if (rc < 0) {
		pg_close(w->pg);
		w->pg = NULL;
		return rc;
	}
	*ret_done = pg_int(r, 0, 0) == 0;
	progress_set(&w->progress, w->requests.total - (size_t)pg_int(r, 0, 1));
	say_error(w, pg_text(r, 0, 2));
	if (is_true(r, 3) || *ret_done)
		w->here_us = clock_mono_us();
	return *ret_done ? follow(w, ret_done, err) : 0;
}

static bool is_lasting(const struct watch *w)
{
	return clock_mono_us() - w->here_us > AWAY_MS * US_PER_MS;
}

static int watch(struct watch *w, const struct stopper *stop, struct err *err)
{
	bool done = false;

	w->here_us = clock_mono_us();
	while (!done) {
		struct err lost = { 0 };
		int rc = look(w, &done, &lost);

		if (rc < 0 && (rc != ERR_TARGET_LOST || is_lasting(w))) {
			*err = lost;
			return rc;
		}
		if (rc == 0 && is_lasting(w))
			return wait_elsewhere(w, err);
		if (!done && stopper_wait(stop, LOOK_MS))
			return err_set(err, ERR_STOPPED,
				       "no longer watching: the running cdc "
				       "goes on reading; cdc --status says how "
				       "far it is");
	}
	return 0;
}

/* --- the end --- */

static int count_refused(struct watch *w, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param param = pg_param_text(domain_name(w->domain));
	int rc = pg_query(w->pg,
			  "select count(*) from ficus.dead_letters"
			  " where domain = $1",
			  &param, 1, &r, err);

	if (rc < 0 || pg_int(r, 0, 0) == 0)
		return rc;
	return err_set(err, ERR_OPERATOR,
		       "all was read, but the target refuses %lld records of "
		       "the domain: see cdc --dead-letters list",
		       (long long)pg_int(r, 0, 0));
}

static int run(struct watch *w, const struct resync_ask *what,
	       const struct stopper *stop, struct err *err)
{
	int rc = pg_connect(&w->setup->target, &w->pg, err);

	if (rc == 0)
		rc = ask(w, what, err);
	if (rc < 0)
		return rc;
	progress_init(&w->progress, "reading again", 0, w->requests.total);
	w->progress.unit = what->id_count > 0 ? "entities" : "rows";
	rc = watch(w, stop, err);
	progress_done(&w->progress);
	return rc < 0 ? rc : count_refused(w, err);
}

int resync_run(const struct setup *setup, const char *what,
	       const struct stopper *stop, struct err *err)
{
	struct watch w = { .setup = setup };
	struct resync_ask asked = { 0 };
	int rc = resync_ask_parse(what, &asked, err);

	if (rc < 0)
		return rc;
	w.domain = asked.domain;
	rc = run(&w, &asked, stop, err);
	resync_requests_done(&w.requests);
	resync_ask_done(&asked);
	pg_close(w.pg);
	if (rc == ERR_STOPPED) { /* as asked: no failure */
		log_info(err->msg);
		return 0;
	}
	return rc;
}
