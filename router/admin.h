/* The admin address: metrics, health, flags, explanations. A server with a
 * thread and loop of its own, so that it answers while the data path is full.
 *
 *   GET /metrics  /healthz  /readyz  /health/<domain>  /  (a page)
 *   GET /explain?method=GET&path=/api/v1/customers/5&client=Bearer%20x
 *   GET /flags
 *   PUT /flags?name=customer_read|all&value=on|off|12.5&reason=…
 *       If-Match: the version, or * for any; Authorization: Bearer <token>
 *   PUT /flags?force=on|off   everything to Magento, on this router alone
 *
 * Changes need router.admin.token; without one there are none. */
#ifndef ROUTER_ADMIN_H
#define ROUTER_ADMIN_H

#include <stdatomic.h>
#include <stdint.h>

struct admin;
struct err;
struct router;

struct admin_conf {
	const char *listen, *token; /* borrowed, as all of this */
	struct router *router;
	atomic_bool *draining; /* /readyz says 503 then */
};

/* NULL with ERR_CONFIG when the address is no good. */
struct admin *admin_start(const struct admin_conf *conf, struct err *err);
uint16_t admin_port(const struct admin *admin);
void admin_stop(struct admin *admin); /* NULL is fine */

#endif
