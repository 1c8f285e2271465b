#include "transform/fk_children.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transform/fk.h"
#include "transform/mapping.h"
#include "transform/value.h"

static bool is_backend(const struct mapping_table *table,
		       const struct fk_action *action)
{
	if (strcmp(table->entity_type, action->entity_type) != 0)
		return false;
	if (!action->backends)
		return true;
	for (char **name = action->backends; *name; name++)
		if (strcmp(*name, table->backend) == 0)
			return true;
	return false;
}

/* Values are found by their entity, not by their store or attribute. */
static bool is_narrow(const struct mapping_table *table,
		      const struct fk_action *action)
{
	return table->kind != TABLE_EAV ||
	       (action->kind == ACTION_VALUES && action->columns == 1 &&
		strcmp(action->child->columns[action->child_column[0]].name,
		       "entity_id") == 0);
}

/* "parent_id=5"; false: not known, or no integer. */
static bool select_children(const struct fk_action *action,
			    const struct value *parent, char *text, size_t size)
{
	size_t n = 0;

	if (action->columns == 0)
		return false;
	for (size_t i = 0; i < action->columns; i++) {
		struct value v = parent[action->parent_column[i]];
		const char *name =
			action->child->columns[action->child_column[i]].name;
		int64_t number;

		if (v.kind != VALUE_TEXT ||
		    !str_to_i64((struct str){ v.at, v.n }, &number))
			return false;
		n += (size_t)snprintf(text + n, size - n, "%s%s=%.*s",
				      i ? "," : "", name, (int)v.n, v.at);
		if (n >= size)
			return false;
	}
	return true;
}

static int tell(const struct mapping_table *table,
		const struct fk_action *action, const struct value *parent,
		fk_child_cb each, void *user, struct err *err)
{
	char text[FK_SELECTION_MAX];
	struct value selection = { .at = text, .kind = VALUE_TEXT };

	if (!is_narrow(table, action) ||
	    !select_children(action, parent, text, sizeof(text)))
		return each(user, table, NULL, err);
	selection.n = (uint32_t)strlen(text);
	return each(user, table, &selection, err);
}

int fk_children(const struct mapping *mapping, const struct fk_action *action,
		const struct value *parent, fk_child_cb each, void *user,
		struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *child = &mapping->tables[i];

		if (child->target == action->child &&
		    (child->kind != TABLE_EAV || !action->entity_type ||
		     is_backend(child, action)))
			rc = tell(child, action, parent, each, user, err);
	}
	return rc;
}
