/* Replication lag as a number and as a history of 15 minutes.
 *
 * Lag is now minus the time of the newest head sample that the committed
 * position contains, on the monotonic clock (design section 7): right when
 * the source is idle, growing when anything stands still, unknown until a
 * sample has passed. Pure; the caller locks. */
#ifndef CDC_LAG_H
#define CDC_LAG_H

#include <stdint.h>

struct buf;

enum { LAG_HISTORY = 15 * 60, LAG_UNKNOWN = -1 };

struct lag_history {
	/* One second each, the worst of it; LAG_UNKNOWN where not known. */
	int32_t worst_ms[LAG_HISTORY];
	int64_t second; /* monotonic second of the newest entry; 0: none */
};

/* Milliseconds, or LAG_UNKNOWN when no sample has passed (INT64_MIN). */
int64_t lag_ms(int64_t now_us, int64_t passed_us);

void lag_record(struct lag_history *history, int64_t now_us, int64_t lag);
/* {"lag_ms":12,"history":[{"age_s":1,"worst_ms":…},…]} newest first; null
 * where unknown. */
void lag_json(const struct lag_history *history, int64_t now_us, int64_t lag,
	      struct buf *out);

#endif
