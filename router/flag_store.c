#include "router/flag_store.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/pg.h"

static const char set_sql[] =
	"update ficus.feature_flags set enabled = $2::boolean,"
	" percent_bp = $3::integer, reason = $4, actor = $5, until = null"
	" where (name = $1 or $1 = 'all')"
	" and ($6::bigint = 0 or version = $6::bigint)"
	" returning version";
static const char list_sql[] =
	"select name, enabled, percent_bp, version, reason, actor,"
	" to_char(updated_at at time zone 'UTC',"
	" 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
	" from ficus.feature_flags order by name";
static const char known_sql[] =
	"select 1 from ficus.feature_flags where name = $1 or $1 = 'all'";
static const char status_sql[] =
	"select state, coalesce(lag_ms::text || ' ms', 'unknown'),"
	" (extract(epoch from clock_timestamp() - written_at) * 1000)::bigint,"
	" epoch, customer_fresh, catalog_fresh, order_fresh, unhealthy_keys,"
	" reason from ficus.status";

static struct pg_param text_param(const char *text)
{
	return (struct pg_param){ text, strlen(text), false };
}

/* Nothing was changed: why? */
static int why_not(struct pg *pg, const struct flag_change *change,
		   struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct pg_param name = text_param(change->name);
	int rc = pg_query(pg, known_sql, &name, 1, &r, err);

	if (rc < 0)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(err, ERR_CONFIG,
			       "no flag is called \"%s\" (customer_read, "
			       "catalog_read, order_read, all)",
			       change->name);
	return err_set(err, ERR_LIMIT,
		       "%s has another version than %jd by now: read it again",
		       change->name, (intmax_t)change->version);
}

int flag_store_set(const struct pg_config *pg_config,
		   const struct flag_change *change, int64_t *ret_version,
		   struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	char bp[8] = "", version[24] = "";
	struct pg_param params[6] = {
		text_param(change->name),
		text_param(change->enabled ? "true" : "false"),
		text_param(bp),
		text_param(change->reason),
		text_param(change->actor),
		text_param(version),
	};
	int rc = pg_connect(pg_config, &pg, err);

	(void)snprintf(bp, sizeof(bp), "%u", (unsigned)change->percent_bp);
	(void)snprintf(version, sizeof(version), "%jd",
		       (intmax_t)change->version);
	params[2].n = strlen(bp);
	params[5].n = strlen(version);
	if (rc == 0)
		rc = pg_query(pg, set_sql, params, 6, &r, err);
	if (rc < 0)
		return rc;
	if (pg_rows(r) == 0)
		return why_not(pg, change, err);
	*ret_version = pg_int(r, pg_rows(r) - 1, 0);
	return 0;
}

static int list(const struct pg_config *pg_config, const char *sql,
		struct pg **pg, struct pg_result **ret, struct err *err)
{
	int rc = *pg ? 0 : pg_connect(pg_config, pg, err);

	return rc < 0 ? rc : pg_query(*pg, sql, NULL, 0, ret, err);
}

static bool is_true(const struct pg_result *r, size_t row, size_t column)
{
	return str_eqs(pg_value(r, row, column), "t");
}

static void flag_line(struct buf *out, const struct pg_result *r, size_t i)
{
	int64_t bp = pg_int(r, i, 2);

	buf_addf(out, "%-14s ", pg_text(r, i, 0));
	if (!is_true(r, i, 1))
		buf_addf(out, "%-8s", "off");
	else
		buf_addf(out, "%3jd.%02jd%% ", (intmax_t)(bp / 100),
			 (intmax_t)(bp % 100));
	buf_addf(out, " version %s, %s by %s: %s\n", pg_text(r, i, 3),
		 pg_text(r, i, 6), pg_text(r, i, 5), pg_text(r, i, 4));
}

static void state_lines(struct buf *out, const struct pg_result *r)
{
	static const char *const domains[] = { "customer", "catalog", "order" };

	if (pg_rows(r) == 0) {
		buf_adds(out, "state          unknown: cdc has not run yet\n");
		return;
	}
	buf_addf(out, "state          %s (epoch %s)\n", pg_text(r, 0, 0),
		 pg_text(r, 0, 3));
	buf_addf(out, "lag            %s, said %s ms ago\n", pg_text(r, 0, 1),
		 pg_text(r, 0, 2));
	for (size_t i = 0; i < LENGTH(domains); i++)
		buf_addf(out, "%-14s %s\n", domains[i],
			 is_true(r, 0, 4 + i) ? "fresh" : "not fresh");
	buf_addf(out, "unhealthy keys %s\n", pg_text(r, 0, 7));
	if (*pg_text(r, 0, 8))
		buf_addf(out, "reason         %s\n", pg_text(r, 0, 8));
}

int flag_store_status(const struct pg_config *pg_config, struct buf *out,
		      struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(pg_result_freep) struct pg_result *status = NULL;
	CLEANUP(pg_result_freep) struct pg_result *flags = NULL;
	int rc = list(pg_config, status_sql, &pg, &status, err);

	if (rc == 0)
		rc = list(pg_config, list_sql, &pg, &flags, err);
	if (rc < 0)
		return rc;
	state_lines(out, status);
	for (size_t i = 0; i < pg_rows(flags); i++)
		flag_line(out, flags, i);
	return 0;
}

int flag_store_json(const struct pg_config *pg_config, struct buf *out,
		    struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct json w;
	int rc = list(pg_config, list_sql, &pg, &r, err);

	if (rc < 0)
		return rc;
	json_init(&w, out, JSON_PLAIN);
	json_begin_array(&w);
	for (size_t i = 0; i < pg_rows(r); i++) {
		json_begin_object(&w);
		json_key(&w, "name");
		json_str(&w, pg_text(r, i, 0));
		json_key(&w, "enabled");
		json_bool(&w, is_true(r, i, 1));
		json_key(&w, "percent");
		json_double(&w, (double)pg_int(r, i, 2) / 100.0);
		json_key(&w, "version");
		json_int(&w, pg_int(r, i, 3));
		json_key(&w, "reason");
		json_str(&w, pg_text(r, i, 4));
		json_key(&w, "actor");
		json_str(&w, pg_text(r, i, 5));
		json_key(&w, "updated_at");
		json_str(&w, pg_text(r, i, 6));
		json_end_object(&w);
	}
	json_end_array(&w);
	return 0;
}
