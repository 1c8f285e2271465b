/* The source's part of the preflight check. */
#include "cdc/doctor_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/schema.h"
#include "cdc/source.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

enum {
	MARIADB_LEAST = 100300,
	MYSQL_LEAST = 50700,
	DAY_S = 24 * 60 * 60,
	SQL_MAX = 4096,
	/* Packets until the server shows that it found the place. */
	PACKETS_TRIED = 8,
	TYPE_AT = 4,
};

struct check {
	struct doctor *doctor;
	const struct settings *settings;
	const struct mapping *mapping;
	const struct doctor_place *place;
	struct source *source;
};

/*	X(item, variable, good value, level when other, cure) */
#define VARIABLES(X)                                                           \
	X("source.log_bin", "log_bin", "ON", DOCTOR_FAIL,                      \
	  "set log_bin and server_id in the server's configuration and "       \
	  "restart it")                                                        \
	X("source.binlog_format", "binlog_format", "ROW", DOCTOR_FAIL,         \
	  "SET GLOBAL binlog_format=ROW (and in the configuration); "          \
	  "reconnect the applications")                                        \
	X("source.binlog_row_image", "binlog_row_image", "FULL", DOCTOR_FAIL,  \
	  "SET GLOBAL binlog_row_image=FULL (and in the configuration); "      \
	  "reconnect the applications")                                        \
	X("source.binlog_row_metadata", "binlog_row_metadata", "FULL",         \
	  DOCTOR_WARN,                                                         \
	  "SET GLOBAL binlog_row_metadata=FULL (and in the configuration): "   \
	  "a change of a table's columns is then known exactly; else its "     \
	  "new shape is read when its DDL comes by")

/* An old server without the variable behaves as with the good value; it has
 * no metadata at all, though. */
static void check_variable(struct check *c, const char *item,
			   const char *variable, const char *good,
			   enum doctor_level bad, const char *cure)
{
	CLEANUP(mem_freep) char *value = NULL;
	struct err err = { 0 };

	if (source_variable(c->source, variable, &value, &err)) {
		doctor_add_err(c->doctor, item, &err);
		return;
	}
	if (!value)
		return;
	doctor_add(c->doctor, strcasecmp(value, good) == 0 ? DOCTOR_OK : bad,
		   item, cure, "%s", *value ? value : "off");
}

static void check_variables(struct check *c)
{
#define CHECK(item, variable, good, bad, cure)                                 \
	check_variable(c, item, variable, good, bad, cure);
	VARIABLES(CHECK)
#undef CHECK
}

static void check_version(struct check *c)
{
	const struct source_server *server = source_server(c->source);
	bool maria = server->flavour == SOURCE_MARIADB;
	bool old = server->version <
		   (maria ? (unsigned)MARIADB_LEAST : (unsigned)MYSQL_LEAST);

	doctor_add(c->doctor, old ? DOCTOR_FAIL : DOCTOR_OK, "source.connect",
		   "use MariaDB 10.3 or MySQL 5.7, or later", "%s %s at %s:%d",
		   maria ? "MariaDB" : "MySQL", server->text,
		   c->settings->source_host, (int)c->settings->source_port);
}

static void check_retention(struct check *c)
{
	CLEANUP(mem_freep) char *seconds = NULL;
	struct err err = { 0 };
	double keep;

	if (source_variable(c->source, "binlog_expire_logs_seconds", &seconds,
			    &err)) {
		doctor_add_err(c->doctor, "source.retention", &err);
		return;
	}
	keep = seconds ? strtod(seconds, NULL) : 0;
	if (keep > 0 && keep < DAY_S)
		doctor_add(c->doctor, DOCTOR_WARN, "source.retention",
			   "SET GLOBAL binlog_expire_logs_seconds=604800",
			   "the binlog is kept for %.0f s only: a longer stop "
			   "of cdc needs a new bootstrap",
			   keep);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.retention", NULL,
			   keep > 0 ? "the binlog is kept for %.1f days"
				    : "the binlog is not purged by age",
			   keep / DAY_S);
}

/* The head of a replica says nothing of what Magento has written. */
static void check_replica(struct check *c)
{
	bool maria = source_server(c->source)->flavour == SOURCE_MARIADB;
	CLEANUP(mem_freep) char *running = NULL;
	struct err err = { 0 };
	int fail = source_one(
		c->source,
		maria ? "select variable_value from "
			"information_schema.global_status "
			"where variable_name = 'Slaves_running'"
		      : "select count(*) from "
			"performance_schema.replication_connection_status "
			"where service_state = 'ON'",
		&running, &err);

	if (fail) {
		doctor_add(c->doctor, DOCTOR_WARN, "source.head",
			   "if it is a replica, set source.head.host to the "
			   "server Magento writes to",
			   "whether the source is a replica can't be seen");
		return;
	}
	if (!running || strcmp(running, "0") == 0)
		doctor_add(c->doctor, DOCTOR_OK, "source.head", NULL,
			   "the source is no replica");
	else if (c->settings->source_head_host[0])
		doctor_add(c->doctor, DOCTOR_OK, "source.head", NULL,
			   "the source is a replica, the head is read at %s:%d",
			   c->settings->source_head_host,
			   (int)c->settings->source_head_port);
	else
		doctor_add(c->doctor, DOCTOR_FAIL, "source.head",
			   "set source.head.host to the server Magento writes "
			   "to",
			   "the source is a replica: its own lag would not be "
			   "seen");
}

static const char *grants(const struct check *c)
{
	return source_server(c->source)->flavour == SOURCE_MARIADB
		       ? "GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON "
			 "*.* TO our user"
		       : "GRANT SELECT, REPLICATION SLAVE, REPLICATION "
			 "CLIENT, LOCK TABLES ON *.* TO our user";
}

/* An error of a missing privilege gets the GRANT. */
static void add_refused(struct check *c, const char *item,
			const struct err *err)
{
	if (err->code == ERR_OPERATOR && strstr(err->msg, "denied"))
		doctor_add(c->doctor, DOCTOR_FAIL, item, grants(c), "%s",
			   err->msg);
	else
		doctor_add_err(c->doctor, item, err);
}

/* Where the log ends, in the form the service will use. */
static int check_head(struct check *c, struct position *ret)
{
	struct err err = { 0 };
	struct buf text;

	if (source_head(c->source, c->settings->source_position_mode, ret,
			&err)) {
		add_refused(c, "source.position", &err);
		return -1;
	}
	buf_init(&text, SQL_MAX);
	position_format(ret, &text);
	doctor_add(c->doctor,
		   ret->kind == POSITION_FILE ? DOCTOR_WARN : DOCTOR_OK,
		   "source.position",
		   "gtid_mode=ON lets the copy follow a failover; without it "
		   "another server needs a new bootstrap",
		   "the log ends at %s",
		   text.failed ? "a long GTID set" : buf_str(&text));
	buf_done(&text);
	return 0;
}

/* Does the server send from there? Heartbeats, too, show that it found it. */
static int try_stream(struct source *source, const struct position *from,
		      struct err *err)
{
	const uint8_t *at;
	size_t n;
	int fail = source_dump_start(source, from, err);

	for (int i = 0; !fail && i < PACKETS_TRIED; i++) {
		fail = source_packet(source, &at, &n, err);
		if (!fail && at[TYPE_AT] != EVENT_ROTATE)
			break;
	}
	return fail;
}

static void check_stream(struct check *c, const char *item,
			 const struct position *from)
{
	CLEANUP(source_closep) struct source *source = NULL;
	struct source_config config;
	struct err err = { 0 };
	int fail;

	source_config_of(c->settings, &config);
	source_config_beside(&config);
	fail = source_connect(&config, &source, &err);
	if (!fail)
		fail = try_stream(source, from, &err);
	if (fail)
		add_refused(c, item, &err);
	else
		doctor_add(c->doctor, DOCTOR_OK, item, NULL,
			   "the server sends its binlog");
}

static void check_place(struct check *c)
{
	struct position position = { 0 };
	struct err err = { 0 };
	int fail = position_parse(str_of(c->place->position), &position, &err);

	if (!fail)
		fail = source_check_position(c->source, &position,
					     c->place->source_id, &err);
	if (fail)
		doctor_add_err(c->doctor, "source.checkpoint", &err);
	else
		check_stream(c, "source.checkpoint", &position);
	position_done(&position);
}

static void check_stream_and_place(struct check *c)
{
	struct position head = { 0 };

	if (check_head(c, &head))
		return;
	if (c->place->position)
		check_place(c);
	else
		check_stream(c, "source.stream", &head);
	position_done(&head);
}

/* On MySQL the bootstrap holds the metadata tables still for a moment. What
 * a role gives is not seen here, so that a lack is only a warning. */
static void check_lock_privilege(struct check *c)
{
	static const char sql[] =
		"select count(*) from (select grantee, privilege_type from "
		"information_schema.user_privileges union all select grantee, "
		"privilege_type from information_schema.schema_privileges "
		"where table_schema = database()) p "
		"where privilege_type = 'LOCK TABLES' and grantee = "
		"concat(quote(substring_index(current_user(), '@', 1)), '@', "
		"quote(substring_index(current_user(), '@', -1)))";
	CLEANUP(mem_freep) char *count = NULL;
	struct err err = { 0 };

	if (source_server(c->source)->flavour == SOURCE_MARIADB ||
	    c->place->position)
		return;
	if (source_one(c->source, sql, &count, &err) == 0 && count &&
	    strcmp(count, "0") != 0)
		doctor_add(c->doctor, DOCTOR_OK, "source.lock_tables", NULL,
			   "granted");
	else
		doctor_add(c->doctor, DOCTOR_WARN, "source.lock_tables",
			   grants(c),
			   "LOCK TABLES is not granted to our user itself: the "
			   "bootstrap needs it");
}

/* One table that we may not read is enough to stop a bootstrap. */
static bool may_select(struct check *c, const char *table)
{
	CLEANUP(mem_freep)
	char *sql = mem_printf("select 1 from `%s` limit 0", table);
	struct err err = { 0 };

	if (!source_exec(c->source, sql, &err))
		return true;
	add_refused(c, "source.tables", &err);
	return false;
}

static void check_tables(struct check *c, const struct schema *schema)
{
	size_t count = schema_table_count(schema);

	for (size_t i = 0; i < count; i++)
		if (!may_select(c, schema_table_at(schema, i)->name))
			return;
	if (count == 0)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.tables",
			   "check source.database and source.table_prefix, and "
			   "grant SELECT",
			   "none of the %zu mapped tables is in database %s",
			   c->mapping->table_count,
			   c->settings->source_database);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.tables", NULL,
			   "%zu of %zu mapped tables are there", count,
			   c->mapping->table_count);
}

static void check_keys(struct check *c, const struct schema *schema)
{
	struct fk_graph *graph = NULL;
	struct err err = { 0 };
	size_t count;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);

	if (!doctor_is_loaded(c->mapping)) {
		doctor_add(c->doctor, DOCTOR_WARN, "source.foreign_keys",
			   "run cdc --migrate and check again",
			   "not checked: the target's tables are not there");
		return;
	}
	if (fk_graph_new(c->mapping, rows, count, &graph, &err)) {
		doctor_add_err(c->doctor, "source.foreign_keys", &err);
		return;
	}
	fk_graph_free(graph);
	doctor_add(c->doctor, DOCTOR_OK, "source.foreign_keys", NULL,
		   "%zu columns of foreign keys are known", count);
}

/* A rolled back transaction is logged only when such a table took part. */
static void check_engines(struct check *c)
{
	CLEANUP(mem_freep) char *table = NULL;
	struct err err = { 0 };
	int fail = source_one(c->source,
			      "select concat(table_name, ' (', engine, ')') "
			      "from information_schema.tables "
			      "where table_schema = database() "
			      "and table_type = 'BASE TABLE' "
			      "and engine not in ('InnoDB', 'MEMORY') limit 1",
			      &table, &err);

	if (fail)
		doctor_add_err(c->doctor, "source.engines", &err);
	else if (table)
		doctor_add(c->doctor, DOCTOR_WARN, "source.engines",
			   "ALTER TABLE … ENGINE=InnoDB",
			   "table %s has no transactions", table);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.engines", NULL,
			   "all tables have transactions");
}

static void check_schema(struct check *c)
{
	CLEANUP(schema_freep) struct schema *schema = NULL;
	struct err err = { 0 };

	if (schema_read(c->source, c->settings->source_database, c->mapping,
			&schema, &err)) {
		add_refused(c, "source.tables", &err);
		return;
	}
	check_tables(c, schema);
	check_keys(c, schema);
	check_engines(c);
}

static bool check_log_bin(struct check *c)
{
	CLEANUP(mem_freep) char *value = NULL;
	struct err err = { 0 };

	return !source_variable(c->source, "log_bin", &value, &err) && value &&
	       strcmp(value, "ON") == 0;
}

static void check_head_server(struct check *c)
{
	CLEANUP(source_closep) struct source *source = NULL;
	struct source_config config;
	struct err err = { 0 };

	if (c->settings->source_head_host[0] == '\0')
		return;
	source_config_head(c->settings, &config);
	if (source_connect(&config, &source, &err))
		doctor_add_err(c->doctor, "source.head.connect", &err);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.head.connect", NULL,
			   "%s", source_server(source)->text);
}

void doctor_source(struct doctor *doctor, const struct settings *settings,
		   const struct mapping *mapping,
		   const struct doctor_place *place)
{
	struct check check = { .doctor = doctor,
			       .settings = settings,
			       .mapping = mapping,
			       .place = place };
	struct source_config config;
	struct err err = { 0 };

	source_config_of(settings, &config);
	if (source_connect(&config, &check.source, &err)) {
		doctor_add_err(doctor, "source.connect", &err);
		return;
	}
	check_version(&check);
	check_variables(&check);
	if (check_log_bin(&check)) {
		check_retention(&check);
		check_replica(&check);
		check_stream_and_place(&check);
		check_lock_privilege(&check);
	}
	check_head_server(&check);
	check_schema(&check);
	source_close(check.source);
}
