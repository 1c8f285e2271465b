/* Requests to read again (ficus.refetch) that a commit will hold.
 *
 * Embedded in the applier. Each is told apart by (table, selection); those of
 * the open source transaction can be taken back. What would become too many
 * for one table becomes the whole table, so that a transaction of any size
 * costs bounded memory. A request that is there already starts anew: what was
 * read for it was read before its new reason. */
#ifndef CDC_REFETCH_LOG_H
#define CDC_REFETCH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "cdc/array.h"
#include "cdc/index.h"

struct mapping;
struct mapping_table;
struct pg;
struct value;

enum {
	REFETCH_KEYS_MAX = 20000, /* in one commit; then whole tables */
	REFETCH_SELECTION_MAX = 512,
};

struct refetch_entry {
	uint64_t hash;
	const struct mapping_table *table;
	struct str selection; /* "": the whole table */
	bool again; /* once more when the position of its reading has passed */
};

/* Requests that were read, as one statement's parameters (text arrays). A
 * request that was made anew meanwhile has lost its progress and keeps to
 * that. */
struct refetch_marks {
	struct array ids;      /* bigint */
	struct array progress; /* as it was found */
	struct array next;     /* as it is now; NULL: all was read */
	struct array rows;     /* bigint: read by that */
	uint64_t rows_read;    /* their sum */
	const char *read_position;
};
void refetch_marks_init(struct refetch_marks *marks);
void refetch_marks_done(struct refetch_marks *marks);
void refetch_marks_reset(struct refetch_marks *marks);
/* next NULL: nothing is left to read. */
void refetch_marks_add(struct refetch_marks *marks, int64_t id,
		       const char *progress, const char *next, uint64_t rows);
void refetch_marks_queue(struct refetch_marks *marks, struct pg *pg);

struct refetch_log {
	const struct mapping *mapping; /* borrowed */
	struct arena arena;
	struct index index;
	struct refetch_entry **entries; /* owned array, in order of arrival */
	size_t count, size;
	size_t ended; /* the first so many are of ended transactions */
	bool again;   /* of what is added (apply_descend()) */
};

void refetch_log_init(struct refetch_log *log, const struct mapping *mapping);
void refetch_log_done(struct refetch_log *log);
void refetch_log_reset(struct refetch_log *log);

/* selection: TEXT as in a RECORD_REFETCH, copied; NULL: the whole table. A
 * deep one ("entity_id=5,*" of a family's root) asks for all that hangs on the
 * row, too. */
void refetch_log_add(struct refetch_log *log, const struct mapping_table *table,
		     const struct value *selection);
bool refetch_log_has_metadata(const struct refetch_log *log);
void refetch_log_end(struct refetch_log *log); /* the open one is complete */
void refetch_log_abandon(struct refetch_log *log); /* … did not happen */
/* Queues what ended transactions asked. */
void refetch_log_queue(const struct refetch_log *log, struct pg *pg);

#endif
