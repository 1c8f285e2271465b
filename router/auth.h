/* Authorisation is Magento's: what it has answered with 2xx for a token, a
 * path template and a store, the copy may answer for a minute, or until the
 * token (a JWT) expires, whichever comes first. That minute is also how long
 * a revoked token may still read from the copy.
 *
 * A bounded table of keyed hashes; with no room an older permission is
 * forgotten, which costs one request to Magento. Thread-safe. */
#ifndef ROUTER_AUTH_H
#define ROUTER_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "router/hash.h"

struct auth_table;
struct http_head;

enum { AUTH_SLOTS = 8192, AUTH_TTL_MS = 60 * 1000 };

struct auth_key {
	uint64_t hash;
	int64_t jwt_exp_s; /* Unix time; 0: none */
	bool never;	   /* signed or personal: always Magento's to answer */
};

struct auth_table *auth_new(void);
void auth_free(struct auth_table *table);

/* route and template: indices of the rule and of its template; store: the
 * store code in the path or the Store header. */
struct auth_key auth_key_of(const struct http_head *head, unsigned route,
			    int template, struct str store,
			    struct hash_key secret);
bool auth_allowed(struct auth_table *table, const struct auth_key *key,
		  int64_t now_us);
/* Magento answered with this status; now_s is Unix time. */
void auth_learn(struct auth_table *table, const struct auth_key *key,
		int status, int64_t now_us, int64_t now_s);
/* The `exp` of a JWT in "Bearer x.y.z"; 0 when there is none. */
int64_t auth_jwt_exp(struct str authorization);

#endif
