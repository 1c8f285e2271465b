#include "cdc/since.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/settings.h"
#include "base/str.h"
#include "transform/mapping.h"

enum { SPAN_MAX = 10000 };

static const enum domain domains[] = { DOMAIN_CUSTOMER, DOMAIN_CATALOG,
				       DOMAIN_ORDER };

/* PostgreSQL counts spans back: months differ. */
static const char store_sql[] =
	"insert into ficus.since (domain, setting, bound) values ($1, "
	"$2::text, "
	"to_char(case when $3::boolean then clock_timestamp() at time zone "
	"'UTC' - $2::text::interval else $2::text::timestamp end, "
	"'YYYY-MM-DD HH24:MI:SS')) "
	"on conflict (domain) do update set setting = excluded.setting, "
	"bound = excluded.bound";

static const char *setting_of(const struct settings *s, enum domain domain)
{
	if (domain == DOMAIN_CUSTOMER)
		return s->since_customer;
	return domain == DOMAIN_CATALOG ? s->since_catalog : s->since_order;
}

/* --- what is written --- */

static bool looks_like(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++)
		if (*pattern == '0' ? *text < '0' || *text > '9'
				    : *text != *pattern)
			return false;
	return *text == '\0';
}

static bool is_date(const char *text)
{
	return looks_like(text, "0000-00-00") ||
	       looks_like(text, "0000-00-00 00:00:00");
}

/* "18 months" */
static bool is_span(const char *text)
{
	static const char *const units[] = {
		"day",	 "days",   "week", "weeks",
		"month", "months", "year", "years"
	};
	struct str unit = str_of(text);
	struct str number = str_split(&unit, ' ');
	int64_t n;

	if (!str_to_i64(number, &n) || n < 1 || n > SPAN_MAX)
		return false;
	for (size_t i = 0; i < LENGTH(units); i++)
		if (str_eqs(unit, units[i]))
			return true;
	return false;
}

int since_check(const struct settings *settings, const struct mapping *mapping,
		struct err *err)
{
	for (size_t i = 0; i < LENGTH(domains); i++) {
		const char *name = domain_name(domains[i]);
		const char *text = setting_of(settings, domains[i]);

		if (!*text)
			continue;
		if (!is_date(text) && !is_span(text))
			return err_set(err, ERR_CONFIG,
				       "bootstrap.since.%s: \"%s\" is neither "
				       "a date (2024-01-31, 2024-01-31 "
				       "18:00:00) nor a span (90 days, 18 "
				       "months)",
				       name, text);
		if (!mapping_has_since(mapping, domains[i]))
			return err_set(err, ERR_CONFIG,
				       "bootstrap.since.%s: the mapping names "
				       "no column for it: give a root table "
				       "of that domain a `since`",
				       name);
	}
	return 0;
}

/* --- what holds --- */

static int has_begun(struct pg *pg, bool *ret, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(pg,
			  "select exists (select from ficus.bootstrap) or "
			  "exists (select from ficus.checkpoint)",
			  NULL, 0, &r, err);

	if (rc == 0)
		*ret = str_eqs(pg_value(r, 0, 0), "t");
	return rc;
}

static int store(struct pg *pg, enum domain domain, const char *setting,
		 struct err *err)
{
	const struct pg_param params[] = {
		pg_param_text(domain_name(domain)),
		pg_param_text(setting),
		pg_param_text(is_date(setting) ? "f" : "t"),
	};

	if (!*setting)
		return pg_query(pg, "delete from ficus.since where domain = $1",
				params, 1, NULL, err);
	if (pg_query(pg, store_sql, params, LENGTH(params), NULL, err) == 0)
		return 0;
	if (err->code == ERR_DATA)
		err->code = ERR_CONFIG; /* the 31st of February */
	return err->code;
}

static int read_kept(struct pg *pg, struct pg_result **ret, struct err *err)
{
	return pg_query(pg, "select domain, setting, bound from ficus.since",
			NULL, 0, ret, err);
}

/* -1: the domain has no filter. */
static int row_of(const struct pg_result *kept, enum domain domain)
{
	for (size_t i = 0; i < pg_rows(kept); i++)
		if (str_eqs(pg_value(kept, i, 0), domain_name(domain)))
			return (int)i;
	return -1;
}

static bool is_kept(const struct pg_result *kept, enum domain domain,
		    const char *setting)
{
	int row = row_of(kept, domain);

	return row < 0 ? !*setting
		       : str_eqs(pg_value(kept, (size_t)row, 1), setting);
}

static int use_kept(struct pg *pg, struct mapping *mapping, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *kept = NULL;
	int rc = read_kept(pg, &kept, err);

	for (size_t i = 0; rc == 0 && i < LENGTH(domains); i++) {
		int row = row_of(kept, domains[i]);

		mapping_set_since(mapping, domains[i],
				  row < 0 ? "" : pg_text(kept, (size_t)row, 2));
	}
	return rc;
}

int since_load(struct pg *pg, const struct settings *settings,
	       struct mapping *mapping, struct err *err)
{
	bool begun = false;
	int rc = has_begun(pg, &begun, err);

	for (size_t i = 0; rc == 0 && !begun && i < LENGTH(domains); i++)
		rc = store(pg, domains[i], setting_of(settings, domains[i]),
			   err);
	if (rc == 0)
		rc = use_kept(pg, mapping, err);
	return rc < 0 ? err_wrap(err, "bootstrap.since") : 0;
}

/* --- when it changes --- */

static int ask(struct pg *pg, const struct mapping *mapping, enum domain domain,
	       struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		const struct mapping_table *root = mapping_root(mapping, table);
		CLEANUP(mem_freep)
		char *source =
			mem_printf("%s%s", mapping->prefix, table->source);
		const struct pg_param params[] = {
			pg_param_text(domain_name(domain)),
			pg_param_text(source),
		};

		if (table->domain != domain || !root || !root->since)
			continue;
		rc = pg_query(pg,
			      "insert into ficus.refetch (domain, "
			      "source_table) values ($1, $2) on conflict "
			      "(source_table, selection) do update set "
			      "progress = '', read_position = null",
			      params, LENGTH(params), NULL, err);
	}
	return rc;
}

static int follow(struct pg *pg, const struct settings *settings,
		  const struct mapping *mapping, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *kept = NULL;
	int rc = read_kept(pg, &kept, err);

	for (size_t i = 0; rc == 0 && i < LENGTH(domains); i++) {
		const char *setting = setting_of(settings, domains[i]);

		if (is_kept(kept, domains[i], setting))
			continue;
		log_info("bootstrap.since changed: the domain is read again",
			 KV_STR("domain", domain_name(domains[i])),
			 KV_STR("since", *setting ? setting : "ever"));
		rc = store(pg, domains[i], setting, err);
		if (rc == 0)
			rc = ask(pg, mapping, domains[i], err);
	}
	return rc;
}

int since_follow(struct pg *pg, const struct settings *settings,
		 struct mapping *mapping, struct err *err)
{
	int rc = pg_exec(pg, "begin", err);

	if (rc == 0)
		rc = follow(pg, settings, mapping, err);
	if (rc == 0)
		rc = pg_exec(pg, "commit", err);
	if (rc == 0)
		rc = use_kept(pg, mapping, err);
	return rc < 0 ? err_wrap(err, "bootstrap.since") : 0;
}
