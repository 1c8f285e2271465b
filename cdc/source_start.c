/* What the session must say before it asks for the binlog, as replicas do:
 * MySQL sql/rpl_replica.cc, MariaDB sql/slave.cc
 * (get_master_version_and_clock). */
#include "cdc/source.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/position.h"
#include "cdc/source_impl.h"

enum { SQL_MAX = 1024 * 1024 };

/* Both spellings: servers look at the one of their age. */
static int set_common(struct source *source, struct err *err)
{
	int64_t ns = source->heartbeat_ms * 1000000;
	CLEANUP(mem_freep)
	char *heartbeat = mem_printf("set @master_heartbeat_period=%" PRId64
				     ", @source_heartbeat_period=%" PRId64,
				     ns, ns);
	int fail = source_exec(source, heartbeat, err);

	if (fail)
		return fail;
	/* As the log has it, so that offsets and sizes are the file's. */
	return source_exec(source,
			   "set @master_binlog_checksum="
			   "@@global.binlog_checksum, "
			   "@source_binlog_checksum=@@global.binlog_checksum",
			   err);
}

/* Constant, like the server id: a dump thread we left behind is dropped. */
static int set_mysql(struct source *source, struct err *err)
{
	snprintf(source->replica_uuid, sizeof(source->replica_uuid),
		 "f1c05000-0000-4000-8000-0000%08" PRIx32, source->server_id);
	CLEANUP(mem_freep)
	char *sql = mem_printf("set @slave_uuid='%s', "
			       "@replica_uuid=@slave_uuid",
			       source->replica_uuid);

	return source_exec(source, sql, err);
}

static int set_mariadb(struct source *source, const struct position *from,
		       struct err *err)
{
	struct buf sql;
	int fail = source_exec(source, "set @mariadb_slave_capability=4", err);

	if (fail || from->kind != POSITION_MARIADB)
		return fail;
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "set @slave_connect_state='");
	gtid_pos_format(&from->mariadb, &sql);
	buf_adds(&sql, "', @slave_gtid_strict_mode=1, "
		       "@slave_gtid_ignore_duplicates=0");
	fail = sql.failed ? err_set(err, ERR_LIMIT,
				    "source %s: the GTID position is too "
				    "long to be asked for",
				    source->place)
			  : source_exec(source, buf_str(&sql), err);
	buf_done(&sql);
	return fail;
}

int source_dump_start(struct source *source, const struct position *from,
		      struct err *err)
{
	int fail = source_check_position(source, from, err);

	if (!fail)
		fail = set_common(source, err);
	if (!fail && source->server.flavour == SOURCE_MYSQL)
		fail = set_mysql(source, err);
	if (!fail && source->server.flavour == SOURCE_MARIADB)
		fail = set_mariadb(source, from, err);
	if (!fail)
		fail = dump_command(source, from, err);
	return fail;
}
