/* Children of rows that are gone, to be read again.
 *
 * A row the source has no more took its children along, or cut them off, as
 * its foreign keys say; when it is not certain that the copy's children are
 * those of the source, they are asked for rather than touched. */
#ifndef CDC_DESCEND_H
#define CDC_DESCEND_H

struct fk_graph;
struct refetch_log;
struct target_table;
struct value;

/* values: the row by target column; where a column that the children refer to
 * is not known, their whole table is asked for. graph NULL: nothing. */
void descend(struct refetch_log *log, const struct fk_graph *graph,
	     const struct target_table *table, const struct value *values);

#endif
