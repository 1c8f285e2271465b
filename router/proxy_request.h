/* What an exchange asks of its upstream, and how long that may take. */
#ifndef ROUTER_PROXY_REQUEST_H
#define ROUTER_PROXY_REQUEST_H

#include <stdint.h>

struct exchange;

/* Milliseconds for the first byte of the answer. */
int64_t proxy_request_ms(const struct exchange *x);
/* The head, into x->link: as the client sent it, or, for an answer that will
 * be made native, Magento's request for the same. */
void proxy_request_write(struct exchange *x);

#endif
