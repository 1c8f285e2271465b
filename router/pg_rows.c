#include "router/pg_rows.h"

#include <libpq-fe.h>

/* A pg_rows is libpq's result under a name that headers may use. */
size_t pg_rows_count(const struct pg_rows *rows)
{
	return rows ? (size_t)PQntuples((const PGresult *)rows) : 0;
}

struct str pg_rows_value(const struct pg_rows *rows, size_t row, size_t column)
{
	const PGresult *result = (const PGresult *)rows;

	if (PQgetisnull(result, (int)row, (int)column))
		return (struct str){ 0 };
	return (struct str){ PQgetvalue(result, (int)row, (int)column),
			     (size_t)PQgetlength(result, (int)row,
						 (int)column) };
}
