#include "transform/transform.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "transform/binding.h"
#include "transform/fk.h"
#include "transform/fk_watch.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform_impl.h"

struct transform *transform_new(const struct mapping *mapping)
{
	struct transform *transform = mem_zalloc(sizeof(*transform));

	transform->mapping = mapping;
	attribute_map_init(&transform->attributes, mapping);
	return transform;
}

void transform_free(struct transform *transform)
{
	if (!transform)
		return;
	transform_mark(transform);
	attribute_map_done(&transform->attributes);
	free(transform);
}

void transform_mark(struct transform *transform)
{
	if (transform->changed)
		attribute_map_done(&transform->former);
	transform->changed = false;
}

void transform_undo(struct transform *transform)
{
	if (!transform->changed)
		return;
	attribute_map_done(&transform->attributes);
	transform->attributes = transform->former;
	transform->changed = false;
}

/* Before the first change since the mark. Few transactions make one. */
void transform_save(struct transform *transform)
{
	if (!transform->changed)
		attribute_map_copy(&transform->former, &transform->attributes);
	transform->changed = true;
}

void transform_set_losses(struct transform *transform, struct losses *losses)
{
	transform->losses = losses;
}

struct losses *transform_losses(const struct transform *transform)
{
	return transform->losses;
}

void transform_set_foreign_keys(struct transform *transform,
				const struct fk_graph *graph)
{
	transform->graph = graph;
	transform->generation++;
}

const struct fk_watched *transform_watched(const struct transform *transform,
					   struct str source)
{
	return transform->graph ? fk_watched(transform->graph, source) : NULL;
}

int transform_watched_rows(struct transform *transform,
			   const struct fk_watched *watched, record_sink sink,
			   void *user, struct err *err)
{
	const struct mapping *mapping = transform->mapping;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		const struct record_change change = {
			.op = RECORD_REFETCH,
			.table = table->target,
			.source = table,
			.value = { .kind = VALUE_NULL },
		};

		if (fk_watched_has(watched, table->target))
			rc = sink(user, &change, err);
	}
	return rc;
}

void transform_entity_type(struct transform *transform, int64_t entity_type_id,
			   const char *code, const char *entity_table)
{
	attribute_map_put_type(&transform->attributes, entity_type_id,
			       str_of(code), str_of(entity_table));
}

void transform_attribute(struct transform *transform, int64_t attribute_id,
			 int64_t entity_type_id, const char *code,
			 const char *backend_type, const char *backend_table)
{
	const struct attribute_row row = {
		.id = attribute_id,
		.entity_type_id = entity_type_id,
		.code = str_of(code),
		.type = str_of(backend_type),
		.table = str_of(backend_table),
	};

	attribute_map_put(&transform->attributes, &row);
}

const struct mapping *transform_mapping(const struct transform *transform)
{
	return transform->mapping;
}

bool transform_emptied(struct transform *transform,
		       const struct mapping_table *table)
{
	struct attribute_map *map = &transform->attributes;

	if (strcmp(table->source, "eav_attribute") == 0)
		for (size_t i = 0; i < map->size; i++)
			attribute_map_drop(map, (int64_t)i);
	else if (strcmp(table->source, "eav_entity_type") == 0)
		while (map->type_count > 0)
			attribute_map_drop_type(map, map->types[0].id);
	else
		return false;
	return true;
}

static bool is_of_other(const struct attribute *attribute,
			const struct mapping_table *table)
{
	return attribute && attribute->home && attribute->home != table &&
	       attribute->home->target == table->target;
}

void transform_other_codes(const struct transform *transform,
			   const struct mapping_table *table,
			   void (*each)(void *user, struct str code),
			   void *user)
{
	const struct attribute_map *map = &transform->attributes;

	for (size_t i = 0; i < map->size; i++)
		if (is_of_other(map->by_id[i], table))
			each(user, map->by_id[i]->code);
}

const struct transform_counts *
transform_counts(const struct transform *transform)
{
	return &transform->counts;
}

int transform_bind(struct transform *transform, const struct table_def *def,
		   struct binding **ret, struct err *err)
{
	const struct mapping_table *table =
		mapping_find(transform->mapping, def->name);

	if (table)
		return binding_new(transform->mapping, table, def,
				   transform->losses, ret, err);
	*ret = NULL;
	return 0;
}

int transform_refetch_of(const struct work *w,
			 const struct mapping_table *table,
			 struct value selection, struct err *err)
{
	const struct record_change change = {
		.op = RECORD_REFETCH,
		.table = table->target,
		.source = table,
		.value = selection,
	};

	return w->sink(w->user, &change, err);
}

int transform_refetch(const struct work *w, struct value selection,
		      struct err *err)
{
	return transform_refetch_of(w, w->binding->table, selection, err);
}

int transform_refetch_all(const struct work *w, struct err *err)
{
	return transform_refetch(w, (struct value){ .kind = VALUE_NULL }, err);
}

/* One call per row; a struct for the arguments would be filled as often.
 * NOLINTNEXTLINE(readability-function-size) */
int transform_row(struct transform *transform, struct binding *binding,
		  const struct row_change *row, struct arena *arena,
		  record_sink sink, void *user, struct err *err)
{
	const struct work w = {
		.transform = transform,
		.binding = binding,
		.arena = arena,
		.sink = sink,
		.user = user,
	};
	struct row_change concealed;

	transform->counts.rows++;
	if (binding->conceals && !row->concealed) {
		transform_conceal(transform, binding, row, arena, &concealed);
		row = &concealed;
	}
	return binding->role == ROLE_EAV ? transform_value_row(&w, row, err)
					 : transform_flat_row(&w, row, err);
}
