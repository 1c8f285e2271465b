/* The rows that answered one statement of a pg_pool job; valid until the job's
 * callback returns. NULL is a statement that was not answered: no rows. */
#ifndef ROUTER_PG_ROWS_H
#define ROUTER_PG_ROWS_H

#include <stddef.h>

#include "base/str.h"

struct pg_rows;

size_t pg_rows_count(const struct pg_rows *rows);
/* Text as PostgreSQL writes it, NUL-terminated; SQL NULL has a NULL at. */
struct str pg_rows_value(const struct pg_rows *rows, size_t row, size_t column);

#endif
