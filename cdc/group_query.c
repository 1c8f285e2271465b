/* Statements in the log: terminators, DDL, XA. */
#include "cdc/group_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/control.h"
#include "cdc/ddl.h"
#include "transform/mapping.h"

enum { XIDS_MAX = 1024 };

/* ---- XA ---- */

static const char XA_UNKNOWN[] =
	"not supported yet: XA COMMIT of a transaction that was prepared "
	"before the copy's position: run cdc --bootstrap";

/* "XA COMMIT X'61',X'',1" -> "X'61',X'',1" */
static struct str xid_text(struct str sql)
{
	str_split(&sql, ' ');
	str_split(&sql, ' ');
	return str_trim(sql);
}

static void remember_xid(struct group *group, struct str xid)
{
	if (group->xid_count == XIDS_MAX) {
		free(group->xids[0]);
		memmove(group->xids, group->xids + 1,
			(XIDS_MAX - 1) * sizeof(char *));
		group->xid_count--;
	}
	group->xids = mem_realloc(group->xids,
				  (group->xid_count + 1) * sizeof(char *));
	group->xids[group->xid_count++] = mem_strndup(xid.at, xid.n);
}

static bool forget_xid(struct group *group, struct str xid)
{
	for (size_t i = 0; i < group->xid_count; i++)
		if (str_eqs(xid, group->xids[i])) {
			free(group->xids[i]);
			group->xids[i] = group->xids[--group->xid_count];
			return true;
		}
	return false;
}

static int xa_decided(struct group *group, struct str sql, bool commit,
		      struct err *err)
{
	bool seen = forget_xid(group, xid_text(sql));

	if (commit && !seen && !group->now.known)
		return err_set(err, ERR_OPERATOR, "%s", XA_UNKNOWN);
	return group_finish(group, err);
}

/* ---- Statements ---- */

struct named {
	const char *table; /* the last mapped table named; borrowed */
};

static void note_table(void *user, const struct mapping_table *table)
{
	struct named *named = user;

	named->table = table->source;
}

static int statement(struct group *group, const struct query *query,
		     struct err *err)
{
	const struct group_sink *sink = group->options.sink;
	struct named named = { 0 };
	enum ddl_kind kind;

	if (group->now.known || group->now.ddl_part)
		return 0;
	kind = ddl_tables(group->options.mapping, group->options.database,
			  query->schema, query->sql, note_table, &named);
	if (kind == DDL_NONE)
		return 0;
	if (kind == DDL_DML)
		return named.table ? err_set(err, ERR_OPERATOR,
					     "a statement changed table %s, "
					     "its rows "
					     "are not logged: set "
					     "binlog_format=ROW "
					     "on the source and run cdc "
					     "--bootstrap",
					     named.table)
				   : 0;
	group->counts.ddl++;
	return sink->ddl ? sink->ddl(sink->user, query->schema, query->sql, err)
			 : 0;
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

static int rollback_to(struct group *group, struct err *err)
{
	if (group->now.known || group->now.rows == 0)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "not supported yet: ROLLBACK TO SAVEPOINT in a "
		       "transaction with a table that has no transactions: "
		       "run cdc --bootstrap");
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
		return rollback_to(group, err);
	case QUERY_SAVEPOINT:
		return 0;
	case QUERY_XA_START:
		group->now.begun = group->now.xa = true;
		remember_xid(group, xid_text(query->sql));
		return 0;
	case QUERY_XA_END:
		return 0;
	case QUERY_XA_COMMIT:
		return xa_decided(group, query->sql, true, err);
	case QUERY_XA_ROLLBACK:
		return xa_decided(group, query->sql, false, err);
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
