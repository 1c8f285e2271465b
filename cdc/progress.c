#include "cdc/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { TERMINAL_US = 100 * 1000, LOG_US = 10 * 1000 * 1000, BAR = 30 };

void progress_init(struct progress *progress, const char *what, size_t done,
		   size_t total)
{
	*progress = (struct progress){ .what = what,
				       .unit = "chunks",
				       .done = done,
				       .skipped = done,
				       .total = total,
				       .begun_us = clock_mono_us(),
				       .terminal = isatty(STDERR_FILENO) };
	progress->shown_us = progress->begun_us;
	pthread_mutex_init(&progress->lock, NULL);
}

struct pace {
	int percent;
	uint64_t rows_per_s;
	int64_t left_s;
};

static struct pace pace_of(const struct progress *p, int64_t now)
{
	int64_t us = now - p->begun_us + 1;
	size_t ours = p->done - p->skipped;

	return (struct pace){
		.percent = p->total ? (int)(100 * p->done / p->total) : 100,
		.rows_per_s = p->rows * 1000000 / (uint64_t)us,
		.left_s = ours ? us / 1000000 * (int64_t)(p->total - p->done) /
					  (int64_t)ours
			       : -1,
	};
}

static void draw(const struct progress *p, struct pace pace, const char *end)
{
	char bar[BAR + 1];

	for (int i = 0; i < BAR; i++)
		bar[i] = i < pace.percent * BAR / 100 ? '#' : '.';
	bar[BAR] = '\0';
	fprintf(stderr, "\r%s [%s] %3d%%  %zu/%zu %s  ", p->what, bar,
		pace.percent, p->done, p->total, p->unit);
	if (p->rows > 0)
		fprintf(stderr, "%" PRIu64 " rows  %" PRIu64 " rows/s  ",
			p->rows, pace.rows_per_s);
	if (pace.left_s >= 0)
		fprintf(stderr, "ETA %" PRId64 " s   ", pace.left_s);
	fputs(end, stderr);
	fflush(stderr);
}

static void say(const struct progress *p, struct pace pace)
{
	if (p->rows > 0)
		log_info(p->what, KV_INT("percent", pace.percent),
			 KV_INT(p->unit, p->done), KV_INT("of", p->total),
			 KV_INT("rows", p->rows),
			 KV_INT("rows_per_s", pace.rows_per_s),
			 KV_INT("eta_s", pace.left_s));
	else
		log_info(p->what, KV_INT("percent", pace.percent),
			 KV_INT(p->unit, p->done), KV_INT("of", p->total),
			 KV_INT("eta_s", pace.left_s));
}

static void show(struct progress *p, int64_t now, const char *end)
{
	struct pace pace = pace_of(p, now);

	p->shown_us = now;
	if (p->terminal)
		draw(p, pace, end);
	else
		say(p, pace);
}

/* Locked. */
static void show_if_due(struct progress *p)
{
	int64_t now = clock_mono_us();

	if (now - p->shown_us >= (p->terminal ? TERMINAL_US : LOG_US))
		show(p, now, "");
}

void progress_add(struct progress *progress, uint64_t rows)
{
	pthread_mutex_lock(&progress->lock);
	progress->done++;
	progress->rows += rows;
	show_if_due(progress);
	pthread_mutex_unlock(&progress->lock);
}

void progress_set(struct progress *progress, size_t done)
{
	pthread_mutex_lock(&progress->lock);
	progress->done = done;
	show_if_due(progress);
	pthread_mutex_unlock(&progress->lock);
}

void progress_done(struct progress *progress)
{
	pthread_mutex_lock(&progress->lock);
	show(progress, clock_mono_us(), "\n");
	pthread_mutex_unlock(&progress->lock);
	pthread_mutex_destroy(&progress->lock);
}
