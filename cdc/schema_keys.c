#include "cdc/schema_keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/schema.h"
#include "cdc/source.h"
#include "transform/fk.h"

enum { SQL_MAX = 64 * 1024, NAME_QUOTED_MAX = 1024 };

/* Columns of KEYS_SQL. */
enum {
	CONSTRAINT,
	CHILD,
	CHILD_COLUMN,
	PARENT,
	PARENT_COLUMN,
	ON_DELETE,
	ON_UPDATE
};

/* MariaDB shows REFERENTIAL_CONSTRAINTS only to who may do more with a table
 * than read it; the keys themselves it shows to everyone. */
static const char KEYS_SQL[] =
	"select k.constraint_name, k.table_name, k.column_name, "
	"k.referenced_table_name, k.referenced_column_name, r.delete_rule, "
	"r.update_rule "
	"from information_schema.key_column_usage k "
	"left join information_schema.referential_constraints r "
	"on r.constraint_schema = k.constraint_schema "
	"and r.constraint_name = k.constraint_name "
	"and r.table_name = k.table_name "
	"where k.referenced_table_name is not null "
	"and k.referenced_table_schema = k.table_schema "
	"and k.table_schema = ";

static const char KEYS_ORDER[] =
	" order by cast(k.table_name as binary), "
	"cast(k.constraint_name as binary), k.ordinal_position";

/* Sessions run with sql_mode='': backslash escapes. */
void schema_quote(struct buf *out, const char *text)
{
	buf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
	buf_addc(out, '\'');
}

void schema_quote_name(struct buf *out, const char *name)
{
	buf_addc(out, '`');
	for (; *name; name++) {
		if (*name == '`')
			buf_addc(out, '`');
		buf_addc(out, *name);
	}
	buf_addc(out, '`');
}

static const char *rule_after(struct str line, const char *event)
{
	static const char *const rules[] = { "CASCADE", "SET NULL", "NO ACTION",
					     "SET DEFAULT" };
	const char *at = memmem(line.at, line.n, event, strlen(event));

	for (size_t i = 0; at && i < LENGTH(rules); i++) {
		size_t used = (size_t)(at - line.at) + strlen(event);
		struct str rest = { line.at + used, line.n - used };

		if (str_starts(rest, rules[i]))
			return rules[i];
	}
	return "RESTRICT"; /* printed or not */
}

static const char *find_key(const char *create, const char *constraint,
			    bool quoted)
{
	struct buf head;
	const char *at;

	buf_init(&head, NAME_QUOTED_MAX);
	buf_adds(&head, "\n  CONSTRAINT ");
	if (quoted)
		schema_quote_name(&head, constraint);
	else
		buf_addf(&head, "`%s`", constraint);
	buf_adds(&head, " FOREIGN KEY ");
	at = head.failed ? NULL : strstr(create, buf_str(&head));
	buf_done(&head);
	return at;
}

bool schema_key_rules(const char *create, const char *constraint,
		      const char **ret_delete, const char **ret_update)
{
	const char *at = find_key(create, constraint, true), *end;
	struct str line;

	if (!at) /* MariaDB 11.8 prints a backtick in a name as it is */
		at = find_key(create, constraint, false);
	if (!at)
		return false;
	/* The rules stand behind the last parenthesis of the line. */
	end = strchrnul(at + 1, '\n');
	line = (struct str){ at, (size_t)(end - at) };
	at = memrchr(line.at, ')', line.n);
	if (at)
		line = (struct str){ at, (size_t)(end - at) };
	*ret_delete = rule_after(line, " ON DELETE ");
	*ret_update = rule_after(line, " ON UPDATE ");
	return true;
}

bool schema_is_missing(const struct err *err)
{
	return strstr(err->msg, "(error 1146)") ||
	       strstr(err->msg, "(error 1049)");
}

/* What SHOW CREATE TABLE printed last: keys come by table. */
struct created {
	char *table, *text; /* owned; "": the table is gone */
};

static int show_create(struct source *source, const char *database,
		       const char *table, struct created *created,
		       struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	struct err refused = { 0 };
	struct buf sql;
	struct str text;
	bool row = false;
	int fail;

	if (created->table && strcmp(created->table, table) == 0)
		return 0;
	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "show create table ");
	schema_quote_name(&sql, database);
	buf_addc(&sql, '.');
	schema_quote_name(&sql, table);
	fail = source_query(source, buf_str(&sql), &rows, &refused);
	buf_done(&sql);
	if (!fail)
		fail = source_next(rows, &row, &refused);
	if (fail && !schema_is_missing(&refused)) {
		*err = refused;
		return fail;
	}
	text = row ? source_text(rows, 1) : STR("");
	free(created->table);
	free(created->text);
	created->table = mem_strdup(table);
	created->text = mem_strndup(text.at, text.n);
	return 0;
}

/* A key that SHOW CREATE TABLE does not have was dropped since it was listed,
 * by a statement that lies ahead in the log: the schema is that much newer. */
static int add_key(struct source *source, const char *database,
		   const struct source_rows *rows, struct schema *schema,
		   struct created *created, struct err *err)
{
	char *text[ON_UPDATE + 1];
	const char *delete_rule, *update_rule;
	bool gone = false;
	int fail = 0;

	for (size_t i = 0; i < LENGTH(text); i++) {
		struct str s = source_text(rows, i);

		text[i] = mem_strndup(s.at, s.n);
	}
	delete_rule = text[ON_DELETE];
	update_rule = text[ON_UPDATE];
	if (source_null(rows, ON_DELETE)) {
		fail = show_create(source, database, text[CHILD], created, err);
		gone = !fail &&
		       !schema_key_rules(created->text, text[CONSTRAINT],
					 &delete_rule, &update_rule);
	}
	if (!fail && !gone)
		schema_add_foreign_key(
			schema, &(struct fk_row){
					.constraint = text[CONSTRAINT],
					.child_table = text[CHILD],
					.child_column = text[CHILD_COLUMN],
					.parent_table = text[PARENT],
					.parent_column = text[PARENT_COLUMN],
					.on_delete = delete_rule,
					.on_update = update_rule,
				});
	for (size_t i = 0; i < LENGTH(text); i++)
		free(text[i]);
	return fail;
}

int schema_read_keys(struct source *source, const char *database,
		     struct schema *schema, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	struct created created = { 0 };
	struct buf sql;
	bool row = true;
	int fail;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, KEYS_SQL);
	schema_quote(&sql, database);
	buf_adds(&sql, KEYS_ORDER);
	fail = source_query(source, buf_str(&sql), &rows, err);
	buf_done(&sql);
	while (!fail && row) {
		fail = source_next(rows, &row, err);
		if (!fail && row)
			fail = add_key(source, database, rows, schema, &created,
				       err);
	}
	free(created.table);
	free(created.text);
	return fail;
}
