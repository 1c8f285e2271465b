#include "cdc/migrate.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "base/str.h"

/* Any number will do, as long as it stays the same. */
#define LOCK_KEY "7023358413921061991"

enum { CHECKSUM_BYTES = 17, STATEMENT_MAX = 4096 };

/* Guards against an edited file, not against malice. */
static void checksum(const struct migration *m, char text[CHECKSUM_BYTES])
{
	snprintf(text, CHECKSUM_BYTES, "%016" PRIx64, str_hash(m->sql, m->n));
}

static int table_exists(struct pg *pg, bool *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(pg, "select to_regclass('ficus.migrations')", NULL, 0,
			  &r, err);

	if (rc == 0)
		*ret = !pg_null(r, 0, 0);
	return rc;
}

static int check_applied(const struct pg_result *r, struct err *err)
{
	size_t rows = pg_rows(r);

	if (rows > migration_count)
		return err_set(err, ERR_OPERATOR,
			       "the target database has migration %zu, this "
			       "program knows %zu: install the program that "
			       "made it, or a later one",
			       rows, migration_count);
	for (size_t i = 0; i < rows; i++) {
		char expected[CHECKSUM_BYTES];

		checksum(&migrations[i], expected);
		if (pg_int(r, i, 0) == migrations[i].version &&
		    str_eqs(pg_value(r, i, 1), expected))
			continue;
		return err_set(err, ERR_OPERATOR,
			       "migration %04u_%s is not the one that was "
			       "applied: put back the program whose migration "
			       "it was, or load into a new database",
			       migrations[i].version, migrations[i].name);
	}
	return 0;
}

/* Number of migrations the database has. */
static int read_applied(struct pg *pg, size_t *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	bool exists = false;
	int rc = table_exists(pg, &exists, err);

	if (rc < 0)
		return rc;
	if (!exists) {
		*ret = 0;
		return 0;
	}
	rc = pg_query(pg,
		      "select version, checksum from ficus.migrations "
		      "order by version",
		      NULL, 0, &r, err);
	if (rc == 0)
		rc = check_applied(r, err);
	if (rc == 0)
		*ret = pg_rows(r);
	return rc;
}

static int make_schemas(struct pg *pg, const char *schema, struct err *err)
{
	struct buf sql;
	int rc;

	buf_init(&sql, STATEMENT_MAX);
	buf_adds(&sql, "create schema if not exists ");
	pg_quote_name(&sql, schema ? schema : "public");
	buf_adds(&sql, "; create schema if not exists ficus; "
		       "create table if not exists ficus.migrations ("
		       "version integer primary key, name text not null, "
		       "checksum text not null, applied_at timestamptz not "
		       "null default clock_timestamp())");
	rc = sql.failed ? err_set(err, ERR_CONFIG, "schema name too long")
			: pg_exec(pg, buf_str(&sql), err);
	buf_done(&sql);
	return rc;
}

static int record(struct pg *pg, const struct migration *m, struct err *err)
{
	char version[STR_U64_MAX + 1] = "", sum[CHECKSUM_BYTES];
	size_t n = str_from_u64(version, m->version);

	checksum(m, sum);
	const struct pg_param params[] = {
		{ .at = version, .n = n },
		{ .at = m->name, .n = strlen(m->name) },
		{ .at = sum, .n = strlen(sum) },
	};
	return pg_query(pg,
			"insert into ficus.migrations (version, name, "
			"checksum) values ($1, $2, $3)",
			params, LENGTH(params), NULL, err);
}

static int apply(struct pg *pg, const struct migration *m, struct err *err)
{
	struct err ignored = { 0 };
	int rc = pg_exec(pg, "begin", err);

	if (rc == 0)
		rc = pg_exec(pg, m->sql, err);
	if (rc == 0)
		rc = record(pg, m, err);
	if (rc == 0)
		rc = pg_exec(pg, "commit", err);
	if (rc == 0)
		return 0;
	/* The first failure is the one to report. */
	if (pg_exec(pg, "rollback", &ignored) < 0)
		return err_wrap(err, "migration %04u_%s (and rollback failed)",
				m->version, m->name);
	return err_wrap(err, "migration %04u_%s", m->version, m->name);
}

static int apply_missing(struct pg *pg, const char *schema, size_t *applied,
			 struct err *err)
{
	size_t have = 0;
	int rc = read_applied(pg, &have, err);

	if (rc == 0 && have < migration_count)
		rc = make_schemas(pg, schema, err);
	for (size_t i = have; rc == 0 && i < migration_count; i++)
		rc = apply(pg, &migrations[i], err);
	if (rc == 0 && applied)
		*applied = migration_count - have;
	return rc;
}

int migrate_run(struct pg *pg, const char *schema, size_t *applied,
		struct err *err)
{
	struct err ignored = { 0 };
	int64_t timeout = pg_set_timeout(pg, 0); /* tables may be large */
	int rc = pg_exec(pg,
			 "set client_min_messages = warning; "
			 "select pg_advisory_lock(" LOCK_KEY ")",
			 err);

	if (rc < 0)
		return rc;
	rc = apply_missing(pg, schema, applied, err);
	pg_set_timeout(pg, timeout);
	/* A lost connection has given the lock back already. */
	if (pg_exec(pg,
		    "select pg_advisory_unlock(" LOCK_KEY "); "
		    "reset client_min_messages",
		    &ignored) < 0 &&
	    rc == 0)
		return err_set(err, ignored.code, "%s", ignored.msg);
	return rc;
}

int migrate_pending(struct pg *pg, size_t *pending, struct err *err)
{
	size_t have = 0;
	int rc = read_applied(pg, &have, err);

	if (rc == 0)
		*pending = migration_count - have;
	return rc;
}
