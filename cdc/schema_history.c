#include "cdc/schema_history.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cdc/ddl.h"
#include "cdc/log_ahead.h"
#include "cdc/schema.h"
#include "cdc/schema_change.h"
#include "cdc/schema_keys.h"
#include "cdc/schema_merge.h"
#include "cdc/source.h"
#include "transform/mapping.h"
#include "transform/table_def.h"

enum { SQL_MAX = 4096 };

struct noted {
	char *schema, *sql; /* owned */
};

/* Of one settling; by mapping table. */
struct effects {
	unsigned char *named, *later;
	bool *doubtful;
};

struct schema_history {
	struct schema_history_options options;
	const struct stopper *stop; /* while settling; may be NULL */
	struct schema *now;	    /* owned */
	bool fold_known;	    /* the server was asked for … */
	bool fold;	     /* … lower_case_table_names: it is not 0 */
	struct noted *noted; /* owned; statements to be settled */
	size_t noted_count;
	bool rows_passed; /* rows of a noted one's tables were passed over */

	/* What the server said last: */
	struct schema *read;	/* owned; NULL: nothing yet */
	struct position head;	/* … no later than */
	struct position shown;	/* … showing all that stands before this */
	struct log_ahead ahead; /* statements up to head */
};

struct schema_history *
schema_history_new(const struct schema_history_options *options,
		   struct schema *schema)
{
	struct schema_history *h = mem_zalloc(sizeof(*h));

	h->options = *options;
	h->now = schema;
	position_init(&h->head);
	position_init(&h->shown);
	return h;
}

static void forget_read(struct schema_history *h)
{
	schema_free(TAKE(h->read));
	position_done(&h->head);
	position_init(&h->head);
	position_done(&h->shown);
	position_init(&h->shown);
	log_ahead_done(&h->ahead);
}

static void forget_noted(struct schema_history *h)
{
	for (size_t i = 0; i < h->noted_count; i++) {
		free(h->noted[i].schema);
		free(h->noted[i].sql);
	}
	h->noted_count = 0;
	h->rows_passed = false;
}

void schema_history_free(struct schema_history *h)
{
	if (!h)
		return;
	forget_read(h);
	forget_noted(h);
	schema_free(h->now);
	free(h->noted);
	free(h);
}

const struct schema *schema_history_now(const struct schema_history *h)
{
	return h->now;
}

bool schema_history_pending(const struct schema_history *h)
{
	return h->noted_count > 0;
}

/* ---- Noting ---- */

static size_t place_of(const struct schema_history *h,
		       const struct mapping_table *table)
{
	return (size_t)(table - h->options.mapping->tables);
}

static struct ddl_scope scope_of(const struct schema_history *h)
{
	/* Until the server was asked: too many rather than too few. */
	return (struct ddl_scope){ .mapping = h->options.mapping,
				   .database = h->options.database,
				   .fold = h->fold || !h->fold_known };
}

/* Effects by mapping table. */
struct gather {
	const struct schema_history *history;
	unsigned char *effects;
	bool any;
};

static void gather(void *user, const struct mapping_table *table,
		   unsigned effects)
{
	struct gather *g = user;

	g->any = true;
	if (g->effects)
		g->effects[place_of(g->history, table)] |=
			(unsigned char)effects;
}

bool schema_history_note(struct schema_history *h, struct str schema,
			 struct str sql)
{
	struct ddl_scope scope = scope_of(h);
	struct gather g = { .history = h };

	ddl_run(&scope, schema, sql, gather, &g);
	if (!g.any)
		return false;
	h->noted =
		mem_realloc(h->noted, (h->noted_count + 1) * sizeof(*h->noted));
	h->noted[h->noted_count++] = (struct noted){
		.schema = mem_strndup(schema.at, schema.n),
		.sql = mem_strndup(sql.at, sql.n),
	};
	return true;
}

/* What the noted statements do, now that we know how names compare. */
static void gather_noted(const struct schema_history *h, unsigned char *named)
{
	struct ddl_scope scope = scope_of(h);
	struct gather g = { .history = h, .effects = named };

	for (size_t i = 0; i < h->noted_count; i++)
		ddl_run(&scope, str_of(h->noted[i].schema),
			str_of(h->noted[i].sql), gather, &g);
}

void schema_history_rows_follow(struct schema_history *h)
{
	size_t count = h->options.mapping->table_count;
	CLEANUP(mem_freep) unsigned char *named = mem_zalloc(count + 1);

	gather_noted(h, named);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(mem_freep)
		char *name = schema_merge_name(h->options.mapping, i);

		if (!named[i] || schema_table(h->now, str_of(name)) ||
		    schema_is_unknown(h->now, str_of(name)))
			continue;
		schema_add_unknown(h->now, name);
		h->rows_passed = true;
	}
}

/* ---- Asking the server ---- */

/* Returns when the statement the log has is complete for all to see. */
static int wait_for(struct schema_history *h, struct source *source,
		    const char *table, struct err *err)
{
	struct err missing = { 0 };
	CLEANUP(buf_done) struct buf sql;
	int rc;

	buf_init(&sql, SQL_MAX);
	buf_adds(&sql, "select 1 from ");
	schema_quote_name(&sql, h->options.database);
	buf_addc(&sql, '.');
	schema_quote_name(&sql, table);
	buf_adds(&sql, " limit 0");
	rc = source_exec(source, buf_str(&sql), &missing);
	if (rc == 0 || schema_is_missing(&missing))
		return 0;
	*err = missing;
	return rc;
}

static int ask_fold(struct schema_history *h, struct source *source,
		    struct err *err)
{
	CLEANUP(mem_freep) char *value = NULL;
	int rc = source_variable(source, "lower_case_table_names", &value, err);

	if (rc == 0) {
		h->fold = value && strcmp(value, "0") != 0;
		h->fold_known = true;
	}
	return rc;
}

/* Rule 3: M and H. */
static int ask(struct schema_history *h, struct source *source,
	       const unsigned char *named, struct err *err)
{
	const struct mapping *mapping = h->options.mapping;
	struct position head = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < mapping->table_count; i++) {
		CLEANUP(mem_freep) char *name = schema_merge_name(mapping, i);

		if (named[i])
			rc = wait_for(h, source, name, err);
	}
	schema_free(TAKE(h->read));
	if (rc == 0)
		rc = schema_read(source, h->options.database, mapping, &h->read,
				 err);
	if (rc == 0)
		rc = source_head(source, "file", &head, err);
	if (rc == 0)
		position_copy(&h->head, &head);
	position_done(&head);
	return rc;
}

/* Rule 4: what is between. */
static int look_ahead(struct schema_history *h, const struct position *from,
		      struct err *err)
{
	const struct log_ahead_options options = {
		.source = h->options.source,
		.scope = scope_of(h),
		.queue_bytes = h->options.queue_bytes,
		.max_event = h->options.max_event,
		.stop = h->stop,
	};

	if (log_ahead_reached(from, &h->head))
		return 0;
	h->options.release(h->options.user);
	return log_ahead_read(&options, from, &h->head, &h->ahead, err);
}

/* More statements lie ahead: M is read once more, when those are complete, so
 * that it serves for them too. */
static int ask_again(struct schema_history *h, struct source *source,
		     struct err *err)
{
	CLEANUP(mem_freep)
	unsigned char *named = mem_zalloc(h->options.mapping->table_count + 1);
	struct position first = { 0 };
	int rc;

	for (size_t i = 0; i < h->ahead.count; i++)
		named[place_of(h, h->ahead.all[i].table)] = 1;
	position_copy(&first, &h->head);
	rc = ask(h, source, named, err);
	if (rc == 0)
		rc = look_ahead(h, &first, err);
	position_copy(&h->shown, &first);
	position_done(&first);
	return rc;
}

static int inquire(struct schema_history *h, const struct position *at,
		   unsigned char *named, struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	int rc;

	if (h->read && log_ahead_reached(&h->shown, at)) {
		gather_noted(h, named);
		return 0;
	}
	forget_read(h);
	rc = source_connect(h->options.source, &source, err);
	if (rc == 0)
		rc = ask_fold(h, source, err);
	if (rc < 0)
		return rc;
	gather_noted(h, named);
	rc = ask(h, source, named, err);
	if (rc == 0)
		rc = look_ahead(h, at, err);
	if (rc == 0 && h->ahead.count > 0)
		rc = ask_again(h, source, err);
	return rc;
}

static void gather_later(const struct schema_history *h,
			 const struct position *at, unsigned char *later)
{
	for (size_t i = 0; i < h->ahead.count; i++) {
		const struct log_ahead_one *one = &h->ahead.all[i];
		const struct position end = { .kind = POSITION_FILE,
					      .file = one->file,
					      .offset = one->end };

		/* One without an end is still going on. */
		if (!one->file || !log_ahead_reached(at, &end))
			later[place_of(h, one->table)] |=
				(unsigned char)one->effects;
	}
}

/* ---- What became of the rows ---- */

static bool refills(const struct schema_history *h, size_t table,
		    const char *name, const struct schema *next)
{
	const struct mapping_table *mapped = &h->options.mapping->tables[table];
	const struct table_def *before = schema_table(h->now, str_of(name));
	const struct table_def *after = schema_table(next, str_of(name));
	const char *lost;

	if (!before || !after)
		return false;
	lost = schema_change_lost(mapped, before, after);
	if (lost)
		log_warn("a column is gone from the source: it is NULL from "
			 "now on",
			 KV_STR("table", name), KV_STR("column", lost));
	for (size_t i = 0; i < h->noted_count; i++) {
		struct str sql = str_of(h->noted[i].sql);

		if (schema_change_refills(mapped, before, after, sql,
					  ddl_moves_columns(sql)))
			return true;
	}
	return false;
}

static unsigned outcome_of(const struct schema_history *h,
			   const struct effects *e, size_t table,
			   const struct schema *next)
{
	CLEANUP(mem_freep)
	char *name = schema_merge_name(h->options.mapping, table);
	unsigned named = e->named[table], outcome = 0;

	if (named & DDL_EMPTIES)
		outcome |= SCHEMA_EMPTIED;
	if ((named & DDL_REPLACES) || e->doubtful[table] ||
	    (named && (h->rows_passed || refills(h, table, name, next))))
		outcome |= SCHEMA_REFETCH;
	return outcome;
}

static void tell(const struct schema_history *h, const struct effects *e,
		 const struct schema *next)
{
	const struct mapping *mapping = h->options.mapping;

	for (size_t i = 0; i < mapping->table_count; i++) {
		unsigned outcome = outcome_of(h, e, i, next);

		if (outcome)
			h->options.outcome(h->options.user, &mapping->tables[i],
					   outcome);
	}
}

static int settle(struct schema_history *h, const struct position *at,
		  const struct effects *e, bool *changed, struct err *err)
{
	struct schema_merge merge = {
		.mapping = h->options.mapping,
		.before = h->now,
		.named = e->named,
		.later = e->later,
		.doubtful = e->doubtful,
	};
	struct schema *next;
	int rc;

	for (size_t i = 0; i < h->noted_count; i++)
		merge.moves = merge.moves ||
			      ddl_moves_columns(str_of(h->noted[i].sql));
	rc = inquire(h, at, e->named, err);

	if (rc < 0)
		return rc;
	gather_later(h, at, e->later);
	merge.read = h->read;
	next = schema_merge(&merge);
	tell(h, e, next);
	*changed = !schema_equal(next, h->now);
	schema_free(h->now);
	h->now = next;
	return 0;
}

int schema_history_settle(struct schema_history *h, const struct position *at,
			  const struct stopper *stop, bool *changed,
			  struct err *err)
{
	size_t count = h->options.mapping->table_count + 1;
	CLEANUP(mem_freep) unsigned char *named = mem_zalloc(count);
	CLEANUP(mem_freep) unsigned char *later = mem_zalloc(count);
	CLEANUP(mem_freep) bool *doubtful = mem_zalloc(count * sizeof(bool));
	const struct effects effects = { named, later, doubtful };
	int rc;

	h->stop = stop;
	rc = settle(h, at, &effects, changed, err);
	forget_noted(h);
	return rc < 0 ? err_wrap(err, "schema after DDL") : 0;
}
