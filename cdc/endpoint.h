/* cdc's HTTP endpoints: /metrics, /healthz, /readyz, /lag and the page /.
 *
 * A server thread that only reads the board. */
#ifndef CDC_ENDPOINT_H
#define CDC_ENDPOINT_H

#include "base/defs.h"

struct board;
struct endpoint;
struct err;

/* listen is borrowed. ERR_CONFIG when the address is in use. */
int endpoint_start(const char *listen, struct board *board,
		   struct endpoint **ret, struct err *err) MUST_CHECK;
void endpoint_stop(struct endpoint *endpoint); /* NULL is fine */

#endif
