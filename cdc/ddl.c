#include "cdc/ddl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "cdc/sql_words.h"
#include "transform/mapping.h"

enum {
	NAME_SIZE = 64 * 4 + 1, /* a name in UTF-8, and a NUL */
	CREATE_WORDS = 24, /* how far off CREATE the thing it makes can be */
};

/* ---- What kind it is ---- */

/* "CREATE OR REPLACE DEFINER=… SQL SECURITY … VIEW", "CREATE UNIQUE INDEX";
 * *sql is behind the word then. */
static enum ddl_kind create_kind(struct str *sql, bool *replaces)
{
	static const char *const others[] = {
		"view",	    "trigger",	 "procedure", "function",   "event",
		"database", "schema",	 "user",      "role",	    "server",
		"sequence", "temporary", "package",   "tablespace", NULL
	};

	for (int i = 0; i < CREATE_WORDS; i++) {
		struct sql_word word = sql_next(sql);

		*replaces = *replaces || sql_is(word, "replace");
		if (sql_is(word, "table"))
			return DDL_CREATE;
		if (sql_is(word, "index"))
			return DDL_ALTER;
		if (word.kind == SQL_END || sql_is_one_of(word, others))
			return DDL_NONE;
	}
	return DDL_NONE;
}

static enum ddl_kind drop_kind(struct str sql)
{
	static const char *const holders[] = { "table", "tables", "database",
					       "schema", NULL };
	struct sql_word word = sql_next(&sql);

	if (sql_is_one_of(word, holders))
		return DDL_DROP;
	return sql_is(word, "index") ? DDL_ALTER : DDL_NONE;
}

/* ALTER [ONLINE] [IGNORE] TABLE t …; renaming a column is no renaming. */
static enum ddl_kind alter_kind(struct str sql)
{
	static const char *const parts[] = { "column", "index", "key",
					     "constraint", NULL };
	static const char *const removers[] = { "drop", "truncate", "exchange",
						NULL };
	struct sql_word word = sql_next(&sql), before;
	enum ddl_kind kind = DDL_ALTER;

	while (sql_is(word, "online") || sql_is(word, "ignore"))
		word = sql_next(&sql);
	if (!sql_is(word, "table"))
		return DDL_NONE;
	for (before = word; word.kind != SQL_END; before = word) {
		word = sql_next(&sql);
		if (sql_is(before, "rename") && !sql_is_one_of(word, parts))
			kind = DDL_RENAME;
		if (sql_is(word, "partition") &&
		    sql_is_one_of(before, removers))
			return DDL_TRUNCATE;
	}
	return kind;
}

enum ddl_kind ddl_kind_of(struct str sql)
{
	/* In the log a SELECT or CALL is there for what it changed. */
	static const char *const dml[] = { "insert",  "update", "delete",
					   "replace", "load",	"with",
					   "select",  "do",	"call",
					   NULL };
	struct sql_word word = sql_first(&sql);
	bool replaces = false;

	if (sql_is(word, "create"))
		return create_kind(&sql, &replaces);
	if (sql_is(word, "alter"))
		return alter_kind(sql);
	if (sql_is(word, "drop"))
		return drop_kind(sql);
	if (sql_is(word, "truncate"))
		return DDL_TRUNCATE;
	if (sql_is(word, "rename"))
		return sql_is(sql_next(&sql), "user") ? DDL_NONE : DDL_RENAME;
	return sql_is_one_of(word, dml) ? DDL_DML : DDL_NONE;
}

const char *ddl_kind_name(enum ddl_kind kind)
{
	static const char *const names[] = {
		[DDL_NONE] = "none",	 [DDL_ALTER] = "ALTER",
		[DDL_CREATE] = "CREATE", [DDL_DROP] = "DROP",
		[DDL_RENAME] = "RENAME", [DDL_TRUNCATE] = "TRUNCATE",
		[DDL_DML] = "statement",
	};

	return names[kind];
}

/* ---- What it does to them ---- */

enum { MOVES_MAX = 32 }; /* tables of one RENAME */

struct table_name {
	char database[NAME_SIZE], table[NAME_SIZE];
};

/* Rows that stood under one name stand under another. */
struct move {
	struct table_name was, is;
};

struct run {
	const struct ddl_scope *scope;
	struct str schema; /* the session's database */
	struct str sql;	   /* what is left of the statement */
	ddl_effects take;
	void *user;
	struct move moves[MOVES_MAX];
	size_t move_count;
	bool too_many;
};

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* [db.]table off the statement; false: no name stands there. */
static bool take_name(struct run *run, struct table_name *ret)
{
	struct sql_word word = sql_next(&run->sql);

	if (!sql_name(word, ret->table, sizeof(ret->table)))
		return false;
	if (sql_is_char(sql_peek(run->sql), '.')) {
		memcpy(ret->database, ret->table, sizeof(ret->database));
		sql_next(&run->sql);
		word = sql_next(&run->sql);
		if (!sql_name(word, ret->table, sizeof(ret->table)))
			return false;
	} else {
		size_t n = run->schema.n < NAME_SIZE ? run->schema.n : 0;

		if (n > 0)
			memcpy(ret->database, run->schema.at, n);
		ret->database[n] = '\0';
	}
	if (run->scope->fold) {
		lower(ret->table);
		lower(ret->database);
	}
	return true;
}

static bool is_ours(const struct run *run, const char *database)
{
	return run->scope->fold
		       ? strcasecmp(database, run->scope->database) == 0
		       : strcmp(database, run->scope->database) == 0;
}

static void affect(struct run *run, const struct table_name *name,
		   unsigned effects)
{
	const struct mapping_table *table =
		is_ours(run, name->database)
			? mapping_find(run->scope->mapping, name->table)
			: NULL;

	if (table)
		run->take(run->user, table, effects);
}

static void skip_if_exists(struct run *run)
{
	if (sql_skip(&run->sql, "if")) {
		sql_skip(&run->sql, "not");
		sql_skip(&run->sql, "exists");
	}
}

static void run_create(struct run *run)
{
	bool replaces = false;
	enum ddl_kind kind = create_kind(&run->sql, &replaces);
	struct sql_word word;
	struct table_name name;

	if (kind == DDL_NONE)
		return;
	skip_if_exists(run);
	if (kind == DDL_ALTER) /* INDEX i USING x ON t */
		do
			word = sql_next(&run->sql);
		while (word.kind != SQL_END && !sql_is(word, "on"));
	if (take_name(run, &name))
		affect(run, &name, DDL_CHANGES | (replaces ? DDL_EMPTIES : 0));
}

static void drop_database(struct run *run)
{
	char name[NAME_SIZE];

	skip_if_exists(run);
	if (!sql_name(sql_next(&run->sql), name, sizeof(name)) ||
	    !is_ours(run, name))
		return;
	for (size_t i = 0; i < run->scope->mapping->table_count; i++)
		run->take(run->user, &run->scope->mapping->tables[i],
			  DDL_CHANGES | DDL_EMPTIES);
}

static void run_drop(struct run *run)
{
	struct sql_word word = sql_next(&run->sql);
	struct table_name name;

	if (sql_is(word, "database") || sql_is(word, "schema")) {
		drop_database(run);
	} else if (sql_is(word, "index")) {
		do
			word = sql_next(&run->sql);
		while (word.kind != SQL_END && !sql_is(word, "on"));
		if (take_name(run, &name))
			affect(run, &name, DDL_CHANGES);
	} else if (sql_is(word, "table") || sql_is(word, "tables")) {
		skip_if_exists(run);
		while (take_name(run, &name)) {
			affect(run, &name, DDL_CHANGES | DDL_EMPTIES);
			if (!sql_is_char(sql_next(&run->sql), ','))
				return;
		}
	}
}

static bool same_name(const struct table_name *a, const struct table_name *b)
{
	return strcmp(a->database, b->database) == 0 &&
	       strcmp(a->table, b->table) == 0;
}

/* From left to right: what was moved before may be moved on. */
static void move(struct run *run, const struct table_name *from,
		 const struct table_name *to)
{
	for (size_t i = 0; i < run->move_count; i++)
		if (same_name(&run->moves[i].is, from)) {
			run->moves[i].is = *to;
			return;
		}
	if (run->move_count == MOVES_MAX) {
		run->too_many = true;
		affect(run, from, DDL_CHANGES | DDL_REPLACES);
		affect(run, to, DDL_CHANGES | DDL_REPLACES);
		return;
	}
	run->moves[run->move_count++] =
		(struct move){ .was = *from, .is = *to };
}

static bool is_taken(const struct run *run, const struct table_name *name)
{
	for (size_t i = 0; i < run->move_count; i++)
		if (same_name(&run->moves[i].is, name))
			return true;
	return false;
}

static void moved(struct run *run)
{
	unsigned gone = DDL_CHANGES | DDL_EMPTIES;

	if (run->too_many) /* where each ended up is not known */
		gone = DDL_CHANGES | DDL_REPLACES;
	for (size_t i = 0; i < run->move_count; i++) {
		const struct move *m = &run->moves[i];

		if (same_name(&m->was, &m->is))
			continue;
		if (!is_taken(run, &m->was))
			affect(run, &m->was, gone);
		affect(run, &m->is, DDL_CHANGES | DDL_REPLACES);
	}
}

/* Up to a keyword that must come; false: it does not. */
static bool skip_to(struct run *run, const char *keyword)
{
	struct sql_word word;

	do
		word = sql_next(&run->sql);
	while (word.kind != SQL_END && !sql_is(word, keyword) &&
	       !sql_is_char(word, ','));
	return sql_is(word, keyword);
}

static void run_rename(struct run *run)
{
	struct table_name from, to;

	if (!sql_skip(&run->sql, "table") && !sql_skip(&run->sql, "tables"))
		return;
	skip_if_exists(run);
	while (take_name(run, &from)) {
		if (!skip_to(run, "to") || !take_name(run, &to))
			break;
		move(run, &from, &to);
		if (!sql_is_char(sql_next(&run->sql), ','))
			break;
	}
	moved(run);
}

static void run_truncate(struct run *run)
{
	struct table_name name;

	sql_skip(&run->sql, "table");
	if (take_name(run, &name))
		affect(run, &name, DDL_EMPTIES);
}

/* RENAME [TO|AS|=] t; of a part of the table it is none. */
static void alter_rename(struct run *run, const struct table_name *name)
{
	static const char *const parts[] = { "column", "index", "key",
					     "constraint", NULL };
	struct table_name to;

	if (sql_is_one_of(sql_peek(run->sql), parts))
		return;
	if (!sql_skip(&run->sql, "to"))
		sql_skip(&run->sql, "as");
	if (sql_is_char(sql_peek(run->sql), '='))
		sql_next(&run->sql);
	if (take_name(run, &to))
		move(run, name, &to);
}

/* EXCHANGE PARTITION p WITH TABLE u, CONVERT PARTITION p TO TABLE u */
static void alter_exchange(struct run *run)
{
	struct table_name other;

	if (skip_to(run, "table") && take_name(run, &other))
		affect(run, &other, DDL_CHANGES | DDL_REPLACES);
}

/* One word of an ALTER; what the next ones are about depends on it. */
static unsigned alter_word(struct run *run, struct sql_word word,
			   const struct table_name *name)
{
	static const char *const takers[] = { "drop",	"truncate", "discard",
					      "import", "exchange", "convert",
					      NULL };
	struct sql_word after = sql_peek(run->sql);
	bool part = sql_is(after, "partition");

	if (sql_is(word, "rename"))
		alter_rename(run, name);
	if (!sql_is_one_of(word, takers))
		return 0;
	if (sql_is(word, "convert") && sql_is(after, "table")) {
		sql_next(&run->sql);
		struct table_name other;

		if (take_name(run, &other))
			affect(run, &other, DDL_CHANGES | DDL_EMPTIES);
		return DDL_REPLACES;
	}
	if (part && (sql_is(word, "exchange") || sql_is(word, "convert")))
		alter_exchange(run);
	return part || sql_is(after, "tablespace") ? DDL_REPLACES : 0;
}

static void run_alter(struct run *run)
{
	unsigned effects = DDL_CHANGES;
	struct sql_word word = sql_next(&run->sql);
	struct table_name name;
	int depth = 0;

	for (; sql_is(word, "online") || sql_is(word, "ignore");
	     word = sql_next(&run->sql))
		if (sql_is(word, "ignore")) /* rows that clash go away */
			effects |= DDL_REPLACES;
	if (!sql_is(word, "table"))
		return;
	skip_if_exists(run);
	if (!take_name(run, &name))
		return;
	while ((word = sql_next(&run->sql)).kind != SQL_END) {
		depth += sql_is_char(word, '(');
		depth -= sql_is_char(word, ')');
		if (depth == 0)
			effects |= alter_word(run, word, &name);
	}
	affect(run, &name, effects);
	moved(run);
}

void ddl_run(const struct ddl_scope *scope, struct str schema, struct str sql,
	     ddl_effects take, void *user)
{
	struct run run = { .scope = scope,
			   .schema = schema,
			   .sql = sql,
			   .take = take,
			   .user = user };
	struct sql_word word = sql_first(&run.sql);

	if (sql_is(word, "create"))
		run_create(&run);
	else if (sql_is(word, "drop"))
		run_drop(&run);
	else if (sql_is(word, "rename"))
		run_rename(&run);
	else if (sql_is(word, "truncate"))
		run_truncate(&run);
	else if (sql_is(word, "alter"))
		run_alter(&run);
}

/* ---- Columns ---- */

/* CHANGE [COLUMN] [IF EXISTS] a b … */
static bool changes_name(struct str sql)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	sql_skip(&sql, "column");
	if (sql_skip(&sql, "if"))
		sql_skip(&sql, "exists");
	return !sql_name(sql_next(&sql), from, sizeof(from)) ||
	       !sql_name(sql_next(&sql), to, sizeof(to)) ||
	       strcasecmp(from, to) != 0;
}

bool ddl_moves_columns(struct str sql)
{
	static const char *const others[] = { "index",	    "key",
					      "primary",    "foreign",
					      "constraint", "check",
					      "partition",  NULL };
	struct sql_word word;

	while ((word = sql_next(&sql)).kind != SQL_END) {
		struct sql_word after = sql_peek(sql);

		if (sql_is(word, "drop") && !sql_is_one_of(after, others))
			return true;
		if (sql_is(word, "rename") && sql_is(after, "column"))
			return true;
		if (sql_is(word, "change") && changes_name(sql))
			return true;
	}
	return false;
}

bool ddl_mentions(struct str sql, const char *name)
{
	struct sql_word word;
	char text[NAME_SIZE];

	while ((word = sql_next(&sql)).kind != SQL_END)
		if (sql_name(word, text, sizeof(text)) &&
		    strcasecmp(text, name) == 0)
			return true;
	return false;
}
