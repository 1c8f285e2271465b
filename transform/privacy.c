#include "transform/privacy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "transform/mapping.h"

static int refuse(const struct privacy_entry *entry, struct err *err,
		  const char *why)
{
	return err_set(err, ERR_CONFIG, "transform.%s: %s: %s",
		       entry->hash ? "hash" : "exclude", entry->text, why);
}

static bool same_entry(const struct privacy_entry *a,
		       const struct privacy_entry *b)
{
	return a->attribute == b->attribute &&
	       strcmp(a->owner, b->owner) == 0 &&
	       strcasecmp(a->name, b->name) == 0;
}

/* Columns the transform itself reads (transform/binding.c). */
static bool is_needed(const struct mapping_table *table, const char *column)
{
	static const char *const types[] = { "entity_type_id",
					     "entity_type_code", "entity_table",
					     NULL };
	static const char *const attributes[] = {
		"attribute_id", "entity_type_id", "attribute_code",
		"backend_type", "backend_table",  NULL
	};
	const char *const *names =
		strcmp(table->source, "eav_entity_type") == 0 ? types
		: strcmp(table->source, "eav_attribute") == 0 ? attributes
							      : NULL;

	for (; names && *names; names++)
		if (strcasecmp(*names, column) == 0)
			return true;
	if (table->where.column && strcasecmp(table->where.column, column) == 0)
		return true;
	return table->link && strcasecmp(table->link, column) == 0;
}

static int check_column(const struct privacy_entry *entry,
			struct mapping_table *table, struct err *err)
{
	if (table->kind == TABLE_EAV)
		return refuse(entry, err,
			      "columns of a value table can't be chosen: name "
			      "attributes, as entity_type:code");
	if (is_needed(table, entry->name))
		return refuse(entry, err,
			      "the records can't be made without this column");
	return 0;
}

static int check_attribute(const struct mapping *mapping,
			   const struct privacy_entry *entry, struct err *err)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].kind == TABLE_EAV &&
		    strcmp(mapping->tables[i].entity_type, entry->owner) == 0)
			return 0;
	return refuse(entry, err, "the mapping has no such entity type");
}

static struct mapping_table *find_table(const struct mapping *mapping,
					const char *source)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (strcmp(mapping->tables[i].source, source) == 0)
			return &mapping->tables[i];
	return NULL;
}

static int check(const struct mapping *mapping,
		 const struct privacy_entry *entry, struct err *err)
{
	const struct privacy_list *list = &mapping->privacy;
	struct mapping_table *table;

	if (!*entry->owner || !*entry->name || strchr(entry->name, '*'))
		return refuse(entry, err,
			      "write table.column, or entity_type:attribute");
	for (size_t i = 0; i < list->count; i++)
		if (&list->entries[i] != entry &&
		    same_entry(&list->entries[i], entry))
			return refuse(entry, err, "it is listed twice");
	if (entry->hash && !list->key)
		return refuse(entry, err,
			      "a hash needs a key: set transform.hash_key_file "
			      "to a file with a long random text");
	if (entry->attribute)
		return check_attribute(mapping, entry, err);
	table = find_table(mapping, entry->owner);
	return table ? check_column(entry, table, err)
		     : refuse(entry, err, "the mapping has no such table");
}

static struct privacy_entry parse(struct str text, bool hash)
{
	struct str name = text;
	bool attribute = memchr(text.at, ':', text.n) != NULL;
	struct str owner = str_split(&name, attribute ? ':' : '.');

	return (struct privacy_entry){
		.text = mem_strndup(text.at, text.n),
		.owner = mem_strndup(owner.at, owner.n),
		.name = mem_strndup(name.n ? name.at : "", name.n),
		.attribute = attribute,
		.hash = hash,
	};
}

static void add_list(struct privacy_list *list, const char *joined, bool hash)
{
	struct str rest = str_of(joined);

	while (rest.n) {
		struct str text = str_trim(str_split(&rest, ','));

		if (text.n == 0)
			continue;
		list->entries =
			mem_realloc(list->entries,
				    (list->count + 1) * sizeof(*list->entries));
		list->entries[list->count++] = parse(text, hash);
	}
}

static void add_name(char ***names, const char *name)
{
	size_t n = 0;

	while (*names && (*names)[n])
		n++;
	*names = mem_realloc(*names, (n + 2) * sizeof(char *));
	(*names)[n] = mem_strdup(name);
	(*names)[n + 1] = NULL;
}

static void apply(struct mapping *mapping, const struct privacy_entry *entry)
{
	struct mapping_table *table = find_table(mapping, entry->owner);

	add_name(entry->hash ? &table->hash : &table->exclude, entry->name);
}

int privacy_set(struct mapping *mapping, const char *exclude, const char *hash,
		const char *key, struct err *err)
{
	struct privacy_list *list = &mapping->privacy;

	if (*key)
		list->key = mem_strdup(key);
	add_list(list, exclude, false);
	add_list(list, hash, true);
	for (size_t i = 0; i < list->count; i++) {
		int rc = check(mapping, &list->entries[i], err);

		if (rc < 0)
			return rc;
		if (!list->entries[i].attribute)
			apply(mapping, &list->entries[i]);
	}
	return 0;
}

void privacy_done(struct mapping *mapping)
{
	struct privacy_list *list = &mapping->privacy;

	for (size_t i = 0; i < list->count; i++) {
		free(list->entries[i].text);
		free(list->entries[i].owner);
		free(list->entries[i].name);
	}
	free(list->entries);
	free(list->key);
}

enum privacy privacy_of_attribute(const struct mapping *mapping,
				  const char *entity_type, struct str code)
{
	const struct privacy_list *list = &mapping->privacy;

	for (size_t i = 0; i < list->count; i++) {
		const struct privacy_entry *entry = &list->entries[i];

		if (entry->attribute &&
		    strcmp(entry->owner, entity_type) == 0 &&
		    str_ieqs(code, entry->name))
			return entry->hash ? PRIVACY_HASHED : PRIVACY_EXCLUDED;
	}
	return PRIVACY_NONE;
}

bool privacy_has_type(const struct mapping *mapping, const char *entity_type)
{
	const struct privacy_list *list = &mapping->privacy;

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].attribute &&
		    strcmp(list->entries[i].owner, entity_type) == 0)
			return true;
	return false;
}
