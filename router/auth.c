#include "router/auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "http/head.h"
#include "router/client_key.h"

enum { AUTH_PROBES = 8, JWT_MAX = 1536 };

struct slot {
	uint64_t hash;
	int64_t until_us; /* 0: free */
};

struct auth_table {
	pthread_mutex_t lock;
	struct slot slots[AUTH_SLOTS];
};

struct auth_table *auth_new(void)
{
	struct auth_table *table = mem_zalloc(sizeof(*table));

	pthread_mutex_init(&table->lock, NULL);
	return table;
}

void auth_free(struct auth_table *table)
{
	if (!table)
		return;
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '_')
		return c == '-' ? 62 : 63;
	return -1;
}

/* base64url without padding; 0 when it is not that. */
static size_t decode(struct str in, char *out)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		int value = sextet(in.at[i]);

		if (value < 0)
			return 0;
		bits = bits << 6 | (unsigned)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

int64_t auth_jwt_exp(struct str authorization)
{
	char text[JWT_MAX];
	struct str rest = authorization, payload, digits;
	const char *exp;
	size_t n;
	uint64_t seconds;

	if (rest.n < 7 || strncasecmp(rest.at, "Bearer ", 7) != 0)
		return 0;
	(void)str_split(&rest, '.');
	payload = str_split(&rest, '.');
	if (!rest.at || payload.n == 0 || payload.n > JWT_MAX)
		return 0;
	n = decode(payload, text);
	exp = n ? memmem(text, n, "\"exp\":", 6) : NULL;
	if (!exp)
		return 0;
	digits = (struct str){ exp + 6, 0 };
	while (digits.at + digits.n < text + n && digits.at[digits.n] >= '0' &&
	       digits.at[digits.n] <= '9')
		digits.n++;
	return str_to_u64(digits, &seconds) && seconds < INT64_MAX / 2
		       ? (int64_t)seconds
		       : 0;
}

struct auth_key auth_key_of(const struct http_head *head, unsigned route,
			    int template, struct str store,
			    struct hash_key secret)
{
	struct str auth = http_head_get(head, HTTP_FIELD_AUTHORIZATION);
	struct str cookie = http_head_get(head, HTTP_FIELD_COOKIE);
	struct {
		uint64_t auth, cookie, store, route;
	} parts = {
		hash_sip(secret, auth),
		hash_sip(secret, cookie),
		hash_sip(secret, store),
		(uint64_t)route << 16 | (uint64_t)(unsigned)template,
	};
	struct auth_key key = {
		.hash = hash_sip(secret, (struct str){ (const char *)&parts,
						       sizeof(parts) }),
		.jwt_exp_s = auth_jwt_exp(auth),
		.never = client_key_oauth(auth),
	};

	return key;
}

static struct slot *slot_of(struct auth_table *table, uint64_t hash)
{
	struct slot *oldest = &table->slots[hash % AUTH_SLOTS];

	for (size_t i = 0; i < AUTH_PROBES; i++) {
		struct slot *slot = &table->slots[(hash + i) % AUTH_SLOTS];

		if (slot->hash == hash)
			return slot;
		if (slot->until_us < oldest->until_us)
			oldest = slot;
	}
	return oldest;
}

bool auth_allowed(struct auth_table *table, const struct auth_key *key,
		  int64_t now_us)
{
	const struct slot *slot;
	bool allowed;

	if (key->never)
		return false;
	pthread_mutex_lock(&table->lock);
	slot = slot_of(table, key->hash);
	allowed = slot->hash == key->hash && now_us < slot->until_us;
	pthread_mutex_unlock(&table->lock);
	return allowed;
}

void auth_learn(struct auth_table *table, const struct auth_key *key,
		int status, int64_t now_us, int64_t now_s)
{
	int64_t ttl_us = (int64_t)AUTH_TTL_MS * 1000;
	bool allow = status >= 200 && status < 300;
	struct slot *slot;

	if (key->never || (!allow && status != 401 && status != 403))
		return;
	if (key->jwt_exp_s && (key->jwt_exp_s - now_s) * 1000000 < ttl_us)
		ttl_us = (key->jwt_exp_s - now_s) * 1000000;
	pthread_mutex_lock(&table->lock);
	slot = slot_of(table, key->hash);
	if (allow && ttl_us > 0)
		*slot = (struct slot){ key->hash, now_us + ttl_us };
	else if (slot->hash == key->hash)
		slot->until_us = 0;
	pthread_mutex_unlock(&table->lock);
}
