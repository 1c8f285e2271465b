#include "cdc/resync_ask.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/array.h"
#include "cdc/selection.h"
#include "cdc/setup.h"
#include "cdc/source.h"
#include "transform/value.h"

enum { SQL_MAX = 1024 * 1024, SELECTION_MAX = 64, SAID_MAX = 20 };

static const char entity_key[] = "entity_id";

/* Sorted as cdc's own requests are, so that the two never wait for each
 * other's rows. */
static const char ask_sql[] =
	"insert into ficus.refetch as r"
	" (domain, source_table, selection, resync, rows_total)"
	" select $1, u.t, u.s, true, u.n"
	" from unnest($2::text[], $3::text[], $4::bigint[]) as u(t, s, n)"
	" order by 2, 3"
	" on conflict (source_table, selection) do update set"
	" progress = case when r.resync and r.read_position is null"
	" then r.progress else '' end,"
	" rows_read = case when r.resync and r.read_position is null"
	" then r.rows_read else 0 end,"
	" read_position = null, resync = true,"
	" rows_total = excluded.rows_total, requested_at = clock_timestamp()"
	" returning id, progress <> '', rows_total";

/* --- what is asked --- */

static int parse_domain(struct str name, enum domain *ret, struct err *err)
{
	for (int d = DOMAIN_CUSTOMER; d < DOMAIN_COUNT; d++)
		if (str_eqs(name, domain_name((enum domain)d))) {
			*ret = (enum domain)d;
			return 0;
		}
	return err_set(err, ERR_CONFIG,
		       "--resync %.*s: no such domain; there are customer, "
		       "catalog and order",
		       (int)name.n, name.at);
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_ids(struct resync_ask *ask)
{
	size_t kept = 0;

	qsort(ask->ids, ask->id_count, sizeof(*ask->ids), compare_ids);
	for (size_t i = 0; i < ask->id_count; i++)
		if (i == 0 || ask->ids[i] != ask->ids[kept - 1])
			ask->ids[kept++] = ask->ids[i];
	ask->id_count = kept;
}

static int parse_ids(struct str rest, struct resync_ask *ask, struct err *err)
{
	do {
		struct str word = str_split(&rest, ',');
		int64_t id;

		if (!str_to_i64(word, &id) || id <= 0)
			return err_set(err, ERR_CONFIG,
				       "--resync: \"%.*s\" is no id; give "
				       "whole numbers, as in order:3,9",
				       (int)word.n, word.at);
		if (ask->id_count == RESYNC_IDS_MAX)
			return err_set(err, ERR_CONFIG,
				       "--resync: more than %d ids; leave them "
				       "out to mean the whole domain",
				       RESYNC_IDS_MAX);
		ask->ids = mem_realloc(ask->ids,
				       (ask->id_count + 1) * sizeof(*ask->ids));
		ask->ids[ask->id_count++] = id;
	} while (rest.n > 0);
	sort_ids(ask);
	return 0;
}

int resync_ask_parse(const char *text, struct resync_ask *ret, struct err *err)
{
	struct resync_ask ask = { 0 };
	struct str rest = str_of(text);
	struct str name = str_split(&rest, ':');
	int rc = parse_domain(name, &ask.domain, err);

	if (rc == 0 && name.n < strlen(text))
		rc = parse_ids(rest, &ask, err);
	if (rc < 0)
		resync_ask_done(&ask);
	else
		*ret = ask;
	return rc;
}

void resync_ask_done(struct resync_ask *ask)
{
	free(ask->ids);
	*ask = (struct resync_ask){ 0 };
}

void resync_requests_done(struct resync_requests *requests)
{
	buf_done(&requests->ids);
}

/* --- as requests --- */

struct wishes {
	const struct setup *setup;
	struct source *source;
	struct array tables, selections, rows;
};

static void wishes_init(struct wishes *wishes, const struct setup *setup)
{
	*wishes = (struct wishes){ .setup = setup };
	array_init(&wishes->tables);
	array_init(&wishes->selections);
	array_init(&wishes->rows);
	array_start(&wishes->tables, ARRAY_TEXT);
	array_start(&wishes->selections, ARRAY_TEXT);
	array_start(&wishes->rows, ARRAY_INT8);
}

static void wishes_done(struct wishes *wishes)
{
	array_done(&wishes->tables);
	array_done(&wishes->selections);
	array_done(&wishes->rows);
	source_close(wishes->source);
}

static void wish(struct wishes *wishes, const char *name, const char *selection,
		 int64_t rows)
{
	array_add_text(&wishes->tables, str_of(name));
	array_add_text(&wishes->selections, str_of(selection));
	array_add_int(&wishes->rows, rows);
}

static char *full_name(const struct wishes *wishes,
		       const struct mapping_table *table)
{
	return mem_printf("%s%s", wishes->setup->mapping->prefix,
			  table->source);
}

/* The source's own estimate; a table that is not there has a copy to empty. */
static int count_rows(struct wishes *wishes, const char *name, int64_t *ret,
		      struct err *err)
{
	CLEANUP(mem_freep) char *count = NULL;
	CLEANUP(mem_freep)
	char *sql = mem_printf("select table_rows from "
			       "information_schema.tables where table_schema = "
			       "database() and table_name = '%s'",
			       name);
	int rc = source_one(wishes->source, sql, &count, err);

	*ret = 1;
	if (rc == 0 && count)
		(void)!str_to_i64(str_of(count), ret);
	if (*ret < 1)
		*ret = 1;
	return rc;
}

static int wish_tables(struct wishes *wishes, enum domain domain,
		       struct err *err)
{
	const struct mapping *mapping = wishes->setup->mapping;

	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		CLEANUP(mem_freep) char *name = full_name(wishes, table);
		int64_t rows = 0;

		if (table->domain != domain)
			continue;
		if (count_rows(wishes, name, &rows, err) < 0)
			return err->code;
		wish(wishes, name, "", rows);
	}
	return 0;
}

static bool is_entity(const struct mapping_table *table, enum domain domain)
{
	return table->domain == domain && table->family &&
	       strcmp(table->family, table->source) == 0 &&
	       strcmp(table->link, entity_key) == 0;
}

static void wish_entities(struct wishes *wishes, const struct resync_ask *ask)
{
	const struct mapping *mapping = wishes->setup->mapping;

	for (size_t i = 0; i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		CLEANUP(mem_freep) char *name = full_name(wishes, table);

		for (size_t j = 0;
		     is_entity(table, ask->domain) && j < ask->id_count; j++) {
			char selection[SELECTION_MAX];

			snprintf(selection, sizeof(selection),
				 "%s=%" PRId64 SELECTION_DEEP, entity_key,
				 ask->ids[j]);
			wish(wishes, name, selection, 1);
		}
	}
}

/* --- ids that nobody has --- */

static void add_ids(struct buf *sql, const struct resync_ask *ask)
{
	buf_addf(sql, " where %s in (", entity_key);
	for (size_t i = 0; i < ask->id_count; i++)
		buf_addf(sql, "%s%" PRId64, i ? "," : "", ask->ids[i]);
	buf_addc(sql, ')');
}

static void mark(const struct resync_ask *ask, int64_t id, bool *found)
{
	const int64_t *at = bsearch(&id, ask->ids, ask->id_count,
				    sizeof(*ask->ids), compare_ids);

	if (at)
		found[at - ask->ids] = true;
}

static int mark_source(const struct wishes *wishes,
		       const struct resync_ask *ask, const char *name,
		       bool *found, struct err *err)
{
	CLEANUP(source_rows_freep) struct source_rows *rows = NULL;
	CLEANUP(buf_done) struct buf sql;
	bool more = false;
	int rc;

	buf_init(&sql, SQL_MAX);
	buf_addf(&sql, "select %s from `%s`", entity_key, name);
	add_ids(&sql, ask);
	rc = source_query(wishes->source, buf_str(&sql), &rows, err);
	if (rc == 0)
		rc = source_next(rows, &more, err);
	for (; rc == 0 && more; rc = source_next(rows, &more, err))
		mark(ask, source_int(rows, 0), found);
	return rc;
}

static int mark_target(const struct resync_ask *ask, struct pg *pg,
		       const struct target_table *target, bool *found,
		       struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	CLEANUP(buf_done) struct buf sql;
	int rc;

	buf_init(&sql, SQL_MAX);
	buf_addf(&sql, "select %s from ", entity_key);
	pg_quote_name(&sql, target->name);
	add_ids(&sql, ask);
	rc = pg_query(pg, buf_str(&sql), NULL, 0, &r, err);
	for (size_t i = 0; rc == 0 && i < pg_rows(r); i++)
		mark(ask, pg_int(r, i, 0), found);
	return rc;
}

static void say_unknown(const struct resync_ask *ask, const bool *found)
{
	size_t said = 0, unknown = 0;

	for (size_t i = 0; i < ask->id_count; i++) {
		unknown += !found[i];
		if (!found[i] && said++ < SAID_MAX)
			log_warn("neither the source nor the copy has it",
				 KV_STR("domain", domain_name(ask->domain)),
				 KV_INT("id", ask->ids[i]));
	}
	if (unknown > SAID_MAX)
		log_warn("and more of these", KV_INT("ids", unknown));
}

static int find_unknown(const struct wishes *wishes,
			const struct resync_ask *ask, struct pg *pg,
			struct err *err)
{
	const struct mapping *mapping = wishes->setup->mapping;
	CLEANUP(mem_freep) bool *found = mem_array(ask->id_count, sizeof(bool));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		CLEANUP(mem_freep) char *name = full_name(wishes, table);

		if (!is_entity(table, ask->domain))
			continue;
		rc = mark_source(wishes, ask, name, found, err);
		if (rc == 0)
			rc = mark_target(ask, pg, table->target, found, err);
	}
	if (rc == 0)
		say_unknown(ask, found);
	return rc;
}

/* --- writing them --- */

static int write_wishes(struct wishes *wishes, enum domain domain,
			struct pg *pg, struct resync_requests *ret,
			struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	const struct pg_param params[] = {
		pg_param_text(domain_name(domain)),
		array_param(&wishes->tables),
		array_param(&wishes->selections),
		array_param(&wishes->rows),
	};

	if (pg_query(pg, ask_sql, params, LENGTH(params), &r, err) < 0)
		return err->code;
	for (size_t i = 0; i < pg_rows(r); i++) {
		buf_addf(&ret->ids, "%c%" PRId64, i ? ',' : '{',
			 pg_int(r, i, 0));
		ret->joined += str_eqs(pg_value(r, i, 1), "t");
		ret->total += (uint64_t)pg_int(r, i, 2);
	}
	buf_adds(&ret->ids, pg_rows(r) ? "}" : "{}");
	ret->count = pg_rows(r);
	return 0;
}

int resync_ask_write(const struct resync_ask *ask, const struct setup *setup,
		     struct pg *pg, struct resync_requests *ret,
		     struct err *err)
{
	CLEANUP(wishes_done) struct wishes wishes;
	int rc;

	wishes_init(&wishes, setup);
	*ret = (struct resync_requests){ 0 };
	buf_init(&ret->ids, SQL_MAX);
	rc = source_connect(&setup->source, &wishes.source, err);
	if (rc == 0 && ask->id_count == 0)
		rc = wish_tables(&wishes, ask->domain, err);
	if (rc == 0 && ask->id_count > 0) {
		wish_entities(&wishes, ask);
		rc = find_unknown(&wishes, ask, pg, err);
	}
	return rc < 0 ? rc : write_wishes(&wishes, ask->domain, pg, ret, err);
}
