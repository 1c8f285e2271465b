/* Foreign keys of the source into a struct schema. Part of schema_read.c. */
#ifndef CDC_SCHEMA_KEYS_H
#define CDC_SCHEMA_KEYS_H

#include <stdbool.h>

#include "base/defs.h"

struct buf;
struct err;
struct schema;
struct source;

int schema_read_keys(struct source *source, const char *database,
		     struct schema *schema, struct err *err) MUST_CHECK;
/* A string literal of the source's SQL. */
void schema_quote(struct buf *out, const char *text);
void schema_quote_name(struct buf *out, const char *name); /* `…` */

/* Does the server say that there is no such table, or database? */
bool schema_is_missing(const struct err *err);

/* The rules of one constraint in what SHOW CREATE TABLE prints; both point to
 * constants. False: it is not there. */
bool schema_key_rules(const char *create, const char *constraint,
		      const char **ret_delete, const char **ret_update);

#endif
