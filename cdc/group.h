/* The event assembler: binlog events in, record changes and ends of source
 * transactions out.
 *
 * No I/O and no clock. It keeps what the stream's meaning depends on: the
 * format description, the position, the open group (transaction), and for
 * each table map the binding of its rows. Rows are decoded and handed on one
 * by one, of wanted tables only.
 *
 * The position moves with the event that ends a group, never before: XID,
 * COMMIT, DDL, the one event of a MariaDB standalone group, ROLLBACK, XA
 * PREPARE and what decides it. Rows of a prepared XA transaction come with its
 * XA COMMIT, as if they had been written there (cdc/held.h). Events
 * outside groups move file positions. A group whose GTID the start position
 * already contains is passed over. What cannot be decoded exactly is an error
 * with file:offset and the cure; after any error the group is to be freed and
 * the stream resumed from the last committed position with a new one.
 *
 * One thread owns it. */
#ifndef CDC_GROUP_H
#define CDC_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "transform/record_change.h"

struct err;
struct group;
struct mapping;
struct position;
struct schema;
struct transform;

/* A source transaction is complete, or the position moved without one. Texts
 * are valid during the call. */
struct group_end {
	const struct position *position;
	const char *position_text; /* its canonical form */
	const char *file_position; /* "mysql-bin.000007:1234" */
	const char *transaction;   /* GTID, or file:offset of its end;
				    * NULL when it was no transaction */
	uint64_t rows;		   /* rows of wanted tables it had */
	uint32_t timestamp;  /* of its events, Unix seconds; informational */
	int64_t log_created; /* Unix time of the file; 0: not known yet */
	uint64_t commit_us; /* Unix µs of its commit where sent (MySQL 8), else
			       0 */
};

/* Where rows wait that are not handed on yet (cdc/held.h): documents in order,
 * a run by name. All of it is part of the open group, and goes when sink's
 * rollback() is called. */
struct group_store {
	void *user;
	/* At the end of the run that the open group makes. */
	int (*put)(void *user, const char *run, struct str doc,
		   struct err *err);
	/* Of that run only the first `size` bytes stay. */
	int (*cut)(void *user, const char *run, uint64_t size, struct err *err);
	/* It stays beyond its group, even when it is empty. */
	int (*keep)(void *user, const char *run, struct err *err);
	/* Reading begins: of a run that was kept, or the open group's. */
	int (*open)(void *user, const char *run, bool *ret_found,
		    struct err *err);
	/* Some whole documents more, valid until the next call: 1; 0: no
	 * more. */
	int (*next)(void *user, struct str *ret_docs, struct err *err);
	int (*drop)(void *user, const char *run, struct err *err);
};

/* All return 0 or a negative code, which group_feed() returns. `user` is that
 * of the struct. */
struct group_sink {
	void *user;
	record_sink change; /* gets change_user instead of user */
	void *change_user;
	int (*end)(void *user, const struct group_end *end, struct err *err);
	/* What the open transaction gave did not happen. No end() follows for
	 * it, but one for the position behind it. */
	int (*rollback)(void *user, struct err *err);
	/* A statement that is no part of row-based replication: DDL (cdc/ddl.h
	 * says which tables of ours it names). Called before the end() of its
	 * group. schema: the session's default database. NULL: not wanted. */
	int (*ddl)(void *user, struct str schema, struct str sql,
		   struct err *err);
	/* NULL: rows of XA transactions are handed on where they stand. */
	const struct group_store *store;
};

struct group_options {
	const char *database; /* rows of others are passed over */
	const struct mapping *mapping;
	const struct schema *schema; /* names, where TABLE_MAP has none */
	struct transform *transform;
	const struct group_sink *sink;
	uint64_t max_event; /* bytes; larger ones are refused */
	bool skip_checksum; /* don't verify CRC32 (benchmarks) */
};

/* Everything in options is borrowed until group_free(). `start` is copied. */
struct group *group_new(const struct group_options *options,
			const struct position *start);
void group_free(struct group *group); /* NULL is fine */

/* One event, header first, as it came from the server. */
int group_feed(struct group *group, const uint8_t *at, size_t n,
	       struct err *err) MUST_CHECK;

/* The schema changed (after DDL): later table maps are bound anew. */
void group_set_schema(struct group *group, const struct schema *schema);

/* As of the last end(), and where the log stands between groups. */
const struct position *group_position(const struct group *group);

/* Is a transaction open? Commits are possible either way: what end() gave. */
bool group_is_open(const struct group *group);

/* A table whose rows were passed over. */
struct group_skipped {
	char *schema, *table;
	uint64_t events;
};

struct group_counts {
	uint64_t events, bytes;
	uint64_t transactions, rows; /* ended ones, wanted tables' rows */
	uint64_t row_events, row_events_skipped; /* of unwanted tables */
	uint64_t ignored_events;	/* of types that may be passed over */
	uint64_t groups_known;		/* passed over: in the start position */
	uint64_t rollbacks, incomplete; /* incomplete: cut off by a crash */
	uint64_t prepared;		/* XA PREPARE */
	uint64_t heartbeats, ddl;
	uint32_t last_timestamp; /* of the last event that had one */
};
const struct group_counts *group_counts(const struct group *group);
/* By table, unordered; borrowed. */
const struct group_skipped *group_skipped(const struct group *group,
					  size_t *count);

#endif
