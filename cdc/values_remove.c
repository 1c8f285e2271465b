#include "cdc/values_remove.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "transform/mapping.h"

enum { SQL_MAX = 8192 };

int values_remove(struct pg *pg, const struct mapping_table *table,
		  struct err *err)
{
	const struct pg_param params[] = {
		pg_param_text(table->entity_type),
		pg_param_text(table->backend),
	};
	CLEANUP(buf_done) struct buf sql;
	int rc;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "with gone as materialized (select array_agg("
		       "a.attribute_code::text) as codes from attributes a "
		       "join entity_types t using (entity_type_id) "
		       "where t.entity_type_code = $1 and a.backend_type = $2) "
		       "update ");
	pg_quote_name(&sql, table->target->name);
	buf_adds(&sql, " as v set attributes = v.attributes - gone.codes "
		       "from gone where v.attributes ?| gone.codes");
	rc = pg_query(pg, buf_str(&sql), params, LENGTH(params), NULL, err);
	if (rc < 0)
		return rc;
	buf_reset(&sql, SQL_MAX);
	buf_adds(&sql, "delete from ");
	pg_quote_name(&sql, table->target->name);
	buf_adds(&sql, " where attributes = '{}'");
	return pg_query(pg, buf_str(&sql), NULL, 0, NULL, err);
}
