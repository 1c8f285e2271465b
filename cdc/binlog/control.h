/* Events about the log and its transactions rather than about rows: ROTATE,
 * QUERY, XID, heartbeats, INCIDENT, XA_PREPARE.
 *
 * All structs are plain values that borrow from the event's bytes. Every
 * parser returns ERR_CORRUPT for bytes that end too early, and changes *ret
 * only on success. */
#ifndef CDC_BINLOG_CONTROL_H
#define CDC_BINLOG_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct event;

struct rotate {
	uint64_t position; /* offset in the next file */
	struct str file;   /* the next file's name */
	bool fake; /* start of a dump: no file ended, no state may be dropped.
		    * Never combine the header's log_pos with `file`. */
};

int rotate_parse(const struct event *event, struct rotate *ret,
		 struct err *err) MUST_CHECK;

/* What the session had set when the statement ran; bits of `has`. */
enum query_var {
	QUERY_FLAGS2 = 1 << 0,
	QUERY_SQL_MODE = 1 << 1,
	QUERY_CHARSET = 1 << 2,
	QUERY_TIME_ZONE = 1 << 3,
	QUERY_CHARSET_DATABASE = 1 << 4,
	QUERY_MICROSECONDS = 1 << 5,
	QUERY_DDL_XID = 1 << 6,
	QUERY_UTF8MB4_COLLATION = 1 << 7,
};

/* bits of query.flags2, from MySQL sql/query_options.h */
enum {
	QUERY_NO_FOREIGN_KEY_CHECKS = 1 << 26,
	QUERY_RELAXED_UNIQUE_CHECKS = 1 << 27,
};

/* a bit of query.sql_mode, from both servers' sql/sql_class.h and
 * system_variables.h */
#define QUERY_NO_BACKSLASH_ESCAPES (UINT64_C(1) << 20)

struct query {
	uint32_t thread_id, seconds; /* seconds: how long it ran */
	uint16_t error;	   /* errno the statement ended with on the source */
	struct str schema; /* default database; UTF-8 */
	struct str sql;	   /* in charset_client; without the final NUL */
	unsigned has;	   /* enum query_var: which of these were sent */
	/* A status variable we do not know ended the walk (lengths unknown):
	 * `has` may lack what came behind it. */
	bool cut;
	uint32_t flags2;
	uint64_t sql_mode;
	uint16_t charset_client, collation_connection, collation_server;
	uint16_t charset_database, utf8mb4_collation; /* collation ids */
	struct str time_zone;
	uint32_t microseconds; /* of the header's timestamp */
	uint64_t ddl_xid;
};

/* EXECUTE_LOAD_QUERY too: LOAD DATA of a statement-based log. */
int query_parse(const struct event *event, struct query *ret,
		struct err *err) MUST_CHECK;

/* What a QUERY means for the transaction it stands in. */
enum query_kind {
	QUERY_BEGIN,
	QUERY_COMMIT,
	QUERY_ROLLBACK, /* of the whole transaction */
	QUERY_ROLLBACK_TO,
	QUERY_SAVEPOINT,
	QUERY_XA_START,
	QUERY_XA_END,
	QUERY_XA_COMMIT,
	QUERY_XA_ROLLBACK,
	QUERY_DUMMY, /* the server replaced an event it thought too new */
	QUERY_OTHER, /* DDL, or a statement of a statement-based log */
};

enum query_kind query_kind(struct str sql);
/* CREATE TABLE ... SELECT of MySQL >= 8.0.21: rows follow, then an XID. */
bool query_starts_transaction(struct str sql);

int xid_parse(const struct event *event, uint64_t *ret,
	      struct err *err) MUST_CHECK;

struct heartbeat {
	struct str file;
	uint64_t position; /* 64 bits where the server sends them */
};

/* HEARTBEAT (both servers) and HEARTBEAT_V2. */
int heartbeat_parse(const struct event *event, struct heartbeat *ret,
		    struct err *err) MUST_CHECK;

struct incident {
	uint16_t number; /* 1: events were lost */
	struct str message;
};

int incident_parse(const struct event *event, struct incident *ret,
		   struct err *err) MUST_CHECK;

/* The name of an XA transaction. */
struct xid {
	uint32_t format;
	struct str gtrid, bqual; /* at most 64 bytes each; any bytes */
};

enum { XID_PART_MAX = 64 };

struct xa_prepare {
	bool one_phase; /* XA COMMIT ... ONE PHASE: committed by this event */
	struct xid xid;
};

int xa_prepare_parse(const struct event *event, struct xa_prepare *ret,
		     struct err *err) MUST_CHECK;

#endif
