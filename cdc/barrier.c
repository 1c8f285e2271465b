#include "cdc/barrier.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "cdc/cascade.h"
#include "cdc/dead_letter.h"
#include "cdc/descend.h"
#include "transform/mapping.h"
#include "transform/record_change.h"

struct barrier {
	struct arena arena;
	const struct target_shape *shapes;
	size_t shape_count;
	const struct target_table *table;
	struct gone_row *rows; /* owned array; values in the arena */
	size_t count, size;
};

struct barrier *barrier_new(const struct target_shape *shapes, size_t count)
{
	struct barrier *barrier = mem_zalloc(sizeof(*barrier));

	arena_init(&barrier->arena);
	barrier->shapes = shapes;
	barrier->shape_count = count;
	return barrier;
}

void barrier_free(struct barrier *barrier)
{
	if (!barrier)
		return;
	barrier_reset(barrier);
	arena_done(&barrier->arena);
	free(barrier->rows);
	free(barrier);
}

void barrier_reset(struct barrier *barrier)
{
	arena_reset(&barrier->arena);
	barrier->table = NULL;
	barrier->count = 0;
}

const struct target_table *barrier_table(const struct barrier *barrier)
{
	return barrier->table;
}

size_t barrier_bytes(const struct barrier *barrier)
{
	return barrier->arena.used + barrier->count * sizeof(*barrier->rows);
}

void barrier_add(struct barrier *barrier, const struct record_change *change)
{
	size_t n = change->table->count;
	struct value *copy = arena_array(&barrier->arena, struct value, n);

	assert(!barrier->table || barrier->table == change->table);
	barrier->table = change->table;
	for (size_t i = 0; i < n; i++) {
		copy[i] = change->values[i];
		if (value_has(copy[i]))
			copy[i].at = arena_memdup(&barrier->arena, copy[i].at,
						  copy[i].n);
	}
	if (barrier->count == barrier->size) {
		barrier->size = barrier->size ? barrier->size * 2 : 64;
		barrier->rows = mem_realloc(
			barrier->rows, barrier->size * sizeof(*barrier->rows));
	}
	barrier->rows[barrier->count++].values = copy;
}

static bool needs_types(const struct target_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->columns[i].name, "entity_type_id") == 0)
			return true;
	return false;
}

static struct gone parents_of(const struct barrier *barrier)
{
	return (struct gone){
		.table = barrier->table,
		.rows = barrier->rows,
		.count = barrier->count,
	};
}

int barrier_clear_letters(const struct barrier *barrier, struct pg *pg,
			  struct err *err)
{
	const struct gone parents = parents_of(barrier);

	return dead_letter_gone(pg, &barrier->shapes[parents.table->index],
				&parents, err);
}

static int run(struct barrier *barrier, struct cascade *cascade)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;
	struct gone parents = parents_of(barrier);

	if (needs_types(barrier->table) && cascade_read_types(cascade) < 0)
		return cascade->err->code;
	if (cascade_delete(cascade, &parents, &r) < 0)
		return cascade->err->code;
	cascade->rows = 0; /* without the parents */
	if (cascade_run(cascade, &parents) < 0 || !r)
		return cascade->err->code;
	/* Parents that the copy lacks: what their children refer to is not
	 * known. */
	if (cascade->doubt->rows && pg_rows(r) < parents.count)
		for (size_t i = 0; i < parents.count; i++)
			descend(cascade->doubt->log, cascade->graph,
				parents.table, parents.rows[i].values);
	cascade_take_rows(&barrier->arena, r, barrier->table, &parents);
	return cascade_run(cascade, &parents);
}

int barrier_run(struct barrier *barrier, struct pg *pg,
		const struct fk_graph *graph, const struct cascade_doubt *doubt,
		uint64_t *ret_rows, struct err *err)
{
	struct err why = { 0 };
	struct cascade cascade = {
		.pg = pg,
		.shapes = barrier->shapes,
		.graph = graph,
		.doubt = doubt,
		.err = &why,
	};
	int rc = run(barrier, &cascade);

	pg_result_free(cascade.entity_types);
	barrier_reset(barrier);
	if (rc == 0) {
		*ret_rows = cascade.rows;
		return 0;
	}
	/* Nothing here can be set aside like a refused row. */
	if (rc == ERR_DATA)
		why.code = ERR_TARGET;
	*err = why;
	return err->code;
}
