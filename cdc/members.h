/* bootstrap.since: what hangs on roots that are not copied goes away.
 *
 * The transform judges roots (transform/since.h); of all other rows of their
 * families the copy alone can say: a row stays if the row that its link names
 * is there. Rows may come before their root, so that the judgement is made at
 * the end, in the transaction that commits the changes, over the links they
 * touched; what is deleted takes along what hangs on it in turn. Since only
 * the state counts, links may be judged more often than needed: what a source
 * transaction touched that did not happen does no harm.
 *
 * A link that is NULL names no root: its row stays. Owned by the applier. */
#ifndef CDC_MEMBERS_H
#define CDC_MEMBERS_H

#include <stdbool.h>

#include "base/defs.h"

struct err;
struct mapping;
struct members;
struct pg;
struct record_change;

/* mapping: borrowed, with its targets' columns; its bounds may change. NULL:
 * no family can have a filter. */
struct members *members_new(const struct mapping *mapping);
void members_free(struct members *members); /* NULL is fine */

void members_note(struct members *members, const struct record_change *change);
/* Is there anything to judge? */
bool members_pending(const struct members *members);
/* With everything written, in the transaction that is open. */
int members_settle(struct members *members, struct pg *pg,
		   struct err *err) MUST_CHECK;

#endif
