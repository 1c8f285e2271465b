#include "cdc/epoch.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/pg.h"
#include "base/str.h"

/* "ficus" as a number; the same in every database, which locks don't share. */
#define LOCK "439854790003"

static const char holder_sql[] =
	"select l.pid, coalesce(e.instance, 'an unknown program')"
	" from pg_locks l left join ficus.epoch e on e.backend = l.pid"
	" where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
	" and l.database = (select oid from pg_database"
	" where datname = current_database())"
	" and l.classid = (" LOCK "::bigint >> 32)::oid"
	" and l.objid = (" LOCK "::bigint & 4294967295)::oid";

/* FOR UPDATE waits for a commit under way and keeps new ones out. */
static const char raise_sql[] =
	"with old as (select epoch from ficus.epoch for update)"
	" insert into ficus.epoch (epoch, backend, instance)"
	" select coalesce((select epoch from old), 0) + 1, pg_backend_pid(), $1"
	" on conflict (one) do update set epoch = excluded.epoch,"
	" backend = excluded.backend, instance = excluded.instance,"
	" started_at = clock_timestamp() returning epoch";

static int try_lock(struct pg *pg, bool *got, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, "select pg_try_advisory_lock(" LOCK ")", NULL, 0, &r,
		     err) < 0)
		return err->code;
	*got = str_eqs(pg_value(r, 0, 0), "t");
	return 0;
}

static int refuse(struct pg *pg, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, holder_sql, NULL, 0, &r, err) < 0)
		return err->code;
	if (pg_rows(r) == 0)
		return err_set(err, ERR_OPERATOR,
			       "another cdc was applying to this database a "
			       "moment ago: start again");
	return err_set(err, ERR_OPERATOR,
		       "another cdc (%s, backend %" PRId64
		       ") applies to this database: stop it first",
		       pg_text(r, 0, 1), pg_int(r, 0, 0));
}

/* The lock comes free when the terminated backend has rolled back. */
static int depose(struct pg *pg, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, holder_sql, NULL, 0, &r, err) < 0)
		return err->code;
	for (size_t i = 0; i < pg_rows(r); i++) {
		const struct pg_param pid = { pg_value(r, i, 0).at,
					      pg_value(r, i, 0).n, false };

		if (pg_query(pg, "select pg_terminate_backend($1::integer)",
			     &pid, 1, NULL, err) < 0)
			return err_wrap(err, "taking over");
	}
	if (pg_exec(pg,
		    "set lock_timeout = '10s';"
		    " select pg_advisory_lock(" LOCK "); reset lock_timeout",
		    err) < 0)
		return err_wrap(err, "taking over");
	return 0;
}

int epoch_take(struct pg *pg, const char *instance, bool takeover,
	       int64_t *ret_epoch, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct str name = str_of(instance);
	bool got = false;

	if (try_lock(pg, &got, err) < 0)
		return err->code;
	if (!got && (takeover ? depose(pg, err) : refuse(pg, err)) < 0)
		return err->code;
	const struct pg_param param = { name.at, name.n, false };
	if (pg_query(pg, raise_sql, &param, 1, &r, err) < 0)
		return err_wrap(err, "raising the epoch");
	*ret_epoch = pg_int(r, 0, 0);
	return 0;
}
