/* MySQL's and MariaDB's character sets: by collation id or name, to UTF-8.
 *
 * The collation ids are facts of mysys/charset*.c. The conversions are those
 * of the servers, which were compared for every character of every charset
 * (charset_table.c); MariaDB and MySQL do not differ. latin1 is Windows-1252
 * whose five holes are C1 controls. */
#ifndef CDC_BINLOG_CHARSET_H
#define CDC_BINLOG_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"
#include "cdc/binlog/value.h"

struct charset {
	const char *name;  /* "utf8mb4"; as information_schema has it */
	const char *iconv; /* CHARSET_TABLE: what iconv calls it */
	uint8_t kind;	   /* enum charset_kind */
};

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_BINARY, /* not text */
	CHARSET_TABLE,	/* any that is not Unicode's */
	CHARSET_UCS2,
	CHARSET_UTF16,
	CHARSET_UTF16LE,
	CHARSET_UTF32,
};

/* The name of a collation that base/fold.h knows; "" of any other. */
const char *collation_name(uint32_t id);
/* NULL: an id or a name that neither server gives out. */
const struct charset *charset_by_collation(uint32_t id);
const struct charset *charset_by_name(struct str name);

/* Does it have characters beyond U+FFFF? */
bool charset_has_planes(const struct charset *charset);

/* A charset opened for reading: shared by all, never freed. NULL when the
 * system's iconv lacks it. */
struct charset_reader;
const struct charset_reader *charset_reader(const struct charset *charset);

/* Text as UTF-8; borrows `at` when nothing changes. False when something had
 * to be replaced: in Unicode's charsets a bad byte (bad unit) by U+FFFD, in
 * all others a bad byte, and a character that Unicode does not have, by '?',
 * as SELECT does. */
bool charset_read(const struct charset_reader *reader, const uint8_t *at,
		  size_t n, struct value_sink *sink, struct value *ret);

#endif
