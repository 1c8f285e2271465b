/* Progress of a long work: one line on a terminal, redrawn, with bar, rate
 * and time left; without one, a log line every 10 s. Thread-safe. */
#ifndef CDC_PROGRESS_H
#define CDC_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	pthread_mutex_t lock;
	const char *what; /* "copying" */
	const char *unit; /* of done and total; "chunks" unless changed */
	size_t done, total;
	size_t skipped; /* done by an earlier run: no basis for the rate */
	uint64_t rows;
	int64_t begun_us, shown_us; /* monotonic */
	bool terminal;
};

void progress_init(struct progress *progress, const char *what, size_t done,
		   size_t total);
void progress_add(struct progress *progress, uint64_t rows);
/* The same where there are no chunks: `done` by now, of whatever unit. */
void progress_set(struct progress *progress, size_t done);
void progress_done(struct progress *progress); /* the last line */

#endif
