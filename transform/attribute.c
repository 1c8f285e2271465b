#include "transform/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transform/mapping.h"

void attribute_map_init(struct attribute_map *map,
			const struct mapping *mapping)
{
	*map = (struct attribute_map){ .mapping = mapping };
}

static void free_attribute(struct attribute *attribute)
{
	if (!attribute)
		return;
	free(attribute->name);
	free(attribute->type);
	free(attribute->table);
	free(attribute);
}

static void free_type(struct entity_type *type)
{
	free(type->code);
	free(type->table);
}

void attribute_map_done(struct attribute_map *map)
{
	for (size_t i = 0; i < map->size; i++)
		free_attribute(map->by_id[i]);
	for (size_t i = 0; i < map->type_count; i++)
		free_type(&map->types[i]);
	free(map->by_id);
	free(map->types);
	attribute_map_init(map, map->mapping);
}

static struct attribute *copy_attribute(const struct attribute *from)
{
	struct attribute *to = mem_zalloc(sizeof(*to));

	*to = *from;
	to->name = mem_strndup(from->name, from->code.n);
	to->code.at = to->name;
	to->type = mem_strdup(from->type);
	to->table = mem_strdup(from->table);
	return to;
}

void attribute_map_copy(struct attribute_map *to,
			const struct attribute_map *from)
{
	*to = *from;
	to->by_id = mem_array(from->size, sizeof(struct attribute *));
	for (size_t i = 0; i < from->size; i++)
		if (from->by_id[i])
			to->by_id[i] = copy_attribute(from->by_id[i]);
	to->types = mem_array(from->type_count, sizeof(*to->types));
	for (size_t i = 0; i < from->type_count; i++)
		to->types[i] = (struct entity_type){
			.id = from->types[i].id,
			.code = mem_strdup(from->types[i].code),
			.table = mem_strdup(from->types[i].table),
		};
}

static struct entity_type *find_type(const struct attribute_map *map,
				     int64_t id)
{
	for (size_t i = 0; i < map->type_count; i++)
		if (map->types[i].id == id)
			return &map->types[i];
	return NULL;
}

const struct entity_type *attribute_map_type(const struct attribute_map *map,
					     int64_t id)
{
	return find_type(map, id);
}

static bool is_home(const struct mapping_table *table,
		    const struct entity_type *type,
		    const struct attribute_row *attribute)
{
	size_t n = strlen(type->table);

	if (table->kind != TABLE_EAV ||
	    strcmp(table->entity_type, type->code) != 0)
		return false;
	if (attribute->table.n > 0)
		return str_eqs(attribute->table, table->source);
	return strncmp(table->source, type->table, n) == 0 &&
	       table->source[n] == '_' &&
	       str_eqs(attribute->type, table->source + n + 1);
}

const struct mapping_table *attribute_map_home(const struct attribute_map *map,
					       const struct attribute_row *row)
{
	const struct entity_type *type = find_type(map, row->entity_type_id);

	for (size_t i = 0; type && i < map->mapping->table_count; i++)
		if (is_home(&map->mapping->tables[i], type, row))
			return &map->mapping->tables[i];
	return NULL;
}

static const struct mapping_table *find_home(const struct attribute_map *map,
					     const struct attribute *attribute)
{
	const struct attribute_row row = {
		.entity_type_id = attribute->entity_type_id,
		.type = str_of(attribute->type),
		.table = str_of(attribute->table),
	};

	return attribute_map_home(map, &row);
}

static void settle(const struct attribute_map *map, struct attribute *attribute,
		   const struct mapping_table *home)
{
	attribute->home = home;
	attribute->privacy = PRIVACY_NONE;
	if (home)
		attribute->privacy = (uint8_t)privacy_of_attribute(
			map->mapping, home->entity_type, attribute->code);
}

static void resolve_type(struct attribute_map *map, int64_t type_id)
{
	for (size_t i = 0; i < map->size; i++) {
		struct attribute *a = map->by_id[i];

		if (a && a->entity_type_id == type_id)
			settle(map, a, find_home(map, a));
	}
}

static char *copy(struct str text)
{
	return mem_strndup(text.n ? text.at : "", text.n);
}

void attribute_map_put_type(struct attribute_map *map, int64_t id,
			    struct str code, struct str entity_table)
{
	struct entity_type *type = find_type(map, id);

	if (!type && map->type_count == ENTITY_TYPES_MAX)
		return;
	if (type) {
		free_type(type);
	} else {
		size_t n = map->type_count++;

		map->types =
			mem_realloc(map->types, (n + 1) * sizeof(*map->types));
		type = &map->types[n];
	}
	*type = (struct entity_type){
		.id = id,
		.code = copy(code),
		.table = copy(entity_table),
	};
	resolve_type(map, id);
}

static void grow(struct attribute_map *map, size_t id)
{
	size_t size = map->size ? map->size : 256;

	if (id < map->size)
		return;
	while (size <= id)
		size *= 2;
	map->by_id = mem_realloc(map->by_id, size * sizeof(struct attribute *));
	memset(map->by_id + map->size, 0,
	       (size - map->size) * sizeof(struct attribute *));
	map->size = size;
}

void attribute_map_put(struct attribute_map *map,
		       const struct attribute_row *row)
{
	struct attribute *new;

	if (row->id < 0 || row->id >= ATTRIBUTE_ID_MAX)
		return;
	grow(map, (size_t)row->id);
	new = mem_zalloc(sizeof(*new));
	*new = (struct attribute){
		.name = copy(row->code),
		.entity_type_id = row->entity_type_id,
		.type = copy(row->type),
		.table = copy(row->table),
	};
	new->code = (struct str){ new->name, row->code.n };
	settle(map, new, attribute_map_home(map, row));
	free_attribute(map->by_id[row->id]);
	map->by_id[row->id] = new;
}

void attribute_map_drop(struct attribute_map *map, int64_t id)
{
	if (id < 0 || (size_t)id >= map->size)
		return;
	free_attribute(map->by_id[id]);
	map->by_id[id] = NULL;
}

void attribute_map_drop_type(struct attribute_map *map, int64_t id)
{
	struct entity_type *type = find_type(map, id);

	if (!type)
		return;
	for (size_t i = 0; i < map->size; i++)
		if (map->by_id[i] && map->by_id[i]->entity_type_id == id)
			attribute_map_drop(map, (int64_t)i);
	free_type(type);
	*type = map->types[--map->type_count];
}
