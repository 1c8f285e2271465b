/* The binlog stream. What a replica tells the server before: source_start.c. */
#include "cdc/source.h"

#include <inttypes.h>

#include <errmsg.h>

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
	SET_MAX = 64 * 1024 * 1024,
	LOG_START = 4,	 /* of the first event in a file */
	TYPE_AT = 1 + 4, /* of the event type in a packet */
};

/* A file's offset is 32 bits wide; a place further on is reached by reading
 * the file from its start (group.c passes over what is known). */
static void start_of(const struct position *from, struct buf *set,
		     struct dump_start *ret)
{
	*ret = (struct dump_start){ .file = "", .offset = LOG_START };
	if (from->kind == POSITION_MYSQL) {
		gtid_set_encode(&from->mysql, set);
		ret->gtids = set;
	} else if (from->kind == POSITION_FILE) {
		ret->file = from->file;
		if (from->offset <= UINT32_MAX && from->offset > LOG_START)
			ret->offset = (uint32_t)from->offset;
	} /* MariaDB's GTIDs stand in a session variable */
}

int dump_command(struct source *source, const struct position *from,
		 struct err *err)
{
	struct dump_start start;
	struct buf set;
	int fail;

	buf_init(&set, SET_MAX);
	start_of(from, &set, &start);
	fail = set.failed ? err_set(err, ERR_LIMIT,
				    "source %s: the position is too long to "
				    "be asked for",
				    source->place)
			  : client_dump(source, &start, err);
	buf_done(&set);
	if (fail)
		return fail;
	source->dumping = true;
	source->heard = false;
	client_patience(source, SEEK_TIMEOUT_MS);
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

static int read_failed(struct source *source, unsigned number, struct err *err)
{
	if (number == CR_NET_PACKET_TOO_LARGE)
		return source_fail_with(source, "reading the binlog", number,
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
	const uint8_t *at = NULL;
	size_t n = 0;
	unsigned failed = client_packet(source, &at, &n);

	if (failed)
		return read_failed(source, failed, err);
	if (n == 0)
		return err_set(err, ERR_SOURCE_LOST,
			       "source %s: the server ended the stream",
			       source->place);
	if (at[0] != 0 || n < TYPE_AT + 1)
		return err_set(err, ERR_CORRUPT,
			       "source %s: no event in a packet of %zu bytes",
			       source->place, n);
	if (!source->heard && !is_preamble(at[TYPE_AT])) {
		source->heard = true;
		client_patience(source,
				HEARTBEATS_MISSED * source->heartbeat_ms);
	}
	*ret = at + 1;
	*ret_n = n - 1;
	return 0;
}
