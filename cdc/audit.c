#include "cdc/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/pg.h"
#include "base/str.h"

static const char audit_sql[] =
	"insert into ficus.audit (transaction, ordinal, seq, changes)"
	" select u.name, $3::bigint + u.place, $4::bigint, u.changes"
	" from unnest($1::text[], $2::bigint[])"
	" with ordinality as u(name, changes, place)";

static void start(struct audit *audit)
{
	array_start(&audit->names, ARRAY_TEXT);
	array_start(&audit->changes, ARRAY_INT8);
}

void audit_init(struct audit *audit)
{
	array_init(&audit->names);
	array_init(&audit->changes);
	audit->ordinal = 0;
	start(audit);
}

void audit_done(struct audit *audit)
{
	array_done(&audit->names);
	array_done(&audit->changes);
}

int audit_read(struct audit *audit, struct pg *pg, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, "select coalesce(max(ordinal), 0) from ficus.audit",
		     NULL, 0, &r, err) < 0)
		return err_wrap(err, "reading the audit");
	audit->ordinal = pg_int(r, 0, 0);
	return 0;
}

void audit_add(struct audit *audit, const char *transaction, int64_t changes)
{
	array_add_text(&audit->names, str_of(transaction));
	array_add_int(&audit->changes, changes);
}

void audit_queue(struct audit *audit, struct pg *pg, int64_t seq)
{
	char base[24], place[24];
	int n = snprintf(base, sizeof(base), "%" PRId64, audit->ordinal);
	int m = snprintf(place, sizeof(place), "%" PRId64, seq);
	const struct pg_param params[] = {
		array_param(&audit->names),
		array_param(&audit->changes),
		{ base, (size_t)n, false },
		{ place, (size_t)m, false },
	};

	if (audit->names.count > 0)
		pg_pipe_query(pg, audit_sql, params, LENGTH(params));
}

void audit_committed(struct audit *audit)
{
	audit->ordinal += audit->names.count;
	start(audit);
}
