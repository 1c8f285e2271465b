/* What the files of source.h share; not for others. */
#ifndef CDC_SOURCE_IMPL_H
#define CDC_SOURCE_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/source.h"

struct err;
struct st_mysql; /* the client library's MYSQL */

struct source {
	struct st_mysql *mysql; /* owned */
	int fd;			/* of its socket; for source_cancel() */
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

/* The library's part of the dump (source_dump.c). */
int dump_command(struct source *source, const struct position *from,
		 struct err *err) MUST_CHECK;

#endif
