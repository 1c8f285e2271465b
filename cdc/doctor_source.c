/* The source's part of the preflight check. */
#include "cdc/doctor_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/origin.h"
#include "cdc/source.h"

enum {
	MARIADB_LEAST = 100300,
	MARIADB_MONITOR = 100502, /* REPLICATION CLIENT until then */
	MYSQL_LEAST = 50700,
	CLOCK_OFF_S = 1,
	SQL_MAX = 4096,
	/* Packets until the server shows that it found the place. */
	PACKETS_TRIED = 8,
	TYPE_AT = 4,
};

char *doctor_ask(struct doctor_check *c, const char *name, const char *sql)
{
	struct err err = { 0 };
	char *ret = NULL;

	if (source_one(c->source, sql, &ret, &err))
		doctor_add_refused(c, name, &err);
	return ret;
}

char *doctor_variable(struct doctor_check *c, const char *name)
{
	struct err err = { 0 };
	char *ret = NULL;

	if (source_variable(c->source, name, &ret, &err))
		doctor_add_err(c->doctor, name, &err);
	return ret;
}

void doctor_add_refused(struct doctor_check *c, const char *name,
			const struct err *err)
{
	if (err->code == ERR_OPERATOR && strstr(err->msg, "denied"))
		doctor_add(c->doctor, DOCTOR_FAIL, name, c->grant, "%s",
			   err->msg);
	else
		doctor_add_err(c->doctor, name, err);
}

/* MariaDB 10.5 gave REPLICATION CLIENT a new name and less to SUPER. MySQL's
 * bootstrap holds the metadata tables still for a moment. */
static char *grant_of(struct source *source)
{
	const struct source_server *server = source_server(source);
	const char *list = "REPLICATION CLIENT, LOCK TABLES";
	CLEANUP(mem_freep) char *user = NULL;
	struct err err = { 0 };

	if (server->flavour == SOURCE_MARIADB)
		list = server->version >= MARIADB_MONITOR
			       ? "BINLOG MONITOR"
			       : "REPLICATION CLIENT";
	if (source_one(source,
		       "select concat(quote(substring_index(current_user(), "
		       "'@', 1)), '@', quote(substring_index(current_user(), "
		       "'@', -1)))",
		       &user, &err))
		user = NULL;
	return mem_printf("GRANT SELECT, REPLICATION SLAVE, %s ON *.* TO %s",
			  list, user ? user : "our user");
}

static void check_version(struct doctor_check *c)
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

/* MySQL's are a table, MariaDB's variables; what they leave out never reaches
 * the log that we read. */
static void check_replica_filters(struct doctor_check *c)
{
	bool maria = source_server(c->source)->flavour == SOURCE_MARIADB;
	CLEANUP(mem_freep)
	char *filters = doctor_ask(
		c, "source.replica_filters",
		maria ? "select group_concat(lower(variable_name)) from "
			"information_schema.global_variables where "
			"variable_name regexp "
			"'^replicate_(wild_)?(do|ignore)_(db|table)$' "
			"and variable_value <> ''"
		      : "select group_concat(filter_name) from "
			"performance_schema.replication_applier_filters");

	if (filters)
		doctor_add(c->doctor, DOCTOR_WARN, "source.replica_filters",
			   "remove them, or set source.host to the server "
			   "Magento writes to",
			   "the replica leaves things out: %s", filters);
}

static void check_relayed(struct doctor_check *c)
{
	CLEANUP(mem_freep)
	char *old = doctor_variable(c, "log_slave_updates");
	CLEANUP(mem_freep)
	char *new = old ? NULL : doctor_variable(c, "log_replica_updates");
	const char *on = old ? old : new;

	if (on && strcmp(on, "ON") != 0)
		doctor_add(c->doctor, DOCTOR_FAIL, "source.replica_log",
			   "set log_replica_updates (log_slave_updates) in "
			   "the server's configuration and restart it",
			   "the replica does not log what it replicates");
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.replica_log", NULL,
			   "the replica logs what it replicates");
}

/* The head of a replica says nothing of what Magento has written. */
static void judge_replica(struct doctor_check *c)
{
	if (c->settings->source_head_host[0])
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
	check_relayed(c);
	check_replica_filters(c);
}

static void check_replica(struct doctor_check *c)
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

	if (fail)
		doctor_add(c->doctor, DOCTOR_WARN, "source.head",
			   "if it is a replica, set source.head.host to the "
			   "server Magento writes to",
			   "whether the source is a replica can't be seen");
	else if (running && strcmp(running, "0") != 0)
		judge_replica(c);
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.head", NULL,
			   "the source is no replica");
}

/* By file, another server after a failover needs a new bootstrap. */
static const char *gtid_cure(const struct doctor_check *c)
{
	if (strcmp(c->settings->source_position_mode, "file") == 0)
		return "set source.position_mode: auto; by file, the copy "
		       "can't follow a failover";
	return "SET GLOBAL enforce_gtid_consistency = ON; "
	       "SET GLOBAL gtid_mode = OFF_PERMISSIVE; "
	       "SET GLOBAL gtid_mode = ON_PERMISSIVE; "
	       "SET GLOBAL gtid_mode = ON /* and in the configuration: by "
	       "file, the copy can't follow a failover */";
}

/* Where the log ends, in the form the service will use. */
static int check_head(struct doctor_check *c, struct position *ret)
{
	struct err err = { 0 };
	struct buf text;

	if (source_head(c->source, c->settings->source_position_mode, ret,
			&err)) {
		doctor_add_refused(c, "source.position", &err);
		return -1;
	}
	buf_init(&text, SQL_MAX);
	position_format(ret, &text);
	doctor_add(c->doctor,
		   ret->kind == POSITION_FILE ? DOCTOR_WARN : DOCTOR_OK,
		   "source.position", gtid_cure(c), "the log ends at %s",
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

static void check_stream(struct doctor_check *c, const char *item,
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
		doctor_add_refused(c, item, &err);
	else
		doctor_add(c->doctor, DOCTOR_OK, item, NULL,
			   "the server sends its binlog");
}

static void check_place(struct doctor_check *c)
{
	const struct origin origin = {
		.source_id = c->place->source_id,
		.file_position = c->place->file_position,
		.log_created = c->place->log_created,
		.mode = c->settings->source_position_mode,
	};
	struct origin_here here = { 0 };
	struct position position = { 0 };
	struct source_config config;
	struct err err = { 0 };
	int fail = position_parse(str_of(c->place->position), &position, &err);

	source_config_of(c->settings, &config);
	if (!fail)
		fail = origin_check(&config, &origin, &position, &here, &err);
	free(here.identity);
	if (fail)
		doctor_add_err(c->doctor, "source.checkpoint", &err);
	else
		check_stream(c, "source.checkpoint", &position);
	position_done(&position);
}

static void check_stream_and_place(struct doctor_check *c)
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
static void check_lock_privilege(struct doctor_check *c)
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
			   c->grant,
			   "LOCK TABLES is not granted to our user itself: the "
			   "bootstrap needs it");
}

static void check_head_server(struct doctor_check *c)
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

/* Times are informational (lag is measured by our own clock), but read. */
static void check_clock(struct doctor_check *c)
{
	int64_t before = clock_wall_us();
	CLEANUP(mem_freep)
	char *text =
		doctor_ask(c, "source.clock", "select unix_timestamp(now(6))");
	double ours = ((double)before + (double)clock_wall_us()) / 2e6;
	double ahead = text ? strtod(text, NULL) - ours : 0;
	double off = ahead < 0 ? -ahead : ahead;

	if (!text)
		return;
	if (off > CLOCK_OFF_S)
		doctor_add(c->doctor, DOCTOR_WARN, "source.clock",
			   "synchronise the clocks (NTP); look for a timestamp "
			   "in init_connect",
			   "the source's clock is %.1f s %s ours", off,
			   ahead < 0 ? "behind" : "ahead of");
	else
		doctor_add(c->doctor, DOCTOR_OK, "source.clock", NULL,
			   "%.1f s off ours", off);
}

void doctor_source(struct doctor *doctor, const struct settings *settings,
		   const struct mapping *mapping,
		   const struct doctor_place *place)
{
	struct doctor_check check = { .doctor = doctor,
				      .settings = settings,
				      .mapping = mapping,
				      .place = place };
	CLEANUP(mem_freep) char *grant = NULL;
	struct source_config config;
	struct err err = { 0 };

	source_config_of(settings, &config);
	if (source_connect(&config, &check.source, &err)) {
		doctor_add_err(doctor, "source.connect", &err);
		return;
	}
	/* A table that is locked must not hold us up. */
	if (source_exec(check.source, "set session lock_wait_timeout = 1",
			&err))
		doctor_add_err(doctor, "source.connect", &err);
	grant = grant_of(check.source);
	check.grant = grant;
	check_version(&check);
	check_clock(&check);
	if (doctor_binlog(&check)) {
		check_replica(&check);
		check_stream_and_place(&check);
		check_lock_privilege(&check);
	}
	check_head_server(&check);
	doctor_shop(&check);
	source_close(check.source);
}
