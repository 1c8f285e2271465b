/* `cdc --dead-letters`: what the target refused, for the one who mends it.
 *
 *     list          what is there: no values, but where, since when and why
 *     retry [ID…]   reads the records again from the source: requests in
 *                   ficus.refetch, which the running cdc does; a letter goes
 *                   when its record was written
 *     drop [ID…]    gives them up: the copy stays as it is
 *
 * Without numbers all letters are meant. */
#ifndef CDC_LETTERS_H
#define CDC_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct buf;
struct err;
struct setup;

struct letters_ask {
	const char *action; /* "list", "retry", "drop" */
	char *const *ids;   /* decimal; borrowed */
	size_t id_count;
	bool json; /* list */
};

/* ERR_CONFIG: no such action, or no number. Appends what is to be shown. */
int letters_run(const struct setup *setup, const struct letters_ask *ask,
		struct buf *out, struct err *err) MUST_CHECK;

#endif
