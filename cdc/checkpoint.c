#include "cdc/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pg.h"
#include "base/str.h"

static const char read_sql[] =
	"select seq, epoch, passed_ticket, transactions, changes, position,"
	" file_position, source_id, log_created, source_time from "
	"ficus.checkpoint"
	" order by seq desc limit 1";

/* Superseded: no row, so that NULL meets the column's NOT NULL. */
static const char write_sql[] =
	"insert into ficus.checkpoint (seq, epoch, passed_ticket,"
	" transactions, changes, log_created, source_time, position,"
	" file_position, source_id)"
	" values ($1, (select epoch from ficus.epoch where epoch = $2"
	" for key share), $3, $4, $5, $6, $7, $8, $9, $10)";

static const char trim_sql[] = "delete from ficus.checkpoint where seq <= $1";

int checkpoint_read(struct pg *pg, struct checkpoint *ret, int *found,
		    struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *r = NULL;

	if (pg_query(pg, read_sql, NULL, 0, &r, err) < 0)
		return err_wrap(err, "reading the checkpoint");
	*found = pg_rows(r) > 0;
	if (!*found)
		return 0;
	*ret = (struct checkpoint){
		.seq = pg_int(r, 0, 0),
		.epoch = pg_int(r, 0, 1),
		.passed_ticket = pg_int(r, 0, 2),
		.transactions = pg_int(r, 0, 3),
		.changes = pg_int(r, 0, 4),
		.position = mem_strdup(pg_text(r, 0, 5)),
		.file_position = mem_strdup(pg_text(r, 0, 6)),
		.source_id = mem_strdup(pg_text(r, 0, 7)),
		.log_created = pg_int(r, 0, 8),
		.source_time = pg_int(r, 0, 9),
	};
	return 0;
}

void checkpoint_copy(struct checkpoint *to, const struct checkpoint *from)
{
	*to = *from;
	to->position = mem_strdup(from->position);
	to->file_position = mem_strdup(from->file_position);
	to->source_id = mem_strdup(from->source_id);
}

void checkpoint_move(struct checkpoint *checkpoint, const char *position,
		     const char *file_position)
{
	free(checkpoint->position);
	free(checkpoint->file_position);
	checkpoint->position = mem_strdup(position);
	checkpoint->file_position =
		mem_strdup(file_position ? file_position : "");
}

void checkpoint_origin(struct checkpoint *checkpoint, const char *source_id,
		       int64_t log_created, int64_t source_time)
{
	if (source_id && strcmp(source_id, checkpoint->source_id) != 0) {
		free(checkpoint->source_id);
		checkpoint->source_id = mem_strdup(source_id);
		checkpoint->file_position[0] = '\0';
		checkpoint->log_created = 0;
	}
	if (log_created >= 0)
		checkpoint->log_created = log_created;
	if (source_time)
		checkpoint->source_time = source_time;
}

void checkpoint_done(struct checkpoint *checkpoint)
{
	free(checkpoint->position);
	free(checkpoint->file_position);
	free(checkpoint->source_id);
	*checkpoint = (struct checkpoint){ 0 };
}

static struct pg_param text_param(const char *text)
{
	return (struct pg_param){ text, strlen(text), false };
}

void checkpoint_queue(struct pg *pg, const struct checkpoint *checkpoint)
{
	const int64_t numbers[] = {
		checkpoint->seq,	   checkpoint->epoch,
		checkpoint->passed_ticket, checkpoint->transactions,
		checkpoint->changes,	   checkpoint->log_created,
		checkpoint->source_time,
	};
	char texts[LENGTH(numbers)][24];
	struct pg_param params[LENGTH(numbers) + 3];

	if (checkpoint->seq % CHECKPOINT_TRIM == 0) {
		char last[24];

		snprintf(last, sizeof(last), "%" PRId64,
			 checkpoint->seq - CHECKPOINT_KEEP);
		params[0] = text_param(last);
		pg_pipe_query(pg, trim_sql, params, 1);
	}
	for (size_t i = 0; i < LENGTH(numbers); i++) {
		snprintf(texts[i], sizeof(texts[i]), "%" PRId64, numbers[i]);
		params[i] = text_param(texts[i]);
	}
	params[LENGTH(numbers)] = text_param(checkpoint->position);
	params[LENGTH(numbers) + 1] = text_param(checkpoint->file_position);
	params[LENGTH(numbers) + 2] = text_param(checkpoint->source_id);
	pg_pipe_query(pg, write_sql, params, LENGTH(params));
}

bool checkpoint_superseded(const struct err *err)
{
	return strstr(err->msg, "23502") && strstr(err->msg, "checkpoint") &&
	       strstr(err->msg, "epoch");
}

int checkpoint_refused(struct err *err)
{
	if (checkpoint_superseded(err))
		return err_set(err, ERR_OPERATOR,
			       "another cdc has taken over this database: let "
			       "it run, or stop it and start this one");
	if (err->code == ERR_DATA)
		err->code = ERR_TARGET;
	return err_wrap(err, "committing");
}
