/* The target's part of the preflight check. */
#include "cdc/doctor_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/settings.h"
#include "cdc/catalog.h"
#include "cdc/extend.h"
#include "cdc/migrate.h"
#include "transform/mapping.h"

enum {
	VERSION_LEAST = 130000,
	/* The service holds so many, besides those of bootstrap.workers. */
	CONNECTIONS = 4,
};

static int connect(const struct settings *settings, struct pg **ret,
		   struct err *err)
{
	struct pg_config config = {
		.host = settings->target_host,
		.port = settings->target_port,
		.user = settings->target_user,
		.password = settings->target_password,
		.password_file = settings->target_password_file,
		.database = settings->target_database,
		.application = "ficus-cdc check",
		.schema = settings->target_schema,
		.options = settings->target_options,
		.connect_timeout_ms = settings->target_connect_timeout,
		.tcp_user_timeout_ms = settings->target_timeout,
		.answer_timeout_ms = settings->target_timeout,
	};

	return pg_connect(&config, ret, err);
}

/* *ret is of one row, or NULL with a FAIL added. */
static struct pg_result *ask(struct doctor *doctor, struct pg *pg,
			     const char *name, const char *sql)
{
	struct pg_result *ret = NULL;
	struct err err = { 0 };

	if (pg_query(pg, sql, NULL, 0, &ret, &err)) {
		doctor_add_err(doctor, name, &err);
		return NULL;
	}
	return ret;
}

static void check_writable(struct doctor *doctor, struct pg *pg)
{
	CLEANUP(pg_result_freep)
	struct pg_result *r =
		ask(doctor, pg, "target.writable",
		    "select pg_is_in_recovery(), "
		    "current_setting('default_transaction_read_only')::bool, "
		    "has_database_privilege(current_database(), 'CREATE'), "
		    "current_database(), current_user, "
		    "format('GRANT CREATE ON DATABASE %I TO %I', "
		    "current_database(), current_user)");

	if (!r)
		return;
	if (pg_bool(r, 0, 0) || pg_bool(r, 0, 1))
		doctor_add(doctor, DOCTOR_FAIL, "target.writable",
			   "point target.host at the primary server",
			   "the target is a standby or read-only");
	else if (!pg_bool(r, 0, 2))
		doctor_add(doctor, DOCTOR_WARN, "target.writable",
			   pg_text(r, 0, 5),
			   "user %s may not create schemas in database %s",
			   pg_text(r, 0, 4), pg_text(r, 0, 3));
	else
		doctor_add(doctor, DOCTOR_OK, "target.writable", NULL,
			   "database %s, user %s", pg_text(r, 0, 3),
			   pg_text(r, 0, 4));
}

/* What is left for our user, in the order of CONNECTIONS_SQL. */
enum { FREE, ROLE_LEFT, DATABASE_LEFT, MOST, ROLE_CURE, DATABASE_CURE };

/* Ours of now is given back before the service starts. */
static const char CONNECTIONS_SQL[] =
	"with a as (select datname, usename from pg_stat_activity "
	"where backend_type = 'client backend' and pid <> pg_backend_pid()) "
	"select m.most - (select count(*) from a), "
	"case when r.rolconnlimit < 0 or r.rolsuper then m.most else "
	"r.rolconnlimit - (select count(*) from a where usename = r.rolname) "
	"end, case when d.datconnlimit < 0 or r.rolsuper then m.most else "
	"d.datconnlimit - (select count(*) from a where datname = d.datname) "
	"end, m.most, format('ALTER ROLE %I CONNECTION LIMIT -1', r.rolname), "
	"format('ALTER DATABASE %I CONNECTION LIMIT -1', d.datname) "
	"from pg_roles r, pg_database d, "
	"(select current_setting('max_connections')::int - "
	"current_setting('superuser_reserved_connections')::int as most) m "
	"where r.rolname = current_user and d.datname = current_database()";

static void check_connections(struct doctor *doctor, struct pg *pg,
			      const struct settings *settings)
{
	int64_t need = CONNECTIONS + settings->bootstrap_workers;
	CLEANUP(pg_result_freep)
	struct pg_result *r =
		ask(doctor, pg, "target.connections", CONNECTIONS_SQL);

	if (!r)
		return;
	if (pg_int(r, 0, ROLE_LEFT) < need)
		doctor_add(doctor, DOCTOR_FAIL, "target.connections",
			   pg_text(r, 0, ROLE_CURE),
			   "the limit of our user leaves %s connections, %d "
			   "are needed",
			   pg_text(r, 0, ROLE_LEFT), (int)need);
	else if (pg_int(r, 0, DATABASE_LEFT) < need)
		doctor_add(doctor, DOCTOR_FAIL, "target.connections",
			   pg_text(r, 0, DATABASE_CURE),
			   "the limit of the database leaves %s connections, "
			   "%d are needed",
			   pg_text(r, 0, DATABASE_LEFT), (int)need);
	else
		doctor_add(doctor,
			   pg_int(r, 0, FREE) < need ? DOCTOR_WARN : DOCTOR_OK,
			   "target.connections",
			   "raise max_connections, or end what is idle",
			   "%s of %s are free, up to %d are needed",
			   pg_text(r, 0, FREE), pg_text(r, 0, MOST), (int)need);
}

static char *backend_of(struct doctor *doctor, struct pg *pg)
{
	CLEANUP(pg_result_freep)
	struct pg_result *r = ask(doctor, pg, "target.pooler",
				  "select pg_backend_pid()::text");

	return r ? mem_strdup(pg_text(r, 0, 0)) : NULL;
}

/* Advisory locks, LISTEN and prepared statements need a server of our own. A
 * pooler that gives it away between transactions gives it to whom comes next:
 * us again. */
static void check_pooler(struct doctor *doctor, struct pg *pg,
			 const struct settings *settings)
{
	CLEANUP(pg_closep) struct pg *second = NULL;
	CLEANUP(mem_freep) char *first_pid = backend_of(doctor, pg);
	CLEANUP(mem_freep) char *second_pid = NULL;
	struct err err = { 0 };

	if (!first_pid || strtol(first_pid, NULL, 10) == pg_backend_pid(pg))
		return;
	if (connect(settings, &second, &err)) {
		doctor_add_err(doctor, "target.pooler", &err);
		return;
	}
	second_pid = backend_of(doctor, second);
	if (second_pid && strcmp(first_pid, second_pid) == 0)
		doctor_add(doctor, DOCTOR_FAIL, "target.pooler",
			   "point target.host and target.port at PostgreSQL "
			   "itself, or set pool_mode = session for this "
			   "database",
			   "a connection pooler shares servers between "
			   "transactions");
	else
		doctor_add(doctor, DOCTOR_OK, "target.pooler", NULL,
			   "there is a connection pooler, by session");
}

/* True when the schema is there as this program knows it. */
static bool check_migrations(struct doctor *doctor, struct pg *pg)
{
	struct err err = { 0 };
	size_t pending = 0;

	if (migrate_pending(pg, &pending, &err)) {
		doctor_add_err(doctor, "target.migrations", &err);
		return false;
	}
	if (pending > 0)
		doctor_add(doctor, DOCTOR_WARN, "target.migrations",
			   "run cdc --migrate (the start does it, too)",
			   "%zu of %zu are missing", pending, migration_count);
	else
		doctor_add(doctor, DOCTOR_OK, "target.migrations", NULL,
			   "all %zu are applied", migration_count);
	return pending == 0;
}

/* True when all that the mapping makes is there. */
static bool check_mapping(struct doctor *doctor, struct pg *pg,
			  const struct mapping *mapping)
{
	struct err err = { 0 };
	size_t pending = 0;

	if (extend_pending(pg, mapping, &pending, &err)) {
		doctor_add_err(doctor, "target.mapping", &err);
		return false;
	}
	if (pending > 0)
		doctor_add(doctor, DOCTOR_WARN, "target.mapping",
			   "run cdc --migrate (the start does it, too)",
			   "%zu tables or columns of the mapping are missing",
			   pending);
	return pending == 0;
}

static void check_checkpoint(struct doctor *doctor, struct pg *pg,
			     struct doctor_place *ret)
{
	CLEANUP(pg_result_freep)
	struct pg_result *r =
		ask(doctor, pg, "target.checkpoint",
		    "select position, source_id, committed_at, file_position, "
		    /* A column that is not there before its migration. */
		    "coalesce((to_jsonb(c)->>'log_created')::bigint, 0) "
		    "from ficus.checkpoint c order by seq desc limit 1");

	if (!r)
		return;
	if (pg_rows(r) == 0) {
		doctor_add(doctor, DOCTOR_WARN, "target.checkpoint",
			   "run cdc --bootstrap", "there is no copy yet");
		return;
	}
	ret->position = mem_strdup(pg_text(r, 0, 0));
	ret->source_id = mem_strdup(pg_text(r, 0, 1));
	ret->file_position = mem_strdup(pg_text(r, 0, 3));
	ret->log_created = pg_int(r, 0, 4);
	doctor_add(doctor, DOCTOR_OK, "target.checkpoint", NULL,
		   "%s of %s, committed at %s", ret->position, ret->source_id,
		   pg_text(r, 0, 2));
}

void doctor_target(struct doctor *doctor, const struct settings *settings,
		   struct mapping *mapping, struct doctor_place *ret)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct err err = { 0 };
	int version;

	doctor_add(doctor, DOCTOR_OK, "mapping", NULL,
		   "%zu source tables to %zu target tables",
		   mapping->table_count, mapping->target_count);
	if (connect(settings, &pg, &err)) {
		doctor_add_err(doctor, "target.connect", &err);
		return;
	}
	version = pg_server_version(pg);
	doctor_add(doctor, version < VERSION_LEAST ? DOCTOR_FAIL : DOCTOR_OK,
		   "target.connect", "use PostgreSQL 13 or later",
		   "PostgreSQL %d.%d at %s:%d", version / 10000,
		   version % 10000, settings->target_host,
		   (int)settings->target_port);
	check_writable(doctor, pg);
	check_connections(doctor, pg, settings);
	check_pooler(doctor, pg, settings);
	if (!check_migrations(doctor, pg))
		return;
	if (check_mapping(doctor, pg, mapping) && !doctor_is_loaded(mapping) &&
	    catalog_load(pg, mapping, &err))
		doctor_add_err(doctor, "target.tables", &err);
	doctor_tables(doctor, pg, settings, mapping);
	check_checkpoint(doctor, pg, ret);
}
