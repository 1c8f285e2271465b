/* Counters, gauges and histograms, and their Prometheus text (0.0.4).
 *
 * A program has one static table of families (name, type, help, label name);
 * each family holds one series per label value, made on first use and never
 * removed. Updating is lock-free (relaxed atomics); series are made under a
 * lock. Names and helps from the table also give docs/metrics.md. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdint.h>

struct buf;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_series;

struct metric {
	const char *name; /* "ficus_cdc_rows_total" */
	enum metric_type type;
	const char *help;	      /* one sentence with the unit */
	const char *label;	      /* label name, or NULL: a single series */
	struct metric_series *series; /* owned; NULL until first used */
};

/* label value NULL for a metric without label. Histograms observe seconds;
 * buckets run from 100 µs to 60 s in a 1-2.5-5 ladder. */
void metric_add(struct metric *m, const char *label_value, uint64_t n);
void metric_set(struct metric *m, const char *label_value, double value);
void metric_observe(struct metric *m, const char *label_value, double seconds);
double metric_get(struct metric *m, const char *label_value); /* 0 if none */

/* Append all series of `count` metrics; also the standard process_* ones
 * (resident memory, CPU seconds, open fds, start time) when process != 0. */
void metrics_write(struct metric *metrics, int count, int process,
		   struct buf *out);

#endif
