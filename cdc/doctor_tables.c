/* The preflight check: what would come between us and the target's tables. */
#include "cdc/doctor_impl.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "base/settings.h"

enum { NAMES_MAX = 64 * 1024 };

/* $1: target.schema, $2: the mapping's tables in it. */
#define OURS                                                                   \
	"n.nspname = $1 and c.relname = any($2::text[]) and c.relkind in "     \
	"('r', 'p')"

/* Each gives one row for a finding, the cure first; none when all is well. */
static const char RIGHTS[] =
	"select format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN "
	"SCHEMA %I TO %I', n.nspname, current_user), c.relname "
	"from pg_class c join pg_namespace n on n.oid = c.relnamespace "
	"where (" OURS " or n.nspname = 'ficus' and c.relkind = 'r') "
	"and not (has_table_privilege(c.oid, 'select') "
	"and has_table_privilege(c.oid, 'insert') "
	"and has_table_privilege(c.oid, 'update') "
	"and has_table_privilege(c.oid, 'delete')) limit 1";
static const char TRIGGERS[] =
	"select format('ALTER TABLE %s DISABLE TRIGGER %I', c.oid::regclass, "
	"t.tgname), c.relname || '.' || t.tgname "
	"from pg_trigger t join pg_class c on c.oid = t.tgrelid "
	"join pg_namespace n on n.oid = c.relnamespace "
	"where " OURS " and not t.tgisinternal and t.tgenabled in ('O', 'A') "
	"limit 1";
static const char SECURITY[] =
	"select format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', "
	"c.oid::regclass), c.relname "
	"from pg_class c join pg_namespace n on n.oid = c.relnamespace "
	"where " OURS " and row_security_active(c.oid) limit 1";
static const char KEYS[] =
	"select format('ALTER TABLE %s DROP CONSTRAINT %I', "
	"f.conrelid::regclass, f.conname), f.conrelid::regclass || '.' || "
	"f.conname from pg_constraint f where f.contype = 'f' and exists ("
	"select 1 from pg_class c join pg_namespace n on n.oid = "
	"c.relnamespace where c.oid in (f.conrelid, f.confrelid) and " OURS
	") limit 1";

static const struct {
	const char *item, *sql;
	enum doctor_level level;
	const char *good, *before, *after; /* the name of what was found */
} checks[] = {
	{ "target.rights", RIGHTS, DOCTOR_FAIL, "all tables can be written",
	  "our user may not write table ", "" },
	{ "target.row_security", SECURITY, DOCTOR_FAIL, "none applies to us",
	  "row level security applies to us in table ", "" },
	{ "target.foreign_keys", KEYS, DOCTOR_WARN, "none stands in the way",
	  "foreign key ", " can refuse what the source has allowed" },
	{ "target.triggers", TRIGGERS, DOCTOR_WARN, "there is none", "trigger ",
	  " runs with every batch, and can refuse it" },
};

static void add_names(const struct mapping *mapping, struct buf *out)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < mapping->target_count; i++)
		buf_addf(out, "%s\"%s\"", i ? "," : "",
			 mapping->targets[i]->name);
	buf_addc(out, '}');
}

void doctor_tables(struct doctor *doctor, struct pg *pg,
		   const struct settings *settings,
		   const struct mapping *mapping)
{
	struct buf names;
	struct pg_param params[2];

	buf_init(&names, NAMES_MAX);
	add_names(mapping, &names);
	params[0] = pg_param_text(settings->target_schema);
	params[1] = pg_param_buf(&names);
	for (size_t i = 0; i < LENGTH(checks); i++) {
		CLEANUP(pg_result_freep) struct pg_result *r = NULL;
		struct err err = { 0 };

		if (pg_query(pg, checks[i].sql, params, LENGTH(params), &r,
			     &err))
			doctor_add_err(doctor, checks[i].item, &err);
		else if (pg_rows(r) == 0)
			doctor_add(doctor, DOCTOR_OK, checks[i].item, NULL,
				   "%s", checks[i].good);
		else
			doctor_add(doctor, checks[i].level, checks[i].item,
				   pg_text(r, 0, 0), "%s%s%s", checks[i].before,
				   pg_text(r, 0, 1), checks[i].after);
	}
	buf_done(&names);
}
