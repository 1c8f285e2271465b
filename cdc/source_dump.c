/* The binlog stream through MariaDB Connector/C.
 *
 * All that depends on the client library: the raw command, the raw packet and
 * its read timeout. Connector/C's own event decoder (mariadb_rpl.c) is not
 * used: it loses errors and misreads several event types. Built with Oracle's
 * libmysqlclient this file would call mysql_binlog_open(), mysql_binlog_fetch()
 * and mysql_binlog_close(), whose buffer is the same packet.
 *
 * What a replica tells the server before: MySQL sql/rpl_replica.cc, MariaDB
 * sql/slave.cc (get_master_version_and_clock). */
#include "cdc/source.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include <errmsg.h>
#include <mysql.h>

#include <ma_pvio.h> /* wants mysql.h before it */

#include "base/buf.h"
#include "base/err.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/source_impl.h"

enum {
	HEARTBEATS_MISSED = 3,
	/* Until the first event: the server looks for the place, which may
	 * take as long as reading a whole file does, and is silent. */
	SEEK_TIMEOUT_MS = 10 * 60 * 1000,
	DUMP = 0x12,
	REGISTER = 0x15,
	DUMP_GTID = 0x1e,
	COMMAND_MAX = 64 * 1024 * 1024,
	LOG_START = 4, /* of the first event in a file */
	ERR_PACKET = 0xff,
	EOF_PACKET = 0xfe,
	EOF_MAX = 9,
	TYPE_AT = 1 + 4, /* of the event type in a packet */
};

static void put(struct buf *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_addc(out, (char)(value >> 8 * i));
}

static void put_short(struct buf *out, const char *text)
{
	size_t n = strnlen(text, 60);

	put(out, n, 1);
	buf_add(out, text, n);
}

static void set_timeout(struct source *source, int64_t ms)
{
	struct timeval time = { .tv_sec = ms / 1000,
				.tv_usec = ms % 1000 * 1000 };

	source->mysql->net.pvio->timeout[PVIO_READ_TIMEOUT] = (int)ms;
	setsockopt(source->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

static int command(struct source *source, int number, const struct buf *body,
		   bool answered, struct err *err)
{
	MYSQL *mysql = source->mysql;

	if (body->failed)
		return err_set(err, ERR_LIMIT,
			       "source %s: the position is too long to be "
			       "asked for",
			       source->place);
	if (mysql->methods->db_command(mysql, (enum enum_server_command)number,
				       body->at, body->n, answered ? 0 : 1,
				       NULL))
		return source_fail(source, "starting the binlog stream", err);
	return 0;
}

/* Makes us appear in SHOW REPLICAS. */
static int register_replica(struct source *source, struct err *err)
{
	struct buf body;
	int fail;

	buf_init(&body, COMMAND_MAX);
	put(&body, source->server_id, 4);
	put_short(&body, "ficus"); /* host, for people */
	put_short(&body, "");
	put_short(&body, "");
	put(&body, 0, 2); /* port */
	put(&body, 0, 4); /* rank */
	put(&body, 0, 4); /* master id: the server's own */
	fail = command(source, REGISTER, &body, true, err);
	buf_done(&body);
	return fail;
}

/* The offset is 32 bits wide; a place further on is reached by reading the
 * file from its start (group.c passes over what is known). */
static void file_body(const struct source *source, struct str file,
		      uint64_t offset, struct buf *out)
{
	if (offset > UINT32_MAX || offset < LOG_START)
		offset = LOG_START;
	put(out, offset, 4);
	put(out, 0, 2); /* flags: block at the end of the log */
	put(out, source->server_id, 4);
	buf_add(out, file.at, file.n);
}

static void gtid_body(const struct source *source, const struct gtid_set *set,
		      struct buf *out)
{
	struct buf encoded;

	buf_init(&encoded, COMMAND_MAX);
	gtid_set_encode(set, &encoded);
	put(out, 0, 2); /* flags */
	put(out, source->server_id, 4);
	put(out, 0, 4); /* no file name: the set says it all */
	put(out, LOG_START, 8);
	put(out, encoded.n, 4);
	buf_add(out, encoded.at, encoded.n);
	out->failed |= encoded.failed;
	buf_done(&encoded);
}

int dump_command(struct source *source, const struct position *from,
		 struct err *err)
{
	bool by_set = from->kind == POSITION_MYSQL;
	struct buf body;
	int fail;

	fail = register_replica(source, err);
	if (fail)
		return fail;
	buf_init(&body, COMMAND_MAX);
	if (by_set)
		gtid_body(source, &from->mysql, &body);
	else if (from->kind == POSITION_FILE)
		file_body(source, str_of(from->file), from->offset, &body);
	else /* MariaDB's GTIDs stand in a session variable */
		file_body(source, str_of(""), LOG_START, &body);
	fail = command(source, by_set ? DUMP_GTID : DUMP, &body, false, err);
	buf_done(&body);
	if (fail)
		return fail;
	source->dumping = true;
	source->heard = false;
	set_timeout(source, SEEK_TIMEOUT_MS);
	return 0;
}

/* Events that tell where the stream starts, before the server has found it. */
static bool is_preamble(uint8_t type)
{
	return type == EVENT_ROTATE || type == EVENT_FORMAT_DESCRIPTION ||
	       type == EVENT_GTID_LIST || type == EVENT_PREVIOUS_GTIDS ||
	       type == EVENT_BINLOG_CHECKPOINT ||
	       type == EVENT_START_ENCRYPTION;
}

static int read_failed(struct source *source, struct err *err)
{
	unsigned number = mysql_errno(source->mysql);

	/* The library refused the length, then called it a lost connection. */
	if (source->mysql->net.error == 1)
		return source_fail_with(source, "reading the binlog",
					CR_NET_PACKET_TOO_LARGE,
					"an event is too large", err);
	if (number == CR_SERVER_LOST && source->heard &&
	    !atomic_load(&source->cancelled))
		return err_set(err, ERR_SOURCE_LOST,
			       "source %s: reading the binlog: the stream "
			       "broke off or was silent for %d heartbeats",
			       source->place, HEARTBEATS_MISSED);
	return source_fail(source, "reading the binlog", err);
}

int source_packet(struct source *source, const uint8_t **ret, size_t *ret_n,
		  struct err *err)
{
	unsigned long n = mysql_net_read_packet(source->mysql);
	const uint8_t *at = source->mysql->net.read_pos;

	if (n == packet_error)
		return read_failed(source, err);
	if (n < EOF_MAX && at[0] == EOF_PACKET)
		return err_set(err, ERR_SOURCE_LOST,
			       "source %s: the server ended the stream",
			       source->place);
	if (at[0] != 0 || n < TYPE_AT + 1)
		return err_set(err, ERR_CORRUPT,
			       "source %s: no event in a packet of %lu bytes",
			       source->place, n);
	if (!source->heard && !is_preamble(at[TYPE_AT])) {
		source->heard = true;
		set_timeout(source, HEARTBEATS_MISSED * source->heartbeat_ms);
	}
	*ret = at + 1;
	*ret_n = n - 1;
	return 0;
}
