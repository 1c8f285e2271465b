#include "cdc/status.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pg.h"
#include "cdc/epoch.h"

/* One row; each column is a line of the screen and a key of the JSON. */
static const char STATUS_SQL[] =
	"select s.state, s.reason, "
	"case when s.written_at > clock_timestamp() - interval '3 s' "
	"then 'yes' else 'no, last heard of ' || "
	"date_trunc('second', clock_timestamp() - s.written_at) || ' ago' end "
	"as running, "
	"s.connected, s.reconnects, nullif(s.last_error, '') as last_error, "
	"date_trunc('second', s.last_error_at) as last_error_at, "
	"s.until_purge_s, c.source_id as source, "
	"s.lag_ms, c.position, c.file_position, s.head, c.seq as checkpoint, "
	"c.committed_at, c.transactions, c.changes, c.passed_ticket, s.epoch, "
	"s.customer_fresh, s.catalog_fresh, s.order_fresh, "
	"(select count(*) from ficus.dead_letters) as dead_letters, "
	"(select coalesce(string_agg(domain || '=' || n, ' ' order by domain), "
	"'none') from (select domain, count(*) as n from ficus.refetch "
	"group by domain) d) as refetches, "
	"(select coalesce(string_agg(domain || ' ' || left_to_do || ' "
	"requests, ' || "
	"done || ' of about ' || total || ' rows', ', ' order by domain), "
	"'none') "
	"from (select domain, count(*) as left_to_do, "
	"sum(least(rows_read, rows_total)) as done, sum(rows_total) as total "
	"from ficus.refetch where resync group by domain) d) as resync, "
	"(select min(error) from ficus.refetch where error <> '') as "
	"refetch_error, "
	"(select count(distinct xid) from ficus.prepared) as prepared, "
	"(select string_agg(name || '=' || case when not enabled then 'off' "
	"when percent_bp = 10000 then 'on' else (percent_bp / 100.0)::text "
	"|| '%' end, ' ' order by name) from ficus.feature_flags) as flags "
	"from (select 1) one "
	"left join ficus.status s on true "
	"left join (select * from ficus.checkpoint order by seq desc limit 1) "
	"c "
	"on true";

static void write_json(const struct pg_result *r, const char *const *names,
		       struct buf *out)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	for (size_t i = 0; i < pg_columns(r); i++) {
		json_key(&w, names[i]);
		json_str(&w, pg_null(r, 0, i) ? NULL : pg_text(r, 0, i));
	}
	json_end_object(&w);
	buf_addc(out, '\n');
}

static void write_text(const struct pg_result *r, const char *const *names,
		       struct buf *out)
{
	for (size_t i = 0; i < pg_columns(r); i++)
		buf_addf(out, "%-16s %s\n", names[i],
			 pg_null(r, 0, i) ? "unknown" : pg_text(r, 0, i));
}

int status_write(const struct pg_config *target, bool json, struct buf *out,
		 struct err *err)
{
	static const char *const names[] = {
		"state",	 "reason",	   "running",
		"connected",	 "reconnects",	   "last_error",
		"last_error_at", "until_purge_s",  "source",
		"lag_ms",	 "position",	   "file_position",
		"head",		 "checkpoint",	   "committed_at",
		"transactions",	 "changes",	   "passed_ticket",
		"epoch",	 "customer_fresh", "catalog_fresh",
		"order_fresh",	 "dead_letters",   "refetches",
		"resync",	 "refetch_error",  "prepared",
		"flags",
	};
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_connect(target, &pg, err);

	if (rc == 0)
		rc = pg_query(pg, STATUS_SQL, NULL, 0, &r, err);
	if (rc < 0)
		return err_wrap(err, "status");
	if (json)
		write_json(r, names, out);
	else
		write_text(r, names, out);
	return 0;
}

void status_failed(const struct pg_config *target, const char *reason)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	const struct pg_param param = pg_param_text(reason);
	struct err ignored = { 0 };
	bool nobody = false;

	if (pg_connect(target, &pg, &ignored) < 0 ||
	    epoch_is_free(pg, &nobody, &ignored) < 0 || !nobody)
		return;
	if (pg_query(pg,
		     "update ficus.status set state = 'failed', reason = $1, "
		     "connected = false, written_at = clock_timestamp()",
		     &param, 1, NULL, &ignored) < 0)
		log_debug("state not published", KV_ERR(&ignored));
}
