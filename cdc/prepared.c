#include "cdc/prepared.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/apply.h"
#include "cdc/group.h"

enum {
	NUMBER_TEXT = 24,
	BYTEA_PREFIX = 2,	       /* "\\x" */
	PART_MAX = 1000 * 1000 * 1000, /* bytes PostgreSQL takes at once */
};

static const char delete_sql[] = "delete from ficus.prepared where xid = $1";
static const char write_sql[] =
	"insert into ficus.prepared (xid, start, rows) values ($1, $2, $3)";
/* What stands across the new end is shortened first. */
static const char shorten_sql[] =
	"update ficus.prepared set rows ="
	" substring(rows for ($2::bigint - start)::integer)"
	" where xid = $1 and start < $2 and start + length(rows) > $2";
static const char cut_sql[] =
	"delete from ficus.prepared where xid = $1 and start >= $2";
static const char read_sql[] =
	"select start, rows from ficus.prepared where xid = $1 and start >= $2"
	" order by start limit 1";
static const char count_sql[] =
	"select count(distinct xid) from ficus.prepared";

struct prepared {
	struct apply *apply; /* borrowed */
	struct group_store store;
	struct buf open;  /* of the open run: what is not in the target */
	uint64_t written; /* bytes of it that are */
	int64_t count, ended_count; /* runs kept; as of the last end */
	/* The run that is being read. */
	char *run;	    /* owned */
	uint64_t next;	    /* where its next part starts */
	bool stored, ready; /* has parts to come in the target; in `part` */
	bool last;	    /* ends in `open` */
	struct buf part;
};

/* --- statements */

static struct pg_param number_param(uint64_t number, char text[NUMBER_TEXT])
{
	snprintf(text, NUMBER_TEXT, "%" PRIu64, number);
	return pg_param_text(text);
}

/* ERR_DATA is about records; none of these statements has any. */
static int failed(struct err *err)
{
	if (err->code == ERR_DATA)
		err->code = ERR_TARGET;
	return err_wrap(err, "rows of a prepared transaction");
}

/* Part of the open source transaction. */
static int run_sql(struct prepared *p, const char *sql,
		   const struct pg_param *params, size_t count,
		   struct pg_result **ret, struct err *err)
{
	struct pg *pg = NULL;

	if (apply_join(p->apply, &pg, err) < 0 ||
	    pg_query(pg, sql, params, count, ret, err) < 0)
		return failed(err);
	return 0;
}

static int delete_run(struct prepared *p, const char *run, bool *ret_any,
		      struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param name = pg_param_text(run);

	if (run_sql(p, delete_sql, &name, 1, &r, err) < 0)
		return err->code;
	*ret_any = pg_affected(r) > 0;
	return 0;
}

/* --- writing */

/* A run of that name that is there already was lost by the source: else it
 * would not have let the name be used again. */
static int begin_run(struct prepared *p, const char *run, struct err *err)
{
	bool any = false;

	if (delete_run(p, run, &any, err) < 0)
		return err->code;
	p->count -= any;
	return 0;
}

static int write_part(struct prepared *p, const char *run, struct err *err)
{
	char text[NUMBER_TEXT];
	const struct pg_param params[] = {
		pg_param_text(run),
		number_param(p->written, text),
		{ buf_str(&p->open), p->open.n, true },
	};

	if ((p->written == 0 && begin_run(p, run, err) < 0) ||
	    run_sql(p, write_sql, params, LENGTH(params), NULL, err) < 0)
		return err->code;
	p->written += p->open.n;
	buf_reset(&p->open, PREPARED_PART_BYTES);
	return 0;
}

static void forget_run(struct prepared *p)
{
	buf_reset(&p->open, PREPARED_PART_BYTES);
	p->written = 0;
}

static int put(void *user, const char *run, struct str doc, struct err *err)
{
	struct prepared *p = user;

	if (p->open.n > 0 && p->open.n + doc.n > PREPARED_PART_BYTES &&
	    write_part(p, run, err) < 0)
		return err->code;
	buf_add(&p->open, doc.at, doc.n);
	if (p->open.failed)
		return err_set(err, ERR_LIMIT,
			       "a row of %zu bytes is too large to be kept",
			       doc.n);
	return 0;
}

static int cut(void *user, const char *run, uint64_t size, struct err *err)
{
	struct prepared *p = user;
	char text[NUMBER_TEXT];
	const struct pg_param params[] = { pg_param_text(run),
					   number_param(size, text) };

	if (size >= p->written) {
		buf_cut(&p->open, (size_t)(size - p->written));
		return 0;
	}
	buf_reset(&p->open, PREPARED_PART_BYTES);
	p->written = size;
	if (run_sql(p, shorten_sql, params, LENGTH(params), NULL, err) < 0 ||
	    run_sql(p, cut_sql, params, LENGTH(params), NULL, err) < 0)
		return err->code;
	return 0;
}

static int keep(void *user, const char *run, struct err *err)
{
	struct prepared *p = user;

	if ((p->open.n > 0 || p->written == 0) && write_part(p, run, err) < 0)
		return err->code;
	forget_run(p);
	p->count++;
	return 0;
}

static int drop(void *user, const char *run, struct err *err)
{
	struct prepared *p = user;
	bool own = p->open.n > 0 || p->written > 0, any = false;
	bool all_here = own && p->written == 0;

	forget_run(p);
	if (!all_here && delete_run(p, run, &any, err) < 0)
		return err->code;
	p->count -= any && !own;
	return 0;
}

/* --- reading */

static int read_part(struct prepared *p, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	char text[NUMBER_TEXT];
	const struct pg_param params[] = { pg_param_text(p->run),
					   number_param(p->next, text) };

	if (run_sql(p, read_sql, params, LENGTH(params), &r, err) < 0)
		return err->code;
	p->stored = p->ready = pg_rows(r) > 0;
	if (!p->stored)
		return 0;

	struct str hex = pg_value(r, 0, 1); /* "\\x…" */
	buf_reset(&p->part, PREPARED_PART_BYTES);
	buf_add_unhex(&p->part, hex.at + BYTEA_PREFIX,
		      (hex.n - BYTEA_PREFIX) / 2);
	p->next = (uint64_t)pg_int(r, 0, 0) + p->part.n + (p->part.n == 0);
	return p->part.failed ? err_set(err, ERR_CORRUPT,
					"ficus.prepared: not readable")
			      : 0;
}

static int open_run(void *user, const char *run, bool *ret_found,
		    struct err *err)
{
	struct prepared *p = user;
	bool own = p->open.n > 0 || p->written > 0;

	free(p->run);
	p->run = mem_strdup(run);
	p->next = 0;
	p->last = own;
	p->stored = !own || p->written > 0;
	p->ready = false;
	if (p->stored && read_part(p, err) < 0)
		return err->code;
	*ret_found = own || p->ready;
	return 0;
}

static int next(void *user, struct str *ret_docs, struct err *err)
{
	struct prepared *p = user;

	while (p->stored) {
		if (!p->ready && read_part(p, err) < 0)
			return err->code;
		if (p->ready && p->part.n > 0) {
			p->ready = false;
			*ret_docs = (struct str){ p->part.at, p->part.n };
			return 1;
		}
		p->ready = false;
	}
	if (!p->last || p->open.n == 0)
		return 0;
	p->last = false;
	*ret_docs = (struct str){ p->open.at, p->open.n };
	return 1;
}

/* --- life */

struct prepared *prepared_new(struct apply *apply)
{
	struct prepared *p = mem_zalloc(sizeof(*p));

	p->apply = apply;
	buf_init(&p->open, PART_MAX);
	buf_init(&p->part, PART_MAX);
	p->store = (struct group_store){
		.user = p,
		.put = put,
		.cut = cut,
		.keep = keep,
		.open = open_run,
		.next = next,
		.drop = drop,
	};
	return p;
}

void prepared_free(struct prepared *prepared)
{
	if (!prepared)
		return;
	buf_done(&prepared->open);
	buf_done(&prepared->part);
	free(prepared->run);
	free(prepared);
}

int prepared_load(struct prepared *prepared, struct pg *pg, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, count_sql, NULL, 0, &r, err) < 0)
		return err_wrap(err, "counting prepared transactions");
	prepared->count = prepared->ended_count = pg_int(r, 0, 0);
	return 0;
}

const struct group_store *prepared_store(const struct prepared *prepared)
{
	return &prepared->store;
}

void prepared_end(struct prepared *prepared)
{
	prepared->ended_count = prepared->count;
}

void prepared_abandon(struct prepared *prepared)
{
	forget_run(prepared);
	prepared->count = prepared->ended_count;
}

int64_t prepared_count(const struct prepared *prepared)
{
	return prepared->ended_count;
}
