/* What the files of source.h share; not for others. */
#ifndef CDC_SOURCE_IMPL_H
#define CDC_SOURCE_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/source.h"

struct buf;
struct client; /* source_client.c's own */
struct err;

struct source {
	void *mysql;	       /* owned; the client library's MYSQL */
	struct client *client; /* owned; NULL: that library needs none */
	int fd;		       /* of its socket; for source_cancel() */
	atomic_bool cancelled;
	bool dumping; /* a binlog stream now: no more queries */
	bool heard;   /* the stream has begun in earnest: heartbeats count */
	char *place;  /* owned; "user@host:port", begins every message */
	struct source_server server;
	int64_t heartbeat_ms;
	uint32_t server_id;    /* ours, as a replica */
	char replica_uuid[40]; /* likewise; MySQL only */
	uint64_t max_event;
};

/* Translate the library's last error; returns err->code. `what` says what was
 * attempted ("reading the binlog"); NULL for a connection attempt. */
int source_fail(struct source *source, const char *what, struct err *err);
/* The same from a number and a text, of which no SQL is repeated. */
int source_fail_with(const struct source *source, const char *what,
		     unsigned number, const char *text, struct err *err);

/* The stream starts behind `from` (source_dump.c). */
int dump_command(struct source *source, const struct position *from,
		 struct err *err) MUST_CHECK;

/* ---- What differs by client library (source_client.c) ---- */

/* Before the connection. */
void client_options(struct source *source, const struct source_config *config);
int client_socket(const struct source *source);
void client_close(struct source *source); /* connected or not */

/* Where a dump begins: in a file, or behind a set of GTIDs as COM_BINLOG_DUMP_
 * GTID has it. */
struct dump_start {
	const char *file; /* borrowed; "": the set, or the session, says */
	uint32_t offset;
	const struct buf *gtids; /* borrowed; NULL: by file */
};

int client_dump(struct source *source, const struct dump_start *start,
		struct err *err) MUST_CHECK;
/* How long a packet may be waited for from now on. */
void client_patience(struct source *source, int64_t ms);
/* The next packet, its first byte included; of length 0 at the stream's end.
 * Returns 0 or the library's error number. */
unsigned client_packet(struct source *source, const uint8_t **ret,
		       size_t *ret_n) MUST_CHECK;

#endif
