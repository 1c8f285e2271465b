/* What the files of transform.h share; not for others.
 *
 *   transform.c   the object: attribute map, foreign keys, counts
 *   flat_row.c    rows of flat and metadata tables
 *   know.c        rows that the attribute map is made of
 *   value_row.c   rows of EAV value tables */
#ifndef TRANSFORM_TRANSFORM_IMPL_H
#define TRANSFORM_TRANSFORM_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/defs.h"
#include "transform/attribute.h"
#include "transform/transform.h"
#include "transform/value.h"

struct transform {
	const struct mapping *mapping; /* borrowed */
	struct attribute_map attributes;
	struct attribute_map former;  /* as of the mark; used if … */
	bool changed;		      /* … it was changed since */
	const struct fk_graph *graph; /* borrowed; NULL: none yet */
	uint64_t generation;	      /* of graph; 0: none yet */
	struct losses *losses;	      /* borrowed; or NULL */
	struct transform_counts counts;
};

/* One row on its way. */
struct work {
	struct transform *transform;
	struct binding *binding;
	struct arena *arena;
	record_sink sink;
	void *user;
};

int transform_flat_row(const struct work *w, const struct row_change *row,
		       struct err *err) MUST_CHECK;
int transform_value_row(const struct work *w, const struct row_change *row,
			struct err *err) MUST_CHECK;

/* The attribute map follows a row of its tables; of others nothing is done.
 * Values that stand elsewhere or under another name since are asked for. */
int transform_know(const struct work *w, const struct row_change *row,
		   struct err *err) MUST_CHECK;

/* Before each change of the attribute map. */
void transform_save(struct transform *transform);
/* A request to read rows of a table again; transform_refetch(): of this one. */
int transform_refetch_of(const struct work *w,
			 const struct mapping_table *table,
			 struct value selection, struct err *err) MUST_CHECK;
int transform_refetch(const struct work *w, struct value selection,
		      struct err *err) MUST_CHECK;
int transform_refetch_all(const struct work *w, struct err *err) MUST_CHECK;

static inline bool value_same(struct value a, struct value b)
{
	return a.kind == b.kind && a.n == b.n &&
	       (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

/* Digits of an attribute id; what is none gives an id nobody has. */
static inline uint64_t attribute_id(struct value v)
{
	uint64_t id = 0;

	if (v.kind != VALUE_TEXT || v.n == 0 || v.n > 9)
		return UINT64_MAX;
	for (uint32_t i = 0; i < v.n; i++) {
		unsigned digit = (unsigned char)v.at[i] - (unsigned)'0';

		if (digit > 9)
			return UINT64_MAX;
		id = id * 10 + digit;
	}
	return id;
}

#endif
