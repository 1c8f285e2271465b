/* A place in a source's stream: everything before it is done.
 *
 * One of a MySQL GTID set, a MariaDB GTID position, or a file with a 64-bit
 * offset. The canonical text of each is what the checkpoint stores:
 *
 *     mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5
 *     mariadb:0-1-5,1-2-9
 *     file:mysql-bin.000007:4211
 *
 * A GTID position also remembers at which file and offset of which log it
 * was taken: for people and purge warnings, never for resuming.
 * Owns its memory; a zeroed struct is POSITION_NONE, the place before all. */
#ifndef CDC_BINLOG_POSITION_H
#define CDC_BINLOG_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/binlog/gtid_pos.h"
#include "cdc/binlog/gtid_set.h"

struct buf;
struct err;

enum position_kind {
	POSITION_NONE,
	POSITION_MYSQL,
	POSITION_MARIADB,
	POSITION_FILE,
};

enum { POSITION_FILE_MAX = 512 }; /* bytes of a log's name */

struct position {
	enum position_kind kind;
	struct gtid_set mysql;	 /* used when kind says so */
	struct gtid_pos mariadb; /* used when kind says so */
	char *file;		 /* owned; NULL: not known */
	uint64_t offset;	 /* in `file`; the next event starts here */
};

void position_init(struct position *position);
void position_done(struct position *position);
/* *to must be zeroed or hold a position, which is freed. */
void position_copy(struct position *to, const struct position *from);

/* ERR_CONFIG, with an example, for what is none of the three. */
int position_parse(struct str text, struct position *ret,
		   struct err *err) MUST_CHECK;
void position_format(const struct position *position, struct buf *out);
/* "mysql-bin.000007:4211"; nothing when the file is not known. */
void position_format_file(const struct position *position, struct buf *out);

/* Moves `file` and `offset` only; `file` may be the old name. */
void position_set_file(struct position *position, struct str file,
		       uint64_t offset);
/* The group that `gtid` named has ended. Turns NONE into the GTID's kind; of
 * a FILE position, or with an anonymous GTID, it changes nothing. */
void position_advance(struct position *position, const struct gtid *gtid);

/* Is everything before `part` also before `position`? False between kinds
 * and between logs whose base names differ; NONE is contained in all. */
bool position_contains(const struct position *position,
		       const struct position *part);
/* Has the group of this GTID been done? False for anonymous ones. */
bool position_has(const struct position *position, const struct gtid *gtid);
/* May this GTID follow? Not in a domain of which another server has written as
 * high a number already (MariaDB): the two histories have parted, and which of
 * their transactions the copy has can't be told. */
bool position_may_follow(const struct position *position,
			 const struct gtid *gtid);
bool position_equal(const struct position *a, const struct position *b);

/* Logs by age: base name, then number ("x.999999" < "x.1000000"). *ret is
 * <0, 0 or >0; false when the two are of different logs. */
bool position_compare_files(struct str a, struct str b, int *ret);

#endif
