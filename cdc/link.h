/* How the connection to the source fares: part of the board's facts, for
 * metrics and ficus.status. Values only. */
#ifndef CDC_LINK_H
#define CDC_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Why a session ended and another had to begin.
 *	X(name, label of the metric) */
#define LINK_REASONS(X)                                                        \
	X(CONNECT, "connect") /* the source could not be reached */            \
	X(SILENCE, "silence") /* three heartbeats were missed */               \
	X(BROKEN, "broken") /* the stream broke off: restart, KILL, network */ \
	X(CORRUPT, "corrupt") /* bytes that can't be right */                  \
	X(TARGET, "target")   /* the target was away or refused */

#define LINK_ENUM(name, label) LINK_##name,
enum link_reason { LINK_REASONS(LINK_ENUM) LINK_REASON_COUNT };
#undef LINK_ENUM

struct link {
	bool connected; /* a stream is open */
	uint64_t reconnects[LINK_REASON_COUNT];
	char last_error[512];  /* "": none yet */
	int64_t last_error_us; /* Unix time */
};

const char *link_reason_name(enum link_reason reason);
/* streaming: the stream had been opened; heard_us: monotonic time of the last
 * packet; period_ms: of the heartbeats. */
enum link_reason link_reason_of(int code, bool streaming, int64_t heard_us,
				int64_t period_ms);
void link_lost(struct link *link, enum link_reason reason,
	       const struct err *why);
uint64_t link_reconnects(const struct link *link);

#endif
