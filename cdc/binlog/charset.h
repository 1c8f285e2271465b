/* MySQL's and MariaDB's character sets: by collation id or name, to UTF-8.
 *
 * The collation ids are facts of mysys/charset*.c; the conversions are those
 * of the servers, which were compared for every byte (every pair of bytes) on
 * MariaDB 10.11: latin1 is Windows-1252 whose five holes are C1 controls;
 * others differ from iconv's in a few characters, or are refused. */
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
	const char *iconv; /* NULL: ours, or none is known */
	uint8_t kind;	   /* enum charset_kind */
};

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_BINARY, /* not text */
	CHARSET_SINGLE, /* a byte a character, ASCII below 0x80 */
	CHARSET_MULTI, /* bytes below 0x80 are ASCII where a character begins */
	CHARSET_WIDE,  /* ASCII is not one byte: UTF-16 and the like */
	CHARSET_REFUSED, /* no conversion is known that equals the servers' */
};

/* NULL: an id or a name that neither server gives out. */
const struct charset *charset_by_collation(uint32_t id);
const struct charset *charset_by_name(struct str name);

/* A charset opened for reading. */
struct charset_reader;

/* NULL when there is no conversion (the system lacks it). */
struct charset_reader *charset_reader_new(const struct charset *charset);
void charset_reader_free(struct charset_reader *reader); /* NULL is fine */
const struct charset *
charset_reader_charset(const struct charset_reader *reader);

/* Text as UTF-8. What the charset does not have becomes U+FFFD, and
 * sink->invalid_text counts the value. Borrows `at` when nothing changes. */
void charset_read(const struct charset_reader *reader, const uint8_t *at,
		  size_t n, struct value_sink *sink, struct value *ret);

#endif
