/* Statements in the log: terminators, DDL, XA. */
#include "cdc/group_impl.h"

#include "base/arena.h"
#include "base/err.h"
#include "cdc/binlog/charset.h"
#include "cdc/binlog/control.h"
#include "cdc/binlog/value.h"
#include "cdc/binlog/xa_name.h"
#include "cdc/ddl.h"
#include "cdc/dml.h"
#include "cdc/held.h"
#include "transform/mapping.h"

/* ---- XA ---- */

/* What stands behind the first `count` words: the name. */
static struct str behind(struct str sql, int count)
{
	while (count-- > 0) {
		sql = str_trim(sql);
		str_split(&sql, ' ');
	}
	return str_trim(sql);
}

static int read_xa_name(struct group *group, struct str sql, struct err *err)
{
	buf_reset(&group->xa_name, XA_NAME_MAX);
	if (xa_name_parse(behind(sql, 2), &group->xa_name))
		return 0;
	return err_set(err, ERR_CORRUPT, "an XA statement without a name");
}

static int xa_start(struct group *group, struct str sql, struct err *err)
{
	int fail = read_xa_name(group, sql, err);

	if (!fail)
		group_begin_xa(group, (struct str){ buf_str(&group->xa_name),
						    group->xa_name.n });
	return fail;
}

/* Of the group's own transaction, when it was never prepared. */
static int xa_commit(struct group *group, struct str sql, struct err *err)
{
	int fail = read_xa_name(group, sql, err);

	if (!fail && !group->now.known && !group->now.xa &&
	    group->options.sink->store)
		fail = held_commit(group->held, buf_str(&group->xa_name),
				   &group->now.rows, err);
	return fail ? fail : group_finish(group, err);
}

static int xa_rollback(struct group *group, struct str sql, struct err *err)
{
	int fail = read_xa_name(group, sql, err);

	if (fail)
		return fail;
	if (group->now.xa)
		return group_finish_undone(group, err);
	if (!group->now.known && group->options.sink->store)
		fail = held_drop(group->held, buf_str(&group->xa_name), err);
	return fail ? fail : group_finish(group, err);
}

/* ---- Statements ---- */

static int refuse_unlogged(const struct mapping_table *table, struct err *err)
{
	if (!table)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "a statement changed table %s, its rows are not logged: "
		       "set binlog_format=ROW on the source, empty the records "
		       "and run cdc --bootstrap",
		       table->source);
}

/* In UTF-8: in GBK or SJIS, half of a character may look like a quote. What is
 * no text of its charset stays as it is. */
static struct str in_utf8(const struct query *query, struct arena *arena)
{
	const struct charset *charset =
		query->has & QUERY_CHARSET
			? charset_by_collation(query->charset_client)
			: NULL;
	struct value_sink sink = { .arena = arena };
	struct value text = { .at = query->sql.at,
			      .n = (uint32_t)query->sql.n };
	const struct charset_reader *reader;

	if (!charset || charset->kind == CHARSET_UTF8 ||
	    charset->kind == CHARSET_BINARY)
		return query->sql;
	reader = charset_reader(charset);
	if (!reader)
		return query->sql;
	charset_read(reader, (const uint8_t *)query->sql.at, query->sql.n,
		     &sink, &text);
	return (struct str){ text.at, text.n };
}

/* Where a backslash is as good as any character it must not look like an
 * escape; what it stands in, a string, is never looked at. */
static struct str without_escapes(struct str sql, struct arena *arena)
{
	char *copy = arena_strndup(arena, sql.at, sql.n);

	for (size_t i = 0; i < sql.n; i++)
		if (copy[i] == '\\')
			copy[i] = '/';
	return (struct str){ copy, sql.n };
}

/* The statement as sql_words.h reads them. */
static struct str text_of(const struct query *query, struct arena *arena)
{
	struct str sql = in_utf8(query, arena);
	bool plain = query->has & QUERY_SQL_MODE &&
		     query->sql_mode & QUERY_NO_BACKSLASH_ESCAPES;

	return plain ? without_escapes(sql, arena) : sql;
}

static int run_statement(struct group *group, struct str schema, struct str sql,
			 struct err *err)
{
	const struct group_sink *sink = group->options.sink;
	const struct group_options *o = &group->options;
	enum ddl_kind kind = ddl_kind_of(sql);

	if (kind == DDL_NONE)
		return 0;
	if (kind == DDL_DML)
		return refuse_unlogged(
			dml_changed(o->mapping, o->database, schema, sql), err);
	group->counts.ddl++;
	return sink->ddl ? sink->ddl(sink->user, schema, sql, err) : 0;
}

static int statement(struct group *group, const struct query *query,
		     struct err *err)
{
	struct arena arena;
	int fail;

	if (group->now.known || group->now.ddl_part)
		return 0;
	arena_init(&arena);
	fail = run_statement(group, query->schema, text_of(query, &arena), err);
	arena_done(&arena);
	return fail;
}

static int other_query(struct group *group, const struct query *query,
		       struct err *err)
{
	int fail = statement(group, query, err);

	if (!fail && query_starts_transaction(query->sql))
		group->now.begun = true;
	else if (!fail && !group->now.begun)
		fail = group_finish(group, err);
	return fail;
}

/* ---- Savepoints ---- */

static void savepoint(struct group *group, struct str name)
{
	if (group->now.known || !group->options.sink->store)
		return;
	if (!held_is_open(group->held))
		held_begin(group->held, STR(""));
	held_savepoint(group->held, name);
}

/* In the log only because a table without transactions was written, or a
 * temporary one. */
static int rollback_to(struct group *group, struct str name, struct err *err)
{
	int fail;

	if (group->now.known || group->now.rows == 0)
		return 0;
	if (!group->options.sink->store)
		return err_set(err, ERR_OPERATOR,
			       "ROLLBACK TO SAVEPOINT: its rows were shown "
			       "already: go on behind it with --from");
	fail = held_rollback_to(group->held, name, err);
	return fail ? fail : group_refetch_lasting(group, err);
}

static int on_query_in_group(struct group *group, const struct query *query,
			     struct err *err)
{
	switch (query_kind(query->sql)) {
	case QUERY_BEGIN:
		group->now.begun = true;
		return 0;
	case QUERY_COMMIT:
		return group_finish(group, err);
	case QUERY_ROLLBACK:
		return group_finish_undone(group, err);
	case QUERY_ROLLBACK_TO:
		return rollback_to(group, behind(query->sql, 2), err);
	case QUERY_SAVEPOINT:
		savepoint(group, behind(query->sql, 1));
		return 0;
	case QUERY_XA_START:
		return xa_start(group, query->sql, err);
	case QUERY_XA_END:
		return 0;
	case QUERY_XA_COMMIT:
		return xa_commit(group, query->sql, err);
	case QUERY_XA_ROLLBACK:
		return xa_rollback(group, query->sql, err);
	case QUERY_DUMMY:
		return err_set(err, ERR_OPERATOR,
			       "the server replaced an event it thinks we do "
			       "not know: report this with its version");
	case QUERY_OTHER:
		break;
	}
	return other_query(group, query, err);
}

int group_query(struct group *group, const struct event *event, struct err *err)
{
	static const struct gtid none = { .kind = GTID_NONE };
	struct query query;
	int fail = query_parse(event, &query, err);

	if (!fail && !group->now.open) /* a log without GTID events */
		fail = group_begin(group, &none, err);
	return fail ? fail : on_query_in_group(group, &query, err);
}
