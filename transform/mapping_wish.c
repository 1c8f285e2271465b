#include "transform/mapping_wish.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "transform/mapping.h"

enum { WISHES_MAX = 512, NAME_MAX_BYTES = 63, TYPE_MAX_BYTES = 100 };

static struct target_wish *find(const struct target_table *target,
				const char *name)
{
	for (size_t i = 0; i < target->wish_count; i++)
		if (strcmp(target->wishes[i].name, name) == 0)
			return &target->wishes[i];
	return NULL;
}

static void add(const struct yaml *doc, const struct yaml_node *at,
		struct target_table *target, const char *name, const char *type,
		uint16_t key)
{
	size_t bytes = (target->wish_count + 1) * sizeof(*target->wishes);

	target->wishes = mem_realloc(target->wishes, bytes);
	target->wishes[target->wish_count++] = (struct target_wish){
		.name = mem_strdup(name),
		.type = mem_strdup(type),
		.place = mem_printf("%s:%u:%u", yaml_file(doc), at->line,
				    at->column),
		.key = key,
	};
}

/* A type's words are PostgreSQL's to judge; here only that they are words. */
static bool is_type(const char *type)
{
	if (!isalpha((unsigned char)*type) || strlen(type) > TYPE_MAX_BYTES)
		return false;
	for (; *type; type++)
		if (!isalnum((unsigned char)*type) && !strchr("_ (),[]", *type))
			return false;
	return true;
}

static int read_column(const struct yaml *doc, const struct yaml_node *node,
		       const struct mapping_table *table, struct err *err)
{
	struct target_table *target = table->target;
	const char *type;
	int rc = yaml_text(doc, node, &type, err);

	if (rc < 0)
		return rc;
	if (strlen(node->key) > NAME_MAX_BYTES)
		return yaml_key_error(doc, node, err,
				      "a column's name has at most %d bytes",
				      NAME_MAX_BYTES);
	if (!is_type(type))
		return yaml_error(doc, node, err,
				  "\"%s\" is no type of PostgreSQL: write for "
				  "example bigint, text or \"numeric(12,4)\"",
				  type);
	if (mapping_excludes(table, node->key))
		return yaml_key_error(doc, node, err,
				      "%s.%s is excluded and stays in the "
				      "source: remove it here",
				      table->source, node->key);
	if (find(target, node->key))
		return yaml_key_error(doc, node, err,
				      "%s is a column of %s already", node->key,
				      target->name);
	if (target->wish_count == WISHES_MAX)
		return yaml_key_error(doc, node, err, "more than %d columns",
				      WISHES_MAX);
	add(doc, node, target, node->key, type, 0);
	return 0;
}

static int read_columns(const struct yaml *doc, const struct yaml_node *entry,
			const struct mapping_table *table, struct err *err)
{
	const struct yaml_node *map = yaml_get(entry, "columns");

	if (!map)
		return 0;
	if (table->kind == TABLE_EAV)
		return yaml_error(doc, map, err,
				  "`columns` is not for kind \"eav\": values "
				  "are under their attribute codes");
	if (map->kind != YAML_MAP || !map->first)
		return yaml_error(doc, map, err,
				  "`columns` must be a map of names to "
				  "PostgreSQL types");
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		int rc = read_column(doc, n, table, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_key(const struct yaml *doc, const struct yaml_node *entry,
		    struct target_table *target, struct err *err)
{
	const struct yaml_node *list = yaml_get(entry, "key");
	uint16_t place = 0;

	if (!list)
		return 0;
	if (list->kind != YAML_LIST || !list->first)
		return yaml_error(doc, list, err,
				  "`key` must be a list of names of `columns`");
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		struct target_wish *wish;
		const char *name;
		int rc = yaml_text(doc, n, &name, err);

		if (rc < 0)
			return rc;
		wish = find(target, name);
		if (!wish)
			return yaml_error(doc, n, err,
					  "%s is not among `columns`: add it "
					  "there with its type",
					  name);
		if (wish->key)
			return yaml_error(doc, n, err, "%s stands here twice",
					  name);
		wish->key = ++place;
	}
	return 0;
}

static void add_values(const struct yaml *doc, const struct yaml_node *entry,
		       struct target_table *target)
{
	if (find(target, "attributes"))
		return;
	add(doc, entry, target, "entity_id", "bigint", 1);
	add(doc, entry, target, "store_id", "integer", 2);
	add(doc, entry, target, "attributes", "jsonb", 0);
}

int mapping_wish_read(const struct yaml *doc, const struct yaml_node *entry,
		      const struct mapping_table *table, bool extra,
		      struct err *err)
{
	const struct yaml_node *given = yaml_get(entry, "extra");
	int rc = read_columns(doc, entry, table, err);

	if (rc == 0)
		rc = read_key(doc, entry, table->target, err);
	if (rc < 0)
		return rc;
	if (table->kind == TABLE_EAV)
		add_values(doc, entry, table->target);
	if (extra && given && table->extra && !find(table->target, "extra"))
		add(doc, given, table->target, "extra", "jsonb", 0);
	return 0;
}

void mapping_wish_free(struct target_table *target)
{
	for (size_t i = 0; i < target->wish_count; i++) {
		free(target->wishes[i].name);
		free(target->wishes[i].type);
		free(target->wishes[i].place);
	}
	free(target->wishes);
}
