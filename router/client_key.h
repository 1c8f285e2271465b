/* Who a request comes from, as far as read-your-writes is concerned: 16 bytes
 * that are the same for all requests of one client, at every router that has
 * the same router.fence_secret.
 *
 * The first present of: Authorization (OAuth 1.0a: consumer and token, since
 * nonce and signature change each time), Cookie PHPSESSID, else address and
 * User-Agent. Two clients taken for one are fenced together, which is safe. */
#ifndef ROUTER_CLIENT_KEY_H
#define ROUTER_CLIENT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "router/hash.h"

struct http_head;

enum { CLIENT_KEY_BYTES = 16 };

struct client_key {
	uint8_t bytes[CLIENT_KEY_BYTES];
};

struct client_key client_key_of(const struct http_head *head,
				const char *address, struct hash_key secret);
/* The key of given text, as client_key_of() makes it of an Authorization. */
struct client_key client_key_text(struct str text, struct hash_key secret);
uint64_t client_key_hash(const struct client_key *key);
/* Authorization: OAuth …; each such request is signed and only Magento can
 * check it. */
bool client_key_oauth(struct str authorization);
/* The value of one cookie; at NULL when absent. */
struct str client_key_cookie(struct str cookies, const char *name);

#endif
