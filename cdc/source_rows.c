/* Queries and their rows. */
#include "cdc/source.h"

#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/source_impl.h"

enum { BINARY_COLLATION = 63 };

struct source_rows {
	struct source *source; /* borrowed */
	MYSQL_RES *result;     /* owned; NULL: the statement gave none */
	size_t columns;
	bool *bytes;	      /* owned; by column: a binary string? */
	struct value *values; /* owned; the current row */
	bool streamed;
};

/* Numbers and dates carry the binary collation too, but are text. */
static bool is_bytes(const MYSQL_FIELD *field)
{
	switch ((int)field->type) {
	case MYSQL_TYPE_BIT:
	case MYSQL_TYPE_GEOMETRY:
		return true;
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
	case MYSQL_TYPE_BLOB:
	case MYSQL_TYPE_VARCHAR:
	case MYSQL_TYPE_VAR_STRING:
	case MYSQL_TYPE_STRING:
		return field->charsetnr == BINARY_COLLATION;
	default:
		return false;
	}
}

static int send(struct source *source, const char *sql, struct err *err)
{
	if (source->dumping)
		return err_set(err, ERR_SOURCE,
			       "source %s: a query on a binlog stream",
			       source->place);
	if (mysql_real_query(source->mysql, sql, strlen(sql)))
		return source_fail(source, "query", err);
	return 0;
}

static int ask(struct source *source, const char *sql, bool streamed,
	       struct source_rows **ret, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	int fail = send(source, sql, err);

	if (fail)
		return fail;
	rows = mem_zalloc(sizeof(*rows));
	rows->source = source;
	rows->streamed = streamed;
	rows->result = streamed ? mysql_use_result(source->mysql)
				: mysql_store_result(source->mysql);
	if (!rows->result && mysql_field_count(source->mysql) > 0)
		return source_fail(source, "query", err);
	if (rows->result) {
		const MYSQL_FIELD *fields = mysql_fetch_fields(rows->result);

		rows->columns = mysql_num_fields(rows->result);
		rows->bytes = mem_array(rows->columns, sizeof(bool));
		rows->values = mem_array(rows->columns, sizeof(struct value));
		for (size_t i = 0; i < rows->columns; i++)
			rows->bytes[i] = is_bytes(&fields[i]);
	}
	*ret = TAKE(rows);
	return 0;
}

int source_exec(struct source *source, const char *sql, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;

	return ask(source, sql, false, &rows, err);
}

int source_query(struct source *source, const char *sql,
		 struct source_rows **ret, struct err *err)
{
	return ask(source, sql, false, ret, err);
}

int source_stream(struct source *source, const char *sql,
		  struct source_rows **ret, struct err *err)
{
	return ask(source, sql, true, ret, err);
}

int source_next(struct source_rows *rows, bool *ret, struct err *err)
{
	MYSQL_ROW row = rows->result ? mysql_fetch_row(rows->result) : NULL;
	const unsigned long *lengths;

	if (!row) {
		/* Of rows held in memory the end is the only reason. */
		if (rows->streamed && mysql_errno(rows->source->mysql))
			return source_fail(rows->source, "query", err);
		*ret = false;
		return 0;
	}
	lengths = mysql_fetch_lengths(rows->result);
	for (size_t i = 0; i < rows->columns; i++) {
		uint8_t kind = rows->bytes[i] ? VALUE_BYTES : VALUE_TEXT;

		rows->values[i] = (struct value){
			.at = row[i],
			.n = row[i] ? (uint32_t)lengths[i] : 0,
			.kind = row[i] ? kind : VALUE_NULL,
		};
	}
	*ret = true;
	return 0;
}

const struct value *source_values(const struct source_rows *rows)
{
	return rows->values;
}

size_t source_columns(const struct source_rows *rows)
{
	return rows->columns;
}

const char *source_column(const struct source_rows *rows, size_t column)
{
	return mysql_fetch_fields(rows->result)[column].name;
}

bool source_null(const struct source_rows *rows, size_t column)
{
	return rows->values[column].kind == VALUE_NULL;
}

struct str source_text(const struct source_rows *rows, size_t column)
{
	const struct value *v = &rows->values[column];

	return (struct str){ v->at ? v->at : "", v->n };
}

int64_t source_int(const struct source_rows *rows, size_t column)
{
	int64_t number = 0;

	str_to_i64(source_text(rows, column), &number);
	return number;
}

void source_rows_free(struct source_rows *rows)
{
	if (!rows)
		return;
	mysql_free_result(rows->result);
	free(rows->bytes);
	free(rows->values);
	free(rows);
}

void source_rows_freep(struct source_rows **rows)
{
	source_rows_free(*rows);
}
