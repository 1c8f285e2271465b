/* The transform: row changes in, record changes out.
 *
 * Pure: no I/O, no clock, no log. It holds the attribute map (attribute id →
 * code, backend type, entity type), which the stream itself keeps current:
 * rows of eav_entity_type and eav_attribute change it at their place in the
 * stream, and are undone with their source transaction (transform_undo). When
 * a batch is rolled back the caller throws the transform away,
 * makes a new one and loads the map as of the checkpoint. A snapshot chunk is
 * read with a transform of its own that holds the map of that snapshot.
 *
 * One transform belongs to one thread. */
#ifndef TRANSFORM_TRANSFORM_H
#define TRANSFORM_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "transform/record_change.h"
#include "transform/row_change.h"

struct arena;
struct binding;
struct err;
struct fk_graph;
struct fk_watched;
struct losses;
struct mapping;
struct mapping_table;
struct table_def;
struct transform;

struct transform *transform_new(const struct mapping *mapping);
void transform_free(struct transform *transform);

/* Counts what could not be kept, by column; borrowed. Before the first bind;
 * without it nobody counts. */
void transform_set_losses(struct transform *transform, struct losses *losses);
struct losses *transform_losses(const struct transform *transform);
const struct mapping *transform_mapping(const struct transform *transform);

/* Foreign keys as of now; borrowed until replaced. Needed to tell which
 * deletes are barriers. */
void transform_set_foreign_keys(struct transform *transform,
				const struct fk_graph *graph);

/* Is that source table, which is not mapped, one whose rows take ours along?
 * NULL: no. Valid until the foreign keys are replaced. */
const struct fk_watched *transform_watched(const struct transform *transform,
					   struct str source);
/* Some of its rows went away, or changed: asks for the children's tables. */
int transform_watched_rows(struct transform *transform,
			   const struct fk_watched *watched, record_sink sink,
			   void *user, struct err *err) MUST_CHECK;

/* The attribute map's rows, for the start from a checkpoint or a snapshot. */
void transform_entity_type(struct transform *transform, int64_t entity_type_id,
			   const char *code, const char *entity_table);
void transform_attribute(struct transform *transform, int64_t attribute_id,
			 int64_t entity_type_id, const char *code,
			 const char *backend_type, const char *backend_table);

/* A source transaction begins; it did not happen: the attribute map is again
 * what it was at the mark. */
void transform_mark(struct transform *transform);
void transform_undo(struct transform *transform);
/* The source table lost all its rows, without an event for each. True: the
 * attribute map was made of them, so that no value is what it was. */
bool transform_emptied(struct transform *transform,
		       const struct mapping_table *table);

/* Codes of the attributes whose values stand in other source tables that go
 * to the same target. */
void transform_other_codes(const struct transform *transform,
			   const struct mapping_table *table,
			   void (*each)(void *user, struct str code),
			   void *user);

/* How rows of a source table, as `def` describes it, become records. *ret is
 * NULL when the mapping does not want the table. Owned by the caller, who
 * makes it once per table map and frees it with that; `def` is not kept.
 * ERR_CONFIG: the source's table can't go into the target's. */
int transform_bind(struct transform *transform, const struct table_def *def,
		   struct binding **ret, struct err *err) MUST_CHECK;
void binding_free(struct binding *binding);
/* One bit per source column, LSB first: which columns must be decoded. What
 * is not wanted (secrets among it) is never decoded. */
const uint8_t *binding_wanted(const struct binding *binding);
/* For rows of incomplete images: with what tells the row. NULL: no more than
 * binding_wanted(). */
const uint8_t *binding_wanted_too(const struct binding *binding);
const char *binding_source(const struct binding *binding); /* table name */
/* Is the row none of those that the mapping takes? *change is what becomes of
 * it otherwise (row_filter.h). For who keeps rows before they are given to
 * transform_row(), which does the same. */
bool binding_drops(const struct binding *binding, struct row_change *change);

/* What transform_row() begins with, for who keeps rows elsewhere before: the
 * same row without what privacy.h takes from it. Values of attributes that are
 * not known yet go, too, where some of their type may not be shown: ABSENT,
 * they are read again when the row counts. *ret borrows from row and arena. */
void transform_conceal(const struct transform *transform,
		       const struct binding *binding,
		       const struct row_change *row, struct arena *arena,
		       struct row_change *ret);

/* A row of eav_attribute or eav_entity_type that makes values stand under
 * another name, or elsewhere, or appear, asks for these values too.
 *
 * arena: scratch of the batch; texts that need converting are put there. A row
 * whose image does not say all of what becomes of its record is asked for
 * again (RECORD_REFETCH) and not used, but for what is exact: a delete that
 * has the key, values with their place, and metadata, of which present columns
 * are written beside the request. ERR_OPERATOR: a metadata row without what
 * the attribute map must know, or a key that others follow by ON UPDATE was
 * changed: a new bootstrap is needed. */
int transform_row(struct transform *transform, struct binding *binding,
		  const struct row_change *row, struct arena *arena,
		  record_sink sink, void *user, struct err *err) MUST_CHECK;

/* Counted, never logged: what had to be changed or left out, by kind. */
struct transform_counts {
	uint64_t rows;
	uint64_t incomplete;	  /* rows whose image lacked what we need */
	uint64_t foreign_backend; /* values outside the backend's table */
	uint64_t unknown_attribute;
	/* Known attributes renamed, or moved to another value table, by SQL:
	 * their values are asked for again. */
	uint64_t attribute_changes;
};
const struct transform_counts *
transform_counts(const struct transform *transform);

#endif
