/* A source table bound to its target: what transform_row() does per row,
 * worked out once per table map.
 *
 * Part of the transform; nothing outside it looks inside. */
#ifndef TRANSFORM_BINDING_H
#define TRANSFORM_BINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "transform/extra.h"
#include "transform/record_change.h"
#include "transform/since.h"
#include "transform/text.h"
#include "transform/value.h"

struct err;
struct losses;
struct mapping;
struct mapping_table;
struct table_def;

/* Source columns with a meaning of their own, by role. */
enum {
	EAV_ENTITY = 0,
	EAV_STORE = 1, /* may be absent: all values are of store 0 */
	EAV_ATTRIBUTE = 2,
	EAV_VALUE = 3,
	TYPE_ID = 0,
	TYPE_CODE = 1,
	TYPE_TABLE = 2,
	ATTRIBUTE_ID = 0,
	ATTRIBUTE_TYPE_ID = 1,
	ATTRIBUTE_CODE = 2,
	ATTRIBUTE_BACKEND = 3,
	ATTRIBUTE_TABLE = 4,
	SPECIAL_MAX = 5,
};

enum binding_role {
	ROLE_FLAT,
	ROLE_EAV,
	ROLE_ENTITY_TYPE, /* eav_entity_type: flat, and the attribute map */
	ROLE_ATTRIBUTE	  /* eav_attribute: the same */
};

struct move { /* one column from the source's row to the record */
	uint16_t from, to;
	uint8_t codec;	   /* enum text_codec */
	uint8_t fold;	   /* enum fold: what goes there is its key */
	struct loss *loss; /* borrowed; or NULL */
};

struct binding {
	const struct mapping_table *table; /* borrowed from the mapping */
	char *source;			   /* owned; with prefix */
	enum binding_role role;
	enum record_json json;	  /* ROLE_EAV: how its values are written */
	uint8_t value_codec;	  /* EAV: enum text_codec of the values */
	struct loss *loss;	  /* EAV: of the values; borrowed or NULL */
	struct losses *losses;	  /* borrowed; or NULL */
	int special[SPECIAL_MAX]; /* source ordinals; -1: none */
	uint8_t *wanted;	  /* owned; one bit per source column */
	/* EAV: what tells a row whose image says no more (value_id). */
	int id;		     /* source ordinal; -1: no key of one column */
	char *id_name;	     /* owned; or NULL */
	uint8_t *wanted_too; /* owned; wanted, and id */
	size_t move_count, key_count;
	int where; /* source ordinal of the row filter's column; -1: none */
	struct extra extra;
	struct since since;
	struct move *moves; /* owned; the first key_count are the key */
	/* Owned; by target column. What no move writes stays as it was made:
	 * NULL, or ABSENT where the target computes it. */
	struct value *now, *old;
	size_t columns;	  /* of the source's table */
	uint16_t *hashed; /* owned; source ordinals */
	size_t hashed_count;
	bool conceals; /* some are hashed, or attributes are kept back */
	size_t entity_to, store_to; /* ROLE_EAV: target ordinals of the key */
	/* What the foreign keys say, as of `generation` of them. */
	uint64_t generation;
	bool has_actions, has_updates;
};

int binding_new(const struct mapping *mapping,
		const struct mapping_table *table, const struct table_def *def,
		struct losses *losses, struct binding **ret,
		struct err *err) MUST_CHECK;
void binding_freep(struct binding **binding);

#endif
