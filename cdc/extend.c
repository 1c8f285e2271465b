#include "cdc/extend.h"

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "transform/mapping.h"
#include "transform/mapping_wish.h"

enum { SQL_MAX = 1024 * 1024 };

/* The lock of the migrations' number and one. */
static const char begin_sql[] =
	"begin; set local client_min_messages = warning; "
	"select pg_advisory_xact_lock(7023358413921061992)";

static const char columns_sql[] =
	"select a.attname from pg_attribute a join pg_class c "
	"on c.oid = a.attrelid "
	"where c.relnamespace = current_schema()::regnamespace "
	"and c.relname = $1 and c.relkind in ('r', 'p') "
	"and a.attnum > 0 and not a.attisdropped";

/* Nothing is asked for before the first position of a bootstrap is fixed. */
static const char ask_sql[] =
	"insert into ficus.refetch (domain, source_table) select $1, $2 "
	"where exists (select from ficus.checkpoint) "
	"or exists (select from ficus.bootstrap) "
	"on conflict (source_table, selection) "
	"do update set progress = '', read_position = null";

static bool has(const struct pg_result *columns, const char *name)
{
	for (size_t i = 0; i < pg_rows(columns); i++)
		if (str_eqs(pg_value(columns, i, 0), name))
			return true;
	return false;
}

static size_t key_count(const struct target_table *target)
{
	size_t keys = 0;

	for (size_t i = 0; i < target->wish_count; i++)
		keys += target->wishes[i].key > 0;
	return keys;
}

static void add_key(struct buf *sql, const struct target_table *target)
{
	size_t keys = key_count(target);

	buf_adds(sql, "primary key (");
	for (size_t place = 1; place <= keys; place++)
		for (size_t i = 0; i < target->wish_count; i++) {
			if (target->wishes[i].key != place)
				continue;
			buf_adds(sql, place > 1 ? ", " : "");
			pg_quote_name(sql, target->wishes[i].name);
		}
	buf_adds(sql, ")");
}

static int make_table(struct pg *pg, const struct target_table *target,
		      struct err *err)
{
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, SQL_MAX);
	if (key_count(target) == 0)
		return err_set(err, ERR_CONFIG,
			       "the target has no table %s: to have it made, "
			       "say which columns are its `key`",
			       target->name);
	buf_adds(&sql, "create table ");
	pg_quote_name(&sql, target->name);
	buf_adds(&sql, " (");
	for (size_t i = 0; i < target->wish_count; i++) {
		pg_quote_name(&sql, target->wishes[i].name);
		buf_addf(&sql, " %s, ", target->wishes[i].type);
	}
	add_key(&sql, target);
	buf_adds(&sql, ") with (fillfactor = 75)");
	return pg_exec(pg, buf_str(&sql), err);
}

static int make_column(struct pg *pg, const struct target_table *target,
		       const struct target_wish *wish, struct err *err)
{
	CLEANUP(buf_done) struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "alter table ");
	pg_quote_name(&sql, target->name);
	buf_adds(&sql, " add column ");
	pg_quote_name(&sql, wish->name);
	buf_addf(&sql, " %s", wish->type);
	return pg_exec(pg, buf_str(&sql), err);
}

/* What PostgreSQL refuses here is wrong in the mapping. */
static int refused(const char *place, struct err *err)
{
	if (err->code == ERR_TARGET || err->code == ERR_DATA)
		err->code = ERR_CONFIG;
	return err_wrap(err, "%s", place);
}

static int read_columns(struct pg *pg, const struct target_table *target,
			struct pg_result **ret, struct err *err)
{
	const struct pg_param name = pg_param_text(target->name);

	return pg_query(pg, columns_sql, &name, 1, ret, err);
}

static size_t count_missing(const struct target_table *target,
			    const struct pg_result *columns)
{
	size_t missing = 0;

	if (pg_rows(columns) == 0)
		return 1;
	for (size_t i = 0; i < target->wish_count; i++)
		missing += !has(columns, target->wishes[i].name);
	return missing;
}

/* Of a table that is not there the whole statement would be refused. */
static int try_type(struct pg *pg, const struct target_wish *wish,
		    struct err *err)
{
	CLEANUP(mem_freep)
	char *sql = mem_printf("select null::%s", wish->type);

	return pg_exec(pg, sql, err) < 0 ? refused(wish->place, err) : 0;
}

static int make(struct pg *pg, const struct target_table *target,
		const struct pg_result *columns, struct err *err)
{
	for (size_t i = 0; i < target->wish_count; i++) {
		const struct target_wish *wish = &target->wishes[i];

		if (has(columns, wish->name))
			continue;
		if (try_type(pg, wish, err) < 0)
			return err->code;
		if (pg_rows(columns) > 0 &&
		    make_column(pg, target, wish, err) < 0)
			return refused(wish->place, err);
	}
	if (pg_rows(columns) > 0)
		return 0;
	return make_table(pg, target, err) < 0
		       ? refused(target->wishes[0].place, err)
		       : 0;
}

static int ask(struct pg *pg, const struct mapping *mapping,
	       const struct target_table *target, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		const struct mapping_table *table = &mapping->tables[i];
		CLEANUP(mem_freep)
		char *source =
			mem_printf("%s%s", mapping->prefix, table->source);
		const struct pg_param params[] = {
			pg_param_text(domain_name(table->domain)),
			pg_param_text(source),
		};

		if (table->target == target)
			rc = pg_query(pg, ask_sql, params, LENGTH(params), NULL,
				      err);
	}
	return rc;
}

static int make_one(struct pg *pg, const struct mapping *mapping,
		    const struct target_table *target, struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *columns = NULL;
	int rc = read_columns(pg, target, &columns, err);

	if (rc < 0 || count_missing(target, columns) == 0)
		return rc;
	rc = make(pg, target, columns, err);
	if (rc == 0)
		rc = ask(pg, mapping, target, err);
	if (rc == 0)
		log_info("made as the mapping says",
			 KV_STR("table", target->name));
	return rc;
}

static int make_all(struct pg *pg, const struct mapping *mapping,
		    struct err *err)
{
	for (size_t i = 0; i < mapping->target_count; i++)
		if (mapping->targets[i]->wish_count > 0 &&
		    make_one(pg, mapping, mapping->targets[i], err) < 0)
			return err->code;
	return pg_exec(pg, "commit", err);
}

static bool wishes_any(const struct mapping *mapping)
{
	for (size_t i = 0; i < mapping->target_count; i++)
		if (mapping->targets[i]->wish_count > 0)
			return true;
	return false;
}

int extend_target(struct pg *pg, const struct mapping *mapping, struct err *err)
{
	struct err ignored = { 0 }; /* the first one counts */
	int rc;

	if (!wishes_any(mapping))
		return 0;
	rc = pg_exec(pg, begin_sql, err);
	if (rc == 0)
		rc = make_all(pg, mapping, err);
	if (rc < 0 && pg_exec(pg, "rollback", &ignored) < 0)
		err_wrap(err, "and no rollback");
	return rc;
}

int extend_pending(struct pg *pg, const struct mapping *mapping, size_t *ret,
		   struct err *err)
{
	*ret = 0;
	for (size_t i = 0; i < mapping->target_count; i++) {
		const struct target_table *target = mapping->targets[i];
		CLEANUP(pg_result_freep) struct pg_result *columns = NULL;

		if (target->wish_count == 0)
			continue;
		if (read_columns(pg, target, &columns, err) < 0)
			return err->code;
		*ret += count_missing(target, columns);
	}
	return 0;
}
