#include "cdc/refetch_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"
#include "cdc/array.h"
#include "cdc/selection.h"
#include "transform/mapping.h"
#include "transform/value.h"

enum { SLOTS_KEEP = 4096, NAME_MAX_BYTES = 1024 };

/* Sorted, so that two cdc never wait for each other's rows. */
static const char add_sql[] =
	"insert into ficus.refetch as r"
	" (domain, source_table, selection, again)"
	" select distinct u.domain, u.source_table, u.selection, u.again"
	" from unnest($1::text[], $2::text[], $3::text[],"
	" $4::text[]::boolean[])"
	" as u(domain, source_table, selection, again) order by 2, 3"
	" on conflict (source_table, selection) do update set"
	" progress = '', rows_read = 0, read_position = null, resync = false,"
	" again = r.again or excluded.again,"
	" requested_at = clock_timestamp()";

static const char mark_sql[] =
	"update ficus.refetch as r set progress = coalesce(u.next, r.progress),"
	" read_position = case when u.next is null then $4 end, attempts = 0,"
	" error = '', rows_read = r.rows_read + u.rows"
	" from unnest($1::bigint[], $2::text[], $3::text[], $5::bigint[])"
	" as u(id, progress, next, rows) where r.id = u.id"
	" and r.progress = u.progress";

void refetch_log_init(struct refetch_log *log, const struct mapping *mapping)
{
	*log = (struct refetch_log){ .mapping = mapping };
	arena_init(&log->arena);
	index_init(&log->index);
}

void refetch_log_done(struct refetch_log *log)
{
	index_done(&log->index);
	arena_done(&log->arena);
	free(log->entries);
}

void refetch_log_reset(struct refetch_log *log)
{
	index_reset(&log->index, SLOTS_KEEP);
	arena_reset(&log->arena);
	log->count = log->ended = 0;
}

static bool same(const void *item, const void *want)
{
	const struct refetch_entry *a = item, *b = want;

	return a->table == b->table && str_eq(a->selection, b->selection);
}

static uint64_t hash_of(const struct refetch_entry *entry)
{
	const char *name = entry->table->source;
	struct str table = str_of(name);

	return str_hash(table.at, table.n) * UINT64_C(0x9e3779b97f4a7c15) ^
	       str_hash(entry->selection.at, entry->selection.n);
}

static bool known(const struct refetch_log *log, struct refetch_entry *entry)
{
	struct refetch_entry *there;

	entry->hash = hash_of(entry);
	there = index_find(&log->index, entry->hash, same, entry);
	if (there)
		there->again |= entry->again;
	return there != NULL;
}

static void push(struct refetch_log *log, struct refetch_entry *entry)
{
	if (log->count == log->size) {
		log->size = log->size ? log->size * 2 : 64;
		log->entries = mem_realloc(log->entries,
					   log->size * sizeof(*log->entries));
	}
	log->entries[log->count++] = entry;
	index_add(&log->index, entry->hash, entry);
}

static bool is_covered(const struct refetch_log *log,
		       struct refetch_entry *want)
{
	struct refetch_entry whole = { .table = want->table,
				       .again = want->again };

	if (known(log, want))
		return true;
	return !selection_is_deep(want->selection) && known(log, &whole);
}

/* Too many keys: all tables of the family. */
static void add_family(struct refetch_log *log, const char *family)
{
	const struct mapping *mapping = log->mapping;

	for (size_t i = 0; i < mapping->table_count; i++)
		if (mapping->tables[i].family &&
		    strcmp(mapping->tables[i].family, family) == 0)
			refetch_log_add(log, &mapping->tables[i], NULL);
}

void refetch_log_add(struct refetch_log *log, const struct mapping_table *table,
		     const struct value *selection)
{
	struct refetch_entry want = { .table = table, .again = log->again };

	if (selection)
		want.selection = (struct str){ selection->at, selection->n };
	if (want.selection.n > REFETCH_SELECTION_MAX ||
	    log->count >= REFETCH_KEYS_MAX) {
		if (selection_is_deep(want.selection) && table->family) {
			add_family(log, table->family);
			return;
		}
		want.selection.n = 0;
	}
	if (is_covered(log, &want))
		return;

	struct refetch_entry *entry =
		arena_memdup(&log->arena, &want, sizeof(want));
	if (want.selection.n > 0)
		entry->selection.at = arena_strndup(
			&log->arena, want.selection.at, want.selection.n);
	push(log, entry);
}

bool refetch_log_has_metadata(const struct refetch_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->entries[i]->table->domain == DOMAIN_METADATA)
			return true;
	return false;
}

void refetch_log_end(struct refetch_log *log)
{
	log->ended = log->count;
}

/* The index forgets nothing singly: it is made anew of what stays. */
void refetch_log_abandon(struct refetch_log *log)
{
	if (log->ended == log->count)
		return;
	index_reset(&log->index, SLOTS_KEEP);
	log->count = log->ended;
	for (size_t i = 0; i < log->count; i++)
		index_add(&log->index, log->entries[i]->hash, log->entries[i]);
}

static void add_name(struct array *names, const struct mapping *mapping,
		     const struct mapping_table *table)
{
	CLEANUP(buf_done) struct buf name;

	buf_init(&name, NAME_MAX_BYTES);
	buf_adds(&name, mapping->prefix);
	buf_adds(&name, table->source);
	array_add_text(names, (struct str){ buf_str(&name), name.n });
}

void refetch_log_queue(const struct refetch_log *log, struct pg *pg)
{
	CLEANUP(array_done) struct array domains;
	CLEANUP(array_done) struct array tables;
	CLEANUP(array_done) struct array selections;
	CLEANUP(array_done) struct array again;

	array_init(&again);
	array_start(&again, ARRAY_TEXT);
	array_init(&domains);
	array_init(&tables);
	array_init(&selections);
	array_start(&domains, ARRAY_TEXT);
	array_start(&tables, ARRAY_TEXT);
	array_start(&selections, ARRAY_TEXT);
	for (size_t i = 0; i < log->ended; i++) {
		const struct refetch_entry *entry = log->entries[i];

		array_add_text(&domains,
			       str_of(domain_name(entry->table->domain)));
		add_name(&tables, log->mapping, entry->table);
		array_add_text(&selections, entry->selection);
		array_add_text(&again, entry->again ? STR("t") : STR("f"));
	}
	const struct pg_param params[] = {
		array_param(&domains),
		array_param(&tables),
		array_param(&selections),
		array_param(&again),
	};
	if (log->ended > 0)
		pg_pipe_query(pg, add_sql, params, LENGTH(params));
}

/* --- requests that were read */

void refetch_marks_init(struct refetch_marks *marks)
{
	array_init(&marks->ids);
	array_init(&marks->progress);
	array_init(&marks->next);
	array_init(&marks->rows);
	refetch_marks_reset(marks);
}

void refetch_marks_done(struct refetch_marks *marks)
{
	array_done(&marks->ids);
	array_done(&marks->progress);
	array_done(&marks->next);
	array_done(&marks->rows);
}

void refetch_marks_reset(struct refetch_marks *marks)
{
	array_start(&marks->ids, ARRAY_INT8);
	array_start(&marks->progress, ARRAY_TEXT);
	array_start(&marks->next, ARRAY_TEXT);
	array_start(&marks->rows, ARRAY_INT8);
	marks->read_position = NULL;
	marks->rows_read = 0;
}

void refetch_marks_add(struct refetch_marks *marks, int64_t id,
		       const char *progress, const char *next, uint64_t rows)
{
	struct value v = { .kind = VALUE_NULL };

	if (next)
		v = (struct value){ next, (uint32_t)strlen(next), VALUE_TEXT };
	array_add_int(&marks->ids, id);
	array_add_text(&marks->progress, str_of(progress));
	(void)!array_add(&marks->next, v); /* text always fits */
	array_add_int(&marks->rows, (int64_t)rows);
	marks->rows_read += rows;
}

void refetch_marks_queue(struct refetch_marks *marks, struct pg *pg)
{
	const struct pg_param params[] = {
		array_param(&marks->ids),  array_param(&marks->progress),
		array_param(&marks->next), pg_param_text(marks->read_position),
		array_param(&marks->rows),
	};

	if (marks->ids.count > 0)
		pg_pipe_query(pg, mark_sql, params, LENGTH(params));
}
