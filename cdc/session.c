#include "cdc/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cdc/apply.h"
#include "cdc/board.h"
#include "cdc/checkpoint.h"
#include "cdc/ddl.h"
#include "cdc/group.h"
#include "cdc/origin.h"
#include "cdc/outcomes.h"
#include "cdc/prepared.h"
#include "cdc/refetch.h"
#include "cdc/schema.h"
#include "cdc/schema_history.h"
#include "cdc/session_start.h"
#include "cdc/setup.h"
#include "cdc/stopper.h"
#include "cdc/stream.h"
#include "transform/fk.h"
#include "transform/transform.h"

enum {
	IDLE_MS = 50,	   /* wait for an event when nothing is pending */
	TICKET_MS = 2,	   /* … when a router waits for a ticket */
	POSITION_MS = 100, /* a position without rows waits so long */
};

struct session {
	struct setup *setup; /* borrowed */
	struct board *board; /* borrowed */
	struct pg_config target;
	struct apply *apply; /* owned, as all that follows */
	struct prepared *prepared;
	struct transform *transform;
	struct schema_history *history;
	struct outcomes outcomes; /* of the statement being settled */
	struct fk_graph *graph;
	struct stream *stream;
	struct refetch *refetch;
	struct group *group;
	struct group_sink sink;
	struct position ended; /* as of the last end() */
	char *ended_file;
	bool rows_pending; /* ended transactions with rows wait */
	/* What the applier holds is gone, or lacks what belongs to it. */
	bool uncommittable;
	int64_t pending_us;   /* since when, monotonic */
	int64_t committed_us; /* last commit */
	struct origin_watch watch;
	uint64_t ends; /* of source transactions */
};

/* --- what the assembler tells us */

static int judged(struct session *s, int rc)
{
	s->uncommittable = s->uncommittable || rc < 0;
	return rc;
}

static int on_change(void *user, const struct record_change *change,
		     struct err *err)
{
	struct session *s = user;

	return judged(s, apply_change(s->apply, change, err));
}

static int on_end(void *user, const struct group_end *end, struct err *err)
{
	struct session *s = user;

	s->ends++;
	apply_origin(s->apply, NULL, end->log_created, end->timestamp);
	int rc =
		judged(s, apply_end(s->apply, end->position_text,
				    end->file_position, end->transaction, err));

	if (rc < 0)
		return rc;
	prepared_end(s->prepared);
	if (!s->rows_pending && end->rows > 0)
		s->pending_us = clock_mono_us();
	s->rows_pending = s->rows_pending || end->rows > 0;
	position_copy(&s->ended, end->position);
	if (strcmp(s->ended_file, end->file_position) != 0) {
		free(s->ended_file);
		s->ended_file = mem_strdup(end->file_position);
	}
	return 0;
}

static int on_rollback(void *user, struct err *err)
{
	struct session *s = user;

	prepared_abandon(s->prepared);
	return judged(s, apply_abandon(s->apply, err));
}

static int commit(struct session *s, struct err *err);

/* Everything before it is written before it. */
static int on_ddl(void *user, struct str schema, struct str sql,
		  struct err *err)
{
	struct session *s = user;

	if (!schema_history_note(s->history, schema, sql))
		return 0;
	log_info("DDL of a replicated table",
		 KV_STR("kind", ddl_kind_name(ddl_kind_of(sql))));
	if (apply_source_open(s->apply) || !apply_pending(s->apply))
		return 0;
	return commit(s, err);
}

/* --- opening */

static void take_outcome(void *user, const struct mapping_table *table,
			 unsigned what)
{
	outcomes_add(&((struct session *)user)->outcomes, table, what);
}

static void release_stream(void *user)
{
	struct session *s = user;

	stream_close(TAKE(s->stream));
}

static void open_history(struct session *s, struct schema *schema)
{
	const struct settings *settings = &s->setup->settings;
	const struct schema_history_options options = {
		.source = &s->setup->source,
		.mapping = s->setup->mapping,
		.database = settings->source_database,
		.queue_bytes = (size_t)settings->source_queue,
		.max_event = (uint64_t)settings->max_value_size,
		.release = release_stream,
		.outcome = take_outcome,
		.user = s,
	};

	s->history = schema_history_new(&options, schema);
}

static int use_schema(struct session *s, struct err *err)
{
	const struct schema *schema = schema_history_now(s->history);
	struct fk_graph *graph = NULL;
	size_t count = 0;
	const struct fk_row *rows = schema_foreign_keys(schema, &count);
	int rc = fk_graph_new(s->setup->mapping, rows, count, &graph, err);

	if (rc < 0)
		return rc;
	transform_set_foreign_keys(s->transform, graph);
	apply_set_foreign_keys(s->apply, graph);
	if (s->group)
		group_set_schema(s->group, schema);
	fk_graph_free(s->graph);
	s->graph = graph;
	return 0;
}

static int load_copy(struct session *s, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	struct schema *schema = NULL;
	bool found = false;
	int rc = pg_connect(&s->setup->target, &pg, err);

	if (rc == 0)
		rc = setup_attributes(pg, s->transform, err);
	if (rc == 0)
		rc = prepared_load(s->prepared, pg, err);
	if (rc == 0)
		rc = schema_load(pg, &schema, &found, err);
	if (rc < 0)
		return rc;
	if (!found) {
		schema_free(schema);
		return err_set(err, ERR_OPERATOR,
			       "the target has a checkpoint but no source "
			       "schema: empty the records and run cdc "
			       "--bootstrap");
	}
	open_history(s, schema);
	session_note_new(s->setup, s->history);
	return use_schema(s, err);
}

static int open_stream(struct session *s, struct err *err)
{
	const struct settings *settings = &s->setup->settings;

	s->sink = (struct group_sink){ .user = s,
				       .change = on_change,
				       .change_user = s,
				       .end = on_end,
				       .rollback = on_rollback,
				       .ddl = on_ddl,
				       .store = prepared_store(s->prepared) };
	const struct group_options options = {
		.database = settings->source_database,
		.mapping = s->setup->mapping,
		.schema = schema_history_now(s->history),
		.transform = s->transform,
		.sink = &s->sink,
		.max_event = (uint64_t)settings->max_value_size,
	};
	s->group = group_new(&options, &s->ended);
	return stream_open(&s->setup->source, (size_t)settings->source_queue,
			   &s->ended, &s->stream, err);
}

static int begin(struct session *s, struct err *err)
{
	s->target = session_target(s->setup, s->board);
	int rc = session_open_apply(s->setup, &s->target, &s->apply, err);

	if (rc < 0)
		return rc;
	const struct checkpoint *from = apply_checkpoint(s->apply);
	rc = position_parse(str_of(from->position), &s->ended, err);
	if (rc < 0)
		return err_wrap(err, "ficus.checkpoint");
	s->ended_file = mem_strdup(from->file_position);
	session_tell_start(s->board, s->apply, &s->ended);
	s->transform = transform_new(s->setup->mapping);
	transform_set_losses(s->transform, s->setup->losses);
	s->prepared = prepared_new(s->apply);
	rc = load_copy(s, err);
	if (rc == 0)
		board_prepared(s->board, prepared_count(s->prepared));
	if (rc == 0)
		rc = session_check_origin(s->setup, s->board, s->apply,
					  &s->ended, err);
	if (rc == 0)
		rc = refetch_new(s->setup, s->board, s->apply, &s->refetch,
				 err);
	if (rc == 0)
		rc = open_stream(s, err);
	if (rc == 0)
		session_connected(s->board, true);
	if (rc == 0)
		log_info("replicating", KV_STR("position", from->position),
			 KV_INT("epoch", apply_epoch(s->apply)));
	return rc;
}

int session_open(struct setup *setup, struct board *board, struct session **ret,
		 struct err *err)
{
	struct session *s = mem_zalloc(sizeof(*s));

	s->setup = setup;
	s->board = board;
	position_init(&s->ended);
	int rc = begin(s, err);
	if (rc < 0) {
		session_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	session_connected(s->board, false);
	stream_close(s->stream);
	refetch_free(s->refetch);
	group_free(s->group);
	prepared_free(s->prepared);
	apply_close(s->apply);
	transform_free(s->transform);
	fk_graph_free(s->graph);
	schema_history_free(s->history);
	outcomes_done(&s->outcomes);
	position_done(&s->ended);
	free(s->ended_file);
	free(s);
}

/* --- pumping */

static void tell_board(struct session *s, int64_t ticket)
{
	const struct checkpoint *c = apply_checkpoint(s->apply);
	struct board_facts *facts = &s->board->facts;

	board_position(s->board, &s->ended, c->position, s->ended_file);
	board_ticket_committed(s->board, ticket);
	pthread_mutex_lock(&s->board->lock);
	facts->seq = c->seq;
	facts->transactions = c->transactions;
	facts->changes = c->changes;
	facts->source_time = c->source_time;
	facts->failures_in_row = 0;
	facts->apply = *apply_counts(s->apply);
	facts->group = *group_counts(s->group);
	if (s->stream)
		stream_counts(s->stream, &facts->stream);
	facts->last_commit_us = s->committed_us;
	pthread_mutex_unlock(&s->board->lock);
	board_prepared(s->board, prepared_count(s->prepared));
}

static int commit(struct session *s, struct err *err)
{
	int64_t ticket = board_ticket_proven(s->board, &s->ended);
	int rc = judged(s, apply_commit(s->apply, ticket, err));

	if (rc < 0)
		return rc;
	s->rows_pending = false;
	s->committed_us = clock_mono_us();
	tell_board(s, ticket);
	return 0;
}

static bool ticket_proven(struct session *s)
{
	return board_ticket_waiting(s->board) &&
	       board_ticket_proven(s->board, &s->ended) >
		       apply_checkpoint(s->apply)->passed_ticket;
}

/* Rows are committed when the queue has run empty, the batch is full or they
 * have waited long enough; a bare position waits for company. */
static bool commit_due(struct session *s, bool idle)
{
	int64_t now = clock_mono_us();

	if (apply_full(s->apply))
		return true;
	if (s->rows_pending)
		return idle || now - s->pending_us >=
				       s->setup->settings.sync_interval * 1000;
	if (ticket_proven(s))
		return true;
	return apply_pending(s->apply) &&
	       now - s->committed_us >= POSITION_MS * 1000;
}

/* --- statements that change tables */

static int follow_ddl(struct session *s, const struct stopper *stop,
		      struct err *err)
{
	bool changed = false;
	int rc = schema_history_settle(s->history, &s->ended, stop, &changed,
				       err);

	if (rc == 0)
		rc = use_schema(s, err);
	if (rc == 0)
		rc = outcomes_apply(
			&s->outcomes, s->apply, s->transform,
			changed ? schema_history_now(s->history) : NULL, err);
	if (rc == 0)
		rc = commit(s, err);
	if (rc < 0) {
		s->uncommittable = true;
		return rc;
	}
	log_info("schema read behind the DDL", KV_INT("changed", changed));
	if (s->stream)
		return 0;
	return stream_open(&s->setup->source,
			   (size_t)s->setup->settings.source_queue, &s->ended,
			   &s->stream, err);
}

static int64_t patience(struct session *s)
{
	if (s->rows_pending && !group_is_open(s->group))
		return 0;
	return board_ticket_waiting(s->board) ? TICKET_MS : IDLE_MS;
}

static int check_head(struct session *s, struct err *err)
{
	if (!s->board->head || s->setup->settings.source_head_host[0] != '\0')
		return 0;
	return origin_watch(&s->watch, s->board->head, &s->ended, s->ends, err);
}

/* What must be read again, asked for by us or by an operator. */
static int heal(struct session *s, struct err *err)
{
	if (board_refetches_unread(s->board))
		refetch_wake(s->refetch);
	int rc = judged(
		s, refetch_turn(s->refetch, &s->ended, s->ended_file, err));
	board_applied(s->board, apply_counts(s->apply));
	return rc;
}

static int turn(struct session *s, const struct stopper *stop, struct err *err)
{
	struct packet packet = { 0 };
	int rc = stream_next(s->stream, patience(s), &packet, err);

	if (rc == 0 && packet.at)
		rc = group_feed(s->group, packet.at, packet.n, err);
	if (rc < 0)
		return rc;
	if (group_is_open(s->group)) {
		if (schema_history_pending(s->history))
			schema_history_rows_follow(s->history);
		return 0;
	}
	if (schema_history_pending(s->history))
		return follow_ddl(s, stop, err);
	if (commit_due(s, !packet.at))
		rc = commit(s, err);
	return rc == 0 && !apply_pending(s->apply) ? heal(s, err) : rc;
}

/* What is complete is committed; what is not will be read again. */
static int finish(struct session *s, struct err *err)
{
	int rc = 0;

	if (group_is_open(s->group))
		rc = apply_abandon(s->apply, err);
	if (rc == 0 && apply_pending(s->apply))
		rc = commit(s, err);
	return rc;
}

/* The stream failed: transactions before the fault are none of its. */
static void keep_what_came_before(struct session *s)
{
	struct err err = { 0 };

	if (!s->uncommittable && finish(s, &err) < 0)
		log_warn("transactions before the fault not committed, "
			 "ignoring: they are read again",
			 KV_ERR(&err));
}

int session_run(struct session *s, const struct stopper *stop, struct err *err)
{
	int64_t looked_us = 0;
	int rc = schema_history_pending(s->history) ? follow_ddl(s, stop, err)
						    : 0;

	while (rc == 0) {
		int64_t now = clock_mono_us();

		/* Not with every event: it is a system call. */
		if (now - looked_us >= IDLE_MS * 1000) {
			looked_us = now;
			board_judge(s->board);
			if (stopper_wait(stop, 0))
				return finish(s, err);
			rc = judged(s, apply_alive(s->apply, err));
			if (rc == 0)
				rc = check_head(s, err);
		}
		if (rc == 0)
			rc = turn(s, stop, err);
	}
	if (rc == ERR_TARGET)
		board_refused(s->board, apply_refused(s->apply), &s->ended,
			      group_is_open(s->group));
	keep_what_came_before(s);
	return rc;
}

int64_t session_heard_us(const struct session *s)
{
	struct stream_counts counts = { 0 };

	if (s->stream)
		stream_counts(s->stream, &counts);
	return counts.heard_us;
}
