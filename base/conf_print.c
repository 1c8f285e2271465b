#include "base/conf.h"

#include <string.h>

#include "base/buf.h"
#include "base/conf_value.h"
#include "base/str.h"

static void add_indent(struct buf *out, size_t level)
{
	for (size_t i = 0; i < level; i++)
		buf_adds(out, "  ");
}

/* The key's sections that were not open already: "head:" */
static size_t open_sections(const char *key, const char *before,
			    struct buf *out)
{
	struct str rest = str_of(key), old = str_of(before);
	bool same = true;
	size_t level = 0;

	for (;;) {
		struct str name = str_split(&rest, '.');

		if (!rest.at)
			return level;
		same = same && str_eq(name, str_split(&old, '.')) && old.at;
		if (!same) {
			if (level == 0 && out->n)
				buf_addc(out, '\n');
			add_indent(out, level);
			buf_add(out, name.at, name.n);
			buf_adds(out, ":\n");
		}
		level++;
	}
}

static bool has_range(const struct conf_row *row)
{
	return row->type == CONF_INT || row->type == CONF_TIME ||
	       row->type == CONF_SIZE;
}

static void add_range(const struct conf_row *row, struct buf *out)
{
	conf_value_number(row, row->least, out);
	buf_adds(out, " to ");
	conf_value_number(row, row->most, out);
}

static void add_comments(const struct conf_row *row, size_t level,
			 struct buf *out)
{
	add_indent(out, level);
	buf_addf(out, "# %s\n", row->help);
	if (has_range(row)) {
		add_indent(out, level);
		buf_adds(out, "# ");
		add_range(row, out);
		buf_addf(out, ", default %s\n", row->by_default);
	}
	if (*row->env) {
		add_indent(out, level);
		buf_addf(out, "# environment: %s\n", row->env);
	}
}

void conf_print(const struct conf_table *table, const void *base,
		struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < table->count; i++) {
		const struct conf_row *row = &table->rows[i];
		const char *dot = strrchr(row->key, '.');
		size_t level = open_sections(row->key, before, out);

		add_comments(row, level, out);
		add_indent(out, level);
		if (row->type == CONF_SECRET)
			buf_adds(out, "# "); /* or …_file: */
		buf_adds(out, dot ? dot + 1 : row->key);
		buf_adds(out, ": ");
		conf_value_print(row, base, out);
		buf_addc(out, '\n');
		before = row->key;
	}
}

/* A bar would end the table's cell. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static void add_row(const struct conf_row *row, struct buf *out)
{
	buf_addf(out, "| `%s` | ", row->key);
	if (*row->by_default)
		buf_addf(out, "`%s`", row->by_default);
	buf_adds(out, " | ");
	if (has_range(row))
		add_range(row, out);
	else if (row->type == CONF_BOOL)
		buf_adds(out, "true, false");
	else if (row->type == CONF_LIST)
		buf_adds(out, "list");
	else if (row->type == CONF_SECRET)
		buf_adds(out, "secret");
	buf_adds(out, " | ");
	if (*row->env)
		buf_addf(out, "`%s`", row->env);
	buf_adds(out, " | ");
	add_cell(out, row->help);
	buf_adds(out, " |\n");
}

void conf_markdown(const struct conf_table *table, struct buf *out)
{
	size_t section = 0; /* length of its name in the row before */

	for (size_t i = 0; i < table->count; i++) {
		const char *key = table->rows[i].key;
		size_t n = strcspn(key, ".");

		if (i == 0 || n != section ||
		    strncmp(key, table->rows[i - 1].key, n) != 0) {
			buf_addf(out, "%s## %.*s\n\n", i ? "\n" : "", (int)n,
				 key);
			buf_adds(out, "| setting | default | values | "
				      "environment | meaning |\n"
				      "| --- | --- | --- | --- | --- |\n");
		}
		section = n;
		add_row(&table->rows[i], out);
	}
}
