#include "cdc/lag.h"

#include <stddef.h>

#include "base/json.h"

enum { SECOND_US = 1000000 };

int64_t lag_ms(int64_t now_us, int64_t passed_us)
{
	if (passed_us == INT64_MIN)
		return LAG_UNKNOWN;
	return now_us > passed_us ? (now_us - passed_us) / 1000 : 0;
}

/* Seconds before the machine's start are negative: they have a place too. */
static size_t place(int64_t second)
{
	return (size_t)((second % LAG_HISTORY + LAG_HISTORY) % LAG_HISTORY);
}

static int32_t worse(int32_t a, int64_t b)
{
	if (a == LAG_UNKNOWN || b == LAG_UNKNOWN)
		return LAG_UNKNOWN;
	if (b > INT32_MAX)
		return INT32_MAX;
	return b > a ? (int32_t)b : a;
}

void lag_record(struct lag_history *history, int64_t now_us, int64_t lag)
{
	int64_t second = now_us / SECOND_US;
	int64_t from = history->second + 1;

	if (history->second == 0 || second - history->second >= LAG_HISTORY)
		from = second - LAG_HISTORY + 1;
	/* Seconds nobody recorded are seconds nobody knows of. */
	for (int64_t s = from; s < second; s++)
		history->worst_ms[place(s)] = LAG_UNKNOWN;
	if (second != history->second)
		history->worst_ms[place(second)] = 0;
	history->second = second;

	int32_t *slot = &history->worst_ms[place(second)];
	*slot = worse(*slot, lag);
}

static void write_ms(struct json *w, int64_t ms)
{
	if (ms == LAG_UNKNOWN)
		json_null(w);
	else
		json_int(w, ms);
}

void lag_json(const struct lag_history *history, int64_t now_us, int64_t lag,
	      struct buf *out)
{
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "lag_ms");
	write_ms(&w, lag);
	json_key(&w, "history");
	json_begin_array(&w);
	for (int64_t i = 0; history->second && i < LAG_HISTORY; i++) {
		int64_t second = history->second - i;

		json_begin_object(&w);
		json_key(&w, "age_s");
		json_int(&w, now_us / SECOND_US - second);
		json_key(&w, "worst_ms");
		write_ms(&w, history->worst_ms[place(second)]);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}
