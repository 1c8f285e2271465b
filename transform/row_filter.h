/* Which rows of a source table are replicated at all: those that have one of
 * the listed texts in a column, as the mapping's `where` says.
 *
 *     where: {path: [web/unsecure/base_url, currency/options/base]}
 *
 * For tables whose other rows are nobody's business, secrets among them
 * (core_config_data). Texts are compared byte by byte; one that ends in `*`
 * stands for all that begin so. What is left out is never handed on, stored
 * or shown. */
#ifndef TRANSFORM_ROW_FILTER_H
#define TRANSFORM_ROW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct err;
struct row_change;
struct table_def;
struct value;
struct yaml;
struct yaml_node;

struct row_filter {   /* of a table of the mapping */
	char *column; /* owned; NULL: every row */
	char **texts; /* owned; NULL-terminated */
};

/* node: the value of `where`. */
int row_filter_read(const struct yaml *doc, const struct yaml_node *node,
		    struct row_filter *ret, struct err *err) MUST_CHECK;
void row_filter_done(struct row_filter *filter);

/* Ordinal of the column, or -1 when every row is taken; marks it in wanted.
 * ERR_CONFIG: the source's table has no such column. */
int row_filter_bind(const struct row_filter *filter,
		    const struct table_def *def, uint8_t *wanted, int *ret,
		    struct err *err) MUST_CHECK;

enum row_verdict { ROW_DROP, ROW_KEEP, ROW_UNKNOWN };

/* What becomes of the change. A row that enters is an insert from then on, one
 * that leaves a delete: *change is made so. UNKNOWN: an image lacks the
 * column. A delete that is not known is kept: it takes nothing away that was
 * not there. */
enum row_verdict row_filter_judge(const struct row_filter *filter, int ordinal,
				  struct row_change *change);

#endif
