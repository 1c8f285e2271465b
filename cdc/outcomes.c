#include "cdc/outcomes.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cdc/apply.h"
#include "cdc/schema.h"
#include "cdc/schema_history.h"
#include "cdc/values_remove.h"
#include "transform/mapping.h"
#include "transform/record_change.h"
#include "transform/transform.h"

void outcomes_add(struct outcomes *outcomes, const struct mapping_table *table,
		  unsigned what)
{
	outcomes->all = mem_realloc(
		outcomes->all, (outcomes->count + 1) * sizeof(*outcomes->all));
	outcomes->all[outcomes->count++] = (struct outcome){ table, what };
}

void outcomes_done(struct outcomes *outcomes)
{
	free(outcomes->all);
	*outcomes = (struct outcomes){ 0 };
}

/* While the attributes that say whose values they are still stand. */
static int empty_values(const struct outcomes *outcomes, struct apply *apply,
			struct err *err)
{
	struct pg *pg = NULL;
	int rc = apply_transaction(apply, &pg, err);

	for (size_t i = 0; rc == 0 && i < outcomes->count; i++) {
		const struct outcome *o = &outcomes->all[i];

		if ((o->what & SCHEMA_EMPTIED) && o->table->kind == TABLE_EAV)
			rc = values_remove(pg, o->table, err);
	}
	return rc;
}

/* Without its attributes a value is nobody's; with those that come instead it
 * may be another's. */
static int refetch_values(struct apply *apply, const struct mapping *mapping,
			  struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++)
		if (mapping->tables[i].kind == TABLE_EAV)
			rc = apply_refetch(apply, &mapping->tables[i], NULL,
					   err);
	return rc;
}

static int empty_or_refetch(const struct outcome *o, struct apply *apply,
			    struct transform *transform, struct err *err)
{
	const struct record_change change = { .op = RECORD_TRUNCATE,
					      .table = o->table->target };
	bool again = o->what & SCHEMA_REFETCH;
	int rc = 0;

	log_info("rows changed without being logged",
		 KV_STR("table", o->table->source),
		 KV_STR("so",
			again ? "they are read again" : "they are removed"));
	if (o->what & SCHEMA_EMPTIED) {
		if (transform_emptied(transform, o->table))
			rc = refetch_values(apply, transform_mapping(transform),
					    err);
		if (rc == 0 && o->table->kind != TABLE_EAV)
			rc = apply_change(apply, &change, err);
	}
	if (rc == 0 && again)
		rc = apply_refetch(apply, o->table, NULL, err);
	return rc;
}

int outcomes_apply(struct outcomes *outcomes, struct apply *apply,
		   struct transform *transform, const struct schema *schema,
		   struct err *err)
{
	struct pg *pg = NULL;
	int rc = outcomes->count > 0 ? empty_values(outcomes, apply, err) : 0;

	for (size_t i = 0; rc == 0 && i < outcomes->count; i++)
		rc = empty_or_refetch(&outcomes->all[i], apply, transform, err);
	outcomes->count = 0;
	if (rc == 0)
		rc = apply_amend(apply, err);
	if (rc < 0 || !schema)
		return rc;
	rc = apply_transaction(apply, &pg, err);
	return rc < 0 ? rc : schema_store(schema, pg, err);
}
