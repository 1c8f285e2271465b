#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "base/str.h"

enum { ROWS, LAG, SECONDS, PLAIN, COUNT };

static struct metric metrics[] = {
	[ROWS] = { .name = "f_rows_total",
		   .type = METRIC_COUNTER,
		   .help = "Rows.",
		   .label = "table" },
	[LAG] = { .name = "f_lag_seconds",
		  .type = METRIC_GAUGE,
		  .help = "Lag." },
	[SECONDS] = { .name = "f_seconds",
		      .type = METRIC_HISTOGRAM,
		      .help = "Time.",
		      .label = "target,reason" },
	[PLAIN] = { .name = "f_plain_total",
		    .type = METRIC_COUNTER,
		    .help = "A \"plain\"\\one." },
};
static struct buf out;

static const char *text(int process)
{
	buf_done(&out);
	buf_init(&out, 1 << 20);
	metrics_write(metrics, COUNT, process, &out);
	return buf_str(&out);
}

static int forget(void **state)
{
	(void)state;
	metrics_done(metrics, COUNT);
	buf_done(&out);
	return 0;
}

TEST(nothing_counted_is_zero_for_a_counter_and_absent_for_the_rest)
{
	assert_string_equal(text(0),
			    "# HELP f_plain_total A \"plain\"\\\\one.\n"
			    "# TYPE f_plain_total counter\n"
			    "f_plain_total 0\n");
	assert_true(metric_get(&metrics[ROWS], "x") == 0);
}

TEST(counters_and_gauges_are_written_by_label)
{
	metric_add(&metrics[ROWS], "a", 2);
	metric_add(&metrics[ROWS], "a", 3);
	metric_add(&metrics[ROWS], "b\"\\\n", 1);
	metric_set(&metrics[LAG], NULL, 0.25);
	metric_add(&metrics[PLAIN], NULL, UINT64_MAX);
	assert_true(metric_get(&metrics[ROWS], "a") == 5);
	assert_true(metric_get(&metrics[LAG], NULL) == 0.25);
	assert_non_null(strstr(text(0), "# TYPE f_rows_total counter\n"
					"f_rows_total{table=\"b\\\"\\\\\\n\"} "
					"1\nf_rows_total{table=\"a\"} 5\n"));
	assert_non_null(strstr(text(0), "# TYPE f_lag_seconds gauge\n"
					"f_lag_seconds 0.25\n"));
	assert_non_null(
		strstr(text(0), "\nf_plain_total 18446744073709551615\n"));
}

TEST(a_total_kept_elsewhere_may_begin_anew)
{
	metric_total(&metrics[PLAIN], NULL, 7);
	metric_total(&metrics[PLAIN], NULL, 3);
	assert_non_null(strstr(text(0), "\nf_plain_total 3\n"));
}

TEST(a_gauge_may_be_no_number)
{
	metric_set(&metrics[LAG], NULL, strtod("nan", NULL));
	assert_non_null(strstr(text(0), "\nf_lag_seconds NaN\n"));
	metric_set(&metrics[LAG], NULL, -strtod("inf", NULL));
	assert_non_null(strstr(text(0), "\nf_lag_seconds -Inf\n"));
}

TEST(histograms_count_from_below)
{
	metric_observe(&metrics[SECONDS], "magento,stale", 0.0001);
	metric_observe(&metrics[SECONDS], "magento,stale", 0.003);
	metric_observe(&metrics[SECONDS], "magento,stale", 1000);
	const char *all = text(0);
#define LINE(suffix, le, n)                                                    \
	assert_non_null(strstr(all, "\nf_seconds" suffix                       \
				    "{target=\"magento\",reason=\"stale\"" le  \
				    "} " n "\n"))
	LINE("_bucket", ",le=\"0.0001\"", "1");
	LINE("_bucket", ",le=\"0.0025\"", "1");
	LINE("_bucket", ",le=\"0.005\"", "2");
	LINE("_bucket", ",le=\"60\"", "2");
	LINE("_bucket", ",le=\"+Inf\"", "3");
	LINE("_sum", "", "1000.0031");
	LINE("_count", "", "3");
	assert_true(metric_get(&metrics[SECONDS], "magento,stale") == 3);
}

TEST(too_many_series_end_in_other)
{
	for (int i = 0; i < METRIC_SERIES_MAX + 50; i++) {
		char value[16];

		snprintf(value, sizeof(value), "t%d", i);
		metric_add(&metrics[ROWS], value, 1);
	}
	assert_true(metric_get(&metrics[ROWS], "t0") == 1);
	assert_true(metric_get(&metrics[ROWS], "other") == 51);

	size_t lines = 0;
	for (const char *at = text(0); (at = strstr(at, "f_rows_total{")); at++)
		lines++;
	assert_int_equal(lines, METRIC_SERIES_MAX);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_up(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		char value[2] = { (char)('a' + i % 20), '\0' };

		metric_add(&metrics[ROWS], value, 1);
		metric_observe(&metrics[SECONDS], "a,b", 1);
	}
	return unused;
}

TEST(no_count_is_lost_between_threads)
{
	pthread_t threads[THREADS];
	double sum = 0;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, count_up, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int c = 'a'; c <= 't'; c++)
		sum += metric_get(&metrics[ROWS], (char[]){ (char)c, '\0' });
	assert_true(sum == THREADS * ROUNDS);
	assert_non_null(strstr(text(0), "_sum{target=\"a\",reason=\"b\"} "
					"80000\n"));
}

static double value_of(const char *name)
{
	const char *at = strstr(text(1), name);

	assert_non_null(at);
	return strtod(at + strlen(name), NULL);
}

TEST(the_process_describes_itself)
{
	assert_in_range((uint64_t)value_of("\nprocess_resident_memory_bytes "),
			100 * 1000, (uint64_t)1 << 40);
	assert_in_range((uint64_t)value_of("\nprocess_open_fds "), 3, 100);
	assert_true(value_of("\nprocess_start_time_seconds ") > 1767225600);
	assert_true(value_of("\nprocess_cpu_seconds_total ") >= 0);
	assert_true(value_of("\nprocess_max_fds ") > 3);
}

TEST(the_reference_has_a_row_per_family)
{
	buf_done(&out);
	buf_init(&out, 1 << 16);
	metrics_markdown(metrics, COUNT, &out);
	assert_non_null(strstr(buf_str(&out), "| `f_seconds` | histogram | "
					      "target,reason | Time. |\n"));
}

#define CLEAN(name) cmocka_unit_test_teardown(name, forget)
RUN(CLEAN(nothing_counted_is_zero_for_a_counter_and_absent_for_the_rest),
    CLEAN(counters_and_gauges_are_written_by_label),
    CLEAN(a_total_kept_elsewhere_may_begin_anew),
    CLEAN(a_gauge_may_be_no_number), CLEAN(histograms_count_from_below),
    CLEAN(too_many_series_end_in_other),
    CLEAN(no_count_is_lost_between_threads),
    CLEAN(the_process_describes_itself),
    CLEAN(the_reference_has_a_row_per_family))
