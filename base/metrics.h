/* Counters, gauges and histograms, and their Prometheus text (0.0.4).
 *
 * A program has one static table of families (name, type, help, label names);
 * each family holds one series per label value, made on first use and never
 * removed. Updating is lock-free (relaxed atomics); series are made under a
 * lock. Beyond METRIC_SERIES_MAX values of a family the rest are counted
 * together as "other". Names and helps also give docs/metrics.md. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdint.h>

struct buf;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_SERIES_MAX = 1000 };

struct metric_series;

struct metric {
	const char *name; /* "ficus_cdc_rows_total" */
	enum metric_type type;
	const char *help; /* one sentence with the unit */
	/* Label name, or NULL: a single series. Several names and several
	 * values are joined by commas: "target,reason", "magento,stale". */
	const char *label;
	struct metric_series *series; /* owned; NULL until first used */
};

/* label value NULL for a metric without label. Histograms observe seconds;
 * buckets run from 100 µs to 60 s in a 1-2.5-5 ladder. */
void metric_add(struct metric *m, const char *label_value, uint64_t n);
void metric_set(struct metric *m, const char *label_value, double value);
/* A counter whose total somebody else keeps; it may begin anew. */
void metric_total(struct metric *m, const char *label_value, uint64_t total);
void metric_observe(struct metric *m, const char *label_value, double seconds);
/* Of a histogram the number of observations; 0 if there is none. */
double metric_get(struct metric *m, const char *label_value);

/* Append all series of `count` metrics, unlabelled counters and histograms
 * even when nothing was counted; also the standard process_* ones (memory,
 * CPU seconds, open fds, start time) when process != 0. */
void metrics_write(struct metric *metrics, int count, int process,
		   struct buf *out);
/* The families as a Markdown table. */
void metrics_markdown(const struct metric *metrics, int count, struct buf *out);
/* Forget all series: for tests. No other thread may use the table. */
void metrics_done(struct metric *metrics, int count);

#endif
