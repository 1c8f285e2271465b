#include "cdc/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/schema.h"
#include "cdc/source.h"
#include "transform/table_def.h"

/* Roots in a chunk: some ten thousand rows with all that hangs on them, which
 * a server reads well within the time a snapshot may stay open. */
enum { CHUNK_ROOTS = 1000 };

int plan_key_column(const struct schema *schema, const char *table,
		    const char **ret, struct err *err)
{
	const struct table_def *def = schema_table(schema, str_of(table));
	const char *key = NULL;

	for (size_t i = 0; def && i < def->count; i++) {
		if (!def->columns[i].key)
			continue;
		if (key)
			return err_set(err, ERR_CONFIG,
				       "table %s: a family's root needs a key "
				       "of one column",
				       table);
		key = def->columns[i].name;
	}
	if (!key)
		return err_set(err, ERR_CONFIG,
			       "table %s: the source has no such table, or it "
			       "has no primary key",
			       table);
	*ret = key;
	return 0;
}

static int store_range(struct pg *pg, const struct mapping_table *root,
		       const char *from, const char *to, struct err *err)
{
	const char *domain = domain_name(root->domain);
	const struct pg_param params[] = {
		{ domain, strlen(domain), false },
		{ root->family, strlen(root->family), false },
		{ from, from ? strlen(from) : 0, false },
		{ to, to ? strlen(to) : 0, false },
	};

	return pg_query(pg,
			"insert into ficus.chunks (domain, family, from_key, "
			"to_key) values ($1, $2, $3, $4)",
			params, LENGTH(params), NULL, err);
}

/* Walks the root's key in steps of CHUNK_ROOTS rows; each step is a scan of
 * so many index entries. */
static int cut_family(struct source *source, const char *key,
		      const struct mapping *mapping,
		      const struct mapping_table *root, struct pg *pg,
		      struct err *err)
{
	CLEANUP(mem_freep) char *from = NULL;
	int rc;

	do {
		CLEANUP(mem_freep) char *to = NULL;
		CLEANUP(mem_freep)
		char *sql =
			mem_printf("select `%s` from `%s%s` where `%s` >= %s "
				   "order by `%s` limit 1 offset %d",
				   key, mapping->prefix, root->source, key,
				   from ? from : "0", key, CHUNK_ROOTS);

		rc = source_one(source, sql, &to, err);
		if (rc == 0)
			rc = store_range(pg, root, from, to, err);
		free(from);
		from = TAKE(to);
	} while (rc == 0 && from);
	return rc;
}

static bool is_root(const struct mapping_table *table)
{
	return table->family && strcmp(table->family, table->source) == 0;
}

int plan_make(struct source *source, const struct schema *schema,
	      const struct mapping *mapping, struct pg *pg, struct err *err)
{
	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		const char *key = NULL;
		CLEANUP(mem_freep)
		char *name = mem_printf("%s%s", mapping->prefix, table->source);

		if (!is_root(table) || !schema_table(schema, str_of(name)))
			continue;
		int rc = plan_key_column(schema, name, &key, err);
		if (rc == 0)
			rc = cut_family(source, key, mapping, table, pg, err);
		if (rc < 0)
			return err_wrap(err, "chunks of %s", table->source);
	}
	return 0;
}

static const char *family_of(const struct mapping *mapping, const char *name)
{
	for (size_t i = 0; i < mapping->table_count; i++)
		if (is_root(&mapping->tables[i]) &&
		    strcmp(mapping->tables[i].family, name) == 0)
			return mapping->tables[i].family;
	return NULL;
}

static int take_range(const struct pg_result *r, size_t row,
		      const struct mapping *mapping, struct chunk_range *ret,
		      struct err *err)
{
	*ret = (struct chunk_range){
		.id = pg_int(r, row, 0),
		.family = family_of(mapping, pg_text(r, row, 1)),
		.has_from = !pg_null(r, row, 2),
		.has_to = !pg_null(r, row, 3),
	};
	if (ret->has_from)
		ret->from = pg_int(r, row, 2);
	if (ret->has_to)
		ret->to = pg_int(r, row, 3);
	if (ret->family)
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "ficus.chunks has the family %s, which the mapping has "
		       "not: use the mapping the bootstrap began with",
		       pg_text(r, row, 1));
}

int plan_load(struct pg *pg, const struct mapping *mapping, struct plan *ret,
	      struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(pg_result_freep) struct pg_result *total = NULL;
	struct plan plan = { 0 };
	int rc = pg_query(pg,
			  "select id, family, from_key, to_key from "
			  "ficus.chunks where done_at is null order by id",
			  NULL, 0, &r, err);

	if (rc == 0)
		rc = pg_query(pg, "select count(*) from ficus.chunks", NULL, 0,
			      &total, err);
	if (rc < 0)
		return rc;
	plan.count = pg_rows(r);
	plan.total = (size_t)pg_int(total, 0, 0);
	plan.chunks = mem_array(plan.count, sizeof(plan.chunks[0]));
	for (size_t i = 0; rc == 0 && i < plan.count; i++)
		rc = take_range(r, i, mapping, &plan.chunks[i], err);
	if (rc < 0)
		plan_done(&plan);
	else
		*ret = plan;
	return rc;
}

void plan_done(struct plan *plan)
{
	free(plan->chunks);
	*plan = (struct plan){ 0 };
}
