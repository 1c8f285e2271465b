#include "cdc/sql_words.h"

#include <ctype.h>
#include <string.h>

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

static struct sql_word quoted(struct str *sql)
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
	return (struct sql_word){ quote == '\'' ? SQL_OTHER : SQL_NAME, text };
}

struct sql_word sql_next(struct str *sql)
{
	struct str text;

	skip_blank(sql);
	text = (struct str){ sql->at, 0 };
	if (sql->n == 0)
		return (struct sql_word){ SQL_END, text };
	if (*sql->at == '\'' || *sql->at == '"' || *sql->at == '`')
		return quoted(sql);
	if (!is_word(*sql->at)) {
		skip(sql, 1);
		return (struct sql_word){ SQL_OTHER, { text.at, 1 } };
	}
	while (sql->n > 0 && is_word(*sql->at)) {
		skip(sql, 1);
		text.n++;
	}
	return (struct sql_word){ SQL_WORD, text };
}

struct sql_word sql_peek(struct str sql)
{
	return sql_next(&sql);
}

bool sql_is(struct sql_word word, const char *keyword)
{
	return word.kind == SQL_WORD && str_ieqs(word.text, keyword);
}

bool sql_is_one_of(struct sql_word word, const char *const *keywords)
{
	for (; *keywords; keywords++)
		if (sql_is(word, *keywords))
			return true;
	return false;
}

bool sql_is_char(struct sql_word word, char c)
{
	return word.kind == SQL_OTHER && word.text.n == 1 && *word.text.at == c;
}

bool sql_skip(struct str *sql, const char *keyword)
{
	struct str rest = *sql;

	if (!sql_is(sql_next(&rest), keyword))
		return false;
	*sql = rest;
	return true;
}

bool sql_name(struct sql_word word, char *out, size_t size)
{
	bool quotes = word.kind == SQL_NAME;
	size_t n = 0;

	if (word.kind != SQL_NAME && word.kind != SQL_WORD)
		return false;
	for (size_t i = 0; i < word.text.n; i++) {
		char c = word.text.at[i];

		if (n + 1 >= size)
			return false;
		out[n++] = c;
		if (quotes && (c == '`' || c == '"') && i + 1 < word.text.n &&
		    word.text.at[i + 1] == c)
			i++;
	}
	out[n] = '\0';
	return n > 0;
}

struct sql_word sql_first(struct str *sql)
{
	struct sql_word word = sql_next(sql);

	while (sql_is_char(word, '('))
		word = sql_next(sql);
	if (!sql_is(word, "set") || !sql_skip(sql, "statement"))
		return word;
	while (word.kind != SQL_END && !sql_is(word, "for"))
		word = sql_next(sql);
	return sql_next(sql);
}
