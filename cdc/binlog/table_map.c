#include "cdc/binlog/table_map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/format.h"
#include "cdc/binlog/types.h"

enum { OLD_POST_HEADER = 6 };

/* Metadata bytes by type, + 1, so that 0 is a type nobody gave out. */
static const uint8_t meta_bytes[256] = {
#define META_ROW(name, code, meta, width) [code] = (meta) + 1,
	COLUMN_TYPES(META_ROW)
#undef META_ROW
};

/* One by one, the optional parts: type, length, value. */
enum meta_tlv {
	TLV_SIGNEDNESS = 1,
	TLV_DEFAULT_CHARSET = 2,
	TLV_COLUMN_CHARSET = 3,
	TLV_COLUMN_NAME = 4,
	TLV_SET_LABELS = 5,
	TLV_ENUM_LABELS = 6,
	TLV_GEOMETRY = 7,
	TLV_SIMPLE_KEY = 8,
	TLV_PREFIX_KEY = 9,
	TLV_LABEL_DEFAULT_CHARSET = 10,
	TLV_LABEL_COLUMN_CHARSET = 11,
	TLV_VISIBILITY = 12,
	TLV_DIMENSIONS = 13,
};

bool table_map_is_numeric(uint8_t type)
{
	switch (type) {
	case TYPE_TINY:
	case TYPE_SHORT:
	case TYPE_INT24:
	case TYPE_LONG:
	case TYPE_LONGLONG:
	case TYPE_YEAR:
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
	case TYPE_DECIMAL:
	case TYPE_NEWDECIMAL:
		return true;
	default:
		return false;
	}
}

bool table_map_is_text(uint8_t type)
{
	switch (type) {
	case TYPE_STRING:
	case TYPE_VAR_STRING:
	case TYPE_VARCHAR:
	case TYPE_TINY_BLOB:
	case TYPE_MEDIUM_BLOB:
	case TYPE_LONG_BLOB:
	case TYPE_BLOB:
	case TYPE_BLOB_COMPRESSED:
	case TYPE_VARCHAR_COMPRESSED:
	case TYPE_VECTOR: /* seen on MySQL 9.7: collation 63 */
		return true;
	default:
		return false;
	}
}

static bool is_enum(uint8_t type)
{
	return type == TYPE_ENUM;
}

static bool is_set(uint8_t type)
{
	return type == TYPE_SET;
}

static bool is_label(uint8_t type)
{
	return is_enum(type) || is_set(type);
}

static bool is_geometry(uint8_t type)
{
	return type == TYPE_GEOMETRY;
}

/* MariaDB gives geometries a character set too (binary). */
static bool is_mariadb_text(uint8_t type)
{
	return table_map_is_text(type) || is_geometry(type);
}

static bool is_vector(uint8_t type)
{
	return type == TYPE_VECTOR;
}

/* A length byte, that many bytes, and a NUL the length does not count. */
static struct str read_name(struct reader *r)
{
	uint64_t n = reader_le(r, 1);
	const uint8_t *at = reader_bytes(r, n);

	if (reader_le(r, 1) != 0)
		r->failed = true;
	return (struct str){ (const char *)at, at ? n : 0 };
}

static bool read_head(struct reader *r, const struct format *format,
		      uint64_t *id, struct str *schema, struct str *table)
{
	bool old = format->post_header[EVENT_TABLE_MAP] == OLD_POST_HEADER;

	*id = reader_le(r, old ? 4 : 6);
	reader_le(r, 2); /* flags: nothing we need */
	*schema = read_name(r);
	*table = read_name(r);
	return !r->failed;
}

/* The real type and the length of what is sent as STRING: the type code sits
 * in the first byte, whose bits 4 and 5 carry two bits of the length of a
 * CHAR of more than 255 bytes, turned over (MySQL field.cc). */
static void unpack_string(struct table_column *column)
{
	unsigned first = column->meta & 0xff, second = column->meta >> 8;

	if ((first & 0x30) != 0x30) {
		column->type = (uint8_t)(first | 0x30);
		column->meta =
			(uint16_t)(second | ((first & 0x30) ^ 0x30) << 4);
	} else {
		/* Servers before 5.0.3 sent no type. */
		column->type = first ? (uint8_t)first : TYPE_STRING;
		column->meta = (uint16_t)second;
	}
}

static bool read_columns(struct reader *r, struct table_map *map)
{
	const uint8_t *types = reader_bytes(r, map->count);
	struct reader meta = reader_sub(r, reader_lenenc(r));
	const uint8_t *nullable = reader_bytes(r, (map->count + 7) / 8);

	if (r->failed)
		return false;
	for (size_t i = 0; i < map->count; i++) {
		struct table_column *column = &map->columns[i];

		if (meta_bytes[types[i]] == 0)
			return false;
		column->type = types[i];
		column->meta = (uint16_t)reader_le(
			&meta, (size_t)meta_bytes[types[i]] - 1);
		column->nullable = nullable[i / 8] >> (i % 8) & 1;
		if (column->type == TYPE_STRING)
			unpack_string(column);
		if (column->type == TYPE_ENUM || column->type == TYPE_SET)
			column->meta &= 0xff; /* bytes a value takes */
	}
	return !meta.failed && reader_left(&meta) == 0;
}

typedef bool (*type_is)(uint8_t type);

/* The column behind i (or at it) of which `is` holds; count if none. */
static size_t next_of(const struct table_map *map, size_t i, type_is is)
{
	while (i < map->count && !is(map->columns[i].type))
		i++;
	return i;
}

static void read_signedness(struct reader *r, struct table_map *map)
{
	size_t bit = 0;
	const uint8_t *bits = r->at;
	size_t n = reader_left(r);

	for (size_t i = next_of(map, 0, table_map_is_numeric); i < map->count;
	     i = next_of(map, i + 1, table_map_is_numeric), bit++) {
		if (bit / 8 >= n) {
			r->failed = true;
			return;
		}
		map->columns[i].is_unsigned =
			bits[bit / 8] >> (7 - bit % 8) & 1;
	}
	map->has |= TABLE_MAP_SIGNEDNESS;
}

/* The default, then (place among the columns of this kind, collation) for
 * those that differ. */
static void read_default_charset(struct reader *r, struct table_map *map,
				 type_is is)
{
	uint64_t collation = reader_lenenc(r);
	bool more = !r->failed && reader_left(r);
	uint64_t place = more ? reader_lenenc(r) : UINT64_MAX;
	uint64_t seen = 0;

	for (size_t i = next_of(map, 0, is); i < map->count && !r->failed;
	     i = next_of(map, i + 1, is), seen++) {
		map->columns[i].collation = (uint32_t)collation;
		if (seen != place)
			continue;
		map->columns[i].collation = (uint32_t)reader_lenenc(r);
		place = reader_left(r) ? reader_lenenc(r) : UINT64_MAX;
	}
	/* A place that is out of order or not there. */
	if (place != UINT64_MAX)
		r->failed = true;
}

static void read_column_charset(struct reader *r, struct table_map *map,
				type_is is)
{
	for (size_t i = next_of(map, 0, is); i < map->count && !r->failed;
	     i = next_of(map, i + 1, is))
		map->columns[i].collation = (uint32_t)reader_lenenc(r);
}

static void read_names(struct reader *r, struct table_map *map)
{
	for (size_t i = 0; i < map->count && !r->failed; i++) {
		uint64_t n = reader_lenenc(r);
		const uint8_t *at = reader_bytes(r, n);

		map->columns[i].name =
			(struct str){ (const char *)at, at ? n : 0 };
	}
	map->has |= TABLE_MAP_NAMES;
}

/* Each label takes a length byte at least: the body bounds their number. */
static void read_labels(struct reader *r, struct table_map *map, type_is is)
{
	for (size_t i = next_of(map, 0, is); i < map->count;
	     i = next_of(map, i + 1, is)) {
		struct table_column *column = &map->columns[i];
		uint64_t n = reader_lenenc(r);

		if (r->failed || n > reader_left(r)) {
			r->failed = true;
			return;
		}
		column->label = (uint32_t)map->label_count;
		column->labels = (uint32_t)n;
		map->labels =
			mem_realloc(map->labels, (map->label_count + n + 1) *
							 sizeof(*map->labels));
		for (uint64_t j = 0; j < n; j++) {
			uint64_t bytes = reader_lenenc(r);
			const uint8_t *at = reader_bytes(r, bytes);

			map->labels[map->label_count++] =
				(struct str){ (const char *)at,
					      at ? bytes : 0 };
		}
	}
}

static void read_numbers(struct reader *r, struct table_map *map, type_is is,
			 enum table_map_meta what)
{
	for (size_t i = next_of(map, 0, is); i < map->count && !r->failed;
	     i = next_of(map, i + 1, is)) {
		uint32_t number = (uint32_t)reader_lenenc(r);

		if (what == TABLE_MAP_GEOMETRY)
			map->columns[i].geometry = number;
		else
			map->columns[i].dimensions = number;
	}
	map->has |= what;
}

static void read_key(struct reader *r, struct table_map *map, bool prefixes)
{
	uint16_t place = 0;

	while (!r->failed && reader_left(r)) {
		uint64_t i = reader_lenenc(r);
		uint64_t prefix = prefixes ? reader_lenenc(r) : 0;

		if (i >= map->count || prefix > UINT32_MAX) {
			r->failed = true;
			return;
		}
		if (map->columns[i].key)
			continue;
		map->columns[i].key = ++place;
		map->columns[i].key_prefix = (uint32_t)prefix;
	}
	map->has |= TABLE_MAP_KEY;
}

static void read_visibility(struct reader *r, struct table_map *map)
{
	const uint8_t *bits = reader_bytes(r, (map->count + 7) / 8);

	for (size_t i = 0; bits && i < map->count; i++)
		map->columns[i].invisible = !(bits[i / 8] >> (7 - i % 8) & 1);
	map->has |= TABLE_MAP_VISIBILITY;
}

static void read_charsets(struct reader *r, uint64_t type,
			  struct table_map *map)
{
	bool labels = type >= TLV_LABEL_DEFAULT_CHARSET;
	type_is text = map->mariadb ? is_mariadb_text : table_map_is_text;
	type_is is = labels ? is_label : text;

	if (type == TLV_DEFAULT_CHARSET || type == TLV_LABEL_DEFAULT_CHARSET)
		read_default_charset(r, map, is);
	else
		read_column_charset(r, map, is);
	map->has |= labels ? TABLE_MAP_LABEL_CHARSET : TABLE_MAP_CHARSET;
}

static void read_tlv(struct reader *r, uint64_t type, struct table_map *map)
{
	switch (type) {
	case TLV_SIGNEDNESS:
		read_signedness(r, map);
		break;
	case TLV_DEFAULT_CHARSET:
	case TLV_COLUMN_CHARSET:
	case TLV_LABEL_DEFAULT_CHARSET:
	case TLV_LABEL_COLUMN_CHARSET:
		read_charsets(r, type, map);
		break;
	case TLV_COLUMN_NAME:
		read_names(r, map);
		break;
	case TLV_SET_LABELS:
		read_labels(r, map, is_set);
		map->has |= TABLE_MAP_SET_LABELS;
		break;
	case TLV_ENUM_LABELS:
		read_labels(r, map, is_enum);
		map->has |= TABLE_MAP_ENUM_LABELS;
		break;
	case TLV_GEOMETRY:
		read_numbers(r, map, is_geometry, TABLE_MAP_GEOMETRY);
		break;
	case TLV_SIMPLE_KEY:
	case TLV_PREFIX_KEY:
		read_key(r, map, type == TLV_PREFIX_KEY);
		break;
	case TLV_VISIBILITY:
		read_visibility(r, map);
		break;
	case TLV_DIMENSIONS:
		read_numbers(r, map, is_vector, TABLE_MAP_DIMENSIONS);
		break;
	default:
		break; /* of a newer server */
	}
}

static bool read_optional(struct reader *r, struct table_map *map)
{
	while (reader_left(r)) {
		uint64_t type = reader_le(r, 1);
		struct reader value = reader_sub(r, reader_lenenc(r));

		if (!value.failed)
			read_tlv(&value, type, map);
		if (value.failed)
			return false;
	}
	return true;
}

static struct table_map *new_map(struct reader body, size_t count)
{
	size_t n = reader_left(&body);
	size_t columns = count * sizeof(struct table_column);
	struct table_map *map = mem_zalloc(sizeof(*map) + columns + n);

	map->count = count;
	map->body = (uint8_t *)&map->columns[count];
	map->body_n = n;
	memcpy(map->body, body.at, n);
	return map;
}

int table_map_parse(struct reader body, const struct format *format,
		    struct table_map **ret, struct err *err)
{
	CLEANUP(table_map_freep) struct table_map *map = NULL;
	struct reader peek = body;
	struct str schema, table;
	uint64_t id;

	bool head = read_head(&peek, format, &id, &schema, &table);
	uint64_t count = reader_lenenc(&peek);
	if (!head || peek.failed)
		return err_set(err, ERR_CORRUPT, "table map: truncated");
	if (count == 0 || count > TABLE_MAP_COLUMNS_MAX)
		return err_set(err, ERR_CORRUPT,
			       "table map of %.*s.%.*s: %" PRIu64 " columns",
			       (int)schema.n, schema.at, (int)table.n, table.at,
			       count);

	map = new_map(body, count);
	map->mariadb = format->mariadb;
	struct reader r = reader_of(map->body, map->body_n);
	read_head(&r, format, &map->id, &map->schema, &map->table);
	reader_lenenc(&r);
	if (!read_columns(&r, map) || !read_optional(&r, map))
		return err_set(err, ERR_CORRUPT,
			       "table map of %.*s.%.*s: malformed columns",
			       (int)schema.n, schema.at, (int)table.n,
			       table.at);
	*ret = TAKE(map);
	return 0;
}

void table_map_free(struct table_map *map)
{
	if (!map)
		return;
	free(map->labels);
	free(map);
}

void table_map_freep(struct table_map **map)
{
	table_map_free(*map);
}

bool table_map_same(const struct table_map *map, struct reader body)
{
	return map->body_n == reader_left(&body) &&
	       memcmp(map->body, body.at, map->body_n) == 0;
}

int table_map_peek(struct reader body, const struct format *format,
		   uint64_t *ret_id, struct str *ret_schema,
		   struct str *ret_table, struct err *err)
{
	if (!read_head(&body, format, ret_id, ret_schema, ret_table))
		return err_set(err, ERR_CORRUPT, "table map: truncated");
	return 0;
}
