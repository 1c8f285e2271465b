/* The mapping's files. */
#include "transform/mapping.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "transform/mapping_wish.h"

enum {
	MAPPING_TABLES_MAX = 1024,
	EXCLUDE_MAX = 256,
	NAME_BYTES_MAX = 63, /* PostgreSQL's; MySQL allows one more */
};

static const char *const kind_names[] = { "row", "eav", "metadata", NULL };
static const char *const domain_names[] = { "metadata", "customer", "catalog",
					    "order", NULL };

/* What loading one file needs at hand. */
struct loader {
	const struct yaml *doc;
	struct mapping *mapping;
	bool user; /* the file is added to another */
};

/* A name of this entry; absent is an error if it is required. */
static int read_name(const struct loader *l, const struct yaml_node *entry,
		     const char *key, bool required, char **ret,
		     struct err *err)
{
	const struct yaml_node *node = yaml_get(entry, key);
	const char *text;
	int rc;

	if (!node && !required)
		return 0;
	if (!node)
		return yaml_error(l->doc, entry, err,
				  "the table has no `%s`: add it", key);
	rc = yaml_text(l->doc, node, &text, err);
	if (rc < 0)
		return rc;
	if (!*text || strlen(text) > NAME_BYTES_MAX)
		return yaml_error(l->doc, node, err,
				  "`%s` must have 1 to %d bytes", key,
				  NAME_BYTES_MAX);
	*ret = mem_strdup(text);
	return 0;
}

/* Place of the entry's word in a list of the allowed ones. */
static int read_choice(const struct loader *l, const struct yaml_node *entry,
		       const char *key, const char *const *names,
		       struct err *err)
{
	CLEANUP(mem_freep) char *word = NULL;
	int rc = read_name(l, entry, key, true, &word, err);

	if (rc < 0)
		return rc;
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return yaml_error(l->doc, yaml_get(entry, key), err,
			  "`%s` can't be \"%s\"", key, word);
}

static int read_exclude(const struct loader *l, const struct yaml_node *entry,
			struct mapping_table *table, struct err *err)
{
	const struct yaml_node *list = yaml_get(entry, "exclude");
	size_t count = 0, more = 0;

	if (!list)
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_error(l->doc, list, err,
				  "`exclude` must be a list of column names");
	while (table->exclude && table->exclude[count])
		count++;
	for (const struct yaml_node *n = list->first; n; n = n->next)
		more++;
	if (count + more > EXCLUDE_MAX)
		return yaml_error(l->doc, list, err, "more than %d names",
				  EXCLUDE_MAX);
	table->exclude = mem_realloc(
		table->exclude, (count + more + 1) * sizeof(*table->exclude));
	memset(&table->exclude[count], 0, (more + 1) * sizeof(*table->exclude));
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		const char *text;
		int rc = yaml_text(l->doc, n, &text, err);

		if (rc < 0)
			return rc;
		if (!*text || strcmp(text, "*") == 0)
			return yaml_error(l->doc, n, err,
					  "\"%s\" names no column", text);
		table->exclude[count++] = mem_strdup(text);
	}
	return 0;
}

/* Keys that only some kinds have must not stand at the others. */
static int check_kind(const struct loader *l, const struct yaml_node *entry,
		      const struct mapping_table *table, struct err *err)
{
	bool eav = table->kind == TABLE_EAV;
	bool metadata = table->kind == TABLE_METADATA;

	if (metadata != (table->domain == DOMAIN_METADATA))
		return yaml_error(l->doc, entry, err,
				  "%s: kind and domain \"metadata\" go "
				  "together",
				  table->source);
	if (metadata && (table->family || table->link || table->via))
		return yaml_error(l->doc, entry, err,
				  "%s: metadata is read whole: remove family, "
				  "link and via",
				  table->source);
	if (table->since && (table->kind != TABLE_ROW ||
			     strcmp(table->family, table->source) != 0))
		return yaml_error(l->doc, yaml_get(entry, "since"), err,
				  "%s: `since` is for a family's root",
				  table->source);
	if (!eav && (table->entity_type || table->backend))
		return yaml_error(l->doc, entry, err,
				  "%s: entity_type and backend are for kind "
				  "\"eav\"",
				  table->source);
	return 0;
}

/* One target belongs to one source table, or to the value tables of one
 * entity type. */
static int check_shared(const struct loader *l, const struct yaml_node *entry,
			const struct mapping_table *table, struct err *err)
{
	const struct mapping *m = l->mapping;

	for (size_t i = 0; i < m->table_count; i++) {
		const struct mapping_table *other = &m->tables[i];

		if (other == table)
			continue;
		if (strcmp(other->source, table->source) == 0)
			return yaml_error(l->doc, entry, err,
					  "%s is mapped at %s already",
					  table->source, other->place);
		if (other->target != table->target)
			continue;
		if (table->kind != TABLE_EAV || other->kind != TABLE_EAV ||
		    strcmp(other->entity_type, table->entity_type) != 0 ||
		    other->domain != table->domain)
			return yaml_error(l->doc, entry, err,
					  "target %s belongs to %s (%s)",
					  table->target->name, other->source,
					  other->place);
	}
	return 0;
}

static struct target_table *add_target(struct mapping *m, const char *name,
				       const struct mapping_table *table)
{
	struct target_table *target = mapping_target(m, name);

	if (target)
		return target;
	target = mem_zalloc(sizeof(*target));
	target->name = mem_strdup(name);
	target->domain = table->domain;
	target->values = table->kind == TABLE_EAV;
	target->index = m->target_count;
	m->targets[m->target_count++] = target;
	return target;
}

static int read_names(const struct loader *l, const struct yaml_node *entry,
		      struct mapping_table *table, struct err *err)
{
	bool root = table->kind != TABLE_METADATA;
	bool eav = table->kind == TABLE_EAV;
	const struct {
		const char *key;
		char **to;
		bool required;
	} names[] = {
		{ "source", &table->source, true },
		{ "family", &table->family, root },
		{ "link", &table->link, root },
		{ "via", &table->via, false },
		{ "since", &table->since, false },
		{ "entity_type", &table->entity_type, eav },
		{ "backend", &table->backend, eav },
	};

	for (size_t i = 0; i < LENGTH(names); i++) {
		int rc = read_name(l, entry, names[i].key, names[i].required,
				   names[i].to, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_extra(const struct loader *l, const struct yaml_node *entry,
		      struct mapping_table *table, struct err *err)
{
	const struct yaml_node *node = yaml_get(entry, "extra");
	int rc = node ? yaml_bool(l->doc, node, &table->extra, err) : 0;

	if (rc < 0 || !table->extra || table->kind != TABLE_EAV)
		return rc;
	return yaml_error(l->doc, node, err,
			  "`extra` is for tables whose columns are records'");
}

static int read_where(const struct loader *l, const struct yaml_node *entry,
		      struct mapping_table *table, struct err *err)
{
	const struct yaml_node *node = yaml_get(entry, "where");

	if (!node)
		return 0;
	if (table->kind == TABLE_EAV)
		return yaml_error(l->doc, node, err,
				  "`where` is for tables whose rows are "
				  "records");
	return row_filter_read(l->doc, node, &table->where, err);
}

static char *place_of(const struct loader *l, const struct yaml_node *entry)
{
	return mem_printf("%s:%u:%u", yaml_file(l->doc), entry->line,
			  entry->column);
}

static int read_table(const struct loader *l, const struct yaml_node *entry,
		      struct mapping_table *table, struct err *err)
{
	static const char *const known[] = {
		"source",      "kind",	  "target", "domain",
		"family",      "link",	  "via",    "exclude",
		"entity_type", "backend", "extra",  "columns",
		"key",	       "where",	  "since",  NULL
	};
	CLEANUP(mem_freep) char *target = NULL;
	int kind, domain, rc;

	if (entry->kind != YAML_MAP)
		return yaml_error(l->doc, entry, err,
				  "a table must be a map: source: …, kind: …");
	rc = yaml_known_keys(l->doc, entry, known, err);
	if (rc < 0)
		return rc;
	kind = read_choice(l, entry, "kind", kind_names, err);
	if (kind < 0)
		return kind;
	domain = read_choice(l, entry, "domain", domain_names, err);
	if (domain < 0)
		return domain;
	table->kind = (enum table_kind)kind;
	table->domain = (enum domain)domain;
	table->user = l->user;
	table->place = place_of(l, entry);
	rc = read_names(l, entry, table, err);
	if (rc == 0)
		rc = read_name(l, entry, "target", true, &target, err);
	if (rc == 0)
		rc = read_exclude(l, entry, table, err);
	if (rc == 0)
		rc = read_extra(l, entry, table, err);
	if (rc == 0)
		rc = read_where(l, entry, table, err);
	if (rc == 0)
		rc = check_kind(l, entry, table, err);
	if (rc < 0)
		return rc;
	table->target = add_target(l->mapping, target, table);
	rc = check_shared(l, entry, table, err);
	return rc < 0 ? rc
		      : mapping_wish_read(l->doc, entry, table, l->user, err);
}

/* Of a table that another file maps already. */
static int widen_table(const struct loader *l, const struct yaml_node *entry,
		       struct mapping_table *table, struct err *err)
{
	static const char *const keys[] = { "source", "columns", "exclude",
					    "extra" };
	int rc;

	for (const struct yaml_node *n = entry->first; n; n = n->next) {
		size_t i = 0;

		while (i < LENGTH(keys) && strcmp(n->key, keys[i]) != 0)
			i++;
		if (i == LENGTH(keys))
			return yaml_key_error(
				l->doc, n, err,
				"%s is mapped at %s already: here it may have "
				"`columns`, `exclude` and `extra` only",
				table->source, table->place);
	}
	rc = read_exclude(l, entry, table, err);
	if (rc == 0)
		rc = read_extra(l, entry, table, err);
	return rc < 0 ? rc
		      : mapping_wish_read(l->doc, entry, table, l->user, err);
}

/* The entry's table when another file has mapped it, else NULL. */
static struct mapping_table *find_former(const struct loader *l,
					 const struct yaml_node *entry,
					 size_t former)
{
	const struct yaml_node *source = yaml_get(entry, "source");

	for (size_t i = 0; source && source->text && i < former; i++)
		if (strcmp(l->mapping->tables[i].source, source->text) == 0)
			return &l->mapping->tables[i];
	return NULL;
}

static int read_tables(const struct loader *l, struct err *err)
{
	static const char *const known[] = { "tables", NULL };
	const struct yaml_node *root = yaml_root(l->doc);
	const struct yaml_node *list = yaml_get(root, "tables");
	struct mapping *m = l->mapping;
	size_t count = l->mapping->table_count, former = count;
	int rc;

	if (!list || list->kind != YAML_LIST || !list->first)
		return yaml_error(l->doc, root, err,
				  "the mapping needs a list `tables`");
	rc = yaml_known_keys(l->doc, root, known, err);
	if (rc < 0)
		return rc;
	for (const struct yaml_node *n = list->first; n; n = n->next)
		count++;
	if (count > MAPPING_TABLES_MAX)
		return yaml_error(l->doc, list, err, "more than %d tables",
				  MAPPING_TABLES_MAX);
	m->tables = mem_realloc(m->tables, count * sizeof(*m->tables));
	m->targets =
		mem_realloc(m->targets, count * sizeof(struct target_table *));
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		struct mapping_table *table = find_former(l, n, former);

		if (table) {
			rc = widen_table(l, n, table, err);
		} else {
			table = &m->tables[m->table_count++];
			*table = (struct mapping_table){ 0 };
			rc = read_table(l, n, table, err);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const struct mapping_table *find_source(const struct mapping *m,
					       const char *source)
{
	for (size_t i = 0; i < m->table_count; i++)
		if (strcmp(m->tables[i].source, source) == 0)
			return &m->tables[i];
	return NULL;
}

static int check_named(const struct mapping *m, const struct mapping_table *t,
		       const char *source, struct err *err)
{
	const struct mapping_table *named = find_source(m, source);

	if (!named)
		return err_set(err, ERR_CONFIG,
			       "%s: %s: no table %s in this mapping", t->place,
			       t->source, source);
	if (named->family && t->family &&
	    strcmp(named->family, t->family) == 0 && named->domain == t->domain)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "%s: %s: %s is of family %s in domain %s: name that "
		       "family and domain here, too",
		       t->place, t->source, source,
		       named->family ? named->family : "(none)",
		       domain_name(named->domain));
}

/* `via` and `family` must name tables of the same mapping and family. */
static int check_links(const struct mapping *m, struct err *err)
{
	for (size_t i = 0; i < m->table_count; i++) {
		const struct mapping_table *t = &m->tables[i];
		int rc = t->family ? check_named(m, t, t->family, err) : 0;

		if (rc == 0 && t->via)
			rc = check_named(m, t, t->via, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_document(const struct yaml *doc, const char *prefix,
			 struct mapping **ret, struct err *err)
{
	CLEANUP(mapping_freep)
	struct mapping *mapping = mem_zalloc(sizeof(*mapping));
	struct loader l = { .doc = doc, .mapping = mapping };
	int rc;

	mapping->prefix = mem_strdup(prefix ? prefix : "");
	rc = read_tables(&l, err);
	if (rc == 0)
		rc = check_links(mapping, err);
	if (rc < 0)
		return err_wrap(err, "mapping");
	*ret = TAKE(mapping);
	return 0;
}

int mapping_load(const char *path, const char *prefix, struct mapping **ret,
		 struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_load(path, &doc, err);

	if (rc < 0)
		return err_wrap(err, "mapping");
	return read_document(doc, prefix, ret, err);
}

int mapping_parse(const char *file, struct str text, const char *prefix,
		  struct mapping **ret, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_parse(file, text.at, text.n, &doc, err);

	if (rc < 0)
		return err_wrap(err, "mapping");
	return read_document(doc, prefix, ret, err);
}

static int extend(struct mapping *mapping, const struct yaml *doc,
		  struct err *err)
{
	struct loader l = { .doc = doc, .mapping = mapping, .user = true };
	int rc = read_tables(&l, err);

	if (rc == 0)
		rc = check_links(mapping, err);
	return rc < 0 ? err_wrap(err, "mapping") : 0;
}

int mapping_extend(struct mapping *mapping, const char *path, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_load(path, &doc, err);

	return rc < 0 ? err_wrap(err, "mapping") : extend(mapping, doc, err);
}

int mapping_extend_parse(struct mapping *mapping, const char *file,
			 struct str text, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_parse(file, text.at, text.n, &doc, err);

	return rc < 0 ? err_wrap(err, "mapping") : extend(mapping, doc, err);
}
