/* TABLE_MAP: what the table id in a rows event stands for.
 *
 * Sent before the rows that use it, again in every transaction, mostly with
 * the same bytes: table_map_same() tells, so that a map and what was planned
 * from it are kept. A heap object of its own; all slices point into its copy
 * of the event's body. */
#ifndef CDC_BINLOG_TABLE_MAP_H
#define CDC_BINLOG_TABLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"
#include "base/str.h"

struct err;
struct format;

enum { TABLE_MAP_COLUMNS_MAX = 4096 };

/* Optional metadata that came; bits of table_map.has. Names as in MySQL's
 * rows_event.h. None of them with MariaDB's binlog_row_metadata=NO_LOG. */
enum table_map_meta {
	TABLE_MAP_SIGNEDNESS = 1 << 1,
	TABLE_MAP_CHARSET = 1 << 2,
	TABLE_MAP_NAMES = 1 << 4,
	TABLE_MAP_SET_LABELS = 1 << 5,
	TABLE_MAP_ENUM_LABELS = 1 << 6,
	TABLE_MAP_GEOMETRY = 1 << 7,
	TABLE_MAP_KEY = 1 << 8,
	TABLE_MAP_LABEL_CHARSET = 1 << 10,
	TABLE_MAP_VISIBILITY = 1 << 12,
	TABLE_MAP_DIMENSIONS = 1 << 13,
};

struct table_column {
	uint8_t type;  /* enum column_type; ENUM and SET found inside STRING */
	uint16_t meta; /* its metadata, first byte low; for STRING, ENUM and
			* SET the length taken out of them */
	bool nullable;
	bool is_unsigned;	/* if SIGNEDNESS */
	bool invisible;		/* if VISIBILITY */
	uint32_t collation;	/* if CHARSET, LABEL_CHARSET; 0: has none */
	struct str name;	/* if NAMES; empty otherwise */
	uint32_t label, labels; /* ENUM and SET: table_map.labels[label…] */
	uint32_t geometry;	/* if GEOMETRY */
	uint32_t dimensions;	/* if DIMENSIONS */
	uint16_t key; /* if KEY: place in the primary key from 1; 0: not in */
	uint32_t key_prefix; /* bytes of it in the key; 0: the whole value */
};

struct table_map {
	uint64_t id;
	struct str schema, table;
	bool mariadb;	    /* whose layout of the metadata it has */
	unsigned has;	    /* enum table_map_meta */
	size_t count;	    /* columns, at least 1 */
	struct str *labels; /* owned; bytes in the column's charset */
	size_t label_count;
	uint8_t *body; /* inside this object; what it was parsed from */
	size_t body_n;
	struct table_column columns[];
};

/* Decode the body of one event. Unknown metadata are passed by their length.
 * ERR_CORRUPT, naming the table if it is known by then. */
int table_map_parse(struct reader body, const struct format *format,
		    struct table_map **ret, struct err *err) MUST_CHECK;
void table_map_free(struct table_map *map); /* NULL is fine */
void table_map_freep(struct table_map **map);

/* Would table_map_parse() give this map again? */
bool table_map_same(const struct table_map *map, struct reader body);

/* Only the head: id, database and table, without any allocation. */
int table_map_peek(struct reader body, const struct format *format,
		   uint64_t *ret_id, struct str *ret_schema,
		   struct str *ret_table, struct err *err) MUST_CHECK;

bool table_map_is_numeric(uint8_t type); /* has a bit in SIGNEDNESS */
bool table_map_is_text(uint8_t type);	 /* has a place in CHARSET */

#endif
