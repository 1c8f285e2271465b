#include "cdc/stats.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/defs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "cdc/alert.h"
#include "cdc/board.h"
#include "cdc/head.h"
#include "transform/losses.h"

enum { POSITION_MAX = 1024 * 1024 };

/* Everything the numbers are made of, read once. */
struct reading {
	struct board_facts facts;
	struct head_state head;
	int64_t now_us, lag;
};

/*	X(name, TYPE, help, value) */
#define STATS(X)                                                               \
	X("lag_seconds", GAUGE,                                                \
	  "age of the newest source state the copy contains; -1: unknown",     \
	  r->lag == LAG_UNKNOWN ? -1.0 : (double)r->lag / 1e3)                 \
	X("streaming", GAUGE, "1 while the state is streaming",                \
	  r->facts.state == CDC_STREAMING)                                     \
	X("epoch", GAUGE, "number of the applier's reign", r->facts.epoch)     \
	X("failures_in_row", GAUGE, "sessions that failed one after another",  \
	  r->facts.failures_in_row)                                            \
	X("passed_ticket", GAUGE, "highest ticket the copy has passed",        \
	  r->facts.passed_ticket)                                              \
	X("transactions_total", COUNTER,                                       \
	  "source transactions applied since the bootstrap",                   \
	  r->facts.transactions)                                               \
	X("changes_total", COUNTER,                                            \
	  "source row changes applied since the bootstrap", r->facts.changes)  \
	X("commits_total", COUNTER, "target transactions of this session",     \
	  r->facts.apply.commits)                                              \
	X("barriers_total", COUNTER,                                           \
	  "deletes whose foreign-key actions were carried out",                \
	  r->facts.apply.barriers)                                             \
	X("cascaded_rows_total", COUNTER,                                      \
	  "rows that foreign-key actions removed or changed",                  \
	  r->facts.apply.cascaded_rows)                                        \
	X("upserts_total", COUNTER, "rows written", r->facts.apply.upserts)    \
	X("deletes_total", COUNTER, "rows deleted", r->facts.apply.deletes)    \
	X("values_set_total", COUNTER, "attribute values written",             \
	  r->facts.apply.values_set)                                           \
	X("values_unset_total", COUNTER, "attribute values removed",           \
	  r->facts.apply.values_unset)                                         \
	X("dead_letters_total", COUNTER, "records the target refused",         \
	  r->facts.apply.dead_letters)                                         \
	X("bisect_tries_total", COUNTER,                                       \
	  "rounds to find refused records among others",                       \
	  r->facts.apply.bisect_tries)                                         \
	X("refusals_in_row", GAUGE,                                            \
	  "times in a row that the target refused the present batch",          \
	  r->facts.refusals_in_row)                                            \
	X("refetches_requested_total", COUNTER,                                \
	  "keys and tables asked for again in this session",                   \
	  r->facts.apply.refetches)                                            \
	X("refetches_done_total", COUNTER,                                     \
	  "of them read, and passed by the stream", r->facts.apply.refetched)  \
	X("refetch_rows_total", COUNTER,                                       \
	  "rows and keys read again from the source in this session",          \
	  r->facts.apply.refetch_rows)                                         \
	X("events_total", COUNTER, "binlog events of this session",            \
	  r->facts.group.events)                                               \
	X("row_events_skipped_total", COUNTER,                                 \
	  "rows events of tables the mapping does not want",                   \
	  r->facts.group.row_events_skipped)                                   \
	X("ignored_events_total", COUNTER, "events that may be passed over",   \
	  r->facts.group.ignored_events)                                       \
	X("prepared_transactions", GAUGE,                                      \
	  "XA transactions that are prepared and not yet decided",             \
	  r->facts.prepared)                                                   \
	X("incomplete_transactions_total", COUNTER,                            \
	  "source transactions that a crash of the server cut off",            \
	  r->facts.group.incomplete)                                           \
	X("rollbacks_total", COUNTER, "source transactions rolled back",       \
	  r->facts.group.rollbacks)                                            \
	X("stream_bytes_total", COUNTER, "bytes read from the binlog",         \
	  r->facts.stream.bytes)                                               \
	X("queue_bytes", GAUGE, "bytes read ahead of the decoder",             \
	  r->facts.stream.queued)                                              \
	X("queue_full_total", COUNTER, "times the reader waited for room",     \
	  r->facts.stream.full)                                                \
	X("head_samples_total", COUNTER, "questions for the head of the log",  \
	  r->head.samples)                                                     \
	X("head_failures_total", COUNTER, "of them without an answer",         \
	  r->head.failures)                                                    \
	X("head_connected", GAUGE, "1 while the head sampler has a server",    \
	  r->head.connected)                                                   \
	X("connected", GAUGE, "1 while the binlog stream is open",             \
	  r->facts.link.connected)                                             \
	X("last_error_timestamp_seconds", GAUGE,                               \
	  "Unix time of the last loss of a connection; 0: none yet",           \
	  (double)r->facts.link.last_error_us / 1e6)                           \
	X("seconds_until_purge", GAUGE,                                        \
	  "estimate: until the source purges what the copy has not read; "     \
	  "-1: unknown, +Inf: never",                                          \
	  r->facts.until_purge_s)                                              \
	X("last_commit_age_seconds", GAUGE,                                    \
	  "time since the last commit; -1: none yet",                          \
	  r->facts.last_commit_us == 0                                         \
		  ? -1.0                                                       \
		  : (double)(r->now_us - r->facts.last_commit_us) / 1e6)

#define STAT_ROW(name, type, help, value)                                      \
	{ "ficus_cdc_" name, METRIC_##type, help, NULL, NULL },
static struct metric stats[] = { STATS(STAT_ROW) };
#undef STAT_ROW

static struct metric reconnects = {
	"ficus_cdc_reconnects_total", METRIC_COUNTER,
	"sessions that ended and were begun anew, by why", "reason", NULL
};

static struct metric refetches = {
	"ficus_cdc_refetches", METRIC_GAUGE,
	"keys and tables to be read again, which make their domain stale",
	"domain", NULL
};

static struct metric stale = {
	"ficus_cdc_stale_seconds", METRIC_GAUGE,
	"how long the domain has not been fresh, for what is to be read again "
	"or has not been passed; 0: it is",
	"domain", NULL
};

static struct metric letters = {
	"ficus_cdc_dead_letters", METRIC_GAUGE,
	"records the target refused that wait for somebody", "domain,table",
	NULL
};

static struct metric alerts = {
	"ficus_cdc_alerts_total", METRIC_COUNTER,
	"messages to the webhook, by what became of them", "result", NULL
};

static struct metric lost = {
	"ficus_cdc_values_lost_total", METRIC_COUNTER,
	"values of a source column that could not be kept: text that is not of "
	"its character set, NUL in text, dates that are no days",
	"table,column,kind", NULL
};

static void set_letters(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	for (size_t i = 0; i < board->letter_tables; i++) {
		const struct letter_count *letter = &board->letters[i];
		CLEANUP(mem_freep)
		char *label = mem_printf("%s,%s", domain_name(letter->domain),
					 letter->record);

		metric_set(&letters, label, (double)letter->count);
	}
	pthread_mutex_unlock(&board->lock);
}

static void set_alerts(struct board *board)
{
	struct alert_counts counts;

	if (!board->alerts)
		return;
	alerts_counts(board->alerts, &counts);
	metric_total(&alerts, "delivered", counts.delivered);
	metric_total(&alerts, "attempt_failed", counts.failed);
	metric_total(&alerts, "dropped", counts.dropped);
}

/* Of columns that lost something. */
static void set_lost(struct losses *losses)
{
	const struct loss *loss = losses ? losses_first(losses) : NULL;

	for (; loss; loss = loss->next)
		for (enum loss_kind kind = 0; kind < LOSS_COUNT; kind++) {
			uint64_t n = loss_count(loss, kind);
			CLEANUP(mem_freep)
			char *label =
				mem_printf("%s,%s,%s", loss->table,
					   loss->column, loss_kind_name(kind));

			if (n)
				metric_total(&lost, label, n);
		}
}

static void set_stale(const struct reading *r)
{
	for (int d = DOMAIN_CUSTOMER; d < DOMAIN_COUNT; d++) {
		int64_t since_us = r->facts.stale_since_us[d];

		metric_set(&stale, domain_name((enum domain)d),
			   since_us ? (double)(r->now_us - since_us) / 1e6 : 0);
	}
}

static void take(struct board *board, struct reading *r)
{
	*r = (struct reading){ .now_us = clock_mono_us() };
	board_read(board, &r->facts, NULL, NULL);
	r->lag = board_lag(board, r->now_us);
	if (board->head)
		head_state(board->head, &r->head, NULL);
}

/* None of the totals is beyond what a double holds exactly. */
static void set(struct metric *m, double value)
{
	if (m->type == METRIC_COUNTER)
		metric_total(m, NULL, (uint64_t)value);
	else
		metric_set(m, NULL, value);
}

void stats_write(struct board *board, struct buf *out)
{
	struct reading reading;
	const struct reading *r = &reading;
	size_t i = 0;

	take(board, &reading);
#define STAT_SET(name, type, help, value) set(&stats[i++], (double)(value));
	STATS(STAT_SET)
#undef STAT_SET
	metrics_write(stats, (int)i, 1, out);
	for (int n = 0; n < LINK_REASON_COUNT; n++)
		metric_total(&reconnects, link_reason_name((enum link_reason)n),
			     r->facts.link.reconnects[n]);
	metrics_write(&reconnects, 1, 0, out);
	for (int d = DOMAIN_METADATA; d < DOMAIN_COUNT; d++)
		metric_set(&refetches, domain_name((enum domain)d),
			   (double)r->facts.refetches[d]);
	metrics_write(&refetches, 1, 0, out);
	set_stale(r);
	metrics_write(&stale, 1, 0, out);
	set_letters(board);
	metrics_write(&letters, 1, 0, out);
	set_alerts(board);
	metrics_write(&alerts, 1, 0, out);
	set_lost(board->losses);
	metrics_write(&lost, 1, 0, out);
}

static void write_fresh(struct json *w, const struct board_facts *facts)
{
	json_key(w, "fresh");
	json_begin_object(w);
	for (int d = DOMAIN_CUSTOMER; d < DOMAIN_COUNT; d++) {
		json_key(w, domain_name((enum domain)d));
		json_bool(w, facts->fresh[d] && !facts->refetches[d] &&
				     !facts->refetches[DOMAIN_METADATA]);
	}
	json_end_object(w);
}

static void write_texts(struct json *w, struct board *board,
			const struct reading *r)
{
	struct board_facts ignored;
	struct buf position, file;

	buf_init(&position, POSITION_MAX);
	buf_init(&file, POSITION_MAX);
	board_read(board, &ignored, &position, &file);
	json_key(w, "state");
	json_str(w, cdc_state_name(r->facts.state));
	json_key(w, "reason");
	json_str(w, r->facts.reason);
	json_key(w, "position");
	json_str(w, buf_str(&position));
	json_key(w, "file_position");
	json_str(w, buf_str(&file));
	json_key(w, "last_error");
	json_str(w, r->facts.link.last_error);
	json_key(w, "reconnects");
	json_uint(w, link_reconnects(&r->facts.link));
	json_key(w, "source_error");
	json_str(w, r->head.error);
	buf_done(&position);
	buf_done(&file);
}

void stats_json(struct board *board, struct buf *out)
{
	struct reading reading;
	const struct reading *r = &reading;
	struct json w;

	take(board, &reading);
	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	write_texts(&w, board, r);
	write_fresh(&w, &r->facts);
#define STAT_JSON(name, type, help, value)                                     \
	json_key(&w, name);                                                    \
	json_double(&w, (double)(value));
	STATS(STAT_JSON)
#undef STAT_JSON
	json_end_object(&w);
}
