/* The preflight check: what the source writes to its log, and for how long it
 * keeps that. */
#include "cdc/doctor_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"
#include "cdc/source.h"

enum {
	DAY_S = 24 * 60 * 60,
	/* A bootstrap is reckoned slow, so that nobody relies on speed. */
	BOOTSTRAP_LEAST_S = 60,
	BOOTSTRAP_BYTES_S = 4 * 1024 * 1024,
	/* What any replication.max_value_size takes, and what takes any
	 * level: cdc/binlog/payload.c. */
	LEVEL_MOST = 19,
	WINDOW_MOST = 128 * 1024 * 1024,
	/* Columns of the log's status. */
	DO_DB = 2,
	IGNORE_DB = 3,
};

#define RECONNECT "/* and in the configuration; reconnect the applications */"

/*	X(item, variable, good value, level when other, cure) */
#define VARIABLES(X)                                                           \
	X("source.log_bin", "log_bin", "ON", DOCTOR_FAIL,                      \
	  "set log_bin and server_id in the server's configuration and "       \
	  "restart it")                                                        \
	X("source.binlog_format", "binlog_format", "ROW", DOCTOR_FAIL,         \
	  "SET GLOBAL binlog_format = 'ROW' " RECONNECT)                       \
	X("source.row_image", "binlog_row_image", "FULL", DOCTOR_FAIL,         \
	  "SET GLOBAL binlog_row_image = 'FULL' " RECONNECT)                   \
	X("source.row_metadata", "binlog_row_metadata", "FULL", DOCTOR_WARN,   \
	  "SET GLOBAL binlog_row_metadata = 'FULL' /* and in the "             \
	  "configuration: a change of a table's columns is then known "        \
	  "exactly; else its new shape is read when its DDL comes by */")

/* An old server without the variable behaves as with the good value; it has
 * no metadata at all, though. */
static void check_variable(struct doctor_check *c, const char *item,
			   const char *variable, const char *good,
			   enum doctor_level bad, const char *cure)
{
	CLEANUP(mem_freep) char *value = doctor_variable(c, variable);

	if (!value)
		return;
	doctor_add(c->doctor, strcasecmp(value, good) == 0 ? DOCTOR_OK : bad,
		   item, cure, "%s is %s", variable, *value ? value : "empty");
}

/* What sessions have set for themselves, or kept from before; MariaDB does
 * not show it. */
static void check_sessions(struct doctor_check *c)
{
	static const char sql[] =
		"select group_concat(distinct concat('KILL ', "
		"t.processlist_id) separator '; ') "
		"from performance_schema.variables_by_thread v "
		"join performance_schema.threads t using (thread_id) where "
		"t.processlist_id <> connection_id() and ("
		"(variable_name = 'binlog_format' and variable_value <> 'ROW') "
		"or (variable_name = 'binlog_row_image' and variable_value <> "
		"'FULL') or (variable_name = 'sql_log_bin' and "
		"variable_value = 'OFF'))";
	CLEANUP(mem_freep) char *kills = NULL;
	CLEANUP(mem_freep) char *cure = NULL;

	if (source_server(c->source)->flavour == SOURCE_MARIADB)
		return;
	kills = doctor_ask(c, "source.sessions", sql);
	if (!kills)
		return;
	cure = mem_printf("%s /* the application connects anew */", kills);
	doctor_add(c->doctor, DOCTOR_WARN, "source.sessions", cure,
		   "sessions log otherwise, or not at all (sql_log_bin, "
		   "binlog_format, binlog_row_image)");
}

static void check_init_connect(struct doctor_check *c)
{
	CLEANUP(mem_freep) char *sql = doctor_variable(c, "init_connect");

	if (sql &&
	    (strcasestr(sql, "sql_log_bin") || strcasestr(sql, "binlog_")))
		doctor_add(c->doctor, DOCTOR_WARN, "source.init_connect",
			   "SET GLOBAL init_connect = '' /* and in the "
			   "configuration; reconnect the applications */",
			   "init_connect changes what sessions log");
}

/* Is it one of a comma-separated list? */
static bool listed(struct str list, const char *name)
{
	while (list.n > 0)
		if (str_eqs(str_trim(str_split(&list, ',')), name))
			return true;
	return false;
}

static void judge_filters(struct doctor_check *c, struct str only,
			  struct str without)
{
	const char *database = c->settings->source_database;

	if (only.n > 0 && !listed(only, database))
		doctor_add(c->doctor, DOCTOR_FAIL, "source.log_filters",
			   "add the database to binlog-do-db in the server's "
			   "configuration, or remove that; restart it",
			   "binlog-do-db leaves database %s out of the log",
			   database);
	else if (listed(without, database))
		doctor_add(c->doctor, DOCTOR_FAIL, "source.log_filters",
			   "remove binlog-ignore-db from the server's "
			   "configuration and restart it",
			   "binlog-ignore-db leaves database %s out of the log",
			   database);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.log_filters", NULL,
			   "database %s is logged", database);
}

static void check_filters(struct doctor_check *c)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	struct err err = { 0 };
	bool row = false;

	if (source_query(c->source, source_log_status(c->source), &rows,
			 &err) ||
	    source_next(rows, &row, &err))
		doctor_add(c->doctor, DOCTOR_WARN, "source.log_filters",
			   c->grant, "what the log leaves out can't be seen");
	else if (row && source_columns(rows) > IGNORE_DB)
		judge_filters(c, source_text(rows, DO_DB),
			      source_text(rows, IGNORE_DB));
}

/* Seconds that a log is kept; 0: for ever. MariaDB before 10.6 has days. */
static double kept_s(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *seconds = doctor_variable(c, "binlog_expire_logs_seconds");
	CLEANUP(mem_freep) char *days = NULL;
	double keep = seconds ? strtod(seconds, NULL) : 0;

	if (keep > 0)
		return keep;
	days = doctor_variable(c, "expire_logs_days");
	return days ? strtod(days, NULL) * DAY_S : 0;
}

static double bootstrap_s(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *bytes = doctor_ask(c, "source.retention",
				 "select sum(data_length) from "
				 "information_schema.tables "
				 "where table_schema = database()");

	return BOOTSTRAP_LEAST_S +
	       (bytes ? strtod(bytes, NULL) / BOOTSTRAP_BYTES_S : 0);
}

static void check_retention(struct doctor_check *c)
{
	static const char cure[] =
		"SET GLOBAL binlog_expire_logs_seconds = 604800 /* and in the "
		"configuration */";
	double keep = kept_s(c), need = bootstrap_s(c);
	bool ahead = !c->place->position; /* the bootstrap is to come */

	if (keep > 0 && keep < need && ahead)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.retention", cure,
			   "the log is kept for %.0f s, but a bootstrap may "
			   "take %.0f s",
			   keep, need);
	else if (keep > 0 && (keep < DAY_S || keep < 2 * need))
		doctor_add(c->doctor, DOCTOR_WARN, "source.retention", cure,
			   "the log is kept for %.0f s only: a longer stop of "
			   "cdc needs a new bootstrap",
			   keep);
	else if (keep > 0)
		doctor_add(c->doctor, DOCTOR_OK, "source.retention", NULL,
			   "the log is kept for %.1f days", keep / DAY_S);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.retention", NULL,
			   "the log is not purged by age");
}

/* Amazon's servers purge by a setting of their own, at once by default. */
static void check_rds(struct doctor_check *c)
{
	static const char there[] =
		"select 1 from information_schema.tables where table_schema = "
		"'mysql' and table_name = 'rds_configuration'";
	static const char hours[] =
		"select value from mysql.rds_configuration "
		"where name = 'binlog retention hours' and value is not null";
	CLEANUP(mem_freep) char *rds = doctor_ask(c, "source.rds", there);
	CLEANUP(mem_freep) char *value = NULL;
	struct err err = { 0 };

	if (!rds)
		return;
	if (source_one(c->source, hours, &value, &err) == 0 && value)
		doctor_add(c->doctor, DOCTOR_OK, "source.rds", NULL,
			   "binlog retention hours is %s", value);
	else
		doctor_add(c->doctor, DOCTOR_WARN, "source.rds",
			   "CALL mysql.rds_set_configuration('binlog retention "
			   "hours', 168)",
			   "binlog retention hours is not set: the log is "
			   "purged as soon as it can be");
}

/* MariaDB 12.3's log inside InnoDB has no files to name. */
static void check_engine(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *engine = doctor_variable(c, "binlog_storage_engine");
	bool by_file = strcmp(c->settings->source_position_mode, "file") == 0;

	if (engine && *engine)
		doctor_add(c->doctor, by_file ? DOCTOR_FAIL : DOCTOR_OK,
			   "source.log_engine",
			   "set source.position_mode: gtid",
			   "the log is kept in %s, which has no file positions",
			   engine);
}

static void check_encryption(struct doctor_check *c)
{
	bool maria = source_server(c->source)->flavour == SOURCE_MARIADB;
	CLEANUP(mem_freep)
	char *on = doctor_variable(c, maria ? "encrypt_binlog"
					    : "binlog_encryption");

	if (on && strcmp(on, "ON") == 0)
		doctor_add(c->doctor, DOCTOR_OK, "source.log_encryption", NULL,
			   "the log is encrypted on disk; what is sent is "
			   "protected by source.tls");
}

/* MySQL's: any session can switch it on. A transaction comes as one event,
 * and from level 20 on needs a window of 32 MiB and more. */
static void check_compression(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *on = doctor_variable(c, "binlog_transaction_compression");
	CLEANUP(mem_freep)
	char *level =
		doctor_variable(c, "binlog_transaction_compression_level_zstd");
	long found = level ? strtol(level, NULL, 10) : 0;

	if (found > LEVEL_MOST && c->settings->max_value_size < WINDOW_MOST)
		doctor_add(c->doctor, DOCTOR_WARN, "source.log_compression",
			   "SET GLOBAL binlog_transaction_compression_level_"
			   "zstd = 3 /* and in the configuration; reconnect "
			   "the applications */",
			   "compression level %ld needs more memory than cdc "
			   "gives it: such a transaction stops it",
			   found);
	else if (on && strcmp(on, "ON") == 0)
		doctor_add(
			c->doctor, DOCTOR_OK, "source.log_compression", NULL,
			"transactions are compressed; one of more than %" PRId64
			" MiB then needs a larger "
			"replication.max_value_size",
			c->settings->max_value_size >> 20);
}

/* On MySQL, who may not ask (XA_RECOVER_ADMIN) is not told: few shops have
 * any. */
static void check_prepared(struct doctor_check *c)
{
	CLEANUP(mem_freep) char *any = NULL;
	struct err err = { 0 };

	if (c->place->position ||
	    source_one(c->source, "XA RECOVER", &any, &err))
		return;
	if (any)
		doctor_add(c->doctor, DOCTOR_WARN, "source.prepared",
			   "XA RECOVER lists them: commit them or roll them "
			   "back before cdc --bootstrap",
			   "prepared XA transactions wait: the bootstrap can't "
			   "see their rows, and cdc stops at their XA COMMIT");
}

static void check_server_id(struct doctor_check *c)
{
	CLEANUP(mem_freep) char *text = doctor_variable(c, "server_id");
	unsigned long theirs = text ? strtoul(text, NULL, 10) : 0;
	struct source_config config;

	source_config_of(c->settings, &config);
	if (theirs == 0)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.server_id",
			   "SET GLOBAL server_id = 1 /* and in the "
			   "configuration; another for each server */",
			   "the source's server_id is 0: it sends no log");
	else if (theirs == config.server_id)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.server_id",
			   "set source.server_id to a number that no server "
			   "has, or to 0: then one is made up",
			   "source.server_id %lu is the source's own", theirs);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.server_id", NULL,
			   "the source's is %lu, ours %u", theirs,
			   config.server_id);
}

bool doctor_binlog(struct doctor_check *c)
{
	CLEANUP(mem_freep) char *on = doctor_variable(c, "log_bin");

#define CHECK(item, variable, good, bad, cure)                                 \
	check_variable(c, item, variable, good, bad, cure);
	VARIABLES(CHECK)
#undef CHECK
	if (!on || strcmp(on, "ON") != 0)
		return false;
	check_sessions(c);
	check_init_connect(c);
	check_filters(c);
	check_retention(c);
	check_rds(c);
	check_engine(c);
	check_encryption(c);
	check_compression(c);
	check_prepared(c);
	check_server_id(c);
	return true;
}
