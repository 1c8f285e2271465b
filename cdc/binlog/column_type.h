/* A COLUMN_TYPE of information_schema, taken apart: "int(10) unsigned",
 * "enum('a','b''c')". Tells whether a column of the binlog can be it, and
 * gives the labels of ENUM and SET. */
#ifndef CDC_BINLOG_COLUMN_TYPE_H
#define CDC_BINLOG_COLUMN_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

/* "int" of "int(10) unsigned". */
struct str column_type_word(const char *type);

/* May a column that the source calls `type` be sent with this type code
 * (enum column_type)? True for types we have never heard of. */
bool column_type_fits(const char *type, uint8_t code);

/* Types whose stored bytes are not what SELECT prints: MariaDB's uuid, inet4
 * and inet6. */
bool column_type_is_special(const char *type);

/* The labels, unquoted, in the arena; NULL if it is no list of labels. */
struct str *column_type_labels(const char *type, struct arena *arena,
			       uint32_t *ret_count);

#endif
