/* Names seen again and again (attribute codes), each kept once: equal names
 * have one address. Embedded in what uses them; outlives its resets as long
 * as there are few. */
#ifndef CDC_NAMES_H
#define CDC_NAMES_H

#include "base/arena.h"
#include "base/str.h"
#include "cdc/index.h"

enum { NAMES_MAX = 64 * 1024 }; /* more are forgotten at a reset */

struct names {
	struct arena arena;
	struct index index;
};

void names_init(struct names *names);
void names_done(struct names *names);
/* What names_take() gave before may be gone. */
void names_reset(struct names *names);
/* The one copy of `name`. */
const struct str *names_take(struct names *names, struct str name);

#endif
