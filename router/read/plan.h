/* The statements of the read service: made once from the files of schema/read
 * and the entities' fields, prepared on every connection; and for each kind of
 * read which of them run, in what order.
 *
 * In the SQL files `:columns` stands for the entity's fields, `:table` for the
 * root table. The root ids that a read is about are found once and kept in the
 * transaction's setting ficus.keys; only the statement that finds them has
 * parameters. The first column of an entity's statement is the id of its root,
 * by which it is sorted, the second what entity_child.sort compares. */
#ifndef ROUTER_READ_PLAN_H
#define ROUTER_READ_PLAN_H

#include <stddef.h>

#include "router/pg_pool.h"
#include "router/read/entity.h"

struct plan_sql {
	const char *name, *text;
};
extern const struct plan_sql plan_sql[]; /* generated; ends with a NULL name */

enum {
	PLAN_STATEMENTS_MAX = 48,
	PLAN_CHILD_FIELDS = 2, /* columns before the fields */
};

/* The steps of a read. */
enum plan_step {
	PLAN_BEGIN,
	PLAN_PROOF,
	PLAN_UNHEALTHY,
	PLAN_KEYS,
	PLAN_ROOT,
	PLAN_CHILDREN, /* then, of lists, the total; then commit */
};

struct plan_kind {
	const struct entity *entity;
	size_t statements[PG_POOL_STEPS_MAX]; /* by step */
	size_t count;
	size_t total;			   /* step; 0: none */
	size_t child[ENTITY_CHILDREN_MAX]; /* step; 0: not of this kind */
	char *records; /* of the entity as a text[]; owned */
};

struct plan {
	struct plan_kind kinds[READ_KIND_COUNT];
	struct pg_pool_statement statements[PLAN_STATEMENTS_MAX]; /* owned */
	size_t count;
	size_t passed_ticket; /* statement, outside of any read */
};

void plan_init(struct plan *plan);
void plan_done(struct plan *plan);

#endif
