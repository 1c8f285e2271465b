/* How many requests are at Magento at once, over all loops, and who may
 * still come: writes always, reads as long as a tenth is left for writes,
 * reads that fell from the copy as long as a fifth is left for all others.
 * When the copy fails, its reads must not drown the shop. */
#ifndef ROUTER_ADMISSION_H
#define ROUTER_ADMISSION_H

#include <stdbool.h>

struct router;

enum admission_kind { ADMISSION_WRITE, ADMISSION_READ, ADMISSION_FALLEN };

/* Counted in any case, until admission_give(); false: it is too much. */
bool admission_take(struct router *router, enum admission_kind kind);
void admission_give(struct router *router);

#endif
