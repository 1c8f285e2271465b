#include "cdc/link.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"

enum { HEARTBEATS_MISSED = 3 };

const char *link_reason_name(enum link_reason reason)
{
	static const char *const names[] = {
#define LINK_NAME(name, label) [LINK_##name] = (label),
		LINK_REASONS(LINK_NAME)
#undef LINK_NAME
	};

	return names[reason];
}

enum link_reason link_reason_of(int code, bool streaming, int64_t heard_us,
				int64_t period_ms)
{
	int64_t silent_us = clock_mono_us() - heard_us;

	if (code == ERR_CORRUPT)
		return LINK_CORRUPT;
	if (code != ERR_SOURCE_LOST && code != ERR_IO)
		return LINK_TARGET;
	if (!streaming)
		return LINK_CONNECT;
	return silent_us >= HEARTBEATS_MISSED * period_ms * 1000 ? LINK_SILENCE
								 : LINK_BROKEN;
}

void link_lost(struct link *link, enum link_reason reason,
	       const struct err *why)
{
	link->connected = false;
	link->reconnects[reason]++;
	snprintf(link->last_error, sizeof(link->last_error), "%.*s",
		 (int)sizeof(link->last_error) - 1, why->msg);
	link->last_error_us = clock_wall_us();
}

uint64_t link_reconnects(const struct link *link)
{
	uint64_t sum = 0;

	for (int i = 0; i < LINK_REASON_COUNT; i++)
		sum += link->reconnects[i];
	return sum;
}
