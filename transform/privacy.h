/* What a user keeps from the copy, besides the mapping's own list: settings
 * transform.exclude and transform.hash.
 *
 *     customer_entity.taxvat     a column, by the source's names, without
 *                                table prefix
 *     customer:loyalty_number    an attribute whose values stand in value
 *                                tables: entity type and code
 *
 * What is excluded is not decoded, or not handed on; of what is hashed only
 * HMAC-SHA-256 of the value's text is, in hexadecimal: equal values stay
 * equal, in all columns. NULL stays NULL. Both are done before a row is kept
 * anywhere (transform_conceal). Part of a mapping. */
#ifndef TRANSFORM_PRIVACY_H
#define TRANSFORM_PRIVACY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct err;
struct mapping;
struct mapping_table;

enum privacy { PRIVACY_NONE, PRIVACY_EXCLUDED, PRIVACY_HASHED };

struct privacy_entry {
	char *text; /* owned; as the user wrote it */
	/* Owned parts of it: the table, or the entity type; the name. */
	char *owner, *name;
	bool attribute, hash;
};

struct privacy_list {
	size_t count;
	struct privacy_entry *entries; /* owned */
	char *key;		       /* owned; NULL: nothing is hashed */
};

/* Once, before anything is bound. The lists are joined by commas, as settings
 * are. ERR_CONFIG, with the entry and the reason: one that is malformed or
 * twice there, of a table that is not mapped, or that the records can't be
 * made without. What only the databases tell is checked by cdc --check
 * (cdc/doctor_privacy.c) and, for types and keys, when a table is bound. */
int privacy_set(struct mapping *mapping, const char *exclude, const char *hash,
		const char *key, struct err *err) MUST_CHECK;
void privacy_done(struct mapping *mapping);

/* Of columns: mapping_excludes() and mapping_hashes(). Of the value tables'
 * attributes. */
enum privacy privacy_of_attribute(const struct mapping *mapping,
				  const char *entity_type, struct str code);
/* Any attribute of the type? */
bool privacy_has_type(const struct mapping *mapping, const char *entity_type);

#endif
