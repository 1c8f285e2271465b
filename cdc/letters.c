#include "cdc/letters.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/dead_letter.h"
#include "cdc/refetch_log.h"
#include "cdc/setup.h"

enum { IDS_MAX = 64 * 1024 };

/* $1: the numbers as an array, or null for all. */
#define MEANT "where $1::bigint[] is null or id = any($1::bigint[])"

static const char list_sql[] =
	"select id, domain, record, key, attempts,"
	" date_trunc('second', created_at), position, error"
	" from ficus.dead_letters " MEANT " order by id";
static const char *const list_names[] = { "id",	      "domain",	  "record",
					  "key",      "attempts", "since",
					  "position", "error" };

/* The numbers as PostgreSQL writes an array. */
static int ids_text(const struct letters_ask *ask, struct buf *ret,
		    struct err *err)
{
	for (size_t i = 0; i < ask->id_count; i++) {
		int64_t id;

		if (!str_to_i64(str_of(ask->ids[i]), &id))
			return err_set(err, ERR_CONFIG,
				       "\"%s\" is no number of a dead letter: "
				       "see cdc --dead-letters list",
				       ask->ids[i]);
		buf_addf(ret, "%c%lld", i ? ',' : '{', (long long)id);
	}
	if (ask->id_count > 0)
		buf_addc(ret, '}');
	return ret->failed ? err_set(err, ERR_CONFIG,
				     "too many numbers at once: name none to "
				     "mean all")
			   : 0;
}

static void list_json(const struct pg_result *r, struct buf *out)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_array(&w);
	for (size_t row = 0; row < pg_rows(r); row++) {
		json_begin_object(&w);
		for (size_t i = 0; i < LENGTH(list_names); i++) {
			json_key(&w, list_names[i]);
			json_strn(&w, pg_value(r, row, i));
		}
		json_end_object(&w);
	}
	json_end_array(&w);
	buf_addc(out, '\n');
}

static void list_text(const struct pg_result *r, struct buf *out)
{
	for (size_t row = 0; row < pg_rows(r); row++)
		buf_addf(out, "%s  %s %s  since %s, at %s\n    %s\n",
			 pg_text(r, row, 0), pg_text(r, row, 2),
			 pg_text(r, row, 3), pg_text(r, row, 5),
			 pg_text(r, row, 6), pg_text(r, row, 7));
	if (pg_rows(r) == 0)
		buf_adds(out, "no dead letters\n");
}

static int list(struct pg *pg, const struct pg_param *meant,
		const struct letters_ask *ask, struct buf *out, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(pg, list_sql, meant, 1, &r, err);

	if (rc < 0)
		return rc;
	if (ask->json)
		list_json(r, out);
	else
		list_text(r, out);
	return 0;
}

static int drop(struct pg *pg, const struct pg_param *meant, struct buf *out,
		struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	int rc = pg_query(pg, "delete from ficus.dead_letters " MEANT, meant, 1,
			  &r, err);

	if (rc == 0)
		buf_addf(out, "%llu dropped\n",
			 (unsigned long long)pg_affected(r));
	return rc;
}

/* --- retry --- */

static int retry(struct pg *pg, const struct pg_param *meant,
		 const struct mapping *mapping, struct buf *out,
		 struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct refetch_log log;
	int rc = pg_query(pg,
			  "select record, key from ficus.dead_letters " MEANT,
			  meant, 1, &r, err);

	if (rc < 0)
		return rc;
	refetch_log_init(&log, mapping);
	for (size_t row = 0; row < pg_rows(r); row++)
		dead_letter_refetch(&log, mapping, pg_value(r, row, 0),
				    pg_value(r, row, 1));
	refetch_log_end(&log);
	pg_pipe_begin(pg);
	refetch_log_queue(&log, pg);
	rc = pg_pipe_sync(pg, NULL, NULL, err);
	refetch_log_done(&log);
	if (rc == 0)
		buf_addf(out,
			 "%zu will be read again by the running cdc; cdc "
			 "--status says what is left\n",
			 pg_rows(r));
	return rc;
}

int letters_run(const struct setup *setup, const struct letters_ask *ask,
		struct buf *out, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	CLEANUP(buf_done) struct buf ids;

	buf_init(&ids, IDS_MAX);
	int rc = ids_text(ask, &ids, err);
	if (rc == 0)
		rc = pg_connect(&setup->target, &pg, err);
	if (rc < 0)
		return rc;
	const struct pg_param meant = { ask->id_count ? buf_str(&ids) : NULL,
					ids.n, false };

	if (strcmp(ask->action, "list") == 0)
		rc = list(pg, &meant, ask, out, err);
	else if (strcmp(ask->action, "retry") == 0)
		rc = retry(pg, &meant, setup->mapping, out, err);
	else if (strcmp(ask->action, "drop") == 0)
		rc = drop(pg, &meant, out, err);
	else
		return err_set(err, ERR_CONFIG,
			       "--dead-letters %s: list, retry or drop",
			       ask->action);
	return rc < 0 ? err_wrap(err, "dead letters") : 0;
}
