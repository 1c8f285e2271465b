#include "cdc/catalog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "transform/mapping.h"

enum { NAME, TYPE, KEY, GENERATED };

static const char columns_sql[] =
	"select a.attname, format_type(a.atttypid, a.atttypmod), "
	"coalesce((select k.place from pg_index i, "
	"  unnest(i.indkey::smallint[]) with ordinality k(column_number, place)"
	"  where i.indrelid = a.attrelid and i.indisprimary"
	"  and k.column_number = a.attnum), 0), "
	"(a.attgenerated <> '' or a.attidentity <> ''"
	"  or (a.attname = 'source' and a.atthasdef))::int "
	"from pg_attribute a join pg_class c on c.oid = a.attrelid "
	"where c.relnamespace = current_schema()::regnamespace"
	"  and c.relname = $1 and c.relkind in ('r', 'p')"
	"  and a.attnum > 0 and not a.attisdropped "
	"order by a.attnum";

static int check_target(const struct target_table *target, struct err *err)
{
	size_t keys = 0, found = 0;

	for (size_t i = 0; i < target->count; i++) {
		const struct target_column *c = &target->columns[i];

		keys += c->key > 0;
		found += (strcmp(c->name, "entity_id") == 0 && c->key > 0) ||
			 (strcmp(c->name, "store_id") == 0 && c->key > 0) ||
			 (strcmp(c->name, "attributes") == 0 &&
			  strcmp(c->type, "jsonb") == 0);
	}
	if (keys == 0)
		return err_set(err, ERR_CONFIG,
			       "target table %s has no primary key: add one",
			       target->name);
	if (target->values && (found != 3 || keys != 2))
		return err_set(err, ERR_CONFIG,
			       "target table %s must have entity_id, store_id "
			       "(its primary key) and attributes jsonb",
			       target->name);
	return 0;
}

static void take_columns(struct target_table *target, const struct pg_result *r)
{
	size_t count = pg_rows(r);
	struct target_column *columns = mem_array(count, sizeof(*columns));

	for (size_t i = 0; i < count; i++) {
		columns[i].name = mem_strdup(pg_text(r, i, NAME));
		columns[i].type = mem_strdup(pg_text(r, i, TYPE));
		columns[i].key = (uint16_t)pg_int(r, i, KEY);
		columns[i].generated = pg_int(r, i, GENERATED) != 0;
	}
	mapping_target_columns(target, columns, count);
	for (size_t i = 0; i < count; i++) {
		free(columns[i].name);
		free(columns[i].type);
	}
	free(columns);
}

static int load_target(struct pg *pg, struct target_table *target,
		       struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param name = { .at = target->name,
				       .n = strlen(target->name) };
	int rc = pg_query(pg, columns_sql, &name, 1, &r, err);

	if (rc < 0)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(err, ERR_OPERATOR,
			       "the target has no table %s: run cdc --migrate; "
			       "a table of your own needs `columns` and `key` "
			       "in its mapping, or a create table by hand",
			       target->name);
	take_columns(target, r);
	return check_target(target, err);
}

int catalog_load(struct pg *pg, struct mapping *mapping, struct err *err)
{
	for (size_t i = 0; i < mapping->target_count; i++) {
		int rc = load_target(pg, mapping->targets[i], err);

		if (rc < 0)
			return err_wrap(err, "catalog");
	}
	return 0;
}
