/* The source's foreign keys, and what a delete sets off.
 *
 * Made from information_schema (or its copy kept with the checkpoint) and made
 * anew after DDL. Actions are given in terms of the target, so that the
 * applier can run them set-based:
 *
 *   ACTION_DELETE     child rows whose columns equal the parent's go away, and
 *                     so do, transitively, their children (fk_actions of the
 *                     child's table)
 *   ACTION_SET_NULL   child's columns become NULL
 *   ACTION_VALUES     EAV: values of an entity or a store go away (rows of the
 *                     values table; only the attributes of `backends` when not
 *                     all value tables folded into it have the key)
 *   ACTION_ATTRIBUTE  EAV: one attribute goes away from every values row of
 *                     that table; parent is the attributes table
 *   ACTION_READ       child follows through a table that is not mapped: all of
 *                     it must be read again
 *
 * Texts are equal as the source compares them: where both sides have a column
 * X_key beside X, those are compared.
 *
 * A parent's changed key (ON UPDATE) is rare, and so are parents that are not
 * mapped: what they do to their children is not worked out, the children are
 * read again (fk_updates, fk_watched; transform/fk_children.h). */
#ifndef TRANSFORM_FK_H
#define TRANSFORM_FK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct fk_watched;
struct mapping;
struct target_table;

enum { FK_COLUMNS_MAX = 4 };

struct fk_row { /* one column of one constraint, as listed by the source */
	const char *constraint, *child_table, *child_column;
	const char *parent_table, *parent_column;
	const char *on_delete, *on_update; /* "CASCADE", "SET NULL", … */
};

enum fk_action_kind {
	ACTION_DELETE,
	ACTION_SET_NULL,
	ACTION_VALUES,
	ACTION_ATTRIBUTE,
	ACTION_READ
};

struct fk_action {
	enum fk_action_kind kind;
	const struct target_table *child;     /* borrowed from the mapping */
	size_t columns;			      /* 1 to FK_COLUMNS_MAX */
	size_t child_column[FK_COLUMNS_MAX];  /* by target ordinal */
	size_t parent_column[FK_COLUMNS_MAX]; /* by parent's target ordinal */
	/* ACTION_SET_NULL: what becomes NULL, by target ordinal: the columns,
	 * and those that hold their keys. */
	size_t null_column[2 * FK_COLUMNS_MAX], nulls;
	/* ACTION_VALUES: NULL-terminated backend types this key covers, or
	 * NULL: all of them. ACTION_ATTRIBUTE: those stored in child. */
	char **backends;
	const char *entity_type; /* EAV actions: its code; borrowed */
};

struct fk_graph;

/* Rows in any order; table names as on the source. An ERR_CONFIG, naming the
 * constraint and the cure, when a mapped table has an action of a mapped
 * parent on a column that the target lacks or the mapping excludes. */
int fk_graph_new(const struct mapping *mapping, const struct fk_row *rows,
		 size_t count, struct fk_graph **ret,
		 struct err *err) MUST_CHECK;
void fk_graph_free(struct fk_graph *graph);
/* What deleting rows of that target table sets off; *count may be 0. */
const struct fk_action *fk_actions(const struct fk_graph *graph,
				   const struct target_table *parent,
				   size_t *count);
/* What follows when parent_column of them changes; ACTION_READ all, but for
 * ACTION_VALUES. */
const struct fk_action *fk_updates(const struct fk_graph *graph,
				   const struct target_table *parent,
				   size_t *count);
/* Of a table that is not mapped (transform/fk_watch.h); NULL: nothing. */
const struct fk_watched *fk_watched(const struct fk_graph *graph,
				    struct str source);

#endif
