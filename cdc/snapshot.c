#include "cdc/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/binlog/position.h"
#include "cdc/setup.h"
#include "cdc/source.h"
#include "transform/mapping.h"

enum {
	SQL_MAX = 256 * 1024,
	SEEN_TRIES = 50,
	SEEN_WAIT_MS = 10, /* between two of them */
	SETTLE_MS = 200,   /* for what can't be asked */
};

static int open_snapshot(struct source *source, struct err *err)
{
	int rc = source_exec(source,
			     "set session transaction isolation level "
			     "repeatable read",
			     err);

	if (rc < 0)
		return rc;
	return source_exec(source,
			   "start transaction with consistent snapshot, "
			   "read only",
			   err);
}

int snapshot_begin(struct source *source, const char *mode,
		   struct position *ret, struct err *err)
{
	int rc = open_snapshot(source, err);

	return rc < 0 ? rc : source_head(source, mode, ret, err);
}

/* --- MariaDB: the snapshot knows its own place in the log */

static int status_value(struct source *source, const char *name, char **ret,
			struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	CLEANUP(mem_freep)
	char *sql = mem_printf("show status like '%s'", name);
	bool found = false;
	int rc = source_query(source, sql, &rows, err);

	if (rc == 0)
		rc = source_next(rows, &found, err);
	if (rc < 0)
		return rc;
	if (!found)
		return err_set(err, ERR_SOURCE,
			       "the server has no status variable %s; is its "
			       "binary log on?",
			       name);
	struct str text = source_text(rows, 1);
	*ret = mem_strndup(text.at, text.n);
	return 0;
}

static int mariadb_position(struct source *source, const char *mode,
			    struct position *ret, struct err *err)
{
	CLEANUP(mem_freep) char *file = NULL;
	CLEANUP(mem_freep) char *offset = NULL;
	CLEANUP(mem_freep) char *gtid = NULL;
	int rc = status_value(source, "binlog_snapshot_file", &file, err);
	uint64_t at = 0;

	if (rc == 0)
		rc = status_value(source, "binlog_snapshot_position", &offset,
				  err);
	if (rc < 0)
		return rc;
	str_to_u64(str_of(offset), &at);
	if (strcmp(mode, "file") != 0) {
		CLEANUP(mem_freep)
		char *sql = mem_printf("select binlog_gtid_pos('%s', %s)", file,
				       offset);

		rc = source_one(source, sql, &gtid, err);
	}
	if (rc < 0)
		return rc;
	if (strcmp(mode, "gtid") == 0 && !(gtid && *gtid))
		return err_set(err, ERR_OPERATOR,
			       "%s has no GTID yet: set source.position_mode "
			       "to auto or file",
			       file);

	CLEANUP(mem_freep)
	char *text = gtid && *gtid ? mem_printf("mariadb:%s", gtid)
				   : mem_printf("file:%s:%s", file, offset);
	rc = position_parse(str_of(text), ret, err);
	if (rc == 0)
		position_set_file(ret, str_of(file), at);
	return rc;
}

/* --- MySQL: the metadata tables are held still while the head is read */

static int has_table(struct source *source, const char *name, bool *ret,
		     struct err *err)
{
	CLEANUP(mem_freep) char *count = NULL;
	CLEANUP(mem_freep)
	char *sql = mem_printf(
		"select count(*) from information_schema.tables where "
		"table_schema = database() and table_name = '%s'",
		name);
	int rc = source_one(source, sql, &count, err);

	*ret = rc == 0 && count && strcmp(count, "0") != 0;
	return rc;
}

static int lock_metadata(struct source *lock, const struct mapping *mapping,
			 struct err *err)
{
	CLEANUP(buf_done) struct buf sql;
	const char *comma = "";
	int rc = 0;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "lock tables ");
	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		CLEANUP(mem_freep)
		char *name = mem_printf("%s%s", mapping->prefix, table->source);
		bool there = false;

		if (table->kind != TABLE_METADATA)
			continue;
		rc = has_table(lock, name, &there, err);
		if (!there)
			continue;
		buf_addf(&sql, "%s`%s` read", comma, name);
		comma = ", ";
	}
	if (rc == 0)
		rc = source_exec(lock, "set session lock_wait_timeout = 2",
				 err);
	if (rc == 0 && *comma)
		rc = source_exec(lock, buf_str(&sql), err);
	return rc < 0 ? err_wrap(err, "locking the metadata tables for the "
				      "first position")
		      : 0;
}

static int mysql_position(struct source *source, const struct setup *setup,
			  struct position *ret, struct err *err)
{
	CLEANUP(source_closep) struct source *lock = NULL;
	struct position at = { 0 };
	int rc = source_connect(&setup->source, &lock, err);

	if (rc == 0)
		rc = lock_metadata(lock, setup->mapping, err);
	if (rc == 0)
		rc = source_head(lock, setup->settings.source_position_mode,
				 &at, err);
	if (rc == 0)
		rc = open_snapshot(source, err);
	if (rc == 0)
		*ret = at;
	else
		position_done(&at);
	return rc; /* closing the connection gives the locks back */
}

int snapshot_begin_exact(struct source *source, const struct setup *setup,
			 struct position *ret, struct err *err)
{
	if (source_server(source)->flavour == SOURCE_MYSQL)
		return mysql_position(source, setup, ret, err);

	int rc = open_snapshot(source, err);
	if (rc < 0)
		return rc;
	return mariadb_position(source, setup->settings.source_position_mode,
				ret, err);
}

/* --- behind a position */

static void wait_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000 * 1000 };

	nanosleep(&t, NULL);
}

/* MariaDB's snapshot knows its place; that of GTIDs would be found by reading
 * the log file. */
static int maria_sees(struct source *source, const char *file, bool *ret,
		      struct err *err)
{
	struct position at = { 0 }, wanted = { 0 };
	CLEANUP(mem_freep) char *text = mem_printf("file:%s", file);
	int rc = mariadb_position(source, "file", &at, err);

	if (rc == 0)
		rc = position_parse(str_of(text), &wanted, err);
	if (rc == 0)
		*ret = position_contains(&at, &wanted);
	position_done(&at);
	position_done(&wanted);
	return rc;
}

/* MySQL adds a GTID to its set when the engine has committed. */
static int mysql_sees(struct source *source, const struct position *applied,
		      bool *ret, struct err *err)
{
	struct position head = { 0 };
	int rc = source_head(source, "gtid", &head, err);

	if (rc == 0)
		*ret = position_contains(&head, applied);
	position_done(&head);
	return rc;
}

static int try_after(struct source *source, const struct position *applied,
		     const char *file, bool *sees, struct err *err)
{
	bool maria = source_server(source)->flavour == SOURCE_MARIADB;
	int rc = 0;

	*sees = true;
	if (!maria && applied->kind == POSITION_MYSQL)
		rc = mysql_sees(source, applied, sees, err);
	else if (!maria || !*file)
		wait_ms(SETTLE_MS);
	if (rc == 0 && *sees)
		rc = open_snapshot(source, err);
	if (rc < 0 || !*sees || !maria || !*file)
		return rc;
	rc = maria_sees(source, file, sees, err);
	return rc < 0 || *sees ? rc : source_exec(source, "rollback", err);
}

int snapshot_begin_after(struct source *source, const struct position *applied,
			 const char *file, struct position *ret,
			 struct err *err)
{
	const char *mode = applied->kind == POSITION_FILE ? "file" : "gtid";
	bool sees = false;
	int rc = 0;

	for (int i = 0; rc == 0 && !sees && i < SEEN_TRIES; i++) {
		if (i > 0)
			wait_ms(SEEN_WAIT_MS);
		rc = try_after(source, applied, file, &sees, err);
	}
	if (rc < 0)
		return rc;
	if (!sees)
		return err_set(err, ERR_IO,
			       "the source does not show yet what it sent");
	return source_head(source, mode, ret, err);
}
