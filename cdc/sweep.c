#include "cdc/sweep.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "transform/mapping.h"

enum { SQL_MAX = 1024 * 1024 };

static void add_head(struct sweep *sweep, const char *verb)
{
	buf_adds(&sweep->head, verb);
	pg_quote_name(&sweep->head, sweep->shape->table->name);
	buf_adds(&sweep->head, " as c");
}

void sweep_init(struct sweep *sweep, const struct target_shape *shape,
		const char *verb)
{
	*sweep = (struct sweep){ .shape = shape };
	buf_init(&sweep->head, SQL_MAX);
	buf_init(&sweep->where, SQL_MAX);
	add_head(sweep, verb);
}

void sweep_done(struct sweep *sweep)
{
	buf_done(&sweep->head);
	buf_done(&sweep->where);
}

void sweep_again(struct sweep *sweep, const char *verb)
{
	buf_reset(&sweep->head, SQL_MAX);
	buf_reset(&sweep->where, SQL_MAX);
	add_head(sweep, verb);
}

/* By the table's first key column; `to` borrows from the result. */
struct slices {
	const struct target_column *key;
	struct pg_result *last;
	struct str from, to; /* exclusive, inclusive; NULL: from the first */
};

static struct pg_param text_param(struct str text)
{
	return (struct pg_param){ text.at, text.n, false };
}

/* Where the slice behind `to` ends. *ret_end: there is none. */
static int find_end(struct sweep *sweep, const struct slices *slices,
		    struct pg *pg, struct pg_result **ret, struct err *err)
{
	const struct pg_param param = text_param(slices->to);
	CLEANUP(buf_done) struct buf sql;
	bool first = !slices->to.at;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select max(k.at) from (select c.");
	pg_quote_name(&sql, slices->key->name);
	buf_adds(&sql, " as at from ");
	pg_quote_name(&sql, sweep->shape->table->name);
	buf_adds(&sql, " as c");
	if (!first) {
		buf_adds(&sql, " where c.");
		pg_quote_name(&sql, slices->key->name);
		buf_addf(&sql, " > $1::%s", slices->key->type);
	}
	buf_addf(&sql, " order by 1 limit %d) as k", SWEEP_ROWS);
	assert(!sql.failed);
	return pg_query(pg, buf_str(&sql), &param, first ? 0 : 1, ret, err);
}

static void add_bound(struct buf *sql, const struct slices *slices,
		      const char *operator, size_t param)
{
	buf_adds(sql, " and c.");
	pg_quote_name(sql, slices->key->name);
	buf_addf(sql, " %s $%zu::%s", operator, param, slices->key->type);
}

static int run_slice(struct sweep *sweep, const struct slices *slices,
		     struct pg *pg, uint64_t *rows, struct err *err)
{
	struct pg_param params[SWEEP_PARAMS_MAX + 2];
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(buf_done) struct buf sql;
	size_t n = sweep->param_count;

	memcpy(params, sweep->params, sizeof(sweep->params));
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, buf_str(&sweep->head));
	buf_adds(&sql, buf_str(&sweep->where));
	params[n++] = text_param(slices->to);
	add_bound(&sql, slices, "<=", n);
	if (slices->from.at) {
		params[n++] = text_param(slices->from);
		add_bound(&sql, slices, ">", n);
	}
	assert(!sql.failed);
	if (pg_query(pg, buf_str(&sql), params, n, &r, err) < 0)
		return err->code;
	*rows += pg_affected(r);
	return 0;
}

static int run_slices(struct sweep *sweep, struct pg *pg, uint64_t *rows,
		      struct err *err)
{
	const struct target_shape *shape = sweep->shape;
	struct slices slices = {
		.key = &shape->table->columns[shape->key[0]],
	};
	int rc;

	for (;;) {
		struct pg_result *end = NULL;

		rc = find_end(sweep, &slices, pg, &end, err);
		if (rc < 0 || pg_null(end, 0, 0)) {
			pg_result_free(end);
			break;
		}
		slices.from = slices.to;
		slices.to = pg_value(end, 0, 0);
		rc = run_slice(sweep, &slices, pg, rows, err);
		pg_result_free(slices.last); /* `from` was of it */
		slices.last = end;
		if (rc < 0)
			break;
	}
	pg_result_free(slices.last);
	return rc;
}

/* *ret_more: there may be more than were done. */
static int run_first(struct sweep *sweep, struct pg *pg, uint64_t *rows,
		     bool *ret_more, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, buf_str(&sweep->head));
	buf_adds(&sql, " where c.ctid = any(array(select c.ctid from ");
	pg_quote_name(&sql, sweep->shape->table->name);
	buf_adds(&sql, " as c");
	buf_adds(&sql, buf_str(&sweep->where));
	buf_addf(&sql, " limit %d))", SWEEP_ROWS);
	assert(!sql.failed);
	if (pg_query(pg, buf_str(&sql), sweep->params, sweep->param_count, &r,
		     err) < 0)
		return err->code;
	*rows += pg_affected(r);
	*ret_more = pg_affected(r) >= SWEEP_ROWS;
	return 0;
}

int sweep_run(struct sweep *sweep, struct pg *pg, uint64_t *rows,
	      struct err *err)
{
	bool more = true;
	int rc = 0;

	assert(!sweep->head.failed && !sweep->where.failed);
	if (!sweep->whole)
		rc = run_first(sweep, pg, rows, &more, err);
	return rc == 0 && more ? run_slices(sweep, pg, rows, err) : rc;
}
