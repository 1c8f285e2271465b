/* The native JSON of the four entities, as tables: fields in the order they
 * are printed, and the children under them. The read service's SQL, its
 * serialiser and the transcoder of Magento's answers are all driven by these,
 * so that a client can't tell by the shape who answered.
 *
 * Every field named here is always printed. What Magento's REST does not give
 * (product options of order items, say) is left out on both sides, but for
 * order items' row totals: its own are wrong for quantities above one
 * (magento.md 6.4), so they are null when Magento answers. Lists have no
 * `stock`, and by-id product reads answered by Magento have null there,
 * because its searches do not give it. */
#ifndef ROUTER_READ_ENTITY_H
#define ROUTER_READ_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "router/read/field.h"
#include "router/read/request.h"

enum entity_shape {
	ENTITY_LIST,   /* array of objects */
	ENTITY_VALUES, /* array of each one's first field */
	ENTITY_ONE,    /* the first one's object, or null */
};

struct entity_child {
	const char *json;
	const struct entity *entity;
	enum entity_shape shape;
	/* Rows of the copy: those whose second column is this; NULL: all. */
	const char *sort;
	/* Magento's side: where, and a member an object must have to count;
	 * both may be NULL. */
	const char *magento, *magento_needs;
	bool single_only; /* not in lists */
};

enum { ENTITY_CHILDREN_MAX = 5 };

/* How the keys of a record's dead letters name the root ("entity_id"); NULL:
 * they don't, so that one of them makes every root's key unhealthy. */
struct entity_record {
	const char *name, *root;
};

struct entity {
	const char *statement; /* schema/read/<statement>.sql */
	const char *table;     /* of the roots, whose keys a list walks */
	const struct field *fields;
	size_t field_count;
	const struct entity_child *children;
	size_t child_count;
	/* Members of a list come in order of their first field, which is a
	 * number; otherwise as Magento and the SQL have them. */
	bool ordered;
	const char *const *hidden; /* attribute codes that are fields */
	/* Records whose dead letters make a root's key unhealthy. */
	const struct entity_record *records;
	size_t record_count;
};

const struct entity *entity_of(enum read_kind kind);

extern const struct entity entity_order;

#endif
