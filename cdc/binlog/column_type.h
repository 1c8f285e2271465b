/* A COLUMN_TYPE of information_schema, taken apart: "int(10) unsigned",
 * "enum('a','b''c')". Tells whether a column of the binlog can be it, and
 * gives the labels of ENUM and SET. */
#ifndef CDC_BINLOG_COLUMN_TYPE_H
#define CDC_BINLOG_COLUMN_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cdc/binlog/address.h"

struct arena;

/* "int" of "int(10) unsigned". */
struct str column_type_word(const char *type);

/* May a column that the source calls `type` be sent with this type code
 * (enum column_type)? True for types we have never heard of. */
bool column_type_fits(const char *type, uint8_t code);
/* BINARY, VARBINARY and the BLOBs: bytes of no character set. */
bool column_type_is_binary(const char *type);

/* MariaDB's uuid, inet4 and inet6: their stored bytes are not what SELECT
 * prints. */
enum address_kind column_type_address(const char *type);

/* Places behind the point of "float(7,2)" or "double(7,2)"; -1 for all
 * others. */
int column_type_places(const char *type);

/* The labels, unquoted, in the arena; NULL if it is no list of labels. */
struct str *column_type_labels(const char *type, struct arena *arena,
			       uint32_t *ret_count);

#endif
