/* Queries and their rows.
 *
 * The server sends text as it is stored (character_set_results is NULL); it
 * is converted here by what converts the stream's, so that a row reads the
 * same from a snapshot and from the log. */
#include "cdc/source.h"

#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/types.h"
#include "cdc/binlog/value.h"
#include "cdc/source_impl.h"
#include "transform/losses.h"

enum { BINARY_COLLATION = 63 };

struct source_column {
	bool bytes;			      /* a binary string */
	bool zerofill;			      /* a number with zeros in front */
	const struct charset_reader *charset; /* text; NULL: all else */
	struct loss *loss;		      /* borrowed, or NULL */
};

struct source_rows {
	struct source *source; /* borrowed */
	MYSQL_RES *result;     /* owned; NULL: the statement gave none */
	size_t count;
	struct source_column *columns; /* owned */
	struct value *values;	       /* owned; the current row */
	struct arena arena;	       /* what the current row needs */
	bool streamed;
};

/* Numbers and dates carry the binary collation too, but are text. */
static bool is_bytes(const MYSQL_FIELD *field)
{
	switch ((int)field->type) {
	case MYSQL_TYPE_BIT:
	case MYSQL_TYPE_GEOMETRY:
	case TYPE_VECTOR: /* no client library knows it yet */
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

static int describe(const MYSQL_FIELD *field, struct source_column *column,
		    struct err *err)
{
	const struct charset *charset;

	column->bytes = is_bytes(field);
	column->zerofill = (field->flags & ZEROFILL_FLAG) &&
			   (int)field->type != MYSQL_TYPE_YEAR;
	if (column->bytes || field->charsetnr == BINARY_COLLATION)
		return 0;
	charset = charset_by_collation(field->charsetnr);
	if (charset)
		column->charset = charset_reader(charset);
	if (column->charset)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "%s.%s: collation %u is not known: use a newer ficus",
		       field->table, field->name, field->charsetnr);
}

static int describe_all(struct source_rows *rows, struct err *err)
{
	const MYSQL_FIELD *fields = mysql_fetch_fields(rows->result);

	rows->count = mysql_num_fields(rows->result);
	rows->columns = mem_array(rows->count, sizeof(*rows->columns));
	rows->values = mem_array(rows->count, sizeof(struct value));
	for (size_t i = 0; i < rows->count; i++)
		if (describe(&fields[i], &rows->columns[i], err))
			return err->code;
	return 0;
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
	arena_init(&rows->arena);
	rows->streamed = streamed;
	rows->result = streamed ? mysql_use_result(source->mysql)
				: mysql_store_result(source->mysql);
	if (!rows->result && mysql_field_count(source->mysql) > 0)
		return source_fail(source, "query", err);
	if (rows->result && describe_all(rows, err))
		return err->code;
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

/* The log has numbers without their display width. */
static void drop_zeros(struct value *value)
{
	while (value->n > 1 && value->at[0] == '0' && value->at[1] != '.') {
		value->at++;
		value->n--;
	}
}

static struct value read_value(struct source_rows *rows, size_t i,
			       const char *at, unsigned long n)
{
	const struct source_column *column = &rows->columns[i];
	struct value_sink sink = { .arena = &rows->arena };
	struct value value = { .at = at,
			       .n = (uint32_t)n,
			       .kind = column->bytes ? VALUE_BYTES
						     : VALUE_TEXT };

	if (!at)
		return (struct value){ .kind = VALUE_NULL };
	if (column->zerofill)
		drop_zeros(&value);
	if (column->charset &&
	    !charset_read(column->charset, (const uint8_t *)at, n, &sink,
			  &value))
		loss_add(column->loss, LOSS_INVALID_TEXT);
	return value;
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
	arena_reset(&rows->arena);
	for (size_t i = 0; i < rows->count; i++)
		rows->values[i] = read_value(rows, i, row[i], lengths[i]);
	*ret = true;
	return 0;
}

const struct value *source_values(const struct source_rows *rows)
{
	return rows->values;
}

size_t source_columns(const struct source_rows *rows)
{
	return rows->count;
}

void source_count_losses(struct source_rows *rows, struct losses *losses,
			 const char *table)
{
	for (size_t i = 0; i < rows->count; i++)
		rows->columns[i].loss =
			losses_of(losses, table, source_column(rows, i));
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
	free(rows->columns);
	arena_done(&rows->arena);
	free(rows->values);
	free(rows);
}

void source_rows_freep(struct source_rows **rows)
{
	source_rows_free(*rows);
}
