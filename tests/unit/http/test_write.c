#include "tests/lib/test.h"

#include <string.h>

#include "base/defs.h"
#include "http/parse.h"
#include "http/write.h"

enum { OUT_MAX = 65536 };

static struct http_parse parse;
static struct buf out;

static int set_up(void **state)
{
	(void)state;
	buf_init(&out, OUT_MAX);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&out);
	http_parse_done(&parse);
	return 0;
}

static const struct http_head *head_of(bool response, const char *text)
{
	struct str in = str_of(text);

	if (response)
		http_parse_init_response(&parse);
	else
		http_parse_init_request(&parse);
	if (http_parse_feed(&parse, &in) != HTTP_PARSE_HEAD)
		fail_msg("%s", parse.why ? parse.why : "no head");
	return &parse.head;
}

static void assert_out(const char *expected)
{
	assert_false(out.failed);
	assert_string_equal(buf_str(&out), expected);
}

TEST(a_request_is_rewritten_canonically)
{
	const struct http_head *head = head_of(
		false, "\r\nPOST http://shop/a%2F?b HTTP/1.1\r\n"
		       "X-One:\t1  \r\nhost: shop\r\nConnection: x-two\r\n"
		       "X-Two: 2\r\nTransfer_Encoding: chunked\r\n"
		       "Content-Length: 0010\r\nExpect: 100-continue\r\n"
		       "Upgrade: h2c\r\nX-Forwarded-For: spoof\r\n"
		       "x-empty:\r\n\r\n");
	struct http_rewrite how = http_rewrite_of(head, false);
	const struct http_pair pairs[] = {
		{ STR("X-Forwarded-For"), STR("10.0.0.1") },
		{ STR("Via"), STR("1.1 ficus") },
		{ STR("X-Empty"), { NULL, 0 } },
	};

	how.pairs = pairs;
	how.n_pairs = LENGTH(pairs);
	http_write_request(&out, head, &how);
	assert_out("POST /a%2F?b HTTP/1.1\r\nHost: shop\r\nX-One: 1\r\n"
		   "Content-Length: 10\r\nX-Forwarded-For: 10.0.0.1\r\n"
		   "Via: 1.1 ficus\r\n\r\n");
}

TEST(target_host_and_framing_can_be_ours)
{
	const struct http_head *head =
		head_of(false, "PUT /api/v1/products/1 HTTP/1.0\r\n"
			       "Content-Length: 3\r\n\r\n");
	struct http_rewrite how = {
		.target = STR("/rest/V1/products/1"),
		.host = STR("magento:8080"),
		.framing = HTTP_BODY_CHUNKED,
		.expect = true,
		.close = true,
	};

	http_write_request(&out, head, &how);
	assert_out("PUT /rest/V1/products/1 HTTP/1.1\r\nHost: magento:8080\r\n"
		   "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
		   "Connection: close\r\n\r\n");
}

TEST(what_would_inject_is_not_written)
{
	const struct http_head *head =
		head_of(false, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	static const struct http_pair bad[] = {
		{ STR("X-A"), STR("1\r\nX-B: 2") },
		{ STR("X-A"), STR("1\n") },
		{ STR("X-A"), STR("\0") },
		{ STR("X-A: 1\r\nX-B"), STR("2") },
		{ STR("X A"), STR("1") },
		{ STR(""), STR("1") },
	};
	static const struct http_rewrite hows[] = {
		{ .target = STR("/a b") }, { .target = STR("/a\r\nX: y") },
		{ .target = STR("") },	   { .host = STR("a\r\nX: y") },
		{ .host = STR("") },
	};

	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct http_rewrite how = { .pairs = &bad[i], .n_pairs = 1 };

		buf_reset(&out, 0);
		http_write_request(&out, head, &how);
		assert_true(out.failed);
		assert_null(strstr(buf_str(&out), "X-B"));
	}
	for (size_t i = 0; i < LENGTH(hows); i++) {
		buf_reset(&out, 0);
		http_write_request(&out, head, &hows[i]);
		assert_true(out.failed);
	}
}

TEST(a_response_is_rewritten_canonically)
{
	const struct http_head *head = head_of(
		true, "HTTP/1.0 200 Very Fine\r\nSet-Cookie: a\r\n"
		      "Connection: keep-alive, x-a\r\nX-A: b\r\n"
		      "Alt-Svc: h3\r\nset-cookie:  c\r\nX_Y: z\r\n"
		      "Keep-Alive: timeout=5\r\nContent-Length: 07\r\n\r\n");
	struct http_rewrite how = http_rewrite_of(head, false);

	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 200 Very Fine\r\nSet-Cookie: a\r\nset-cookie: c"
		   "\r\nX_Y: z\r\nContent-Length: 7\r\n\r\n");
}

TEST(a_body_that_ends_with_the_connection_is_chunked)
{
	const struct http_head *head = head_of(true, "HTTP/1.1 200 OK\r\n\r\n");
	struct http_rewrite how = http_rewrite_of(head, false);

	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	buf_reset(&out, 0);
	how = http_rewrite_of(head, true);
	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(chunks_for_a_1_0_client_end_with_the_connection)
{
	const struct http_head *head = head_of(
		true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct http_rewrite how = http_rewrite_of(head, true);

	assert_int_equal(how.framing, HTTP_BODY_UNTIL_CLOSE);
	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(a_length_without_a_body_is_kept_or_dropped)
{
	const struct http_head *head = head_of(
		true, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
	struct http_rewrite how = http_rewrite_of(head, false);

	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
	http_parse_done(&parse);
	buf_reset(&out, 0);
	head = head_of(true,
		       "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
	how = http_rewrite_of(head, false);
	http_write_response(&out, head, &how);
	assert_out("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(chunks)
{
	char line[HTTP_CHUNK_HEAD_MAX];

	http_parse_init_request(&parse);
	http_write_chunk(&out, STR(""));
	http_write_chunk(&out, STR("hello"));
	http_write_chunk(&out, STR("0123456789abcdef"));
	http_write_last_chunk(&out);
	assert_out("5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
	assert_int_equal(http_write_chunk_head(line, SIZE_MAX), 18);
	assert_memory_equal(line, "ffffffffffffffff\r\n", 18);
}

TEST(answers_of_ours)
{
	http_parse_init_request(&parse);
	http_write_error(&out, 503, "say \"no\"\n", true);
	assert_out("HTTP/1.1 503 Service Unavailable\r\n"
		   "Content-Type: application/json\r\nContent-Length: 29\r\n"
		   "Connection: close\r\n\r\n"
		   "{\"error\":\"say \\\"no\\\"\\u000a\"}\n");
	buf_reset(&out, 0);
	const struct http_pair retry = { STR("Retry-After"), STR("1") };
	const struct http_answer answer = {
		.status = 429,
		.body = STR("later"),
		.head_only = true,
		.keep_alive_1_0 = true,
		.pairs = &retry,
		.n_pairs = 1,
	};
	http_write_answer(&out, &answer);
	assert_out("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 5\r\n"
		   "Connection: keep-alive\r\nRetry-After: 1\r\n\r\n");
}

/* What we write, a strict parser takes, and it says the same. */
TEST(our_own_output_parses)
{
	const struct http_head *head = head_of(
		false,
		"DELETE /x HTTP/1.1\r\nHost: shop\r\nCookie: a=b\r\n\r\n");
	const struct http_rewrite how = http_rewrite_of(head, false);
	struct buf again;

	http_write_request(&out, head, &how);
	http_parse_done(&parse);
	head = head_of(false, buf_str(&out));
	buf_init(&again, OUT_MAX);
	http_write_request(&again, head, &how);
	assert_string_equal(buf_str(&again), buf_str(&out));
	buf_done(&again);
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(EACH(a_request_is_rewritten_canonically),
    EACH(target_host_and_framing_can_be_ours),
    EACH(what_would_inject_is_not_written),
    EACH(a_response_is_rewritten_canonically),
    EACH(a_body_that_ends_with_the_connection_is_chunked),
    EACH(chunks_for_a_1_0_client_end_with_the_connection),
    EACH(a_length_without_a_body_is_kept_or_dropped), EACH(chunks),
    EACH(answers_of_ours), EACH(our_own_output_parses))
