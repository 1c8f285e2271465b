/* A binlog as text, by every decoder there is: for tests.
 *
 * One line an event: its type and what it says; rows, and what is inside
 * compressed transactions, on lines of their own. Columns of unknown sign or
 * charset (the server sent no metadata) are read as signed and as UTF-8, and
 * the labels of ENUM and SET are a to d. */
#ifndef TESTS_LIB_BINLOG_TEXT_H
#define TESTS_LIB_BINLOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/fragments.h"
#include "transform/value.h"

struct err;
struct event;
struct payload_stream;
struct row_plan;
struct table_map;
struct value;

enum { BINLOG_TEXT_TABLES = 64 };

struct binlog_text {
	struct buf *out;    /* NULL: decode only */
	bool skip_checksum; /* events have one, which is not looked at */
	struct format format;
	struct {
		struct table_map *map; /* owned */
		struct row_plan *plan; /* owned */
	} tables[BINLOG_TEXT_TABLES];  /* by the id's low bits */
	struct arena arena;
	struct buf scratch;
	struct fragments fragments;
	struct payload_stream *payload;
	struct value *before, *after; /* owned */
	uint64_t rows;
};

void binlog_text_init(struct binlog_text *text, struct buf *out);
void binlog_text_done(struct binlog_text *text);
/* One event, header first. Any bytes may be given. */
int binlog_text_feed(struct binlog_text *text, const uint8_t *at, size_t n,
		     struct err *err) MUST_CHECK;
/* All events of a file, magic number first. */
int binlog_text_read(struct binlog_text *text, const uint8_t *at, size_t n,
		     struct err *err) MUST_CHECK;

#endif
