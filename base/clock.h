/* The two clocks. Differences are taken on the monotonic one only. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_us(void); /* CLOCK_MONOTONIC, microseconds */
int64_t clock_mono_ms(void);
int64_t clock_wall_us(void); /* Unix time, microseconds */

enum { CLOCK_TEXT_MAX = 32 };
/* "2026-03-01T12:00:00.123Z" */
const char *clock_text(char text[CLOCK_TEXT_MAX], int64_t wall_us);

#endif
