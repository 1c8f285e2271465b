/* Table maps of the open log file, and what was planned from each.
 *
 * The server sends a map before every use of a table, nearly always with the
 * same bytes: map, row plan and binding are kept by table id until the bytes
 * change or the file does. Of an unwanted table only its name is kept. Plans
 * are made when the first rows come: a map alone (MySQL maps tables that a
 * foreign key names, too) never fails for what it says. Part of group.c. */
#ifndef CDC_TABLES_H
#define CDC_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/reader.h"

struct binding;
struct err;
struct fk_watched;
struct format;
struct group_skipped;
struct mapping;
struct row_plan;
struct schema;
struct str;
struct table_map;
struct tables;
struct transform;

struct tables_options {
	const char *database;
	const struct mapping *mapping;
	const struct schema *schema; /* may be NULL */
	struct transform *transform;
};

struct table {
	uint64_t id;
	struct table_map *map;	 /* owned; NULL: rows of it are not wanted */
	struct row_plan *plan;	 /* owned; NULL until tables_plan() */
	struct row_plan *too;	 /* owned; see tables_plan_too() */
	struct binding *binding; /* owned; the same */
	struct str *names;	 /* owned; NULL until tables_names() */
	bool transactional;	 /* as in table_def; known once planned */
	size_t skipped;		 /* unwanted: index of its counter */
	/* Unwanted, but its deletes concern a table of ours; or NULL. */
	const struct fk_watched *watched;
	bool used;
};

struct tables *tables_new(const struct tables_options *options);
void tables_free(struct tables *tables); /* NULL is fine */
/* Everything is forgotten but the counters. */
void tables_clear(struct tables *tables);
/* Between transactions: everything is forgotten when it has become much. */
void tables_trim(struct tables *tables);
void tables_set_schema(struct tables *tables, const struct schema *schema);

/* A TABLE_MAP event's body. */
int tables_put(struct tables *tables, struct reader body,
	       const struct format *format, struct err *err) MUST_CHECK;
/* NULL: no map came with that id. Valid until the next put or clear. */
struct table *tables_find(struct tables *tables, uint64_t id);
/* Make table->plan and ->binding, unless they are there. When the transform
 * does not want the table after all, it becomes an unwanted one. */
int tables_plan(struct tables *tables, struct table *table,
		struct err *err) MUST_CHECK;

/* Names of a planned table's columns, by ordinal; valid as long as its plan. */
const struct str *tables_names(struct table *table, const struct schema *schema,
			       size_t *count);
/* For rows of incomplete images: what tells the row is decoded, too. */
const struct row_plan *tables_plan_too(const struct table *table);

void tables_skip(struct tables *tables, const struct table *table);
const struct group_skipped *tables_skipped(const struct tables *tables,
					   size_t *count);

#endif
