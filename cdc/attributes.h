/* The attributes of a batch's row of a values table, as text that PostgreSQL
 * takes. Functions only; nothing is kept. */
#ifndef CDC_ATTRIBUTES_H
#define CDC_ATTRIBUTES_H

#include <stdbool.h>

struct batch_row;
struct buf;

/* Is any attribute set, or (set = false) taken away? */
bool attributes_any(const struct batch_row *row, bool set);
/* Appends those set: {"name":"…","price":10.0000,"description":null}. Numbers
 * of the source become JSON numbers when they are written as JSON does. */
void attributes_object(const struct batch_row *row, struct buf *out);
/* Appends those taken away as a text[]: {"color","size"} */
void attributes_gone(const struct batch_row *row, struct buf *out);

#endif
