/* Threads beside the main one: no signal is delivered to them (a broken pipe
 * is an error there), and they wait by the monotonic clock. Functions only; the
 * caller owns and joins. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "base/defs.h"

/* 0, or the errno-like number of what failed; then *ret is not set. */
int thread_start(pthread_t *ret, void *(*run)(void *user),
		 void *user) MUST_CHECK;
/* For pthread_cond_timedwait() until a time of CLOCK_MONOTONIC. */
void thread_cond_init(pthread_cond_t *cond);
struct timespec thread_until(int64_t ms); /* so many from now */

#endif
