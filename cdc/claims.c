#include "cdc/claims.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "cdc/array.h"
#include "cdc/batch.h"
#include "cdc/refetch_log.h"
#include "cdc/selection.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

enum { SQL_MAX = 4096, CLAIMS_MAX = 100000 };

struct claim {
	struct claim *next;
	const struct mapping_table *source;
	struct str entity, store, attribute;
	bool settled;
};

void claims_init(struct claims *claims)
{
	*claims = (struct claims){ 0 };
	arena_init(&claims->arena);
}

void claims_done(struct claims *claims)
{
	arena_done(&claims->arena);
}

void claims_reset(struct claims *claims)
{
	if (!claims->first)
		return;
	arena_reset(&claims->arena);
	claims->first = NULL;
	claims->count = 0;
}

static struct str copy(struct claims *claims, const char *at, size_t n)
{
	return (struct str){ arena_strndup(&claims->arena, at, n), n };
}

static struct str key_text(struct claims *claims,
			   const struct record_change *change, const char *name)
{
	const struct target_table *table = change->table;

	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return copy(claims, change->values[i].at,
				    change->values[i].n);
	return STR("");
}

void claims_add(struct claims *claims, const struct record_change *change,
		const struct batch *batch, struct refetch_log *log)
{
	enum batch_says says = batch_look(batch, change);
	struct claim *claim;

	if (says == BATCH_SAYS_THERE)
		return;
	if (says == BATCH_SAYS_GONE || claims->count >= CLAIMS_MAX) {
		refetch_log_add(log, change->source, NULL);
		return;
	}
	claim = arena_new(&claims->arena, struct claim);
	claim->source = change->source;
	claim->entity = key_text(claims, change, "entity_id");
	claim->store = key_text(claims, change, "store_id");
	claim->attribute =
		copy(claims, change->attribute.at, change->attribute.n);
	claim->next = claims->first;
	claims->first = claim;
	claims->count++;
}

/* Its places, as arrays; they are settled by that. */
static void gather(struct claim *first, struct array *arrays)
{
	const struct mapping_table *source = first->source;

	for (int i = 0; i < 3; i++)
		array_start(&arrays[i], ARRAY_TEXT);
	for (struct claim *c = first; c; c = c->next) {
		if (c->source != source)
			continue;
		array_add_text(&arrays[0], c->entity);
		array_add_text(&arrays[1], c->store);
		array_add_text(&arrays[2], c->attribute);
		c->settled = true;
	}
}

static void write_sql(struct buf *sql, const struct mapping_table *source,
		      const struct refetch_log *log)
{
	CLEANUP(buf_done) struct buf name;

	buf_init(&name, SQL_MAX);
	buf_adds(&name, log->mapping->prefix);
	buf_adds(&name, source->source);
	buf_adds(sql, "select exists (select from ficus.refetch where "
		      "source_table = ");
	pg_quote_text(sql, (struct str){ buf_str(&name), name.n });
	buf_adds(sql, " and (selection = '' or read_position is not null) or "
		      "selection like '%" SELECTION_DEEP "' and domain = ");
	pg_quote_text(sql, str_of(domain_name(source->domain)));
	buf_adds(sql, ")"
		      " or exists (select from unnest($1::text[]::bigint[],"
		      " $2::text[]::integer[], $3::text[]) as u(e, s, a)"
		      " where not exists (select from ");
	pg_quote_name(sql, source->target->name);
	buf_adds(sql, " as v where v.entity_id = u.e and v.store_id = u.s"
		      " and v.attributes ? u.a))");
}

static int settle_table(struct claim *first, struct pg *pg,
			struct refetch_log *log, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(buf_done) struct buf sql;
	struct array arrays[3];
	struct pg_param params[3];
	int rc;

	buf_init(&sql, SQL_MAX);
	write_sql(&sql, first->source, log);
	for (int i = 0; i < 3; i++)
		array_init(&arrays[i]);
	gather(first, arrays);
	for (int i = 0; i < 3; i++)
		params[i] = array_param(&arrays[i]);
	rc = pg_query(pg, buf_str(&sql), params, LENGTH(params), &r, err);
	for (int i = 0; i < 3; i++)
		array_done(&arrays[i]);
	if (rc < 0)
		return err_wrap(err, "former places of values of %s",
				first->source->source);
	if (str_eqs(pg_value(r, 0, 0), "t"))
		refetch_log_add(log, first->source, NULL);
	return 0;
}

int claims_settle(struct claims *claims, struct pg *pg, struct refetch_log *log,
		  struct err *err)
{
	for (struct claim *c = claims->first; c; c = c->next)
		if (!c->settled && settle_table(c, pg, log, err) < 0)
			return err->code;
	claims_reset(claims);
	return 0;
}
