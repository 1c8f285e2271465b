#include "transform/since.h"

#include <string.h>

#include "base/err.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

int since_bind(struct since *since, const struct mapping_table *table,
	       const struct table_def *def, uint8_t *wanted, struct err *err)
{
	since->from = -1;
	since->bound = table->bound;
	if (!*table->bound)
		return 0;
	since->from = table_def_find(def, table->since);
	if (since->from < 0)
		return err_set(err, ERR_CONFIG,
			       "bootstrap.since.%s: the source table %s has no "
			       "column %s",
			       domain_name(table->domain), def->name,
			       table->since);
	wanted[since->from / 8] |= (uint8_t)(1U << (since->from % 8));
	return 0;
}

enum since_says since_judge(const struct since *since, const struct value *row)
{
	size_t n = strlen(since->bound);

	if (since->from < 0)
		return SINCE_IN;

	struct value v = row[since->from];
	if (v.kind == VALUE_ABSENT)
		return SINCE_UNKNOWN;
	if (v.kind != VALUE_TEXT)
		return SINCE_IN;
	return memcmp(v.at, since->bound, v.n < n ? v.n : n) < 0 ? SINCE_OUT
								 : SINCE_IN;
}
