/* How fast is the read service? One loop, `concurrency` reads at a time:
 *
 *     bench_reads CONNINFO PATH[,PATH…] CONNECTIONS CONCURRENCY SECONDS
 *     bench_reads "host=127.0.0.1 dbname=ficus" customers/{},orders/{}:1000 …
 *
 * "{}" is replaced by a random number, 1 to what follows ":". With 0 seconds
 * it prints one answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/pg.h"
#include "router/read/read.h"

enum { SAMPLES_MAX = 1000 * 1000 };

static const char *paths;
static struct read_service *service;
static uv_timer_t stop;
static int64_t samples[SAMPLES_MAX];
static size_t count;
static uint64_t bytes;
static bool stopping;
static uint64_t outcomes[READ_OUTCOME_COUNT];

/* The path of one of the comma-separated patterns, in turn. */
static void next_path(char *out, size_t size)
{
	static const char *at;
	struct str rest = str_of(at && *at ? at : paths);
	struct str range = str_split(&rest, ',');
	struct str pattern = str_split(&range, ':');
	uint64_t most = 1;
	size_t n = 0;

	at = rest.at;
	(void)str_to_u64(range, &most);
	for (size_t i = 0; i < pattern.n && n + 24 < size; i++) {
		if (pattern.at[i] == '{' && i + 1 < pattern.n) {
			n += (size_t)snprintf(out + n, size - n, "%ld",
					      1 + random() % (long)most);
			i++;
		} else {
			out[n++] = pattern.at[i];
		}
	}
	out[n] = '\0';
}

static void ask(void);

static void on_answer(void *user, struct read_answer *answer)
{
	(void)user;
	outcomes[answer->outcome]++;
	if (count < SAMPLES_MAX)
		samples[count++] = answer->elapsed_us;
	bytes += answer->body.n;
	if (stopping && count == 1)
		printf("%s: %s\n%s\n", read_outcome_name(answer->outcome),
		       answer->reason, buf_str(&answer->body));
	if (!stopping)
		ask();
}

static void ask(void)
{
	struct read_request request = { .timeout_ms = 5000,
					.needs.max_lag_ms = INT32_MAX };
	const char *why = "no such path";
	char path[256];
	struct str rest, head;

	next_path(path, sizeof(path));
	rest = str_of(path);
	head = str_split(&rest, '?');
	if (read_request_parse(head, rest, &request, &why) != READ_PARSED) {
		fprintf(stderr, "%s: %s\n", path, why);
		exit(2);
	}
	read_start(service, &request, on_answer, NULL);
}

static void on_stop(uv_timer_t *timer)
{
	(void)timer;
	stopping = true;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void report(double seconds, double cpu)
{
	qsort(samples, count, sizeof(*samples), by_size);
	printf("%.0f reads/s, p50 %lld us, p99 %lld us, %.0f bytes, "
	       "%.1f us CPU each;",
	       (double)count / seconds, (long long)samples[count / 2],
	       (long long)samples[count * 99 / 100],
	       (double)bytes / (double)count, cpu / (double)count);
	for (int i = 0; i < READ_OUTCOME_COUNT; i++)
		if (outcomes[i])
			printf(" %s %llu", read_outcome_name(i),
			       (unsigned long long)outcomes[i]);
	printf("\n");
}

static void run(uv_loop_t *loop, int concurrency, int seconds)
{
	int64_t start = clock_mono_us();
	double cpu = cpu_us();

	stopping = seconds == 0;
	uv_timer_start(&stop, on_stop, (uint64_t)seconds * 1000, 0);
	for (int i = 0; i < concurrency; i++)
		ask();
	while (!stopping || count == 0)
		uv_run(loop, UV_RUN_ONCE);
	if (seconds)
		report((double)(clock_mono_us() - start) / 1e6, cpu_us() - cpu);
}

int main(int argc, char **argv)
{
	struct pg_config pg = { .application = "bench_reads" };
	struct read_conf conf = { .pg = &pg };
	struct err err = { 0 };
	uv_loop_t *loop = uv_default_loop();

	if (argc != 6) {
		fprintf(stderr,
			"usage: %s CONNINFO PATHS CONNECTIONS "
			"CONCURRENCY SECONDS\n",
			argv[0]);
		return 2;
	}
	pg.options = argv[1];
	paths = argv[2];
	conf.connections = strtol(argv[3], NULL, 10);
	uv_timer_init(loop, &stop);
	if (read_open(loop, &conf, &service, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	for (struct read_stats stats = { 0 };
	     stats.connections < conf.connections; read_stats(service, &stats))
		uv_run(loop, UV_RUN_ONCE);
	run(loop, (int)strtol(argv[4], NULL, 10),
	    (int)strtol(argv[5], NULL, 10));
	read_close(service, NULL, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}
