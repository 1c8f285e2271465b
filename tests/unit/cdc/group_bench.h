/* Events are put together byte by byte, as a server would, and fed to a group
 * over a mapping of two tables. What comes out is a journal: "+3" and "-3"
 * for a store's row (with "!" when foreign-key actions ran unlogged), "?table"
 * for a request to read it again, "<" for a rollback, "D:…" for DDL,
 * "[position transaction rows]" for an end. Rows of prepared transactions are
 * kept in memory: cdc/prepared.h's own tests have the target's table.
 *
 * Names are short: they are the words that test_group*.c are written in. */
#ifndef TESTS_UNIT_CDC_GROUP_BENCH_H
#define TESTS_UNIT_CDC_GROUP_BENCH_H

#include "tests/lib/test.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "cdc/binlog/event.h"
#include "cdc/binlog/position.h"
#include "cdc/binlog/types.h"
#include "cdc/group.h"

enum {
	EVENT_MAX = 4096,
	STORE = 70, /* table ids */
	OTHER = 71,
	LINK = 72,
	POST_HEADERS = 200,
	STAMP = 1700000000,
	RUNS = 8,
};

#define U "3e11fa47-71ca-11e1-9e33-c80aa9429562"

struct run {
	char *name; /* owned; NULL: none */
	struct buf docs;
	bool kept;
};

struct bench {
	struct mapping *mapping;
	struct schema *schema;
	struct fk_graph *graph;
	struct transform *transform;
	struct group *group;
	struct group_sink sink;
	struct buf journal;
	struct err err;
	uint32_t at;	/* end of the last event in its file */
	bool sums;	/* events have a checksum */
	bool no_offset; /* events have none, as in MariaDB 11.4 and later */
	/* Events go here instead, as they stand inside of others: without a
	 * checksum and an offset; NULL: to the group. */
	struct buf *into;
	struct group_store store;
	struct run runs[RUNS];
	struct str unread; /* of the run being read */
};

void start(struct bench *b, const char *from);
int setup(void **state);
int teardown(void **state);
void put(struct buf *out, uint64_t value, size_t width);
int send_flagged(struct bench *b, int type, unsigned flags,
		 const struct buf *body);
int send_event(struct bench *b, int type, struct buf *body);
int send_rotate(struct bench *b, const char *file, uint64_t position,
		bool fake);
int send_format(struct bench *b, const char *server);
void open_log(struct bench *b, const char *from, const char *server);
void open_mysql(struct bench *b);
void open_mariadb(struct bench *b);
int gtid(struct bench *b, uint64_t gno);
int maria_gtid(struct bench *b, uint64_t seq, uint8_t flags);
int query_in(struct bench *b, const char *schema, const char *sql);
int query(struct bench *b, const char *sql);
int xid(struct bench *b);
int map_of(struct bench *b, uint64_t id, const char *schema, const char *table,
	   bool text);
int map(struct bench *b, uint64_t id, const char *table);
void put_row(struct buf *out, uint64_t table, unsigned id);
int rows_as(struct bench *b, int type, uint64_t table, unsigned flags,
	    const unsigned *ids, size_t count);
int insert(struct bench *b, uint64_t table, unsigned id);
int delete (struct bench *b, unsigned id, unsigned flags);
void wrote(struct bench *b, const char *expected);
void good(struct bench *b, int result);
void refused(struct bench *b, int result, int code, const char *part);
/* A group that is an XA transaction's, as MariaDB announces it. */
int maria_xa_gtid(struct bench *b, uint64_t seq, const char *gtrid);
int xa_prepare(struct bench *b, const char *gtrid, bool one_phase);

#define GROUP(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
