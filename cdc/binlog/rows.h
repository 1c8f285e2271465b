/* WRITE_ROWS, UPDATE_ROWS, DELETE_ROWS, v1 and v2, also as MariaDB compresses
 * them, and PARTIAL_UPDATE_ROWS.
 *
 * rows_parse() reads the header only, which is all that an unwanted table
 * costs. With a plan, rows_next() then gives row after row. Everything
 * borrows from the event's bytes. */
#ifndef CDC_BINLOG_ROWS_H
#define CDC_BINLOG_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"
#include "base/str.h"
#include "cdc/binlog/value.h"
#include "transform/row_change.h"

struct buf;
struct err;
struct event;
struct format;
struct row_plan;

enum rows_flag {
	ROWS_STMT_END = 0x1,
	ROWS_NO_FOREIGN_KEY_CHECKS = 0x2,
	ROWS_RELAXED_UNIQUE_CHECKS = 0x4,
	ROWS_COMPLETE = 0x8,
	ROWS_SQL_FOREIGN_KEY = 0x10, /* MySQL ≥ 9.6: actions are logged */
};

struct rows {
	uint64_t table_id;
	uint16_t flags; /* enum rows_flag */
	enum row_op op;
	bool partial; /* UPDATE: images after have differences (partial.h) */
	bool packed;  /* the body is compressed: rows_expand() comes first */
	struct str extra; /* v2: partition, NDB; not looked at */
	size_t count;	  /* columns of the table; 0: no table, no rows */
	/* A bit per column, LSB first: which an image holds. For UPDATE two,
	 * else present[0] for the one image there is. */
	const uint8_t *present[2];
	size_t present_count[2]; /* bits set */
	struct reader body;	 /* the rows not yet taken */
	uint64_t row;		 /* rows taken */
};

int rows_parse(const struct event *event, const struct format *format,
	       struct rows *ret, struct err *err) MUST_CHECK;

/* The body of a compressed event, into *scratch, which must outlive *rows:
 * ERR_CORRUPT, or ERR_OPERATOR when it is larger than scratch->max. */
int rows_expand(struct rows *rows, const struct event *event,
		struct buf *scratch, struct err *err) MUST_CHECK;

/* A statement that changed nothing: it names no table. */
bool rows_is_dummy(const struct rows *rows);
/* Every image has every column (binlog_row_image=FULL). */
bool rows_is_full(const struct rows *rows);

/* The next row: 1, or 0 behind the last. before and after have room for the
 * plan's columns; INSERT fills after, DELETE before, UPDATE both. A column
 * that is not wanted, or not in the image, or whose differences do not fit the
 * image before, is VALUE_ABSENT.
 * ERR_CORRUPT with table, column and row number, never the value. */
int rows_next(struct rows *rows, const struct row_plan *plan,
	      struct value_sink *sink, struct value *before,
	      struct value *after, struct err *err) MUST_CHECK;

#endif
