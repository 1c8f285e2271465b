/* The upstream's half of an exchange: the request goes out, the answer comes
 * in, is held back while it must be, and is released to the client. */
#ifndef ROUTER_PROXY_H
#define ROUTER_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct exchange;

/* Asks that upstream; a read that was at another one before falls back. */
void proxy_start(struct exchange *x, uint16_t upstream);
void proxy_body(struct exchange *x, struct str bytes);
void proxy_body_end(struct exchange *x);
/* GET or HEAD without a body and without a wish to be something else. */
bool proxy_is_read(const struct exchange *x);
/* The client has seen Magento, or may have changed it, up to now. */
void proxy_fence(struct exchange *x);
/* No longer one of the requests at Magento; idempotent. */
void proxy_uncount(struct exchange *x);

#endif
