/* The schema behind a statement, from the one before it and from one read
 * later: rules 4 to 6 of schema_history.h. Pure. */
#ifndef CDC_SCHEMA_MERGE_H
#define CDC_SCHEMA_MERGE_H

#include <stdbool.h>
#include <stddef.h>

struct mapping;
struct schema;

struct schema_merge {
	const struct mapping *mapping;
	const struct schema *before, *read;
	/* By mapping table, effects (ddl.h): of the statement, and of those
	 * between it and the reading. */
	const unsigned char *named, *later;
	bool moves; /* the statement renames or drops columns */
	/* By mapping table; set here: its rows are to be read again, because
	 * for a while nobody can say what they or its keys are. */
	bool *doubtful;
};

/* The caller's. */
struct schema *schema_merge(const struct schema_merge *merge);

/* A mapped table's name on the source; the caller frees it. */
char *schema_merge_name(const struct mapping *mapping, size_t table);

#endif
