#include "cdc/chunk_where.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cdc/plan.h"
#include "transform/mapping.h"

enum { DEPTH_MAX = 16 };

static void add_range(struct buf *sql, const char *alias, const char *link,
		      const struct chunk_range *r)
{
	if (r->has_from)
		buf_addf(sql, " and %s.`%s` >= %" PRId64, alias, link, r->from);
	if (r->has_to && r->has_from)
		buf_addf(sql, " and %s.`%s` < %" PRId64, alias, link, r->to);
	else if (r->has_to)
		buf_addf(sql, " and (%s.`%s` < %" PRId64 " or %s.`%s` is null)",
			 alias, link, r->to, alias, link);
}

/* The row itself is t, those it hangs on are t1, t2, … */
static void add_column(struct buf *sql, int depth, const char *name)
{
	if (depth > 0)
		buf_addf(sql, "t%d.`%s`", depth, name);
	else
		buf_addf(sql, "t.`%s`", name);
}

static void add_bound(struct buf *sql, int depth,
		      const struct mapping_table *root)
{
	buf_adds(sql, " and (");
	add_column(sql, depth, root->since);
	buf_addf(sql, " >= '%s' or ", root->bound);
	add_column(sql, depth, root->since);
	buf_adds(sql, " is null)");
}

/* " and " what keeps a row in the copy: a root is not too old, all others hang
 * on a row that is kept, or on none. */
static int add_since(struct buf *sql, const struct mapping *mapping,
		     const struct schema *schema,
		     const struct mapping_table *table, struct err *err)
{
	const struct mapping_table *root = mapping_root(mapping, table);
	int depth = 0, rc = 0;

	for (; table != root && depth < DEPTH_MAX; depth++) {
		const struct mapping_table *parent =
			mapping_parent(mapping, table);
		CLEANUP(mem_freep)
		char *name =
			mem_printf("%s%s", mapping->prefix, parent->source);
		const char *key = NULL;

		rc = plan_key_column(schema, name, &key, err);
		if (rc < 0)
			return rc;
		buf_adds(sql, " and (");
		add_column(sql, depth, table->link);
		buf_addf(sql,
			 " is null or exists (select 1 from `%s` t%d where ",
			 name, depth + 1);
		add_column(sql, depth + 1, key);
		buf_adds(sql, " = ");
		add_column(sql, depth, table->link);
		table = parent;
	}
	add_bound(sql, depth, root);
	while (depth-- > 0)
		buf_adds(sql, "))");
	return 0;
}

static int add_via(struct buf *sql, const struct mapping *mapping,
		   const struct schema *schema,
		   const struct mapping_table *table,
		   const struct chunk_range *range, struct err *err)
{
	CLEANUP(mem_freep)
	char *name = mem_printf("%s%s", mapping->prefix, table->via);
	const struct mapping_table *middle = mapping_parent(mapping, table);
	const char *key = NULL;
	int rc = plan_key_column(schema, name, &key, err);

	if (rc < 0)
		return rc;
	buf_addf(sql, " join `%s` v on v.`%s` = t.`%s` where true", name, key,
		 table->link);
	add_range(sql, "v", middle->link, range);
	return 0;
}

int chunk_where(struct buf *sql, const struct mapping *mapping,
		const struct schema *schema, const struct mapping_table *table,
		const struct chunk_range *range, struct err *err)
{
	const struct mapping_table *root = mapping_root(mapping, table);
	int rc = 0;

	if (table->via) {
		rc = add_via(sql, mapping, schema, table, range, err);
	} else {
		buf_adds(sql, " where true");
		add_range(sql, "t", table->link, range);
	}
	if (rc == 0 && *root->bound)
		rc = add_since(sql, mapping, schema, table, err);
	return rc;
}
