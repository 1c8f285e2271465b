/* The children of a row, as selections of rows to be read again: for where it
 * is not certain, or not worked out, what a foreign key did to them. */
#ifndef TRANSFORM_FK_CHILDREN_H
#define TRANSFORM_FK_CHILDREN_H

#include <stddef.h>

#include "base/defs.h"

struct err;
struct fk_action;
struct mapping;
struct mapping_table;
struct value;

enum { FK_SELECTION_MAX = 512 };

/* selection: as in a RECORD_REFETCH, TEXT or, for the whole table, NULL; valid
 * during the call. */
typedef int (*fk_child_cb)(void *user, const struct mapping_table *child,
			   const struct value *selection, struct err *err);

/* parent: by target column. Where a column that the children refer to is not
 * known or no integer, they are all of their table. Stops at a negative
 * return. */
int fk_children(const struct mapping *mapping, const struct fk_action *action,
		const struct value *parent, fk_child_cb each, void *user,
		struct err *err) MUST_CHECK;

#endif
