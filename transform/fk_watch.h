/* Tables of the source that are not mapped, but whose deletes take rows of
 * mapped ones along, or change them: directly, or through others like them.
 * No row of them is decoded; the children are read again.
 *
 * Part of a struct fk_graph, and lives as long. */
#ifndef TRANSFORM_FK_WATCH_H
#define TRANSFORM_FK_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct target_table;

struct fk_watched {
	char *source;			      /* owned */
	const struct target_table **children; /* owned array of borrowed */
	size_t count;
	bool updates; /* children change with its keys, too */
};

struct fk_watch {
	struct fk_watched *at; /* owned array */
	size_t count;
};

void fk_watch_done(struct fk_watch *watch); /* all zero is fine */
/* The entry of that table; made if there is none. Valid until the next. */
struct fk_watched *fk_watch_take(struct fk_watch *watch, const char *source);
/* NULL: none. */
struct fk_watched *fk_watch_find(const struct fk_watch *watch,
				 struct str source);
/* False: it was there already. */
bool fk_watched_add(struct fk_watched *watched,
		    const struct target_table *child);
bool fk_watched_has(const struct fk_watched *watched,
		    const struct target_table *child);

#endif
