#include "router/resolve.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"

enum { RESOLVE_MS = 30 * 1000 };

struct resolve {
	uv_getaddrinfo_t request;
	uv_loop_t *loop;
	const char *host;
	char port[8];
	bool known, asking, abandoned;
	uint64_t asked_ms;
	struct sockaddr_storage address;
};

static void take(struct resolve *r, const struct addrinfo *found)
{
	if (!found || found->ai_addrlen > sizeof(r->address))
		return;
	memcpy(&r->address, found->ai_addr, found->ai_addrlen);
	r->known = true;
}

static void answer_cb(uv_getaddrinfo_t *request, int status,
		      struct addrinfo *found)
{
	struct resolve *r = request->data;

	if (status == 0)
		take(r, found);
	uv_freeaddrinfo(found);
	r->asking = false;
	if (r->abandoned)
		free(r);
}

static const struct addrinfo hints = { .ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM };

struct resolve *resolve_new(struct uv_loop_s *loop, const char *host,
			    uint16_t port)
{
	struct resolve *r = mem_zalloc(sizeof(*r));

	r->loop = loop;
	r->host = host;
	r->request.data = r;
	(void)snprintf(r->port, sizeof(r->port), "%u", (unsigned)port);
	if (uv_getaddrinfo(loop, &r->request, NULL, host, r->port, &hints) ==
	    0) {
		take(r, r->request.addrinfo);
		uv_freeaddrinfo(r->request.addrinfo);
	}
	r->asked_ms = uv_now(loop);
	return r;
}

void resolve_free(struct resolve *r)
{
	if (!r)
		return;
	r->abandoned = true;
	if (!r->asking)
		free(r);
}

const struct sockaddr *resolve_address(struct resolve *r)
{
	if (!r->asking && uv_now(r->loop) - r->asked_ms > RESOLVE_MS) {
		r->asked_ms = uv_now(r->loop);
		r->asking = uv_getaddrinfo(r->loop, &r->request, answer_cb,
					   r->host, r->port, &hints) == 0;
	}
	return r->known ? (const struct sockaddr *)&r->address : NULL;
}
