#include "base/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf_value.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/suggest.h"
#include "base/yaml.h"

enum { KEY_MAX = 128, ROWS_MAX = 512 };

/* What one load works on. */
struct load {
	const struct conf_table *table;
	const struct yaml *doc;
	void *base;
	struct arena *texts;
	struct err *err;
};

static const struct conf_row *row_of(const struct conf_table *table,
				     const char *key)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].key, key) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static bool is_section(const struct conf_table *table, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < table->count; i++) {
		const char *row = table->rows[i].key;

		if (strncmp(row, key, n) == 0 && row[n] == '.')
			return true;
	}
	return false;
}

/* The SECRET that KEY_file is about. */
static const struct conf_row *row_of_file(const struct conf_table *table,
					  const char *key)
{
	struct str name = str_of(key);
	char stem[KEY_MAX];

	if (!str_ends(name, "_file"))
		return NULL;
	snprintf(stem, sizeof(stem), "%.*s", (int)(name.n - strlen("_file")),
		 key);

	const struct conf_row *row = row_of(table, stem);
	return row && row->type == CONF_SECRET ? row : NULL;
}

static const char **secret_path(const struct load *load,
				const struct conf_row *row)
{
	void *field = (char *)load->base + row->offset;

	return (const char **)field + 1;
}

static int set_default(const struct load *load, const struct conf_row *row)
{
	int rc = conf_value_parse(row, str_of(row->by_default), false,
				  load->base, load->texts, load->err);

	if (rc == 0 && row->type == CONF_SECRET)
		*secret_path(load, row) = "";
	return rc ? err_wrap(load->err, "default of %s", row->key) : 0;
}

static int set_from_env(const struct load *load, const struct conf_row *row)
{
	const char *value = *row->env ? getenv(row->env) : NULL;
	int rc;

	if (!value || !*value)
		return 0;
	rc = conf_value_parse(row, str_of(value), true, load->base, load->texts,
			      load->err);
	if (rc == 0 && row->type == CONF_SECRET)
		*secret_path(load, row) = "";
	return rc ? err_wrap(load->err, "environment variable %s", row->env)
		  : 0;
}

static int node_error(const struct load *load, const struct yaml_node *node,
		      const char *key)
{
	char what[sizeof(load->err->msg)];

	snprintf(what, sizeof(what), "%s", load->err->msg);
	return yaml_error(load->doc, node, load->err, "%s: %s", key, what);
}

static int join_items(const struct load *load, const struct yaml_node *list,
		      struct buf *out)
{
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		if (n->kind != YAML_SCALAR || yaml_is_null(n) ||
		    strchr(n->text, ','))
			return yaml_error(load->doc, n, load->err,
					  "an item must be a text without a "
					  "comma");
		if (n != list->first)
			buf_addc(out, ',');
		buf_adds(out, n->text);
	}
	return 0;
}

static int set_from_list(const struct load *load, const struct conf_row *row,
			 const struct yaml_node *list)
{
	struct buf joined;
	buf_init(&joined, YAML_BYTES_MAX);
	int rc = join_items(load, list, &joined);

	if (rc == 0 &&
	    conf_value_parse(row, str_of(buf_str(&joined)), false, load->base,
			     load->texts, load->err) != 0)
		rc = node_error(load, list, row->key);
	buf_done(&joined);
	return rc;
}

static int set_from_node(const struct load *load, const struct conf_row *row,
			 const struct yaml_node *node)
{
	if (yaml_is_null(node))
		return 0;
	if (node->kind == YAML_LIST && row->type == CONF_LIST)
		return set_from_list(load, row, node);
	if (node->kind != YAML_SCALAR)
		return yaml_error(load->doc, node, load->err,
				  "%s: one value is expected, not a %s",
				  row->key,
				  node->kind == YAML_LIST ? "list" : "map");
	if (conf_value_parse(row, str_of(node->text), false, load->base,
			     load->texts, load->err) != 0)
		return node_error(load, node, row->key);
	return 0;
}

/* The path stays with it, for those who read it anew. */
static int read_secret(const struct load *load, const struct conf_row *row,
		       const char *path)
{
	CLEANUP(secret_freep) char *secret = NULL;
	int rc = secret_read(path, &secret, load->err);

	if (rc != 0)
		return rc;
	rc = conf_value_parse(row, str_of(secret), false, load->base,
			      load->texts, load->err);
	if (rc != 0)
		return err_wrap(load->err, "%s: its content", path);
	*secret_path(load, row) =
		arena_strndup(load->texts, path, strlen(path));
	return 0;
}

static int set_from_file(const struct load *load, const struct conf_row *row,
			 const struct yaml_node *map,
			 const struct yaml_node *node)
{
	char plain[KEY_MAX];

	if (yaml_is_null(node))
		return 0;
	snprintf(plain, sizeof(plain), "%.*s",
		 (int)(strlen(node->key) - strlen("_file")), node->key);
	if (!yaml_is_null(yaml_get(map, plain)))
		return yaml_key_error(load->doc, node, load->err,
				      "both %s and %s are given: remove one",
				      plain, node->key);
	if (node->kind != YAML_SCALAR)
		return yaml_error(load->doc, node, load->err,
				  "%s_file: a path is expected", row->key);
	if (read_secret(load, row, node->text) != 0) {
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "%s_file", row->key);
		return node_error(load, node, key);
	}
	return 0;
}

/* Names what may stand in the section, for the nearest one. */
static int unknown_key(const struct load *load, const char *section,
		       const struct yaml_node *node)
{
	const char *known[ROWS_MAX + 1];
	char names[ROWS_MAX][32];
	size_t n = 0, skip = strlen(section);

	for (size_t i = 0; i < load->table->count && n < ROWS_MAX; i++) {
		const char *key = load->table->rows[i].key;

		if (strncmp(key, section, skip) != 0)
			continue;
		snprintf(names[n], sizeof(names[n]), "%.*s",
			 (int)strcspn(key + skip, "."), key + skip);
		known[n] = names[n];
		n++;
	}
	known[n] = NULL;

	const char *nearest = suggest_nearest(node->key, known);
	if (nearest)
		return yaml_key_error(load->doc, node, load->err,
				      "unknown key \"%s%s\" (did you mean "
				      "\"%s%s\"?)",
				      section, node->key, section, nearest);
	return yaml_key_error(load->doc, node, load->err,
			      "unknown key \"%s%s\" (--print-config lists "
			      "all)",
			      section, node->key);
}

/* section: "" or "source." */
static int load_section(const struct load *load, const char *section,
			const struct yaml_node *map, int depth);

static int load_key(const struct load *load, const char *section,
		    const struct yaml_node *map, const struct yaml_node *node,
		    int depth)
{
	char key[KEY_MAX];
	const struct conf_row *row;

	snprintf(key, sizeof(key), "%s%s", section, node->key);
	row = row_of(load->table, key);
	if (row)
		return set_from_node(load, row, node);
	row = row_of_file(load->table, key);
	if (row)
		return set_from_file(load, row, map, node);
	if (!is_section(load->table, key) || depth == CONF_SECTIONS_MAX)
		return unknown_key(load, section, node);
	if (yaml_is_null(node))
		return 0;
	if (node->kind != YAML_MAP)
		return yaml_error(load->doc, node, load->err,
				  "%s: a map of settings is expected", key);

	char inner[KEY_MAX + 1];
	snprintf(inner, sizeof(inner), "%s.", key);
	return load_section(load, inner, node, depth + 1);
}

static int load_section(const struct load *load, const char *section,
			const struct yaml_node *map, int depth)
{
	int rc = 0;

	for (const struct yaml_node *n = map->first; n && rc == 0; n = n->next)
		rc = load_key(load, section, map, n, depth);
	return rc;
}

static int load_file(const struct load *load)
{
	const struct yaml_node *root = yaml_root(load->doc);

	if (yaml_is_null(root))
		return 0;
	if (root->kind != YAML_MAP)
		return yaml_error(load->doc, root, load->err,
				  "a map of settings is expected");
	return load_section(load, "", root, 0);
}

static int load_all(const struct load *load)
{
	const struct conf_table *table = load->table;
	int rc = 0;

	for (size_t i = 0; i < table->count && rc == 0; i++)
		rc = set_default(load, &table->rows[i]);
	if (rc == 0 && load->doc)
		rc = load_file(load);
	for (size_t i = 0; i < table->count && rc == 0; i++)
		rc = set_from_env(load, &table->rows[i]);
	return rc;
}

int conf_load(const struct conf_table *table, const char *path, void *base,
	      struct arena *texts, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = path ? yaml_load(path, &doc, err) : 0;

	if (rc != 0)
		return rc;
	return load_all(&(struct load){ table, doc, base, texts, err });
}

int conf_parse(const struct conf_table *table, const char *file,
	       struct str content, void *base, struct arena *texts,
	       struct err *err)
{
	CLEANUP(yaml_freep) struct yaml *doc = NULL;
	int rc = yaml_parse(file, content.at, content.n, &doc, err);

	if (rc != 0)
		return rc;
	return load_all(&(struct load){ table, doc, base, texts, err });
}
