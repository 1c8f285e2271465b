/* An SQL statement of MySQL or MariaDB, cut into words.
 *
 * Comments are passed over, what stands in an executable comment is code,
 * strings and names are told apart. That is all the grammar there is. Pure;
 * slices point into the statement. */
#ifndef CDC_SQL_WORDS_H
#define CDC_SQL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum sql_word_kind {
	SQL_END,
	SQL_WORD, /* unquoted: a keyword, a name, a number */
	SQL_NAME, /* in ` or ": never a keyword. ("…" is a string unless
		   * ANSI_QUOTES; no string stands where a name may.) */
	SQL_OTHER /* a string, or one character of anything else */
};

struct sql_word {
	enum sql_word_kind kind;
	struct str text; /* without its quotes; doubled ones stay doubled */
};

/* Takes the next word off *sql; SQL_END for ever at the end. */
struct sql_word sql_next(struct str *sql);
struct sql_word sql_peek(struct str sql);
/* Takes all up to the word that says what the statement does: opening brackets,
 * SET STATEMENT … FOR of MariaDB. */
struct sql_word sql_first(struct str *sql);

/* Is it that keyword? Is it that one character? */
bool sql_is(struct sql_word word, const char *keyword);
bool sql_is_one_of(struct sql_word word, const char *const *keywords);
bool sql_is_char(struct sql_word word, char c);
/* Takes the next word off *sql if it is that keyword. */
bool sql_skip(struct str *sql, const char *keyword);

/* A name's text without doubled quotes, NUL-terminated; false when it is no
 * name or longer than `size` - 1. */
bool sql_name(struct sql_word word, char *out, size_t size);

#endif
