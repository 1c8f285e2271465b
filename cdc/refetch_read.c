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
#include "cdc/batch.h"
#include "cdc/chunk.h"
#include "cdc/refetch_compare.h"
#include "cdc/refetch_deep.h"
#include "cdc/schema.h"
#include "cdc/selection.h"
#include "cdc/target_sql.h"
#include "transform/mapping.h"

enum {
	SQL_MAX = 1024 * 1024,
	GROUP_MAX = 200,
	ROWS_MIN = 50,
	ROWS_FIRST = 1000,
	ROWS_MAX = 20000,
	QUICK_US = 30 * 1000, /* the next piece may be larger */
	SLOW_US = 80 * 1000,  /* … should be smaller */
	/* One row with what hangs on it, or one selection, may be more than
	 * is read at once; beyond it is read in pieces. */
	ALONE_BYTES = 16 * 1024 * 1024,
	PLACE_MAX = 16 * 1024, /* TARGET_KEY_MAX texts of 255 characters */
};

enum column { ID, TABLE, SELECTION, PROGRESS, RESYNC };

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
}

void refetch_round_slow(struct refetch_round *round)
{
	if (round->group_last > 0 && round->group_last < round->group_max)
		round->group_max = round->group_last;
	round->group_max = (round->group_max + 1) / 2;
	if (round->rows_max > ROWS_MIN)
		round->rows_max /= 2;
}

void refetch_round_quick(struct refetch_round *round)
{
	if (round->group_max < GROUP_MAX)
		round->group_max *= 2;
}

/* --- selections --- */

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
	       selection_alike(pg_value(pending, first, SELECTION),
			       pg_value(pending, first + n, SELECTION)))
		n++;
	return n;
}

static void where_any(struct buf *sql, const struct dialect *d,
		      const struct pg_result *pending, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_adds(sql, i ? " or " : " where (");
		selection_add(sql, d, pg_value(pending, first + i, SELECTION));
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

		if (selection_is_key(table->target,
				     pg_value(pending, first + i, SELECTION),
				     values))
			refetch_delete(round, table, values);
	}
}

/* With what hangs on it; also where bootstrap.since may just have let it in. */
static bool is_deep(const struct mapping_table *table, struct str selection)
{
	return table->family && (*table->bound || selection_is_deep(selection));
}

/* "5,7" of a group of deep selections; of others it means nothing. */
static void add_keys(struct buf *keys, const struct pg_result *pending,
		     size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str key = selection_shallow(
			pg_value(pending, first + i, SELECTION));

		str_split(&key, '=');
		buf_addf(keys, "%s%.*s", i ? "," : "", (int)key.n, key.at);
	}
}

/* What hangs on n roots. *halve: that was too much. */
static int read_deep(struct refetch_round *round,
		     const struct mapping_table *root, const char *keys,
		     size_t n, bool *halve, struct err *err)
{
	size_t bytes_max = n > 1 ? round->bytes_max : ALONE_BYTES;
	bool cut = false;
	int rc = refetch_deep(round, root, keys, bytes_max, &cut, err);

	*halve = cut && n > 1;
	if (*halve)
		round->group_max = n / 2;
	else if (cut)
		refetch_ask_family(round, root);
	return rc;
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
	bool by_key =
		!eav && selection_is_key(table->target, selection, values);
	struct chunk_select select = {
		.table = table,
		.bytes_max = n > 1 ? round->bytes_max : ALONE_BYTES,
	};
	bool halve = false;
	int rc;

	buf_init(&there, SQL_MAX);
	buf_init(&here, SQL_MAX);
	where_any(&there, &selection_source, pending, first, n);
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
		add_keys(&here, pending, first, n);
		if (is_deep(table, selection))
			rc = read_deep(round, table, buf_str(&here), n, &halve,
				       err);
		if (halve)
			return rc;
	} else if (select.cut) {
		refetch_ask_for(round, table, NULL); /* in pieces, then */
	} else if (!eav || str_starts(selection, "entity_id=")) {
		where_any(&here, &selection_target, pending, first, n);
		rc = refetch_compare(round, table, buf_str(&here), false, err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		refetch_marks_add(&round->marks, pg_int(pending, first + i, ID),
				  "", NULL, 1);
	return rc;
}

/* --- a piece of a whole table --- */

struct piece {
	struct refetch_round *round;
	const struct mapping_table *table;
	size_t count; /* columns of the order */
	struct str names[TARGET_KEY_MAX];
	int ordinals[TARGET_KEY_MAX]; /* the source's */
	bool is_text[TARGET_KEY_MAX];
	size_t bytes_max;
	/* Places: of the last row, and the last before that differs. */
	struct buf last, before, now;
	uint64_t rows;
};

static bool is_integer(const char *type)
{
	return strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0 ||
	       strcmp(type, "smallint") == 0;
}

static bool is_text(const char *type)
{
	return strcmp(type, "text") == 0 || strncmp(type, "character", 9) == 0;
}

static void piece_add(struct piece *p, const char *name, const char *type)
{
	p->ordinals[p->count] = chunk_ordinal(p->round->reader, p->table, name);
	p->is_text[p->count] = is_text(type);
	p->names[p->count++] = str_of(name);
}

/* By which columns the table is walked; count 0: it can't be, in pieces. A key
 * with texts has no index for its order: each piece is a scan. */
static void piece_init(struct piece *p)
{
	const struct target_table *target = p->table->target;
	size_t key[TARGET_KEY_MAX], count = selection_key_columns(target, key);

	buf_init(&p->last, PLACE_MAX);
	buf_init(&p->before, PLACE_MAX);
	buf_init(&p->now, PLACE_MAX);
	if (p->table->kind == TABLE_EAV) {
		piece_add(p, "entity_id", "bigint");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct target_column *c = &target->columns[key[i]];

		if (!is_integer(c->type) && !is_text(c->type)) {
			p->count = 0;
			return;
		}
		piece_add(p, c->name, c->type);
	}
}

static void piece_done(struct piece *p)
{
	buf_done(&p->last);
	buf_done(&p->before);
	buf_done(&p->now);
}

static void piece_tail(const struct piece *p, struct buf *sql,
		       const char *after, size_t limit)
{
	if (*after) {
		buf_adds(sql, " where ");
		selection_add_behind(sql, &selection_source, p->names, p->count,
				     str_of(after));
	}
	for (size_t i = 0; i < p->count; i++) {
		buf_adds(sql, i ? ", " : " order by ");
		selection_add_order(sql, &selection_source, p->names[i],
				    p->is_text[i]);
	}
	if (p->count > 0)
		buf_addf(sql, " limit %zu", limit);
}

/* Keeps the place of the last row, and the last one before that differs. */
static void piece_row(void *user, const struct value *row)
{
	struct piece *p = user;
	struct buf swap = p->before;

	buf_reset(&p->now, PLACE_MAX);
	for (size_t i = 0; i < p->count; i++) {
		struct value v = row[p->ordinals[i]];

		if (i > 0)
			buf_addc(&p->now, ',');
		selection_add_place(&p->now, (struct str){ v.at, v.n },
				    p->is_text[i]);
	}
	if (p->now.failed || strcmp(buf_str(&p->now), buf_str(&p->last)) == 0)
		return;
	p->before = p->last;
	p->last = p->now;
	p->now = swap;
}

/* " where …" of the copy's rows behind `after` and up to `last` ("": all). */
static void piece_range(const struct piece *p, struct buf *sql,
			const char *after, const char *last)
{
	buf_adds(sql, " where true");
	if (*after) {
		buf_adds(sql, " and ");
		selection_add_behind(sql, &selection_target, p->names, p->count,
				     str_of(after));
	}
	if (*last) {
		buf_adds(sql, " and not (");
		selection_add_behind(sql, &selection_target, p->names, p->count,
				     str_of(last));
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

	buf_reset(&p->last, PLACE_MAX);
	buf_reset(&p->before, PLACE_MAX);
	buf_init(&tail, SQL_MAX);
	piece_tail(p, &tail, after, limit);
	select.tail = buf_str(&tail);
	rc = chunk_select(p->round->reader, &select, err);
	p->rows = select.rows;
	adapt(p->round, select.cut, clock_mono_us() - begun);
	*ret_last =
		buf_str(p->table->kind == TABLE_EAV ? &p->before : &p->last);
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
	CLEANUP(piece_done)
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
	if (rc < 0 || !last)
		return rc;
	if (*piece.table->bound && !*after)
		refetch_ask_children(round, piece.table);
	piece_range(&piece, &here, after, last);
	rc = refetch_compare(round, piece.table, buf_str(&here), true, err);
	if (rc == 0)
		refetch_marks_add(&round->marks, pg_int(pending, row, ID),
				  after, *last ? last : NULL, piece.rows);
	return rc;
}

/* --- a round --- */

static bool has_room(const struct refetch_round *round)
{
	return clock_mono_us() < round->until_us &&
	       batch_bytes(chunk_batch(round->reader)) < round->bytes_max / 2;
}

/* What hangs on a row that is not read yet would be left out: roots come
 * first, then what hangs on them (bootstrap.since). */
static bool has_to_wait(const struct refetch_round *round,
			const struct pg_result *pending, size_t row)
{
	const struct mapping_table *table = table_of(round, pending, row);
	const struct mapping_table *root =
		table ? mapping_root(round->mapping, table) : NULL;

	if (!root || !*root->bound || pg_value(pending, row, SELECTION).n > 0)
		return false;
	for (size_t i = 0; i < pg_rows(pending); i++) {
		const struct mapping_table *other = table_of(round, pending, i);

		if (other && other < table &&
		    pg_value(pending, i, SELECTION).n == 0 &&
		    mapping_root(round->mapping, other) == root)
			return true;
	}
	return false;
}

static int read_at(struct refetch_round *round, const struct pg_result *pending,
		   size_t first, size_t *ret_n, struct err *err)
{
	const struct mapping_table *table = table_of(round, pending, first);

	*ret_n = 1;
	if (schema_is_unknown(round->schema, pg_value(pending, first, TABLE)))
		return 0;
	if (!table) { /* mapped no more */
		refetch_marks_add(&round->marks, pg_int(pending, first, ID),
				  pg_text(pending, first, PROGRESS), NULL, 0);
		return 0;
	}
	round->whole_domain = pg_value(pending, first, SELECTION).n == 0 &&
			      str_eqs(pg_value(pending, first, RESYNC), "t");
	if (pg_value(pending, first, SELECTION).n == 0)
		return read_piece(round, pending, first, err);
	*ret_n = round->group_last = group_of(round, pending, first);
	return read_group(round, table, pending, first, *ret_n, err);
}

int refetch_round_read(struct refetch_round *round,
		       const struct pg_result *pending, struct err *err)
{
	bool begun = false;
	size_t n = 0;

	for (size_t row = 0; row < pg_rows(pending); row += n) {
		n = 1;
		if (has_to_wait(round, pending, row))
			continue;
		if (begun && !has_room(round))
			break;
		begun = true;
		if (read_at(round, pending, row, &n, err) < 0)
			return err_wrap(err, "reading %s again",
					pg_text(pending, row, TABLE));
	}
	return 0;
}
