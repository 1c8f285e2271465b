/* The board: what the threads of cdc know of each other.
 *
 * The applying thread writes where the copy stands and how it fares; the
 * publisher reads that for ficus.status and writes the tickets it saw; the
 * endpoints only read. One lock, held for copies only. Lives as long as the
 * program. */
#ifndef CDC_BOARD_H
#define CDC_BOARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/apply.h"
#include "cdc/binlog/position.h"
#include "cdc/group.h"
#include "cdc/lag.h"
#include "cdc/link.h"
#include "cdc/stream.h"
#include "cdc/ticket.h"
#include "transform/mapping.h"

struct head;
struct losses;

/*	X(name, text in ficus.status) */
#define CDC_STATES(X)                                                          \
	X(BOOTSTRAPPING, "bootstrapping")                                      \
	X(CATCHING_UP, "catching_up")                                          \
	X(STREAMING, "streaming")                                              \
	X(PAUSED, "paused")                                                    \
	X(FAILED, "failed")

#define STATE_ENUM(name, text) CDC_##name,
enum cdc_state { CDC_STATES(STATE_ENUM) };
#undef STATE_ENUM

const char *cdc_state_name(enum cdc_state state);

struct board_facts {
	enum cdc_state state;
	char reason[512]; /* why it is not streaming; "" when it is */
	int64_t epoch, seq, passed_ticket;
	int64_t transactions, changes; /* since the bootstrap */
	int64_t prepared; /* XA transactions that wait for their decision */
	int failures_in_row;
	int refusals_in_row;	  /* of one batch, by a target that answers */
	enum domain refused;	  /* whose records in it */
	bool fresh[DOMAIN_COUNT]; /* as for chunks; refetches count apart */
	int64_t refetches[DOMAIN_COUNT]; /* pending */
	int64_t refetches_unread;	 /* of them, also asked for by others */
	int64_t stale_since_us[DOMAIN_COUNT]; /* monotonic; 0: it is fresh */
	struct apply_counts apply;
	struct group_counts group;
	struct stream_counts stream;
	struct link link;
	int64_t source_time;	/* Unix time of the last event applied */
	double until_purge_s;	/* retention.h */
	int64_t last_commit_us; /* monotonic; 0: none yet */
};

/* Dead letters by target table; what was there once stays, with 0. */
enum { LETTER_TABLES_MAX = 96 };
struct letter_count {
	enum domain domain;
	char record[64];
	int64_t count;
};

struct board {
	pthread_mutex_t lock; /* taken before the head's and the stream's */
	struct board_facts facts;
	struct position applied;	   /* as last committed */
	char *applied_text, *applied_file; /* owned; never NULL */
	struct tickets tickets;
	struct lag_history history;
	struct head *head;	       /* borrowed; NULL until started */
	struct losses *losses;	       /* borrowed; or NULL */
	struct alerts *alerts;	       /* borrowed; or NULL */
	struct position refused_until; /* board_refused() */
	bool refused_beyond;
	struct letter_count letters[LETTER_TABLES_MAX];
	size_t letter_tables;
	bool changed; /* the state: publish at once */
};

void board_init(struct board *board);
void board_done(struct board *board);

void board_state(struct board *board, enum cdc_state state, const char *reason);
enum cdc_state board_get_state(struct board *board);
/* The copy now stands at `position`; texts are copied. */
void board_position(struct board *board, const struct position *position,
		    const char *text, const char *file_text);
/* Does `position` contain where the copy stood so far? */
bool board_passed(struct board *board, const struct position *position);
/* A batch that would reach `until` (NULL: where the copy stands), or `beyond`
 * that, was refused, for records of that domain: one more in a row, which ends
 * when the copy has got there. */
void board_refused(struct board *board, enum domain domain,
		   const struct position *until, bool beyond);
/* Streaming once the lag is small. */
void board_judge(struct board *board);
/* Does ficus.refetch have what nobody has read? */
bool board_refetches_unread(struct board *board);
void board_applied(struct board *board, const struct apply_counts *counts);
/* XA transactions that wait, as of the commit. */
void board_prepared(struct board *board, int64_t count);
void board_ticket_seen(struct board *board, int64_t n, int64_t seen_us);
/* The highest ticket that a commit at `position` proves. */
int64_t board_ticket_proven(struct board *board,
			    const struct position *position);
bool board_ticket_waiting(struct board *board);
void board_ticket_committed(struct board *board, int64_t n);
/* As the checkpoint says that was just read. */
void board_ticket_restart(struct board *board, int64_t n);
/* Lag of the committed position, in ms; LAG_UNKNOWN. */
int64_t board_lag(struct board *board, int64_t now_us);
/* Copy of the facts; the position's texts are appended where not NULL. */
void board_read(struct board *board, struct board_facts *ret,
		struct buf *position, struct buf *file);

#endif
