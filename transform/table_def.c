#include "transform/table_def.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

struct table_def *table_def_new(const char *name, size_t count)
{
	struct table_def *def;

	assert(count <= TABLE_DEF_COLUMNS_MAX);
	def = mem_zalloc(sizeof(*def) + count * sizeof(def->columns[0]));
	def->name = mem_strdup(name);
	def->count = count;
	return def;
}

struct table_def *table_def_copy(const struct table_def *def)
{
	struct table_def *copy = table_def_new(def->name, def->count);

	copy->transactional = def->transactional;
	for (size_t i = 0; i < def->count; i++) {
		const struct column_def *from = &def->columns[i];

		copy->columns[i] = *from;
		copy->columns[i].name = mem_strdup(from->name);
		copy->columns[i].type = mem_strdup(from->type);
		copy->columns[i].charset = mem_strdup(from->charset);
		copy->columns[i].collation =
			from->collation ? mem_strdup(from->collation) : NULL;
	}
	return copy;
}

void table_def_free(struct table_def *def)
{
	if (!def)
		return;
	for (size_t i = 0; i < def->count; i++) {
		free(def->columns[i].name);
		free(def->columns[i].type);
		free(def->columns[i].charset);
		free(def->columns[i].collation);
	}
	free(def->name);
	free(def);
}

void table_def_freep(struct table_def **def)
{
	table_def_free(*def);
}

int table_def_find(const struct table_def *def, const char *column)
{
	for (size_t i = 0; i < def->count; i++) {
		const char *name = def->columns[i].name;

		if (name && strcasecmp(name, column) == 0)
			return (int)i;
	}
	return -1;
}
