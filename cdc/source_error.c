#include "cdc/source_impl.h"

#include <inttypes.h>
#include <string.h>

#include <errmsg.h>
#include <mysql.h>

#include "base/err.h"

/* What follows from an error number, whatever was attempted. Numbers from
 * MySQL's errmsg-utf8 and MariaDB's errmsg-utf8.txt; those above 2000 are of
 * the client library. */
struct verdict {
	unsigned number;
	int code;
	const char *cure; /* "" for none */
};

#define PLUGINS                                                                \
	"use caching_sha2_password, mysql_native_password or ed25519 (of "     \
	"which Oracle's client library 9 has the first only: build cdc with "  \
	"MariaDB Connector/C)"

static const struct verdict verdicts[] = {
	{ 1040, ERR_SOURCE_LOST, "raise max_connections" },
	{ 1042, ERR_SOURCE_LOST, "" }, /* can't get hostname */
	{ 1044, ERR_OPERATOR, "check source.database and run cdc --check" },
	{ 1045, ERR_OPERATOR, "check source.user and source.password" },
	{ 1049, ERR_OPERATOR, "check source.database" },
	{ 1053, ERR_SOURCE_LOST, "" }, /* server shutdown */
	{ 1129, ERR_OPERATOR, "run FLUSH HOSTS on the source" },
	{ 1130, ERR_OPERATOR, "allow our address: CREATE USER 'user'@'%' …" },
	{ 1142, ERR_OPERATOR, "grant it; cdc --check prints the GRANT" },
	{ 1143, ERR_OPERATOR, "grant it; cdc --check prints the GRANT" },
	{ 1152, ERR_SOURCE_LOST, "" }, /* aborted connection */
	{ 1158, ERR_SOURCE_LOST, "" }, /* network errors of the server … */
	{ 1159, ERR_SOURCE_LOST, "" },
	{ 1160, ERR_SOURCE_LOST, "" },
	{ 1161, ERR_SOURCE_LOST, "" },
	{ 1203, ERR_SOURCE_LOST, "raise max_user_connections" },
	{ 1184, ERR_SOURCE_LOST,
	  "the source's error log says why (init_connect, a time-out)" },
	{ 1205, ERR_SOURCE_LOST, "" }, /* lock wait timeout */
	{ 1213, ERR_SOURCE_LOST, "" }, /* deadlock */
	{ 1226, ERR_SOURCE_LOST, "raise the user's resource limits" },
	{ 1227, ERR_OPERATOR, "grant it; cdc --check prints the GRANT" },
	{ 1251, ERR_OPERATOR, PLUGINS },
	{ 1317, ERR_SOURCE_LOST, "" }, /* query interrupted */
	{ 1698, ERR_OPERATOR, "check source.user and source.password" },
	{ 1820, ERR_OPERATOR, "the password expired: set a new one" },
	{ 1862, ERR_OPERATOR, "the password expired: set a new one" },
	{ 1927, ERR_SOURCE_LOST, "" }, /* connection killed */
	{ 2002, ERR_SOURCE_LOST,
	  "start it, or check source.host and source.port" },
	{ 2003, ERR_SOURCE_LOST,
	  "start it, or check source.host and source.port" },
	{ 2004, ERR_SOURCE_LOST, "" },
	{ 2005, ERR_SOURCE_LOST, "check source.host" },
	{ 2006, ERR_SOURCE_LOST, "" }, /* server has gone away */
	{ 2012, ERR_SOURCE_LOST, "" },
	{ 2013, ERR_SOURCE_LOST, "" }, /* lost connection */
	{ 2055, ERR_SOURCE_LOST, "" },
	{ 2061, ERR_OPERATOR, /* libmysqlclient's 5010 */
	  "use TLS (source.tls), or set source.allow_public_key: true" },
	{ 2058, ERR_OPERATOR, PLUGINS },
	{ 2059, ERR_OPERATOR, PLUGINS },
	{ 3118, ERR_OPERATOR, "ALTER USER … ACCOUNT UNLOCK" },
	{ 3159, ERR_OPERATOR, "set source.tls to required" },
	{ 5010, ERR_OPERATOR,
	  "use TLS (source.tls), or set source.allow_public_key: true" },
	{ 4031, ERR_SOURCE_LOST, "" }, /* disconnected for inactivity */
	{ 4151, ERR_OPERATOR, "ALTER USER … ACCOUNT UNLOCK" },
};

/* Error 1236 ends a dump; which of its many reasons it is, only the text
 * says. First match counts. */
static const char SAME_REPLICA[] = "same server_";

static const struct {
	const char *part;
	const char *cure;
} dump_reasons[] = {
	{ SAME_REPLICA, "stop the other one, or give each its own "
			"source.server_id" },
	{ "purged", "run cdc --bootstrap, and keep the binlog longer "
		    "(binlog_expire_logs_seconds)" },
	{ "Could not find first log file",
	  "the log was purged: run cdc --bootstrap, and keep the binlog "
	  "longer (binlog_expire_logs_seconds)" },
	{ "could not find next log",
	  "the log was purged: run cdc --bootstrap" },
	{ "not in the master's binlog",
	  "this is another server's position, or its log was reset: run "
	  "cdc --bootstrap" },
	{ "> file size",
	  "this is another server's position, or its log was reset: run "
	  "cdc --bootstrap" },
	{ "impossible position",
	  "this is another server's position, or its log was reset: run "
	  "cdc --bootstrap" },
	{ "has more GTIDs", "this is another server's position, or its log "
			    "was reset: run cdc --bootstrap" },
	{ "slave has more", "this is another server's position, or its log "
			    "was reset: run cdc --bootstrap" },
	{ "max_allowed_packet", "raise max_allowed_packet on the source and "
				"replication.max_value_size" },
	{ "anonymous transaction", "set source.position_mode: file" },
	{ "GTID_MODE", "set gtid_mode=ON on the source, or "
		       "source.position_mode: file" },
	{ "gtid_mode", "set gtid_mode=ON on the source, or "
		       "source.position_mode: file" },
	{ "binary log is not open", "switch log_bin on" },
	{ "Binary log is not open", "switch log_bin on" },
	{ "Misconfigured", "set server_id on the source" },
};

static const char *dump_cure(const char *text)
{
	for (size_t i = 0; i < LENGTH(dump_reasons); i++)
		if (strstr(text, dump_reasons[i].part))
			return dump_reasons[i].cure;
	return "see the source's error log; then run cdc --bootstrap";
}

static struct verdict judge(const char *what, unsigned number, const char *text)
{
	if (number == 1236)
		return (struct verdict){ number, ERR_OPERATOR,
					 dump_cure(text) };
	/* While connecting it is a refusal (certificate, no TLS at all),
	 * later a broken stream. */
	if (number == CR_SSL_CONNECTION_ERROR)
		return (struct verdict){ number,
					 what ? ERR_SOURCE_LOST : ERR_OPERATOR,
					 what ? ""
					      : "check source.tls and "
						"source.tls_ca" };
	if (number == CR_NET_PACKET_TOO_LARGE || number == 1153)
		return (struct verdict){ number, ERR_OPERATOR,
					 "raise replication.max_value_size" };
	for (size_t i = 0; i < LENGTH(verdicts); i++) {
		struct verdict v = verdicts[i];

		if (v.number != number)
			continue;
		/* Who is not let in has nothing to check or grant there. */
		if (!what && v.code == ERR_OPERATOR)
			v.code = ERR_SOURCE;
		return v;
	}
	return (struct verdict){ number, what ? ERR_SOURCE : ERR_SOURCE_LOST,
				 "" };
}

/* The server ends the older of two streams, which is us. */
static int same_replica(const struct source *source, struct err *err)
{
	return err_set(err, ERR_OPERATOR,
		       "source %s: another client reads the binlog as replica "
		       "%" PRIu32 "%s%s, which is our server id: %s",
		       source->place, source->server_id,
		       *source->replica_uuid ? " with the uuid " : "",
		       source->replica_uuid, dump_cure(SAME_REPLICA));
}

int source_fail_with(const struct source *source, const char *what,
		     unsigned number, const char *text, struct err *err)
{
	struct verdict v = judge(what, number, text);
	const char *cut = strstr(text, " near '"); /* quotes the SQL */
	int n = cut ? (int)(cut - text) : (int)strlen(text);

	/* "…; the first event '' at 4, the last event read from …": noise */
	if (number == 1236 && (cut = strstr(text, "; the first event")))
		n = (int)(cut - text);
	if (atomic_load(&source->cancelled))
		return err_set(err, ERR_STOPPED, "source %s: stopped",
			       source->place);
	if (strstr(text, SAME_REPLICA))
		return same_replica(source, err);
	return err_set(err, v.code, "source %s: %s%s%.*s (error %u)%s%s",
		       source->place, what ? what : "", what ? ": " : "", n,
		       text, number, *v.cure ? ": " : "", v.cure);
}

int source_fail(struct source *source, const char *what, struct err *err)
{
	unsigned number = mysql_errno(source->mysql);
	const char *text = mysql_error(source->mysql);

	if (number == 0) { /* the library found the stream broken, silently */
		number = CR_SERVER_LOST;
		text = "the connection was lost";
	}
	return source_fail_with(source, what, number, text, err);
}
