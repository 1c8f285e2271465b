/* Selections of rows, "entity_id=5,store_id=1": as conditions for either
 * server, whose names differ only in their quotes, and as keys. Values are
 * integers, so that nothing needs quoting.
 *
 * "entity_id=5,*" is deep: the row of a family's root with all rows that hang
 * on it (mapping.h: family, link, via). */
#ifndef CDC_SELECTION_H
#define CDC_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf;
struct target_table;
struct value;

struct dialect {
	const char *alias; /* with its point */
	char quote;
	/* Text as its UTF-8 bytes, of which both servers know one order; and
	 * hexadecimal digits as bytes. What stands around either. */
	const char *bytes, *bytes_end, *hex, *hex_end;
};
extern const struct dialect selection_source, selection_target;

#define SELECTION_DEEP ",*"
bool selection_is_deep(struct str selection);
/* The same without that. */
struct str selection_shallow(struct str selection);

void selection_add_name(struct buf *sql, const struct dialect *d,
			struct str name);
/* "a=1,b=2" as "(a = 1 and b = 2)"; of a deep one the root's rows. */
void selection_add(struct buf *sql, const struct dialect *d,
		   struct str selection);
/* A value of a key as a place to go on from: digits, or "x6162" of a text's
 * bytes. */
void selection_add_place(struct buf *place, struct str value, bool is_text);
/* The name, of a text's bytes: what to order by. */
void selection_add_order(struct buf *sql, const struct dialect *d,
			 struct str name, bool is_text);
/* Keys behind `after` ("5,x6162"), by all columns in their order. */
void selection_add_behind(struct buf *sql, const struct dialect *d,
			  const struct str *names, size_t count,
			  struct str after);
/* Do the selections have the same columns? */
bool selection_alike(struct str a, struct str b);
/* Ordinals of the table's key, in key order; room for TARGET_KEY_MAX. */
size_t selection_key_columns(const struct target_table *table, size_t *ret);
/* Fills the values, by target column; is it the target's key, no more and no
 * less? */
bool selection_is_key(const struct target_table *target, struct str selection,
		      struct value *values);

#endif
