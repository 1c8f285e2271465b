/* The attribute map: attribute id → code, and the value table it lives in.
 *
 * As Magento finds it: the attribute's backend_table if it has one, else
 * "<entity table>_<backend type>" (Eav\Model\Entity\Attribute). Ids differ
 * between shops and types come and go with the stream, so the map is data.
 * Owned by a transform. */
#ifndef TRANSFORM_ATTRIBUTE_H
#define TRANSFORM_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct mapping;
struct mapping_table;

enum {
	ATTRIBUTE_ID_MAX = 1024 * 1024, /* Magento's smallint ends at 65535 */
	ENTITY_TYPES_MAX = 1024,
};

struct attribute {
	char *name;	 /* owned */
	struct str code; /* name, as a slice */
	int64_t entity_type_id;
	char *type, *table; /* owned; backend_type, backend_table or "" */
	const struct mapping_table *home; /* NULL: values of no mapped table */
	uint8_t privacy;		  /* enum privacy, of home's type */
};

struct entity_type {
	int64_t id;
	char *code, *table; /* owned; entity_table */
};

struct attribute_map {
	const struct mapping *mapping; /* borrowed */
	struct attribute **by_id;      /* owned; NULL: no such attribute */
	size_t size;
	struct entity_type *types; /* owned */
	size_t type_count;
};

void attribute_map_init(struct attribute_map *map,
			const struct mapping *mapping);
void attribute_map_done(struct attribute_map *map);
/* *to is overwritten: what it owned must be gone. */
void attribute_map_copy(struct attribute_map *to,
			const struct attribute_map *from);

/* What a row of eav_entity_type and eav_attribute says; NULL texts are empty.
 * Ids out of range are ignored: their values are unknown. */
struct attribute_row {
	int64_t id, entity_type_id;
	struct str code, type, table;
};
void attribute_map_put_type(struct attribute_map *map, int64_t id,
			    struct str code, struct str entity_table);
void attribute_map_put(struct attribute_map *map,
		       const struct attribute_row *row);
/* The value table of an attribute as that row has it; NULL: none is mapped. */
const struct mapping_table *attribute_map_home(const struct attribute_map *map,
					       const struct attribute_row *row);
/* A type takes its attributes along, as the source's foreign key does. */
void attribute_map_drop_type(struct attribute_map *map, int64_t id);
void attribute_map_drop(struct attribute_map *map, int64_t id);

/* NULL: no such type. */
const struct entity_type *attribute_map_type(const struct attribute_map *map,
					     int64_t id);

static inline const struct attribute *
attribute_map_find(const struct attribute_map *map, uint64_t id)
{
	return id < map->size ? map->by_id[id] : NULL;
}

#endif
