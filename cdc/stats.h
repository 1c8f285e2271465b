/* cdc's metrics: one table, filled from the board when somebody asks. */
#ifndef CDC_STATS_H
#define CDC_STATS_H

struct board;
struct buf;

/* Prometheus text. One caller at a time. */
void stats_write(struct board *board, struct buf *out);
/* The same facts for the page and `cdc --status --json`. */
void stats_json(struct board *board, struct buf *out);

#endif
