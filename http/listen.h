/* A listening TCP socket for an address given as text, with errors that name
 * the address and the cure. No name service is asked: hosts are numeric, or
 * "localhost" (127.0.0.1). */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct http_listen {
	const char *address; /* "127.0.0.1:9187", "[::1]:0", "0.0.0.0:80" */
	const char *setting; /* its name in ficus.yaml, for error texts */
	bool reuse_port;     /* one socket per thread on the same port */
};

/* A non-blocking, listening descriptor that the caller closes; *ret_port is
 * the port it got (the address may say 0). ERR_CONFIG: not an address, in
 * use, not of this machine, not allowed. ERR_LIMIT: out of descriptors. */
int http_listen(const struct http_listen *how, int *ret_fd, uint16_t *ret_port,
		struct err *err);

#endif
