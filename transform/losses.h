/* What could not be kept as it was, counted by source table and column.
 *
 * Text whose bytes its charset does not have, NUL in text, dates that are no
 * days, keys
 * too long for an index: never logged, never an error, but an operator can see
 * which column they are in. Any thread may count; lives as long as the program.
 */
#ifndef TRANSFORM_LOSSES_H
#define TRANSFORM_LOSSES_H

#include <stdatomic.h>
#include <stdint.h>

/*	X(name, label of the metric) */
#define LOSS_KINDS(X)                                                          \
	X(INVALID_TEXT, "invalid_text") /* replaced */                         \
	X(NUL, "nul")			/* dropped */                          \
	X(ZERO_DATE, "zero_date")	/* NULL instead */                     \
	X(LONG_KEY, "long_key")		/* the column X_key beside it is NULL */

#define LOSS_ENUM(name, label) LOSS_##name,
enum loss_kind { LOSS_KINDS(LOSS_ENUM) LOSS_COUNT };
#undef LOSS_ENUM

const char *loss_kind_name(enum loss_kind kind);

/* Of one column; values, not bytes. */
struct loss {
	struct loss *next; /* in losses_first() */
	char *table, *column;
	_Atomic uint64_t counts[LOSS_COUNT];
};

struct losses;

struct losses *losses_new(void);
void losses_free(struct losses *losses); /* NULL is fine */

/* The counters of a column, made when there are none; valid as long as
 * `losses`. NULL when that is NULL. */
struct loss *losses_of(struct losses *losses, const char *table,
		       const char *column);
/* All there are. */
const struct loss *losses_first(struct losses *losses);

/* loss NULL: nobody wants to know. */
static inline void loss_add(struct loss *loss, enum loss_kind kind)
{
	if (loss)
		atomic_fetch_add_explicit(&loss->counts[kind], 1,
					  memory_order_relaxed);
}

static inline uint64_t loss_count(const struct loss *loss, enum loss_kind kind)
{
	return atomic_load_explicit(&loss->counts[kind], memory_order_relaxed);
}

#endif
