#include "router/client_key.h"

#include <string.h>
#include <strings.h>

#include "http/head.h"

enum { KEY_TEXT_MAX = 1024 };

/* Pieces put side by side, each with its length in front, so that ("ab","c")
 * and ("a","bc") differ. Long pieces are replaced by their hash. */
struct pieces {
	char text[KEY_TEXT_MAX];
	size_t n;
};

static void piece_add(struct pieces *p, struct str s)
{
	uint64_t length = s.n, hash;

	memcpy(p->text + p->n, &length, sizeof(length));
	p->n += sizeof(length);
	if (s.n > 256) {
		hash = hash_sip(hash_key_of(""), s);
		s = (struct str){ (const char *)&hash, sizeof(hash) };
	}
	if (s.n > 0)
		memcpy(p->text + p->n, s.at, s.n);
	p->n += s.n;
}

static struct client_key key_of(struct str text, struct hash_key secret)
{
	struct hash_key other = { secret.k1, ~secret.k0 };
	uint64_t halves[2] = { hash_sip(secret, text), hash_sip(other, text) };
	struct client_key key;

	memcpy(key.bytes, halves, sizeof(key.bytes));
	return key;
}

uint64_t client_key_hash(const struct client_key *key)
{
	uint64_t half;

	memcpy(&half, key->bytes, sizeof(half));
	return half;
}

bool client_key_oauth(struct str authorization)
{
	return authorization.n >= 6 &&
	       strncasecmp(authorization.at, "OAuth ", 6) == 0;
}

/* name="value" out of an OAuth header. */
static struct str oauth_part(struct str header, const char *name)
{
	struct str rest = { header.at + 6, header.n - 6 };

	while (rest.at) {
		struct str value = str_trim(str_split(&rest, ','));
		struct str key = str_trim(str_split(&value, '='));

		if (str_eqs(key, name))
			return value.at ? value : STR("");
	}
	return STR("");
}

struct str client_key_cookie(struct str cookies, const char *name)
{
	struct str rest = cookies;

	while (rest.at) {
		struct str value = str_trim(str_split(&rest, ';'));
		struct str key = str_split(&value, '=');

		if (value.at && str_eqs(key, name))
			return value;
	}
	return (struct str){ 0 };
}

struct client_key client_key_text(struct str text, struct hash_key secret)
{
	struct pieces p = { .n = 0 };

	piece_add(&p, STR("authorization"));
	piece_add(&p, text);
	return key_of((struct str){ p.text, p.n }, secret);
}

struct client_key client_key_of(const struct http_head *head,
				const char *address, struct hash_key secret)
{
	struct str auth = http_head_get(head, HTTP_FIELD_AUTHORIZATION);
	struct str cookies = http_head_get(head, HTTP_FIELD_COOKIE);
	struct str session = client_key_cookie(cookies, "PHPSESSID");
	struct pieces p = { .n = 0 };

	if (auth.n && client_key_oauth(auth)) {
		piece_add(&p, STR("oauth"));
		piece_add(&p, oauth_part(auth, "oauth_consumer_key"));
		piece_add(&p, oauth_part(auth, "oauth_token"));
	} else if (auth.n) {
		return client_key_text(auth, secret);
	} else if (session.n) {
		piece_add(&p, STR("session"));
		piece_add(&p, session);
	} else {
		piece_add(&p, STR("address"));
		piece_add(&p, str_of(address));
		piece_add(&p, http_head_get(head, HTTP_FIELD_USER_AGENT));
	}
	return key_of((struct str){ p.text, p.n }, secret);
}
