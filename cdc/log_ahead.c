#include "cdc/log_ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cdc/group.h"
#include "cdc/stopper.h"
#include "cdc/stream.h"
#include "transform/mapping.h"
#include "transform/transform.h"

enum { WAIT_MS = 100, STANDSTILL_MS = 60000 };

void log_ahead_done(struct log_ahead *ahead)
{
	for (size_t i = 0; i < ahead->count; i++)
		free(ahead->all[i].file);
	free(ahead->all);
	*ahead = (struct log_ahead){ 0 };
}

bool log_ahead_reached(const struct position *a, const struct position *b)
{
	int order = 0;

	if (!a->file || !b->file ||
	    !position_compare_files(str_of(a->file), str_of(b->file), &order))
		return false;
	return order > 0 || (order == 0 && a->offset >= b->offset);
}

struct reading {
	const struct log_ahead_options *options;
	struct log_ahead *ahead;
	size_t open; /* statements whose end is not known yet */
};

static void take(void *user, const struct mapping_table *table,
		 unsigned effects)
{
	struct reading *r = user;
	struct log_ahead *ahead = r->ahead;

	ahead->all = mem_realloc(ahead->all,
				 (ahead->count + 1) * sizeof(*ahead->all));
	ahead->all[ahead->count++] = (struct log_ahead_one){
		.table = table,
		.effects = effects,
	};
	r->open++;
}

static int on_ddl(void *user, struct str schema, struct str sql,
		  struct err *err)
{
	struct reading *r = user;

	(void)err;
	ddl_run(&r->options->scope, schema, sql, take, r);
	return 0;
}

static int on_end(void *user, const struct group_end *end, struct err *err)
{
	struct reading *r = user;

	(void)err;
	for (; r->open > 0; r->open--) {
		struct log_ahead_one *one =
			&r->ahead->all[r->ahead->count - r->open];

		one->file = mem_strdup(end->position->file);
		one->end = end->position->offset;
	}
	return 0;
}

static int on_change(void *user, const struct record_change *change,
		     struct err *err)
{
	(void)user;
	(void)change;
	(void)err;
	return 0;
}

static int on_rollback(void *user, struct err *err)
{
	(void)user;
	(void)err;
	return 0;
}

static int pump(struct stream *stream, struct group *group,
		const struct position *until, const struct stopper *stop,
		struct err *err)
{
	int64_t moved_us = clock_mono_us();
	int rc = 0;

	while (rc == 0 && !log_ahead_reached(group_position(group), until)) {
		struct packet packet = { 0 };

		if (stop && stopper_wait(stop, 0))
			return err_set(err, ERR_STOPPED, "stopped");
		rc = stream_next(stream, WAIT_MS, &packet, err);
		if (rc == 0 && packet.at) {
			moved_us = clock_mono_us();
			rc = group_feed(group, packet.at, packet.n, err);
		} else if (rc == 0 && clock_mono_us() - moved_us >
					      STANDSTILL_MS * INT64_C(1000)) {
			rc = err_set(err, ERR_SOURCE_LOST,
				     "the source's log does not go as far as "
				     "it said");
		}
	}
	return rc;
}

int log_ahead_read(const struct log_ahead_options *options,
		   const struct position *from, const struct position *until,
		   struct log_ahead *ret, struct err *err)
{
	struct reading reading = { .options = options, .ahead = ret };
	const struct group_sink sink = { .user = &reading,
					 .change = on_change,
					 .end = on_end,
					 .rollback = on_rollback,
					 .ddl = on_ddl };
	struct transform *transform;
	/* Of no database: no rows are wanted. */
	struct group_options group_options = {
		.database = "",
		.mapping = options->scope.mapping,
		.sink = &sink,
		.max_event = options->max_event,
	};
	struct stream *stream = NULL;
	struct group *group;
	int rc = stream_open(options->source, options->queue_bytes, from,
			     &stream, err);

	if (rc < 0)
		return err_wrap(err, "reading the log ahead");
	transform = transform_new(options->scope.mapping);
	group_options.transform = transform;
	group = group_new(&group_options, from);
	rc = pump(stream, group, until, options->stop, err);
	stream_close(stream);
	group_free(group);
	transform_free(transform);
	if (rc < 0)
		log_ahead_done(ret);
	return rc < 0 ? err_wrap(err, "reading the log ahead") : 0;
}
