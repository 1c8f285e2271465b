#include "base/pg.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/pg_private.h"

int pg_socket(const struct pg *pg)
{
	return PQsocket(pg->conn);
}

int pg_backend_pid(const struct pg *pg)
{
	return PQbackendPID(pg->conn);
}

bool pg_in_transaction(const struct pg *pg)
{
	PGTransactionStatusType status = PQtransactionStatus(pg->conn);

	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool pg_is_lost(const struct pg *pg)
{
	return pg->lost || PQstatus(pg->conn) != CONNECTION_OK;
}

int pg_server_version(const struct pg *pg)
{
	return PQserverVersion(pg->conn);
}

const char *pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

int64_t pg_set_timeout(struct pg *pg, int64_t answer_timeout_ms)
{
	int64_t before = pg->answer_timeout_ms;

	pg->answer_timeout_ms = answer_timeout_ms;
	return before;
}

struct pg_param pg_param_text(const char *text)
{
	return (struct pg_param){ .at = text, .n = text ? strlen(text) : 0 };
}

struct pg_param pg_param_buf(const struct buf *buf)
{
	return (struct pg_param){ .at = buf_str(buf), .n = buf->n };
}

static PGresult *libpq_of(const struct pg_result *r)
{
	return (PGresult *)(uintptr_t)r;
}

size_t pg_rows(const struct pg_result *r)
{
	return (size_t)PQntuples(libpq_of(r));
}

size_t pg_columns(const struct pg_result *r)
{
	return (size_t)PQnfields(libpq_of(r));
}

const char *pg_column_name(const struct pg_result *r, size_t column)
{
	return PQfname(libpq_of(r), (int)column);
}

bool pg_null(const struct pg_result *r, size_t row, size_t column)
{
	return PQgetisnull(libpq_of(r), (int)row, (int)column);
}

struct str pg_value(const struct pg_result *r, size_t row, size_t column)
{
	PGresult *result = libpq_of(r);

	return (struct str){ PQgetvalue(result, (int)row, (int)column),
			     (size_t)PQgetlength(result, (int)row,
						 (int)column) };
}

const char *pg_text(const struct pg_result *r, size_t row, size_t column)
{
	return PQgetvalue(libpq_of(r), (int)row, (int)column);
}

int64_t pg_int(const struct pg_result *r, size_t row, size_t column)
{
	int64_t number = 0;

	str_to_i64(pg_value(r, row, column), &number);
	return number;
}

bool pg_bool(const struct pg_result *r, size_t row, size_t column)
{
	return str_eqs(pg_value(r, row, column), "t");
}

uint64_t pg_affected(const struct pg_result *r)
{
	uint64_t rows = 0;

	str_to_u64(str_of(PQcmdTuples(libpq_of(r))), &rows);
	return rows;
}

void pg_result_free(struct pg_result *r)
{
	PQclear(libpq_of(r));
}

void pg_result_freep(struct pg_result **r)
{
	pg_result_free(*r);
}

void pg_quote_name(struct buf *out, const char *name)
{
	buf_addc(out, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_addc(out, '"');
		buf_addc(out, *name);
	}
	buf_addc(out, '"');
}

/* With a backslash inside, in the form that means the same whatever
 * standard_conforming_strings is. */
void pg_quote_text(struct buf *out, struct str text)
{
	if (text.n && memchr(text.at, '\\', text.n))
		buf_adds(out, " E");
	buf_addc(out, '\'');
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] == '\'' || text.at[i] == '\\')
			buf_addc(out, text.at[i]);
		buf_addc(out, text.at[i]);
	}
	buf_addc(out, '\'');
}
