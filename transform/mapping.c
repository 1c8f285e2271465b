#include "transform/mapping.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "transform/mapping_wish.h"
#include "transform/secret_name.h"

static const char *const domain_names[] = { "metadata", "customer", "catalog",
					    "order" };

static void free_names(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

static void free_table(struct mapping_table *table)
{
	free_names(table->exclude);
	free_names(table->hash);
	row_filter_done(&table->where);
	free(table->source);
	free(table->family);
	free(table->link);
	free(table->via);
	free(table->since);
	free(table->entity_type);
	free(table->backend);
	free(table->place);
}

static void free_columns(struct target_table *target)
{
	for (size_t i = 0; i < target->count; i++) {
		free(target->columns[i].name);
		free(target->columns[i].type);
	}
	free(target->columns);
}

void mapping_free(struct mapping *mapping)
{
	if (!mapping)
		return;
	for (size_t i = 0; i < mapping->table_count; i++)
		free_table(&mapping->tables[i]);
	for (size_t i = 0; i < mapping->target_count; i++) {
		free_columns(mapping->targets[i]);
		mapping_wish_free(mapping->targets[i]);
		free(mapping->targets[i]->name);
		free(mapping->targets[i]);
	}
	free(mapping->tables);
	free(mapping->targets);
	free(mapping->prefix);
	privacy_done(mapping);
	free(mapping);
}

void mapping_freep(struct mapping **mapping)
{
	mapping_free(*mapping);
}

const struct mapping_table *mapping_find(const struct mapping *mapping,
					 const char *source_table)
{
	size_t prefix = strlen(mapping->prefix);

	if (strncmp(source_table, mapping->prefix, prefix) != 0)
		return NULL;
	for (size_t i = 0; i < mapping->table_count; i++)
		if (strcmp(mapping->tables[i].source, source_table + prefix) ==
		    0)
			return &mapping->tables[i];
	return NULL;
}

struct target_table *mapping_target(const struct mapping *mapping,
				    const char *target)
{
	for (size_t i = 0; i < mapping->target_count; i++)
		if (strcmp(mapping->targets[i]->name, target) == 0)
			return mapping->targets[i];
	return NULL;
}

const struct mapping_table *mapping_root(const struct mapping *mapping,
					 const struct mapping_table *table)
{
	for (size_t i = 0; table->family && i < mapping->table_count; i++)
		if (strcmp(mapping->tables[i].source, table->family) == 0)
			return &mapping->tables[i];
	return NULL;
}

const struct mapping_table *mapping_parent(const struct mapping *mapping,
					   const struct mapping_table *table)
{
	for (size_t i = 0; table->via && i < mapping->table_count; i++)
		if (strcmp(mapping->tables[i].source, table->via) == 0)
			return &mapping->tables[i];
	return mapping_root(mapping, table);
}

void mapping_set_since(struct mapping *mapping, enum domain domain,
		       const char *bound)
{
	assert(strlen(bound) < SINCE_BYTES);
	for (size_t i = 0; i < mapping->table_count; i++) {
		struct mapping_table *table = &mapping->tables[i];

		if (table->since && table->domain == domain)
			memcpy(table->bound, bound, strlen(bound) + 1);
	}
}

bool mapping_has_since(const struct mapping *mapping, enum domain domain)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].since &&
		    mapping->tables[i].domain == domain)
			return true;
	return false;
}

bool mapping_is_extra(const struct mapping_table *table, const char *column)
{
	const struct target_table *target = table->target;

	/* What MariaDB keeps for itself is no data (cdc/schema_read.c). */
	if (!table->extra || mapping_excludes(table, column) ||
	    secret_name(column) || strncmp(column, "DB_ROW_HASH", 11) == 0)
		return false;
	for (size_t i = 0; i < target->count; i++)
		if (strcasecmp(target->columns[i].name, column) == 0)
			return strcmp(target->columns[i].name, "extra") == 0;
	return true;
}

bool mapping_excludes(const struct mapping_table *table, const char *column)
{
	for (char **name = table->exclude; name && *name; name++) {
		size_t n = strlen(*name);

		if ((*name)[n - 1] == '*') {
			if (strncasecmp(*name, column, n - 1) == 0)
				return true;
		} else if (strcasecmp(*name, column) == 0) {
			return true;
		}
	}
	return false;
}

bool mapping_hashes(const struct mapping_table *table, const char *column)
{
	for (char **name = table->hash; name && *name; name++)
		if (strcasecmp(*name, column) == 0)
			return true;
	return false;
}

void mapping_target_columns(struct target_table *target,
			    const struct target_column *columns, size_t count)
{
	assert(target->count == 0);
	target->columns = mem_array(count, sizeof(*columns));
	target->count = count;
	for (size_t i = 0; i < count; i++) {
		target->columns[i] = columns[i];
		target->columns[i].name = mem_strdup(columns[i].name);
		target->columns[i].type = mem_strdup(columns[i].type);
	}
}

const char *domain_name(enum domain domain)
{
	return domain_names[domain];
}
