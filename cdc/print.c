#include "cdc/print.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "cdc/binlog/position.h"
#include "cdc/checkpoint.h"
#include "cdc/group.h"
#include "cdc/record_bson.h"
#include "cdc/schema.h"
#include "cdc/setup.h"
#include "cdc/stopper.h"
#include "cdc/stream.h"
#include "transform/mapping.h"
#include "transform/transform.h"

enum { LINE_KEEP = 1024 * 1024, LINE_LIMIT = 1 << 30, WAIT_MS = 100 };

struct print {
	struct setup *setup; /* borrowed */
	struct pg *pg;	     /* owned, as all that follows */
	struct schema *schema;
	struct transform *transform;
	struct group *group;
	struct stream *stream;
	struct position from;
	struct buf line;
};

static int on_change(void *user, const struct record_change *change,
		     struct err *err)
{
	struct print *p = user;

	buf_reset(&p->line, LINE_KEEP);
	record_bson_json(&p->line, change);
	buf_addc(&p->line, '\n');
	if (p->line.failed)
		return err_set(err, ERR_LIMIT,
			       "a record of %s is over %d bytes as JSON",
			       change->table->name, LINE_LIMIT);
	if (fwrite(p->line.at, 1, p->line.n, stdout) != p->line.n)
		return err_set(err, ERR_STOPPED, "nobody reads the output");
	return 0;
}

/* A pipe's reader sees whole transactions as soon as they are complete. */
static int on_end(void *user, const struct group_end *end, struct err *err)
{
	(void)user;
	if (end->rows > 0 && fflush(stdout) != 0)
		return err_set(err, ERR_STOPPED, "nobody reads the output");
	return 0;
}

static int on_rollback(void *user, struct err *err)
{
	(void)user;
	(void)err;
	puts("{ \"op\" : \"rollback\" }");
	return 0;
}

static int find_start(struct print *p, const char *from, struct err *err)
{
	struct checkpoint checkpoint = { 0 };
	int found = 0;

	if (from)
		return position_parse(str_of(from), &p->from, err);
	int rc = checkpoint_read(p->pg, &checkpoint, &found, err);
	if (rc == 0 && !found)
		return err_set(err, ERR_OPERATOR,
			       "there is no checkpoint to print from: give "
			       "--from, or run cdc --bootstrap");
	if (rc == 0)
		rc = position_parse(str_of(checkpoint.position), &p->from, err);
	checkpoint_done(&checkpoint);
	return rc;
}

/* The names of columns come from the source as it is now: good enough for
 * looking, and checked against each table map. */
static int load(struct print *p, struct err *err)
{
	CLEANUP(source_closep) struct source *source = NULL;
	int rc = source_connect(&p->setup->source, &source, err);

	if (rc == 0)
		rc = schema_read(source, p->setup->settings.source_database,
				 p->setup->mapping, &p->schema, err);
	if (rc == 0)
		rc = setup_attributes(p->pg, p->transform, err);
	return rc;
}

static int pump(struct print *p, const struct stopper *stop, struct err *err)
{
	const struct settings *settings = &p->setup->settings;
	const struct group_sink sink = { .user = p,
					 .change = on_change,
					 .change_user = p,
					 .end = on_end,
					 .rollback = on_rollback };
	const struct group_options options = {
		.database = settings->source_database,
		.mapping = p->setup->mapping,
		.schema = p->schema,
		.transform = p->transform,
		.sink = &sink,
		.max_event = (uint64_t)settings->max_value_size,
	};
	struct source_config source = p->setup->source;

	source_config_beside(&source);
	int rc = stream_open(&source, (size_t)settings->source_queue, &p->from,
			     &p->stream, err);

	p->group = group_new(&options, &p->from);
	while (rc == 0 && !stopper_wait(stop, 0)) {
		struct packet packet = { 0 };

		rc = stream_next(p->stream, WAIT_MS, &packet, err);
		if (rc == 0 && packet.at)
			rc = group_feed(p->group, packet.at, packet.n, err);
	}
	return rc == ERR_STOPPED ? 0 : rc;
}

int print_run(struct setup *setup, const char *from, const struct stopper *stop,
	      struct err *err)
{
	struct print p = { .setup = setup };
	int rc = setup_target(setup, err);

	buf_init(&p.line, LINE_LIMIT);
	p.transform = transform_new(setup->mapping);
	transform_set_losses(p.transform, setup->losses);
	if (rc == 0)
		rc = pg_connect(&setup->target, &p.pg, err);
	if (rc == 0)
		rc = find_start(&p, from, err);
	if (rc == 0)
		rc = load(&p, err);
	if (rc == 0)
		rc = pump(&p, stop, err);
	stream_close(p.stream);
	group_free(p.group);
	transform_free(p.transform);
	schema_free(p.schema);
	position_done(&p.from);
	pg_close(p.pg);
	buf_done(&p.line);
	return rc;
}
