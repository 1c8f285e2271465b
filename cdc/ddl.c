#include "cdc/ddl.h"

#include <ctype.h>
#include <string.h>

#include "base/defs.h"
#include "transform/mapping.h"

enum {
	NAME_MAX_BYTES = 64 * 4, /* a table's name in UTF-8 */
	CREATE_WORDS = 24, /* how far off CREATE the thing it makes can be */
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_OTHER };

struct token {
	enum token_kind kind; /* NAME: quoted, never a keyword */
	struct str text;      /* without quotes; doubled quotes stay */
};

static bool is_word(char c)
{
	unsigned char u = (unsigned char)c;

	return isalnum(u) || c == '_' || c == '$' || u >= 0x80;
}

static void skip(struct str *sql, size_t n)
{
	n = n < sql->n ? n : sql->n;
	sql->at += n;
	sql->n -= n;
}

static void skip_past(struct str *sql, const char *end)
{
	const char *found = memmem(sql->at, sql->n, end, strlen(end));

	skip(sql, found ? (size_t)(found - sql->at) + strlen(end) : sql->n);
}

/* What stands in an executable comment is code; its ends are not. */
static bool skip_executable(struct str *sql)
{
	if (str_starts(*sql, "/*!"))
		skip(sql, 3);
	else if (str_starts(*sql, "/*M!"))
		skip(sql, 4);
	else
		return false;
	while (sql->n > 0 && isdigit((unsigned char)*sql->at))
		skip(sql, 1);
	return true;
}

static bool skip_comment(struct str *sql)
{
	if (skip_executable(sql))
		return true;
	if (str_starts(*sql, "/*")) {
		skip(sql, 2);
		skip_past(sql, "*/");
	} else if (str_starts(*sql, "*/")) { /* of an executable one */
		skip(sql, 2);
	} else if (*sql->at == '#' ||
		   (str_starts(*sql, "--") &&
		    (sql->n == 2 || isspace((unsigned char)sql->at[2])))) {
		skip_past(sql, "\n");
	} else {
		return false;
	}
	return true;
}

static void skip_blank(struct str *sql)
{
	while (sql->n > 0) {
		if (isspace((unsigned char)*sql->at) || *sql->at == '\0')
			skip(sql, 1);
		else if (!skip_comment(sql))
			return;
	}
}

/* "…" is a name under ANSI_QUOTES and a string otherwise: taken for a name. */
static struct token quoted(struct str *sql)
{
	char quote = *sql->at;
	struct str text = { sql->at + 1, 0 };

	skip(sql, 1);
	while (sql->n > 0) {
		bool escape = *sql->at == '\\' && quote != '`';
		bool doubled =
			*sql->at == quote && sql->n > 1 && sql->at[1] == quote;

		if (*sql->at == quote && !doubled)
			break;
		skip(sql, escape || doubled ? 2 : 1);
	}
	text.n = (size_t)(sql->at - text.at);
	skip(sql, 1);
	return (struct token){ quote == '\'' ? TOKEN_OTHER : TOKEN_NAME, text };
}

static struct token next(struct str *sql)
{
	struct str text;

	skip_blank(sql);
	text = (struct str){ sql->at, 0 };
	if (sql->n == 0)
		return (struct token){ TOKEN_END, text };
	if (*sql->at == '\'' || *sql->at == '"' || *sql->at == '`')
		return quoted(sql);
	if (!is_word(*sql->at)) {
		skip(sql, 1);
		return (struct token){ TOKEN_OTHER, { text.at, 1 } };
	}
	while (sql->n > 0 && is_word(*sql->at)) {
		skip(sql, 1);
		text.n++;
	}
	return (struct token){ TOKEN_WORD, text };
}

static bool is(struct token token, const char *word)
{
	return token.kind == TOKEN_WORD && str_ieqs(token.text, word);
}

static bool is_one_of(struct token token, const char *const *words)
{
	for (; *words; words++)
		if (is(token, *words))
			return true;
	return false;
}

/* "CREATE OR REPLACE DEFINER=… SQL SECURITY … VIEW", "CREATE UNIQUE INDEX" */
static enum ddl_kind create_kind(struct str sql)
{
	static const char *const others[] = {
		"view",	    "trigger",	 "procedure", "function",   "event",
		"database", "schema",	 "user",      "role",	    "server",
		"sequence", "temporary", "package",   "tablespace", NULL
	};

	for (int i = 0; i < CREATE_WORDS; i++) {
		struct token token = next(&sql);

		if (is(token, "table"))
			return DDL_CREATE;
		if (is(token, "index"))
			return DDL_ALTER;
		if (token.kind == TOKEN_END || is_one_of(token, others))
			return DDL_NONE;
	}
	return DDL_NONE;
}

static enum ddl_kind drop_kind(struct str sql)
{
	struct token token = next(&sql);

	if (is(token, "table") || is(token, "tables") ||
	    is(token, "database") || is(token, "schema"))
		return DDL_DROP;
	return is(token, "index") ? DDL_ALTER : DDL_NONE;
}

/* ALTER [ONLINE] [IGNORE] TABLE t …; renaming a column is no renaming. */
static enum ddl_kind alter_kind(struct str sql)
{
	static const char *const parts[] = { "column", "index", "key",
					     "constraint", NULL };
	static const char *const removers[] = { "drop", "truncate", "exchange",
						NULL };
	struct token token = next(&sql), before;
	enum ddl_kind kind = DDL_ALTER;

	while (is(token, "online") || is(token, "ignore"))
		token = next(&sql);
	if (!is(token, "table"))
		return DDL_NONE;
	for (before = token; token.kind != TOKEN_END; before = token) {
		token = next(&sql);
		if (is(before, "rename") && !is_one_of(token, parts))
			kind = DDL_RENAME;
		if (is(token, "partition") && is_one_of(before, removers))
			return DDL_TRUNCATE;
	}
	return kind;
}

static enum ddl_kind kind_of(struct str sql)
{
	static const char *const dml[] = { "insert",  "update", "delete",
					   "replace", "load",	NULL };
	struct token token = next(&sql);

	while (token.kind == TOKEN_OTHER && *token.text.at == '(')
		token = next(&sql);
	if (is(token, "set")) { /* SET STATEMENT x=y FOR <statement> */
		if (!is(next(&sql), "statement"))
			return DDL_NONE;
		while (token.kind != TOKEN_END && !is(token, "for"))
			token = next(&sql);
		token = next(&sql);
	}
	if (is(token, "create"))
		return create_kind(sql);
	if (is(token, "alter"))
		return alter_kind(sql);
	if (is(token, "drop"))
		return drop_kind(sql);
	if (is(token, "truncate"))
		return DDL_TRUNCATE;
	if (is(token, "rename"))
		return is(next(&sql), "user") ? DDL_NONE : DDL_RENAME;
	return is_one_of(token, dml) ? DDL_DML : DDL_NONE;
}

static void name_one(const struct mapping *mapping, struct str name,
		     ddl_table named, void *user)
{
	char text[NAME_MAX_BYTES + 1];
	const struct mapping_table *table;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return;
	memcpy(text, name.at, name.n);
	text[name.n] = '\0';
	table = mapping_find(mapping, text);
	if (table)
		named(user, table);
}

static void name_all(const struct mapping *mapping, ddl_table named, void *user)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		named(user, &mapping->tables[i]);
}

static void name_tables(const struct mapping *mapping, const char *database,
			bool here, struct str sql, ddl_table named, void *user)
{
	struct token before = { .kind = TOKEN_OTHER }, token = next(&sql);

	while (token.kind != TOKEN_END) {
		struct token after = next(&sql);
		bool dot = after.kind == TOKEN_OTHER && *after.text.at == '.';

		if (token.kind != TOKEN_OTHER && dot) { /* db.table */
			struct token table = next(&sql);

			if (str_ieqs(token.text, database))
				name_one(mapping, table.text, named, user);
			else if (here) /* table.column */
				name_one(mapping, token.text, named, user);
			after = next(&sql);
		} else if (token.kind != TOKEN_OTHER && here) {
			name_one(mapping, token.text, named, user);
		}
		if ((is(before, "database") || is(before, "schema")) &&
		    str_ieqs(token.text, database))
			name_all(mapping, named, user);
		if (!is(token, "if") && !is(token, "exists"))
			before = token;
		token = after;
	}
}

enum ddl_kind ddl_tables(const struct mapping *mapping, const char *database,
			 struct str schema, struct str sql, ddl_table named,
			 void *user)
{
	enum ddl_kind kind = kind_of(sql);

	if (kind != DDL_NONE && named)
		name_tables(mapping, database, str_ieqs(schema, database), sql,
			    named, user);
	return kind;
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
