#include "cdc/dml.h"

#include <stdbool.h>

#include "cdc/sql_words.h"
#include "transform/mapping.h"

enum { NAME_SIZE = 64 * 4 + 1 }; /* a name in UTF-8, and a NUL */

static const struct mapping_table *find(const struct mapping *mapping,
					struct sql_word word)
{
	char text[NAME_SIZE];

	if (!sql_name(word, text, sizeof(text)))
		return NULL;
	return mapping_find(mapping, text);
}

/* here: a bare name is one of the database. */
static const struct mapping_table *named_in(const struct mapping *mapping,
					    const char *database, bool here,
					    struct str sql)
{
	const struct mapping_table *found = NULL;
	struct sql_word word = sql_next(&sql);

	while (!found && word.kind != SQL_END) {
		struct sql_word after = sql_next(&sql);

		if (word.kind != SQL_OTHER && sql_is_char(after, '.')) {
			struct sql_word table = sql_next(&sql); /* db.table */

			if (str_ieqs(word.text, database))
				found = find(mapping, table);
			else if (here) /* table.column */
				found = find(mapping, word);
			after = sql_next(&sql);
		} else if (word.kind != SQL_OTHER && here) {
			found = find(mapping, word);
		}
		word = after;
	}
	return found;
}

/* The table's name in INSERT and REPLACE, else all of it. */
static struct str changed_part(struct str sql)
{
	static const char *const modifiers[] = { "low_priority",  "delayed",
						 "high_priority", "ignore",
						 "into",	  NULL };
	struct str part = sql;
	struct sql_word word = sql_first(&sql);

	if (!sql_is(word, "insert") && !sql_is(word, "replace"))
		return part;
	while (sql_is_one_of(sql_peek(sql), modifiers))
		sql_next(&sql);
	part = sql;
	sql_next(&sql);
	if (sql_is_char(sql_peek(sql), '.')) {
		sql_next(&sql);
		sql_next(&sql);
	}
	part.n = (size_t)(sql.at - part.at);
	return part;
}

/* A SELECT is in the log for what a function in it changed. */
static bool calls_routine(const char *database, bool here, struct str sql)
{
	static const char *const calls[] = { "select", "do", "call", NULL };
	struct sql_word word = sql_first(&sql);
	bool found = here;

	if (!sql_is_one_of(word, calls))
		return false;
	for (; !found && word.kind != SQL_END; word = sql_next(&sql))
		found = word.kind != SQL_OTHER && str_ieqs(word.text, database);
	return found;
}

const struct mapping_table *dml_changed(const struct mapping *mapping,
					const char *database, struct str schema,
					struct str sql)
{
	bool here = str_ieqs(schema, database);

	if (calls_routine(database, here, sql))
		return mapping->table_count > 0 ? mapping->tables : NULL;
	return named_in(mapping, database, here, changed_part(sql));
}
