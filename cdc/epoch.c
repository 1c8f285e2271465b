#include "cdc/epoch.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/pg.h"
#include "base/str.h"

/* "ficus" as a number; the same in every database, which locks don't share. */
#define LOCK "439854790003"
#define LOCK_NOT_AVAILABLE "55P03"

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

/* A session that just ended, of this process or another, still has the lock
 * for a moment. */
static int wait_for_lock(struct pg *pg, bool *got, struct err *err)
{
	struct err late = { 0 };

	if (pg_exec(pg, "set lock_timeout = '4s'", err) < 0)
		return err->code;
	int rc = pg_exec(pg, "select pg_advisory_lock(" LOCK ")", &late);
	*got = rc == 0;
	if (rc < 0 && strcmp(pg_sqlstate(pg), LOCK_NOT_AVAILABLE) != 0) {
		*err = late;
		return rc;
	}
	return pg_exec(pg, "reset lock_timeout", err);
}

static int refuse(const struct pg_result *holders, struct err *err)
{
	if (pg_rows(holders) == 0)
		return err_set(err, ERR_OPERATOR,
			       "another cdc was applying to this database a "
			       "moment ago: start again");
	return err_set(err, ERR_OPERATOR,
		       "another cdc (%s, backend %" PRId64
		       ") applies to this database: stop it first",
		       pg_text(holders, 0, 1), pg_int(holders, 0, 0));
}

static int terminate(struct pg *pg, const struct pg_result *holders, size_t i,
		     struct err *err)
{
	struct str pid = pg_value(holders, i, 0);
	const struct pg_param param = { pid.at, pid.n, false };

	return pg_query(pg, "select pg_terminate_backend($1::integer)", &param,
			1, NULL, err);
}

/* Our own earlier session, which we gave up as lost, is ended like one that
 * is to be taken over. */
static int take_lock(struct pg *pg, const char *instance, bool takeover,
		     struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *holders = NULL;
	bool got = false;

	if (pg_query(pg, holder_sql, NULL, 0, &holders, err) < 0)
		return err->code;
	for (size_t i = 0; i < pg_rows(holders); i++)
		if ((takeover ||
		     strcmp(pg_text(holders, i, 1), instance) == 0) &&
		    terminate(pg, holders, i, err) < 0)
			return err_wrap(err, "taking over");
	if (wait_for_lock(pg, &got, err) < 0)
		return err_wrap(err, "waiting for the applier's lock");
	return got ? 0 : refuse(holders, err);
}

/* If we are killed, a statement that runs for long, or waits for a lock, must
 * not keep our place until it is done. */
static int end_with_us(struct pg *pg, struct err *err)
{
	if (pg_server_version(pg) < 140000)
		return 0;
	return pg_exec(pg, "set client_connection_check_interval = '500ms'",
		       err);
}

int epoch_take(struct pg *pg, const char *instance, bool takeover,
	       int64_t *ret_epoch, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct str name = str_of(instance);

	if (end_with_us(pg, err) < 0 ||
	    take_lock(pg, instance, takeover, err) < 0)
		return err->code;
	const struct pg_param param = { name.at, name.n, false };
	if (pg_query(pg, raise_sql, &param, 1, &r, err) < 0)
		return err_wrap(err, "raising the epoch");
	*ret_epoch = pg_int(r, 0, 0);
	return 0;
}

int epoch_is_free(struct pg *pg, bool *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *holders = NULL;
	int rc = pg_query(pg, holder_sql, NULL, 0, &holders, err);

	*ret = rc == 0 && pg_rows(holders) == 0;
	return rc;
}
