/* What the server is and where its log ends. */
#include "cdc/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cdc/binlog/position.h"
#include "cdc/source_impl.h"

int source_one(struct source *source, const char *sql, char **ret,
	       struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool row = false;
	int fail = source_query(source, sql, &rows, err);

	if (!fail)
		fail = source_next(rows, &row, err);
	if (fail)
		return fail;
	*ret = NULL;
	if (row && !source_null(rows, 0)) {
		struct str text = source_text(rows, 0);

		*ret = mem_strndup(text.at, text.n);
	}
	return 0;
}

int source_variable(struct source *source, const char *name, char **ret,
		    struct err *err)
{
	CLEANUP(mem_freep)
	char *sql = mem_printf(
		"show global variables where variable_name = '%s'", name);
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool row = false;
	int fail = source_query(source, sql, &rows, err);

	if (!fail)
		fail = source_next(rows, &row, err);
	if (fail)
		return fail;
	*ret = NULL;
	if (row) {
		struct str text = source_text(rows, 1);

		*ret = mem_strndup(text.at, text.n);
	}
	return 0;
}

int source_identity(struct source *source, char **ret, struct err *err)
{
	bool maria = source->server.flavour == SOURCE_MARIADB;
	CLEANUP(mem_freep) char *uid = NULL;
	int fail = source_variable(source, maria ? "server_uid" : "server_uuid",
				   &uid, err);

	if (fail)
		return fail;
	if (uid) {
		*ret = mem_printf("%s:%s", maria ? "mariadb" : "mysql", uid);
		return 0;
	}
	return source_one(source,
			  "select concat('mariadb:', @@server_id, '@', "
			  "@@hostname, ':', @@port)",
			  ret, err);
}

/* The statement was renamed twice: MariaDB 10.5.2, MySQL 8.2. */
const char *source_log_status(const struct source *source)
{
	const struct source_server *server = &source->server;

	if (server->flavour == SOURCE_MARIADB)
		return server->version >= 100502 ? "show binlog status"
						 : "show master status";
	return server->version >= 80200 ? "show binary log status"
					: "show master status";
}

static int head_file(struct source *source, struct position *ret,
		     struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool row = false;
	int fail = source_query(source, source_log_status(source), &rows, err);

	if (!fail)
		fail = source_next(rows, &row, err);
	if (fail)
		return fail;
	if (!row)
		return err_set(err, ERR_OPERATOR,
			       "source %s: it writes no binlog: set log_bin",
			       source->place);
	ret->kind = POSITION_FILE;
	position_set_file(ret, source_text(rows, 0),
			  (uint64_t)source_int(rows, 1));
	return 0;
}

static int head_gtid(struct source *source, struct position *ret,
		     struct err *err)
{
	bool maria = source->server.flavour == SOURCE_MARIADB;
	CLEANUP(mem_freep) char *gtids = NULL;
	int fail = source_one(source,
			      maria ? "select @@global.gtid_binlog_pos"
				    : "select @@global.gtid_executed",
			      &gtids, err);

	if (fail)
		return fail;
	if (maria) {
		ret->kind = POSITION_MARIADB;
		fail = gtid_pos_parse(&ret->mariadb, str_of(gtids), err);
	} else {
		ret->kind = POSITION_MYSQL;
		fail = gtid_set_parse(&ret->mysql, str_of(gtids), err);
	}
	return fail ? err_wrap(err, "source %s", source->place) : 0;
}

/* MariaDB always has GTIDs; MySQL has them when gtid_mode=ON. */
static int wants_gtid(struct source *source, const char *mode, bool *ret,
		      struct err *err)
{
	CLEANUP(mem_freep) char *gtid_mode = NULL;
	int fail;

	*ret = strcmp(mode, "file") != 0;
	if (strcmp(mode, "auto") != 0 ||
	    source->server.flavour == SOURCE_MARIADB)
		return 0;
	fail = source_variable(source, "gtid_mode", &gtid_mode, err);
	*ret = gtid_mode && strcmp(gtid_mode, "ON") == 0;
	return fail;
}

int source_head(struct source *source, const char *mode, struct position *ret,
		struct err *err)
{
	struct position head;
	bool gtid = false;
	int fail = wants_gtid(source, mode, &gtid, err);

	if (fail)
		return fail;
	position_init(&head);
	fail = gtid ? head_gtid(source, &head, err)
		    : head_file(source, &head, err);
	if (fail) {
		position_done(&head);
		return fail;
	}
	*ret = head;
	return 0;
}

static int gtid_variable(struct source *source, const char *sql,
			 struct gtid_set *ret, struct err *err)
{
	CLEANUP(mem_freep) char *text = NULL;
	int fail = source_one(source, sql, &text, err);

	return fail ? fail : gtid_set_parse(ret, str_of(text), err);
}

/* MySQL sends to a stranger whatever he lacks and asks nothing. */
static int check_set(const struct source *source, const struct gtid_set *set,
		     const struct gtid_set *executed,
		     const struct gtid_set *purged, struct err *err)
{
	if (!gtid_set_contains(executed, set))
		return err_set(err, ERR_OPERATOR,
			       "source %s lacks transactions that the copy "
			       "has: it is another server, or its log was "
			       "reset: run cdc --bootstrap",
			       source->place);
	if (!gtid_set_contains(set, purged))
		return err_set(err, ERR_OPERATOR,
			       "source %s has purged transactions that the "
			       "copy lacks: run cdc --bootstrap, and keep the "
			       "binlog longer (binlog_expire_logs_seconds)",
			       source->place);
	return 0;
}

static int check_mysql(struct source *source, const struct gtid_set *set,
		       struct err *err)
{
	struct gtid_set executed = { 0 }, purged = { 0 };
	int fail = gtid_variable(source, "select @@global.gtid_executed",
				 &executed, err);

	if (!fail)
		fail = gtid_variable(source, "select @@global.gtid_purged",
				     &purged, err);
	if (!fail)
		fail = check_set(source, set, &executed, &purged, err);
	gtid_set_done(&executed);
	gtid_set_done(&purged);
	return fail;
}

static int check_kind(const struct source *source,
		      const struct position *position, struct err *err)
{
	bool maria = source->server.flavour == SOURCE_MARIADB;

	if (position->kind == POSITION_FILE ||
	    position->kind == (maria ? POSITION_MARIADB : POSITION_MYSQL))
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "source %s: the position is none of a %s server: "
		       "run cdc --bootstrap",
		       source->place, maria ? "MariaDB" : "MySQL");
}

/* Beyond 4 GiB the server can't be asked to start, and so can't refuse. */
static int check_far_offset(struct source *source,
			    const struct position *position, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	bool row = true;
	int fail = source_query(source, "show binary logs", &rows, err);

	while (!fail && row) {
		fail = source_next(rows, &row, err);
		if (!fail && row &&
		    str_eqs(source_text(rows, 0), position->file) &&
		    (uint64_t)source_int(rows, 1) >= position->offset)
			return 0;
	}
	if (fail)
		return fail;
	return err_set(err, ERR_OPERATOR,
		       "source %s: its log %s was purged or is shorter than "
		       "the copy's position: run cdc --bootstrap",
		       source->place, position->file);
}

int source_check_position(struct source *source,
			  const struct position *position, struct err *err)
{
	int fail = check_kind(source, position, err);

	if (!fail && position->kind == POSITION_FILE &&
	    position->offset > UINT32_MAX)
		fail = check_far_offset(source, position, err);
	if (!fail && position->kind == POSITION_MYSQL)
		fail = check_mysql(source, &position->mysql, err);
	return fail;
}
