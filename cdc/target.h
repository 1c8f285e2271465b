/* Where records are written: a session of PostgreSQL set up for it, and the
 * shapes of the target tables. What is made here is the caller's. */
#ifndef CDC_TARGET_H
#define CDC_TARGET_H

#include <stdbool.h>

#include "base/defs.h"

struct err;
struct mapping;
struct pg;
struct pg_config;
struct target_shape;

/* synchronous_commit: COMMIT waits for the disk. */
int target_connect(const struct pg_config *config, bool synchronous_commit,
		   struct pg **ret, struct err *err) MUST_CHECK;
/* One per target table, by its index; to be freed with free(). Errors as of
 * target_shape_init(). */
int target_shapes_new(const struct mapping *mapping, struct target_shape **ret,
		      struct err *err) MUST_CHECK;

#endif
