#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME);
}

const char *clock_text(char text[CLOCK_TEXT_MAX], int64_t wall_us)
{
	int64_t seconds = wall_us / 1000000, rest = wall_us % 1000000;
	struct tm tm;

	if (rest < 0) { /* before 1970: division rounds towards zero */
		rest += 1000000;
		seconds--;
	}
	time_t when = (time_t)seconds;
	if (!gmtime_r(&when, &tm) || tm.tm_year > 9999 - 1900 ||
	    tm.tm_year < -1900) {
		text[0] = '?';
		text[1] = '\0';
		return text;
	}

	size_t n = strftime(text, CLOCK_TEXT_MAX, "%FT%T", &tm);
	snprintf(text + n, CLOCK_TEXT_MAX - n, ".%03uZ",
		 (unsigned)(rest / 1000) % 1000);
	return text;
}
