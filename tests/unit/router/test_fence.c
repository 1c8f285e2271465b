/* Fences and the keys of clients. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "http/parse.h"
#include "router/client_key.h"
#include "router/fence.h"

static struct client_key key_number(uint64_t n)
{
	struct hash_key secret = hash_key_of("test");

	return client_key_text((struct str){ (const char *)&n, sizeof(n) },
			       secret);
}

/* The key of a request with these header lines. */
static struct client_key key_of(const char *lines, const char *address)
{
	struct http_parse parse;
	struct client_key key;
	char text[1024];
	struct str in = { text, 0 };

	in.n = (size_t)snprintf(text, sizeof(text),
				"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	http_parse_init_request(&parse);
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	key = client_key_of(&parse.head, address, hash_key_of("secret"));
	http_parse_done(&parse);
	return key;
}

static bool same(const char *a, const char *b)
{
	struct client_key x = key_of(a, "10.0.0.1"), y = key_of(b, "10.0.0.2");

	return memcmp(&x, &y, sizeof(x)) == 0;
}

TEST(a_fence_stands_until_a_later_ticket_has_passed)
{
	struct fence_table *t = fence_new(64);
	struct client_key a = key_number(1), b = key_number(2);
	int64_t n = 0;

	fence_set(t, &a, 100, 0);
	assert_int_equal(fence_check(t, &a, 0, 0, &n), FENCE_UNKNOWN);
	assert_int_equal(fence_check(t, &b, 0, 0, &n), FENCE_NONE);
	fence_ticket(t, &a, 101, 7);
	assert_int_equal(fence_check(t, &a, 0, 6, &n), FENCE_TICKET);
	assert_int_equal(n, 7);
	assert_int_equal(fence_check(t, &a, 0, 7, &n), FENCE_NONE);
	assert_int_equal(fence_check(t, &a, 100, 0, &n), FENCE_TICKET);
	assert_int_equal(fence_check(t, &a, 101, 0, &n), FENCE_NONE);
	fence_free(t);
}

TEST(a_ticket_taken_before_the_answer_does_not_count)
{
	struct fence_table *t = fence_new(64);
	struct client_key a = key_number(1);
	int64_t n = 0;

	fence_set(t, &a, 100, 0);
	fence_ticket(t, &a, 99, 7);
	assert_int_equal(fence_check(t, &a, 0, 7, &n), FENCE_UNKNOWN);
	fence_free(t);
}

TEST(a_second_answer_renews_the_fence)
{
	struct fence_table *t = fence_new(64);
	struct client_key a = key_number(1);
	int64_t n = 0;

	fence_set(t, &a, 100, 0);
	fence_ticket(t, &a, 101, 7);
	fence_set(t, &a, 200, 0);
	assert_int_equal(fence_check(t, &a, 150, 7, &n), FENCE_UNKNOWN);
	assert_int_equal(fence_count(t, 150), 1);
	fence_free(t);
}

TEST(a_full_table_refuses_those_it_cannot_prove)
{
	struct fence_table *t = fence_new(16);
	struct client_key stranger = key_number(1000), last;
	int64_t n = 0;

	for (uint64_t i = 0; i < 17; i++) {
		last = key_number(i);
		fence_set(t, &last, 100 + (int64_t)i, 0);
	}
	for (uint64_t i = 0; i < 17; i++) { /* none was forgotten */
		struct client_key key = key_number(i);

		assert_int_equal(fence_check(t, &key, 0, 0, &n), FENCE_UNKNOWN);
	}
	assert_int_equal(fence_check(t, &stranger, 0, 0, &n), FENCE_UNKNOWN);
	assert_int_equal(fence_check(t, &stranger, 200, 0, &n), FENCE_NONE);
	fence_set(t, &stranger, 300, 200); /* old ones give way */
	assert_int_equal(fence_check(t, &stranger, 200, 0, &n), FENCE_UNKNOWN);
	fence_free(t);
}

TEST(the_token_counts_before_the_address)
{
	assert_true(same("Authorization: Bearer x\r\n",
			 "Authorization: Bearer x\r\nUser-Agent: y\r\n"));
	assert_false(same("Authorization: Bearer x\r\n",
			  "Authorization: Bearer y\r\n"));
	assert_false(same("User-Agent: x\r\n", "User-Agent: x\r\n"));
}

TEST(oauth_clients_are_known_by_consumer_and_token)
{
	const char *a = "Authorization: OAuth oauth_consumer_key=\"c\", "
			"oauth_nonce=\"1\", oauth_token=\"t\"\r\n";
	const char *b = "Authorization: OAuth oauth_nonce=\"2\", "
			"oauth_token=\"t\", oauth_consumer_key=\"c\"\r\n";
	const char *c = "Authorization: OAuth oauth_nonce=\"2\", "
			"oauth_token=\"u\", oauth_consumer_key=\"c\"\r\n";

	assert_true(same(a, b));
	assert_false(same(a, c));
}

TEST(a_session_cookie_is_a_client)
{
	assert_true(same("Cookie: a=1; PHPSESSID=abc\r\n",
			 "Cookie: PHPSESSID=abc; a=2\r\n"));
	assert_false(
		same("Cookie: PHPSESSID=abc\r\n", "Cookie: PHPSESSID=abd\r\n"));
}

TEST(siphash_gives_the_published_vectors)
{
	unsigned char k[16], in[15];
	struct hash_key key;

	for (int i = 0; i < 16; i++)
		k[i] = (unsigned char)i;
	for (int i = 0; i < 15; i++)
		in[i] = (unsigned char)i;
	memcpy(&key, k, sizeof(key));
	assert_true(hash_sip(key, (struct str){ (char *)in, 15 }) ==
		    0xa129ca6149be45e5u);
	assert_true(hash_sip(key, (struct str){ (char *)in, 0 }) ==
		    0x726fdb47dd0e0e31u);
	assert_true(hash_sip(key, (struct str){ (char *)in, 8 }) ==
		    0x93f5f5799a932462u);
}

RUN(CASE(a_fence_stands_until_a_later_ticket_has_passed),
    CASE(a_ticket_taken_before_the_answer_does_not_count),
    CASE(a_second_answer_renews_the_fence),
    CASE(a_full_table_refuses_those_it_cannot_prove),
    CASE(the_token_counts_before_the_address),
    CASE(oauth_clients_are_known_by_consumer_and_token),
    CASE(a_session_cookie_is_a_client),
    CASE(siphash_gives_the_published_vectors))
