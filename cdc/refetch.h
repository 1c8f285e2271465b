/* The healer: what ficus.refetch asks for is read from the source again.
 *
 * A thread keeps a connection to the source and waits until the applier, with
 * everything committed and between two source transactions, lets it read; the
 * applier stands still meanwhile, for a fraction of a second at most, then
 * writes what was read and goes on. A read that takes longer is given up: the
 * stream never waits for a slow or a lost source, requests stay where they
 * are and are tried again with growing pauses. Nothing is locked.
 *
 * Why it converges. S is where the copy stands, X what the snapshot shows, Pk
 * the head that was read after the snapshot opened. Then S ≤ X ≤ Pk: the
 * snapshot is taken while the copy stands at S and once the source shows S
 * (snapshot_begin_after), and nothing is committed between that and the write.
 * So the rows read are of X, a state that all changes up to S are in. The
 * stream then repeats S…Pk over them. Of each row or value that changes in
 * S…X the last change to it is written last, as it was in X, whatever stood
 * there before: full images replace, deletes delete, and an image that does
 * not say all asks again, which makes the request anew and not done. What does
 * not change in S…X keeps the state of X. At Pk, therefore, the copy has the
 * source's state of Pk. Foreign-key actions are the exception, because they
 * are worked out from the copy: a delete in S…X that cascades finds the
 * children as of X. A child it takes wrongly, because it got that parent after
 * the delete, has its own event in S…X, which brings it back; the child's
 * children have none. So while any request is pending, the children of rows
 * that a cascade took are asked for too (descend.h); and those of rows that
 * are found to be gone.
 *
 * A whole table is read in pieces, each with its own S, X and Pk, the stream
 * going on between; it is done when the last piece's Pk has passed. Until
 * then, and until Pk has passed for any request, its row stays in
 * ficus.refetch and its domain is not fresh. The row is deleted in the first
 * commit behind Pk, or behind a head that was sampled after the read.
 *
 * Owned by a session; refetch_turn() is called by the applier's thread. */
#ifndef CDC_REFETCH_H
#define CDC_REFETCH_H

#include "base/defs.h"

struct apply;
struct board;
struct err;
struct position;
struct refetch;
struct setup;

/* setup, board and apply are borrowed. */
int refetch_new(const struct setup *setup, struct board *board,
		struct apply *apply, struct refetch **ret,
		struct err *err) MUST_CHECK;
void refetch_free(struct refetch *r); /* NULL is fine */

/* Somebody else asked too (cdc --dead-letters retry): look. */
void refetch_wake(struct refetch *r);

/* Between source transactions, with nothing pending in the applier, which
 * stands at `applied` (`file` in the log). An error is one of the target. */
int refetch_turn(struct refetch *r, const struct position *applied,
		 const char *file, struct err *err) MUST_CHECK;

#endif
