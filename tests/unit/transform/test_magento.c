/* Against the schema of a whole Magento: every mapped table fits its target
 * column by column, and what a delete reaches is what another reading of the
 * same schema lists. FICUS_MAGENTO is a folder with magento-fks.tsv,
 * magento-cascades.tsv and magento-columns.tsv. */
#include "tests/lib/test.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/transform/shop.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/table_def.h"
#include "transform/transform.h"

enum { ROWS_MAX = 1024, FILE_MAX = 1024 * 1024, LINES_MAX = 4096 };

struct lines { /* a set of owned texts */
	char *at[LINES_MAX];
	size_t n;
};

static struct mapping *mapping;
static struct fk_row rows[ROWS_MAX];
static size_t row_count;

static bool has(const struct lines *lines, const char *line)
{
	for (size_t i = 0; i < lines->n; i++)
		if (strcmp(lines->at[i], line) == 0)
			return true;
	return false;
}

static void add(struct lines *lines, char *line)
{
	assert_true(lines->n < LINES_MAX);
	if (has(lines, line))
		free(line);
	else
		lines->at[lines->n++] = line;
}

static char *read_facts(const char *name)
{
	char *path = mem_printf("%s/%s", getenv("FICUS_MAGENTO"), name), *text;
	struct err err = { 0 };
	size_t n;

	if (file_read(path, FILE_MAX, &text, &n, &err) < 0)
		fail_msg("%s", err.msg);
	free(path);
	return text;
}

/* Up to six columns of the next line, the heading excepted; false: no more. */
static bool next_line(char **rest, char *columns[6])
{
	char *line = *rest;
	size_t n = strcspn(line, "\n");

	if (n == 0)
		return false;
	*rest = line + n + (line[n] == '\n');
	line[n] = '\0';
	for (size_t i = 0; i < 6; i++) {
		columns[i] = line;
		line += strcspn(line, "\t");
		if (*line)
			*line++ = '\0';
	}
	return true;
}

static void load_keys(char *text)
{
	char *c[6];

	next_line(&text, c);
	while (next_line(&text, c)) {
		assert_true(row_count < ROWS_MAX);
		assert_null(strchr(c[1], ',')); /* Magento has none */
		rows[row_count] = (struct fk_row){
			.constraint = mem_printf("FK_%zu", row_count),
			.child_table = c[0],
			.child_column = c[1],
			.parent_table = c[2],
			.parent_column = c[3],
			.on_delete = c[4],
			.on_update = c[5],
		};
		row_count++;
	}
}

static void expected_lines(char *text, struct lines *lines)
{
	char *c[6];

	next_line(&text, c);
	while (next_line(&text, c)) {
		const struct mapping_table *root = mapping_find(mapping, c[0]);
		const struct mapping_table *child = mapping_find(mapping, c[2]);

		if (root && child)
			add(lines, mem_printf("%s %s %s %s", root->target->name,
					      child->target->name, c[3], c[4]));
	}
}

static void walk(const struct fk_graph *graph, const char *root,
		 const struct target_table *parent, struct lines *lines)
{
	size_t count;
	const struct fk_action *a = fk_actions(graph, parent, &count);

	for (size_t i = 0; i < count; i++, a++) {
		const char *column =
			a->kind == ACTION_ATTRIBUTE
				? "attribute_id"
				: a->child->columns[a->child_column[0]].name;

		add(lines,
		    mem_printf("%s %s %s %s", root, a->child->name, column,
			       a->kind == ACTION_SET_NULL ? "SET NULL"
							  : "CASCADE"));
		/* A table may be its own child, with the same children. */
		if (a->kind == ACTION_DELETE && a->child != parent)
			walk(graph, root, a->child, lines);
	}
}

static struct str word(const char *line, int place)
{
	struct str rest = str_of(line), word = { 0 };

	while (place-- >= 0)
		word = str_split(&rest, ' ');
	return word;
}

static bool has_word(const struct lines *lines, const char *line, int place)
{
	for (size_t i = 0; i < lines->n; i++)
		if (str_eq(word(lines->at[i], place), word(line, place)))
			return true;
	return false;
}

/* The recorded closure starts at some parents only, and leaves out tables that
 * its author did not want. */
static void keep_known(struct lines *found, const struct lines *expected)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++) {
		if (has_word(expected, found->at[i], 0) &&
		    has_word(expected, found->at[i], 1))
			found->at[n++] = found->at[i];
		else
			free(found->at[i]);
	}
	found->n = n;
}

static size_t missing(const struct lines *from, const struct lines *in,
		      const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < from->n; i++) {
		if (has(in, from->at[i]))
			continue;
		print_error("%s: %s\n", what, from->at[i]);
		n++;
	}
	return n;
}

static void free_lines(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->at[i]);
	free(lines);
}

TEST(the_closure_of_every_parent_is_magentos)
{
	char *keys = read_facts("magento-fks.tsv");
	char *cascades = read_facts("magento-cascades.tsv");
	struct lines *expected = mem_zalloc(sizeof(*expected));
	struct lines *found = mem_zalloc(sizeof(*found));
	struct fk_graph *graph = NULL;
	struct err err = { 0 };

	mapping = shop_mapping("");
	load_keys(keys);
	if (fk_graph_new(mapping, rows, row_count, &graph, &err) < 0)
		fail_msg("%s", err.msg);
	expected_lines(cascades, expected);
	for (size_t i = 0; i < mapping->target_count; i++)
		walk(graph, mapping->targets[i]->name, mapping->targets[i],
		     found);
	keep_known(found, expected);
	assert_true(expected->n > 50);
	assert_int_equal(missing(expected, found, "not followed") +
				 missing(found, expected, "not Magento's"),
			 0);
	for (size_t i = 0; i < row_count; i++) {
		char *name;

		memcpy(&name, &rows[i].constraint, sizeof(name));
		free(name);
	}
	fk_graph_free(graph);
	mapping_free(mapping);
	free_lines(expected);
	free_lines(found);
	free(keys);
	free(cascades);
}

/* The lines of one table, already cut into columns, as its definition. */
static struct table_def *table_of(char *const *lines, size_t count)
{
	struct table_def *def = table_def_new(lines[0], count);

	for (size_t i = 0; i < count; i++) {
		const char *name = lines[i] + strlen(lines[i]) + 1;

		name += strlen(name) + 1; /* behind its place */
		const char *type = name + strlen(name) + 1;
		def->columns[i].name = mem_strdup(name);
		def->columns[i].type = mem_strdup(type);
		def->columns[i].charset = mem_strdup("");
	}
	return def;
}

static size_t count_wanted(const struct binding *binding, size_t columns)
{
	size_t n = 0;

	for (size_t i = 0; i < columns; i++)
		if (binding_wanted(binding)[i / 8] & (1U << (i % 8)))
			n++;
	return n;
}

/* Flat tables: all columns go over but the excluded, and no target column is
 * without a source. Value tables: all but value_id are read. */
static void check_table(struct transform *transform,
			const struct table_def *def)
{
	const struct mapping_table *table = mapping_find(mapping, def->name);
	struct binding *binding = NULL;
	struct err err = { 0 };
	size_t excluded = 0, generated = 0;

	if (transform_bind(transform, def, &binding, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < def->count; i++)
		excluded += mapping_excludes(table, def->columns[i].name);
	for (size_t i = 0; i < table->target->count; i++)
		generated += table->target->columns[i].generated;
	if (table->kind == TABLE_EAV) {
		assert_int_equal(count_wanted(binding, def->count),
				 def->count - 1);
	} else if (count_wanted(binding, def->count) + excluded != def->count ||
		   table->target->count - generated + excluded != def->count) {
		fail_msg("%s: %zu columns, %zu go over, %zu excluded, %s has "
			 "%zu",
			 def->name, def->count,
			 count_wanted(binding, def->count), excluded,
			 table->target->name, table->target->count - generated);
	}
	binding_free(binding);
}

/* Of modules that the recorded shop did not have. */
static bool is_optional(const struct mapping_table *table)
{
	return strncmp(table->source, "inventory_", 10) == 0;
}

TEST(every_mapped_table_fits_its_target)
{
	char *text = read_facts("magento-columns.tsv"), *rest = text;
	char **lines = mem_array(LINES_MAX, sizeof(char *));
	struct transform *transform;
	size_t n = 0, found = 0;
	char *c[6];

	mapping = shop_mapping("");
	transform = transform_new(mapping);
	while (next_line(&rest, c)) {
		assert_true(n < LINES_MAX);
		lines[n++] = c[0];
	}
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && strcmp(lines[i], lines[end]) == 0;)
			end++;
		if (!mapping_find(mapping, lines[i]))
			continue;
		struct table_def *def = table_of(lines + i, end - i);

		check_table(transform, def);
		table_def_free(def);
		found++;
	}
	for (size_t i = 0; i < mapping->table_count; i++)
		found += is_optional(&mapping->tables[i]);
	assert_int_equal(found, mapping->table_count);
	transform_free(transform);
	mapping_free(mapping);
	free(lines);
	free(text);
}

RUN_WITH("FICUS_MAGENTO", CASE(every_mapped_table_fits_its_target),
	 CASE(the_closure_of_every_parent_is_magentos))
