#include "cdc/session_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cdc/apply.h"
#include "cdc/board.h"
#include "cdc/checkpoint.h"
#include "cdc/head.h"
#include "cdc/origin.h"
#include "cdc/schema.h"
#include "cdc/schema_history.h"
#include "cdc/schema_merge.h"
#include "cdc/setup.h"
#include "cdc/since.h"
#include "transform/mapping.h"

enum {
	DOUBLED_MOST = 6, /* times that a time-out is doubled */
	POSITION_TEXT_MAX = 64 * 1024 * 1024,
};

struct pg_config session_target(const struct setup *setup, struct board *board)
{
	struct pg_config target = setup->target;

	pthread_mutex_lock(&board->lock);
	int doubled = board->facts.failures_in_row;
	pthread_mutex_unlock(&board->lock);
	target.answer_timeout_ms <<=
		doubled < DOUBLED_MOST ? doubled : DOUBLED_MOST;
	return target;
}

/* Nobody else applies now: settings that have changed may be followed. */
static int follow_settings(const struct setup *setup, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	int rc = pg_connect(&setup->target, &pg, err);

	return rc < 0 ? rc
		      : since_follow(pg, &setup->settings, setup->mapping, err);
}

int session_open_apply(const struct setup *setup,
		       const struct pg_config *target, struct apply **ret,
		       struct err *err)
{
	const struct settings *settings = &setup->settings;
	char instance[300], host[256] = "";

	gethostname(host, sizeof(host) - 1);
	snprintf(instance, sizeof(instance), "%s:%ld", host, (long)getpid());
	const struct apply_options options = {
		.target = target,
		.mapping = setup->mapping,
		.batch_bytes = (size_t)settings->batch_bytes,
		.batch_transactions = settings->batch_size,
		.synchronous_commit = settings->target_synchronous_commit,
		.audit = settings->audit,
		.stop_on_error = strcmp(settings->on_error, "stop") == 0,
		.instance = instance,
	};

	int rc = apply_open(&options, ret, err);
	return rc < 0 ? rc : follow_settings(setup, err);
}

/* Samples that the former position contained prove nothing of one that went
 * back; of any other they do, and lag goes on from there. */
void session_tell_start(struct board *board, struct apply *apply,
			const struct position *at)
{
	const struct checkpoint *from = apply_checkpoint(apply);
	bool went_back = !board_passed(board, at);

	pthread_mutex_lock(&board->lock);
	board->facts.epoch = apply_epoch(apply);
	board->facts.seq = from->seq;
	board->facts.transactions = from->transactions;
	board->facts.changes = from->changes;
	board->facts.source_time = from->source_time;
	pthread_mutex_unlock(&board->lock);
	board_position(board, at, from->position, from->file_position);
	board_ticket_restart(board, from->passed_ticket);
	if (board->head && went_back)
		head_forget(board->head);
}

void session_connected(struct board *board, bool connected)
{
	pthread_mutex_lock(&board->lock);
	board->facts.link.connected = connected;
	pthread_mutex_unlock(&board->lock);
}

void session_note_new(const struct setup *setup, struct schema_history *history)
{
	const struct schema *schema = schema_history_now(history);
	const struct mapping *mapping = setup->mapping;

	for (size_t i = 0; i < mapping->table_count; i++) {
		CLEANUP(mem_freep) char *name = schema_merge_name(mapping, i);
		CLEANUP(mem_freep)
		char *sql = mem_printf("alter table `%s`", name);

		if (mapping->tables[i].user &&
		    !schema_table(schema, str_of(name)))
			schema_history_note(
				history,
				str_of(setup->settings.source_database),
				str_of(sql));
	}
}

/* A position that became another one is committed as such, lest the next
 * session ask for the old one again. */
static int note_change(struct apply *apply, const struct position *at,
		       struct err *err)
{
	const struct checkpoint *from = apply_checkpoint(apply);
	CLEANUP(buf_done) struct buf text;

	buf_init(&text, POSITION_TEXT_MAX);
	position_format(at, &text);
	if (text.failed || strcmp(buf_str(&text), from->position) == 0)
		return 0;
	return apply_end(apply, buf_str(&text), from->file_position, NULL, err);
}

int session_check_origin(const struct setup *setup, struct board *board,
			 struct apply *apply, struct position *at,
			 struct err *err)
{
	const struct checkpoint *from = apply_checkpoint(apply);
	const struct origin origin = {
		.source_id = from->source_id,
		.file_position = from->file_position,
		.log_created = from->log_created,
		.mode = setup->settings.source_position_mode,
	};
	struct origin_here here = { 0 };
	enum position_kind kind = at->kind;
	int rc = origin_check(&setup->source, &origin, at, &here, err);

	if (rc < 0)
		return rc;
	apply_origin(apply, here.identity,
		     here.log_created ? here.log_created : -1, 0);
	free(here.identity);
	if (kind != at->kind && board->head)
		head_set_mode(board->head, "file");
	return note_change(apply, at, err);
}
