#include "cdc/refetch_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/array.h"
#include "cdc/batch.h"
#include "cdc/chunk.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/transform.h"

enum {
	SQL_MAX = 1024 * 1024,
	GROUP_MAX = 200,
	ROWS_MIN = 50,
	ROWS_FIRST = 1000,
	ROWS_MAX = 20000,
	QUICK_US = 100 * 1000, /* the next piece may be larger */
	SLOW_US = 300 * 1000,  /* … should be smaller */
	KEY_TEXT_MAX = 256,
};

enum column { ID, TABLE, SELECTION, PROGRESS };

void refetch_round_init(struct refetch_round *round,
			const struct mapping *mapping)
{
	*round = (struct refetch_round){
		.mapping = mapping,
		.group_max = GROUP_MAX,
		.rows_max = ROWS_FIRST,
	};
	arena_init(&round->arena);
	refetch_marks_init(&round->marks);
}

void refetch_round_done(struct refetch_round *round)
{
	arena_done(&round->arena);
	refetch_marks_done(&round->marks);
}

void refetch_round_reset(struct refetch_round *round)
{
	arena_reset(&round->arena);
	refetch_marks_reset(&round->marks);
	round->asks = NULL;
	round->gone = NULL;
	round->requests = 0;
}

static size_t key_columns(const struct target_table *table, size_t *ret)
{
	size_t count = 0;

	for (uint16_t place = 1; place <= TARGET_KEY_MAX; place++)
		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].key == place)
				ret[count++] = i;
	return count;
}

/* --- conditions, for either server: names differ only in their quotes --- */

struct dialect {
	const char *alias;
	char quote;
};
static const struct dialect SOURCE = { "t.", '`' }, TARGET = { "c.", '"' };

static void add_name(struct buf *sql, const struct dialect *d, struct str name)
{
	buf_addf(sql, "%s%c%.*s%c", d->alias, d->quote, (int)name.n, name.at,
		 d->quote);
}

/* "a=1,b=2" as "(a = 1 and b = 2)". */
static void add_selection(struct buf *sql, const struct dialect *d,
			  struct str selection)
{
	const char *glue = "(";

	while (selection.n > 0) {
		struct str value = str_split(&selection, ',');
		struct str name = str_split(&value, '=');

		buf_adds(sql, glue);
		add_name(sql, d, name);
		buf_addf(sql, " = %.*s", (int)value.n, value.at);
		glue = " and ";
	}
	buf_addc(sql, ')');
}

/* Keys behind `after` ("5,7"), by all columns in their order. The first
 * condition alone lets an index be used. */
static void add_behind(struct buf *sql, const struct dialect *d,
		       const struct str *names, size_t count, struct str after)
{
	int open = 0;

	for (size_t i = 0; i < count; i++) {
		struct str value = str_split(&after, ',');

		if (i == 0 && count > 1) {
			add_name(sql, d, names[0]);
			buf_addf(sql, " >= %.*s and ", (int)value.n, value.at);
		}
		buf_addc(sql, '(');
		add_name(sql, d, names[i]);
		buf_addf(sql, " > %.*s", (int)value.n, value.at);
		open++;
		if (i + 1 == count)
			break;
		buf_adds(sql, " or (");
		add_name(sql, d, names[i]);
		buf_addf(sql, " = %.*s and ", (int)value.n, value.at);
		open++;
	}
	while (open-- > 0)
		buf_addc(sql, ')');
}

/* --- what the copy has and the source has not --- */

static void ask(struct refetch_round *round, const struct mapping_table *table,
		const char *selection)
{
	struct refetch_ask *a = arena_new(&round->arena, struct refetch_ask);
	size_t n = selection ? strlen(selection) : 0;

	a->table = table;
	a->selection.kind = VALUE_NULL;
	if (selection)
		a->selection = (struct value){ arena_strndup(&round->arena,
							     selection, n),
					       (uint32_t)n, VALUE_TEXT };
	a->next = round->asks;
	round->asks = a;
}

static void add_gone(struct refetch_round *round,
		     const struct mapping_table *table,
		     const struct value *values)
{
	struct refetch_gone *g = arena_new(&round->arena, struct refetch_gone);
	struct value *copy =
		arena_array(&round->arena, struct value, table->target->count);

	for (size_t i = 0; i < table->target->count; i++) {
		copy[i] = values[i];
		if (value_has(values[i]))
			copy[i].at = arena_strndup(&round->arena, values[i].at,
						   values[i].n);
	}
	g->table = table;
	g->values = copy;
	g->next = round->gone;
	round->gone = g;
}

static void delete_row(struct refetch_round *round,
		       const struct mapping_table *table,
		       const struct value *values)
{
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = table->target,
		.values = values,
	};
	struct batch *batch = chunk_batch(round->reader);

	if (batch_look(batch, &change) != BATCH_SAYS_NOTHING)
		return;
	batch_add(batch, &change);
	add_gone(round, table, values);
}

/* A row that the condition found in the copy. */
static void judge_row(struct refetch_round *round,
		      const struct mapping_table *table,
		      const struct value *values, bool by_key)
{
	const struct target_table *target = table->target;
	const struct record_change change = {
		.op = RECORD_DELETE,
		.table = target,
		.values = values,
	};
	size_t key[TARGET_KEY_MAX], count = key_columns(target, key), n = 0;
	char text[KEY_TEXT_MAX];

	if (by_key) {
		delete_row(round, table, values);
		return;
	}
	if (batch_look(chunk_batch(round->reader), &change) !=
	    BATCH_SAYS_NOTHING)
		return;
	for (size_t i = 0; i < count && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%.*s",
				      i ? "," : "",
				      target->columns[key[i]].name,
				      (int)values[key[i]].n, values[key[i]].at);
	ask(round, table, n < sizeof(text) ? text : NULL);
}

static struct value cell(const struct pg_result *r, size_t row, size_t column)
{
	struct str text = pg_value(r, row, column);

	return (struct value){ text.at, (uint32_t)text.n, VALUE_TEXT };
}

static int compare_rows(struct refetch_round *round,
			const struct mapping_table *table, const char *where,
			bool by_key, struct err *err)
{
	const struct target_table *target = table->target;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(mem_freep)
	struct value *values = mem_array(target->count, sizeof(*values));
	CLEANUP(buf_done) struct buf sql;
	size_t key[TARGET_KEY_MAX], count = key_columns(target, key);

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select ");
	for (size_t i = 0; i < count; i++) {
		buf_adds(&sql, i ? ", " : "");
		pg_quote_name(&sql, target->columns[key[i]].name);
	}
	buf_adds(&sql, " from ");
	pg_quote_name(&sql, target->name);
	buf_addf(&sql, " as c%s", where);
	if (pg_query(chunk_reader_target(round->reader), buf_str(&sql), NULL, 0,
		     &r, err) < 0)
		return err->code;
	for (size_t row = 0; row < pg_rows(r); row++) {
		for (size_t i = 0; i < count; i++)
			values[key[i]] = cell(r, row, i);
		judge_row(round, table, values, by_key);
	}
	return 0;
}

static void add_code(void *user, struct str code)
{
	array_add_text(user, code);
}

static size_t ordinal(const struct target_table *table, const char *name)
{
	size_t i = 0;

	while (i < table->count && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static void unset(struct refetch_round *round,
		  const struct mapping_table *table, const struct pg_result *r,
		  size_t row, struct value *values)
{
	struct batch *batch = chunk_batch(round->reader);
	const struct target_table *target = table->target;
	const struct record_change change = {
		.op = RECORD_UNSET,
		.table = target,
		.values = values,
		.attribute = pg_value(r, row, 2),
	};

	values[ordinal(target, "entity_id")] = cell(r, row, 0);
	values[ordinal(target, "store_id")] = cell(r, row, 1);
	if (batch_look(batch, &change) == BATCH_SAYS_NOTHING)
		batch_add(batch, &change);
}

/* Attributes whose values stand in that source table, or that the source has
 * no more. */
static int compare_values(struct refetch_round *round,
			  const struct mapping_table *table, const char *where,
			  struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(mem_freep)
	struct value *values = mem_array(table->target->count, sizeof(*values));
	CLEANUP(array_done) struct array codes;
	CLEANUP(buf_done) struct buf sql;

	array_init(&codes);
	array_start(&codes, ARRAY_TEXT);
	transform_other_codes(chunk_transform(round->reader), table, add_code,
			      &codes);
	const struct pg_param param = array_param(&codes);
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select c.entity_id, c.store_id, k.code from ");
	pg_quote_name(&sql, table->target->name);
	buf_addf(&sql,
		 " as c cross join lateral jsonb_object_keys(c.attributes)"
		 " as k(code)%s and k.code <> all($1::text[])",
		 *where ? where : " where true");
	if (pg_query(chunk_reader_target(round->reader), buf_str(&sql), &param,
		     1, &r, err) < 0)
		return err->code;
	for (size_t row = 0; row < pg_rows(r); row++)
		unset(round, table, r, row, values);
	return 0;
}

static int compare(struct refetch_round *round,
		   const struct mapping_table *table, const char *where,
		   bool by_key, struct err *err)
{
	return table->kind == TABLE_EAV
		       ? compare_values(round, table, where, err)
		       : compare_rows(round, table, where, by_key, err);
}

/* --- selections --- */

/* Do the selections have the same columns? */
static bool alike(struct str a, struct str b)
{
	while (a.n > 0 && b.n > 0) {
		struct str x = str_split(&a, ','), y = str_split(&b, ',');

		if (!str_eq(str_split(&x, '='), str_split(&y, '=')))
			return false;
	}
	return a.n == 0 && b.n == 0;
}

/* Fills the values; is it the target's key, no more and no less? */
static bool parse_key(const struct target_table *target, struct str selection,
		      struct value *values)
{
	size_t key[TARGET_KEY_MAX], count = key_columns(target, key), held = 0;

	while (selection.n > 0) {
		struct str value = str_split(&selection, ',');
		struct str name = str_split(&value, '=');
		size_t i = 0;

		while (i < count &&
		       !str_eqs(name, target->columns[key[i]].name))
			i++;
		if (i == count)
			return false;
		values[key[i]] = (struct value){ value.at, (uint32_t)value.n,
						 VALUE_TEXT };
		held++;
	}
	return held == count;
}

static const struct mapping_table *table_of(const struct refetch_round *round,
					    const struct pg_result *pending,
					    size_t row)
{
	return mapping_find(round->mapping, pg_text(pending, row, TABLE));
}

static size_t group_of(const struct refetch_round *round,
		       const struct pg_result *pending, size_t first)
{
	size_t n = 1;

	while (first + n < pg_rows(pending) && n < round->group_max &&
	       str_eq(pg_value(pending, first, TABLE),
		      pg_value(pending, first + n, TABLE)) &&
	       alike(pg_value(pending, first, SELECTION),
		     pg_value(pending, first + n, SELECTION)))
		n++;
	return n;
}

static void where_any(struct buf *sql, const struct dialect *d,
		      const struct pg_result *pending, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_adds(sql, i ? " or " : " where (");
		add_selection(sql, d, pg_value(pending, first + i, SELECTION));
	}
	buf_addc(sql, ')');
}

/* Rows that neither side has: their children may still be in the copy. */
static void judge_missing(struct refetch_round *round,
			  const struct mapping_table *table,
			  const struct pg_result *pending, size_t first,
			  size_t n)
{
	size_t bytes = table->target->count * sizeof(struct value);

	for (size_t i = 0; i < n; i++) {
		struct value *values = arena_zalloc(&round->arena, bytes);

		if (parse_key(table->target,
			      pg_value(pending, first + i, SELECTION), values))
			delete_row(round, table, values);
	}
}

static int read_group(struct refetch_round *round,
		      const struct mapping_table *table,
		      const struct pg_result *pending, size_t first, size_t n,
		      struct err *err)
{
	CLEANUP(buf_done) struct buf there, here;
	CLEANUP(mem_freep)
	struct value *values = mem_array(table->target->count, sizeof(*values));
	bool eav = table->kind == TABLE_EAV;
	struct str selection = pg_value(pending, first, SELECTION);
	bool by_key = !eav && parse_key(table->target, selection, values);
	struct chunk_select select = { .table = table,
				       .bytes_max = round->bytes_max };
	int rc;

	buf_init(&there, SQL_MAX);
	buf_init(&here, SQL_MAX);
	where_any(&there, &SOURCE, pending, first, n);
	select.tail = buf_str(&there);
	rc = chunk_select(round->reader, &select, err);
	if (rc < 0)
		return rc;
	if (select.cut && n > 1) {
		round->group_max = n / 2; /* what was read stays true */
		return 0;
	}
	if (by_key) {
		judge_missing(round, table, pending, first, n);
	} else if (select.cut) {
		ask(round, table, NULL); /* in pieces, then */
	} else if (!eav || str_starts(selection, "entity_id=")) {
		where_any(&here, &TARGET, pending, first, n);
		rc = compare(round, table, buf_str(&here), false, err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		refetch_marks_add(&round->marks, pg_int(pending, first + i, ID),
				  "", NULL);
	return rc;
}

/* --- a piece of a whole table --- */

struct piece {
	struct refetch_round *round;
	const struct mapping_table *table;
	size_t count; /* columns of the order */
	struct str names[TARGET_KEY_MAX];
	int ordinals[TARGET_KEY_MAX]; /* the source's */
	size_t bytes_max;
	char last[KEY_TEXT_MAX], before[KEY_TEXT_MAX];
};

static bool is_integer(const char *type)
{
	return strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0 ||
	       strcmp(type, "smallint") == 0;
}

static void piece_add(struct piece *p, const char *name)
{
	p->ordinals[p->count] = chunk_ordinal(p->round->reader, p->table, name);
	p->names[p->count++] = str_of(name);
}

/* By which columns the table is walked; count 0: it can't be, in pieces. */
static void piece_init(struct piece *p)
{
	const struct target_table *target = p->table->target;
	size_t key[TARGET_KEY_MAX], count = key_columns(target, key);

	if (p->table->kind == TABLE_EAV) {
		piece_add(p, "entity_id");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_integer(target->columns[key[i]].type)) {
			p->count = 0;
			return;
		}
		piece_add(p, target->columns[key[i]].name);
	}
}

static void piece_tail(const struct piece *p, struct buf *sql,
		       const char *after, size_t limit)
{
	if (*after) {
		buf_adds(sql, " where ");
		add_behind(sql, &SOURCE, p->names, p->count, str_of(after));
	}
	for (size_t i = 0; i < p->count; i++) {
		buf_adds(sql, i ? ", " : " order by ");
		add_name(sql, &SOURCE, p->names[i]);
	}
	if (p->count > 0)
		buf_addf(sql, " limit %zu", limit);
}

/* Keeps the key of the last row, and the last one before that differs. */
static void piece_row(void *user, const struct value *row)
{
	struct piece *p = user;
	char text[KEY_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < p->count && n < sizeof(text); i++) {
		struct value v = row[p->ordinals[i]];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
				      i ? "," : "", (int)v.n, v.at);
	}
	if (n >= sizeof(text) || strcmp(text, p->last) == 0)
		return;
	memcpy(p->before, p->last, sizeof(p->before));
	memcpy(p->last, text, n + 1);
}

/* " where …" of the copy's rows behind `after` and up to `last` ("": all). */
static void piece_range(const struct piece *p, struct buf *sql,
			const char *after, const char *last)
{
	buf_adds(sql, " where true");
	if (*after) {
		buf_adds(sql, " and ");
		add_behind(sql, &TARGET, p->names, p->count, str_of(after));
	}
	if (*last) {
		buf_adds(sql, " and not (");
		add_behind(sql, &TARGET, p->names, p->count, str_of(last));
		buf_addc(sql, ')');
	}
}

static void adapt(struct refetch_round *round, bool cut, int64_t took_us)
{
	size_t *rows = &round->rows_max;

	if ((cut || took_us > SLOW_US) && *rows > ROWS_MIN)
		*rows /= 2;
	else if (took_us < QUICK_US && *rows < ROWS_MAX)
		*rows *= 2;
}

/* Reads up to `limit` rows behind `after`. *ret_last: up to which key all was
 * read; "" when that is the table's end; NULL when it is not even one key. Of
 * a value table only entities that were read whole count, which the last one
 * may not be. */
static int piece_read(struct piece *p, const char *after, size_t limit,
		      const char **ret_last, struct err *err)
{
	CLEANUP(buf_done) struct buf tail;
	struct chunk_select select = {
		.table = p->table,
		.bytes_max = p->count > 0 ? p->bytes_max : SIZE_MAX,
		.row = p->count > 0 ? piece_row : NULL,
		.user = p,
	};
	int64_t begun = clock_mono_us();
	int rc;

	p->last[0] = p->before[0] = '\0';
	buf_init(&tail, SQL_MAX);
	piece_tail(p, &tail, after, limit);
	select.tail = buf_str(&tail);
	rc = chunk_select(p->round->reader, &select, err);
	adapt(p->round, select.cut, clock_mono_us() - begun);
	*ret_last = p->table->kind == TABLE_EAV ? p->before : p->last;
	if (p->count == 0 || (select.rows < limit && !select.cut))
		*ret_last = "";
	else if (!**ret_last)
		*ret_last = NULL;
	return rc;
}

static int read_piece(struct refetch_round *round,
		      const struct pg_result *pending, size_t row,
		      struct err *err)
{
	const char *after = pg_text(pending, row, PROGRESS), *last = NULL;
	struct piece piece = { .round = round,
			       .table = table_of(round, pending, row),
			       .bytes_max = round->bytes_max };
	CLEANUP(buf_done) struct buf here;
	size_t limit = round->rows_max;
	int rc;

	piece_init(&piece);
	rc = piece_read(&piece, after, limit, &last, err);
	while (rc == 0 && !last) { /* one entity with more than that */
		limit *= 2;
		piece.bytes_max *= 2;
		rc = piece_read(&piece, after, limit, &last, err);
	}
	buf_init(&here, SQL_MAX);
	if (rc < 0)
		return rc;
	piece_range(&piece, &here, after, last);
	rc = compare(round, piece.table, buf_str(&here), true, err);
	if (rc == 0)
		refetch_marks_add(&round->marks, pg_int(pending, row, ID),
				  after, *last ? last : NULL);
	return rc;
}

/* --- a round --- */

static bool has_room(const struct refetch_round *round)
{
	return clock_mono_us() < round->until_us &&
	       batch_bytes(chunk_batch(round->reader)) < round->bytes_max / 2;
}

static int read_at(struct refetch_round *round, const struct pg_result *pending,
		   size_t first, size_t *ret_n, struct err *err)
{
	const struct mapping_table *table = table_of(round, pending, first);

	*ret_n = 1;
	if (!table) { /* mapped no more */
		refetch_marks_add(&round->marks, pg_int(pending, first, ID),
				  pg_text(pending, first, PROGRESS), NULL);
		return 0;
	}
	if (pg_value(pending, first, SELECTION).n == 0)
		return read_piece(round, pending, first, err);
	*ret_n = group_of(round, pending, first);
	return read_group(round, table, pending, first, *ret_n, err);
}

int refetch_round_read(struct refetch_round *round,
		       const struct pg_result *pending, struct err *err)
{
	size_t n = 0;

	for (size_t row = 0; row < pg_rows(pending); row += n) {
		if (row > 0 && !has_room(round))
			break;
		if (read_at(round, pending, row, &n, err) < 0)
			return err_wrap(err, "reading %s again",
					pg_text(pending, row, TABLE));
		round->requests += n;
	}
	return 0;
}
