#include "transform/row_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"
#include "transform/row_change.h"
#include "transform/table_def.h"
#include "transform/value.h"

enum { TEXTS_MAX = 1024 };

static int read_texts(const struct yaml *doc, const struct yaml_node *list,
		      struct row_filter *filter, struct err *err)
{
	size_t count = 0;

	for (const struct yaml_node *n = list->first; n; n = n->next)
		count++;
	if (count == 0 || count > TEXTS_MAX)
		return yaml_error(doc, list, err,
				  "a column of `where` needs 1 to %d texts",
				  TEXTS_MAX);
	filter->texts = mem_array(count + 1, sizeof(*filter->texts));
	count = 0;
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		const char *text;

		if (yaml_text(doc, n, &text, err) < 0)
			return err->code;
		if (!*text || strcmp(text, "*") == 0)
			return yaml_error(doc, n, err,
					  "\"%s\" keeps out no row", text);
		filter->texts[count++] = mem_strdup(text);
	}
	return 0;
}

int row_filter_read(const struct yaml *doc, const struct yaml_node *node,
		    struct row_filter *ret, struct err *err)
{
	const struct yaml_node *column =
		node->kind == YAML_MAP ? node->first : NULL;

	if (!column || column->next || column->kind != YAML_LIST)
		return yaml_error(doc, node, err,
				  "`where` must be one column with a list of "
				  "texts: {path: [a/b/c, 'a/c/*']}");
	ret->column = mem_strdup(column->key);
	return read_texts(doc, column, ret, err);
}

void row_filter_done(struct row_filter *filter)
{
	for (char **text = filter->texts; text && *text; text++)
		free(*text);
	free(filter->texts);
	free(filter->column);
	*filter = (struct row_filter){ 0 };
}

int row_filter_bind(const struct row_filter *filter,
		    const struct table_def *def, uint8_t *wanted, int *ret,
		    struct err *err)
{
	*ret = -1;
	if (!filter->column)
		return 0;
	*ret = table_def_find(def, filter->column);
	if (*ret < 0)
		return err_set(err, ERR_CONFIG,
			       "source table %s has no column %s, by which the "
			       "mapping's `where` chooses its rows",
			       def->name, filter->column);
	wanted[*ret / 8] |= (uint8_t)(1U << (*ret % 8));
	return 0;
}

static bool has_text(const struct row_filter *filter, struct str text)
{
	for (char **t = filter->texts; *t; t++) {
		size_t n = strlen(*t);

		if ((*t)[n - 1] == '*'
			    ? text.n >= n - 1 && memcmp(*t, text.at, n - 1) == 0
			    : str_eqs(text, *t))
			return true;
	}
	return false;
}

static enum row_verdict judge(const struct row_filter *filter,
			      const struct value *v)
{
	if (v->kind == VALUE_ABSENT)
		return ROW_UNKNOWN;
	return value_has(*v) && has_text(filter, (struct str){ v->at, v->n })
		       ? ROW_KEEP
		       : ROW_DROP;
}

static enum row_verdict judge_update(enum row_verdict before,
				     enum row_verdict after,
				     struct row_change *change)
{
	if (before == ROW_UNKNOWN || after == ROW_UNKNOWN)
		return ROW_UNKNOWN;
	if (before == ROW_KEEP && after == ROW_DROP) {
		change->op = ROW_DELETE;
		change->actions = ROW_ACTIONS_NONE;
		change->after = NULL;
	} else if (before == ROW_DROP && after == ROW_KEEP) {
		change->op = ROW_INSERT;
		change->before = NULL;
	}
	return before == ROW_KEEP ? before : after;
}

enum row_verdict row_filter_judge(const struct row_filter *filter, int ordinal,
				  struct row_change *change)
{
	enum row_verdict before, after;

	if (ordinal < 0)
		return ROW_KEEP;
	if (change->op == ROW_INSERT)
		return judge(filter, &change->after[ordinal]);
	before = judge(filter, &change->before[ordinal]);
	if (change->op == ROW_DELETE)
		return before == ROW_UNKNOWN ? ROW_KEEP : before;
	after = judge(filter, &change->after[ordinal]);
	return judge_update(before, after, change);
}
