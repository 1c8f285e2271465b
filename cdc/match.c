#include "cdc/match.h"

#include <stdbool.h>

#include "base/buf.h"
#include "transform/mapping.h"
#include "transform/value.h"

void match_sql(struct buf *sql, const struct target_table *child,
	       const size_t *columns, size_t count)
{
	buf_adds(sql, " where ");
	if (count > 1)
		buf_adds(sql, "exists (select 1 from unnest(");
	for (size_t i = 0; i < count; i++) {
		const struct target_column *c = &child->columns[columns[i]];
		enum array_type type = target_array_type(c->type);

		if (count == 1) {
			buf_adds(sql, "c.");
			pg_quote_name(sql, c->name);
			buf_addf(sql, " = any($1::%s", target_array_name(type));
			if (type == ARRAY_TEXT)
				buf_addf(sql, "::%s[]", c->type);
			buf_addc(sql, ')');
			return;
		}
		buf_addf(sql, "%s$%zu::%s", i ? "," : "", i + 1,
			 target_array_name(type));
	}
	buf_adds(sql, ") as u(");
	for (size_t i = 0; i < count; i++)
		buf_addf(sql, "%sc%zu", i ? "," : "", i + 1);
	for (size_t i = 0; i < count; i++) {
		const struct target_column *c = &child->columns[columns[i]];

		buf_adds(sql, i ? " and c." : ") where c.");
		pg_quote_name(sql, c->name);
		buf_addf(sql, " = u.c%zu::%s", i + 1, c->type);
	}
	buf_addc(sql, ')');
}

void match_done(struct match *match)
{
	for (size_t i = 0; i < match->columns; i++)
		array_done(&match->arrays[i]);
}

static bool complete(const struct value *row, const size_t *columns,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!value_has(row[columns[i]]))
			return false;
	return true;
}

int match_init(struct match *match, const struct target_table *child,
	       const size_t *child_columns, const size_t *parent_columns,
	       const struct gone *parents)
{
	for (size_t i = 0; i < match->columns; i++) {
		array_init(&match->arrays[i]);
		array_start(&match->arrays[i],
			    target_array_type(
				    child->columns[child_columns[i]].type));
	}
	for (size_t row = 0; row < parents->count; row++) {
		const struct value *values = parents->rows[row].values;

		if (!complete(values, parent_columns, match->columns))
			continue;
		match->rows++;
		for (size_t i = 0; i < match->columns; i++)
			if (!array_add(&match->arrays[i],
				       values[parent_columns[i]]))
				return -1;
	}
	for (size_t i = 0; i < match->columns; i++)
		match->params[i] = array_param(&match->arrays[i]);
	return 0;
}

void match_columns(struct buf *sql, const struct target_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		buf_adds(sql, i ? ",c." : "c.");
		pg_quote_name(sql, table->columns[i].name);
	}
}
