#include "cdc/board.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cdc/head.h"
#include "cdc/retention.h"

enum { CAUGHT_UP_MS = 1000 }; /* lag under which the state is streaming */

const char *cdc_state_name(enum cdc_state state)
{
	static const char *const names[] = {
#define STATE_NAME(name, text) [CDC_##name] = (text),
		CDC_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return names[state];
}

void board_init(struct board *board)
{
	*board = (struct board){ .applied_text = mem_strdup(""),
				 .applied_file = mem_strdup("") };
	board->facts.state = CDC_CATCHING_UP;
	board->facts.until_purge_s = RETENTION_UNKNOWN;
	pthread_mutex_init(&board->lock, NULL);
	position_init(&board->applied);
	position_init(&board->refused_until);
}

void board_done(struct board *board)
{
	pthread_mutex_destroy(&board->lock);
	position_done(&board->applied);
	position_done(&board->refused_until);
	free(board->applied_text);
	free(board->applied_file);
}

void board_state(struct board *board, enum cdc_state state, const char *reason)
{
	struct board_facts *facts = &board->facts;

	pthread_mutex_lock(&board->lock);
	board->changed = board->changed || facts->state != state;
	facts->state = state;
	memset(facts->reason, 0, sizeof(facts->reason));
	strncpy(facts->reason, reason, sizeof(facts->reason) - 1);
	pthread_mutex_unlock(&board->lock);
}

enum cdc_state board_get_state(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	enum cdc_state state = board->facts.state;
	pthread_mutex_unlock(&board->lock);
	return state;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = mem_strdup(by);
}

void board_position(struct board *board, const struct position *position,
		    const char *text, const char *file_text)
{
	pthread_mutex_lock(&board->lock);
	position_copy(&board->applied, position);
	replace(&board->applied_text, text);
	replace(&board->applied_file, file_text);
	if (position_contains(position, &board->refused_until) &&
	    !(board->refused_beyond &&
	      position_contains(&board->refused_until, position)))
		board->facts.refusals_in_row = 0;
	pthread_mutex_unlock(&board->lock);
}

void board_refused(struct board *board, enum domain domain,
		   const struct position *until, bool beyond)
{
	pthread_mutex_lock(&board->lock);
	position_copy(&board->refused_until, until ? until : &board->applied);
	/* What the copy has got to already was not what was refused. */
	board->refused_beyond =
		beyond ||
		position_contains(&board->applied, &board->refused_until);
	board->facts.refused = domain;
	board->facts.refusals_in_row++;
	pthread_mutex_unlock(&board->lock);
}

bool board_passed(struct board *board, const struct position *position)
{
	pthread_mutex_lock(&board->lock);
	bool passed = position_contains(position, &board->applied);
	pthread_mutex_unlock(&board->lock);
	return passed;
}

void board_judge(struct board *board)
{
	int64_t lag = board_lag(board, clock_mono_us());

	if (board_get_state(board) != CDC_STREAMING && lag != LAG_UNKNOWN &&
	    lag <= CAUGHT_UP_MS) {
		board_state(board, CDC_STREAMING, "");
		log_info("caught up", KV_INT("lag_ms", lag));
	}
}

bool board_refetches_unread(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	bool unread = board->facts.refetches_unread > 0;
	pthread_mutex_unlock(&board->lock);
	return unread;
}

void board_applied(struct board *board, const struct apply_counts *counts)
{
	pthread_mutex_lock(&board->lock);
	board->facts.apply = *counts;
	pthread_mutex_unlock(&board->lock);
}

void board_prepared(struct board *board, int64_t count)
{
	pthread_mutex_lock(&board->lock);
	board->facts.prepared = count;
	pthread_mutex_unlock(&board->lock);
}

void board_ticket_seen(struct board *board, int64_t n, int64_t seen_us)
{
	pthread_mutex_lock(&board->lock);
	tickets_see(&board->tickets, n, seen_us);
	pthread_mutex_unlock(&board->lock);
}

int64_t board_ticket_proven(struct board *board,
			    const struct position *position)
{
	int64_t sampled =
		board->head ? head_proven(board->head, position) : INT64_MIN;

	pthread_mutex_lock(&board->lock);
	int64_t proven = tickets_proven(&board->tickets, sampled);
	pthread_mutex_unlock(&board->lock);
	return proven;
}

bool board_ticket_waiting(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	bool waiting = board->tickets.count > 0;
	pthread_mutex_unlock(&board->lock);
	return waiting;
}

void board_ticket_committed(struct board *board, int64_t n)
{
	pthread_mutex_lock(&board->lock);
	tickets_commit(&board->tickets, n);
	board->facts.passed_ticket = board->tickets.passed;
	pthread_mutex_unlock(&board->lock);
}

void board_ticket_restart(struct board *board, int64_t n)
{
	pthread_mutex_lock(&board->lock);
	tickets_restart(&board->tickets, n);
	board->facts.passed_ticket = n;
	pthread_mutex_unlock(&board->lock);
}

int64_t board_lag(struct board *board, int64_t now_us)
{
	int64_t passed = INT64_MIN;

	pthread_mutex_lock(&board->lock);
	if (board->head)
		passed = head_passed(board->head, &board->applied);
	pthread_mutex_unlock(&board->lock);
	return lag_ms(now_us, passed);
}

void board_read(struct board *board, struct board_facts *ret,
		struct buf *position, struct buf *file)
{
	pthread_mutex_lock(&board->lock);
	*ret = board->facts;
	if (position)
		buf_adds(position, board->applied_text);
	if (file)
		buf_adds(file, board->applied_file);
	pthread_mutex_unlock(&board->lock);
}
