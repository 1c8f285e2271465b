/* The event that opens a transaction and names it: GTID, ANONYMOUS_GTID and
 * GTID_TAGGED of MySQL, GTID of MariaDB, in one plain struct.
 *
 * A GTID read is not a GTID done: it enters a position only with the event
 * that ends its group. */
#ifndef CDC_BINLOG_GTID_H
#define CDC_BINLOG_GTID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "cdc/binlog/control.h"

struct buf;
struct err;
struct event;

enum { UUID_BYTES = 16, UUID_TEXT = 36, GTID_TAG_MAX = 32 };

enum gtid_kind { GTID_NONE, GTID_MYSQL, GTID_MARIADB };

/* MariaDB's flags2 */
enum {
	GTID_STANDALONE = 1, /* one event, no terminator: DDL */
	GTID_GROUP_COMMIT = 2,
	GTID_TRANSACTIONAL = 4,
	GTID_DDL = 32,
	GTID_PREPARED_XA = 64,
	GTID_COMPLETED_XA = 128,
};

/* MariaDB's flags_extra */
enum {
	GTID_MULTI_ENGINE = 1,
	GTID_START_ALTER = 2,
	GTID_COMMIT_ALTER = 4,
	GTID_ROLLBACK_ALTER = 8,
};

struct gtid {
	enum gtid_kind kind; /* NONE: anonymous, GTIDs are off */
	/* MySQL */
	uint8_t uuid[UUID_BYTES];
	char tag[GTID_TAG_MAX + 1];		 /* "" without */
	uint64_t gno;				 /* >= 1 */
	int64_t last_committed, sequence_number; /* logical clock; 0 if none */
	uint64_t immediate_commit_us; /* since 1970 at this server; 0: none */
	uint64_t original_commit_us;  /* … at the server of its origin */
	uint64_t transaction_bytes;   /* with the GTID event; 0: not sent */
	/* MariaDB */
	uint32_t domain, server;
	uint64_t seq;
	uint8_t flags2, flags_extra;
	uint64_t commit_id;   /* of the group commit, if flags2 says so */
	uint64_t start_alter; /* seq of the START ALTER that this ends */
	struct xid xid;	      /* if PREPARED_XA or COMPLETED_XA; borrowed */
};

/* Any of the four event types. */
int gtid_parse(const struct event *event, struct gtid *ret,
	       struct err *err) MUST_CHECK;

/* "uuid:gno", "uuid:tag:gno" or "domain-server-seq"; "anonymous". */
void gtid_format(const struct gtid *gtid, struct buf *out);

/* Text with or without the four dashes; false unless exactly 16 bytes. */
bool uuid_parse(struct str text, uint8_t ret[UUID_BYTES]);
void uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT]);
/* 1 to 32 of [a-z_][a-z0-9_]*; upper case is accepted and lowered. */
bool gtid_tag_parse(struct str text, char ret[GTID_TAG_MAX + 1]);

#endif
