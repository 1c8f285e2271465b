#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "base/defs.h"
#include "http/parse.h"

/* Feeds all of text; the last event that was not MORE or BODY. */
static enum http_parse_event feed(struct http_parse *parse, const char *text)
{
	struct str in = str_of(text);
	enum http_parse_event event, last = HTTP_PARSE_MORE;

	for (;;) {
		event = http_parse_feed(parse, &in);
		if (event == HTTP_PARSE_MORE)
			return last;
		if (event != HTTP_PARSE_BODY)
			last = event;
		if (event == HTTP_PARSE_BAD || event == HTTP_PARSE_DONE)
			return event;
	}
}

static void parse_request(struct http_parse *parse, const char *text)
{
	http_parse_init_request(parse);
	if (feed(parse, text) != HTTP_PARSE_DONE)
		fail_msg("%s: %s", text, parse->why ? parse->why : "not done");
}

static void assert_str(struct str text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.at, expected, text.n);
}

static bool passes(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->n; i++) {
		if (str_ieqs(http_head_name(head, i), name))
			return !head->headers[i].skip;
	}
	fail_msg("%s is not there", name);
	return false;
}

TEST(a_head_taken_apart)
{
	struct http_parse parse;

	parse_request(&parse, "PUT /a?b=c HTTP/1.1\r\nhost: shop\r\n"
			      "X-One: \t 1 2 \t\r\nCONTENT-LENGTH: 003\r\n"
			      "X-Empty:\r\n\r\nabc");
	const struct http_head *head = &parse.head;
	assert_int_equal(head->method, HTTP_METHOD_PUT);
	assert_int_equal(head->minor, 1);
	assert_str(head->method_text, "PUT");
	assert_str(head->target, "/a?b=c");
	assert_str(head->host, "shop");
	assert_int_equal(head->n, 4);
	assert_str(http_head_name(head, 1), "X-One");
	assert_str(http_head_value(head, 1), "1 2");
	assert_str(http_head_find(head, "x-ONE"), "1 2");
	assert_str(http_head_find(head, "X-Empty"), "");
	assert_non_null(http_head_find(head, "X-Empty").at);
	assert_null(http_head_find(head, "X-On").at);
	assert_str(http_head_get(head, HTTP_FIELD_HOST), "shop");
	assert_null(http_head_get(head, HTTP_FIELD_COOKIE).at);
	assert_int_equal(head->framing, HTTP_BODY_LENGTH);
	assert_int_equal(head->length, 3);
	assert_int_equal(parse.body_n, 3);
	assert_true(head->keep_alive);
	http_parse_done(&parse);
}

TEST(absolute_form_is_reduced)
{
	static const char *const cases[][2] = {
		{ "GET http://shop/a?b HTTP/1.1", "/a?b" },
		{ "GET https://SHOP HTTP/1.1", "/" },
		{ "OPTIONS http://shop HTTP/1.1", "*" },
		{ "OPTIONS * HTTP/1.1", "*" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct http_parse parse;
		char text[128];

		(void)snprintf(text, sizeof(text), "%s\r\nHost: shop\r\n\r\n",
			       cases[i][0]);
		parse_request(&parse, text);
		assert_str(parse.head.target, cases[i][1]);
		http_parse_done(&parse);
	}
}

TEST(what_ends_here_is_marked)
{
	struct http_parse parse;

	parse_request(&parse,
		      "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n"
		      "Connection: close, Host, x-a, Authorization, Cookie, "
		      "X-Forwarded-Thing, Via, Content-Length\r\n"
		      "Authorization: b\r\nCookie: c\r\nX-B: 2\r\nTE: x\r\n"
		      "Keep-Alive: 5\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n"
		      "X-Forwarded-Thing: d\r\nVia: 1.1 e\r\nX_C: 3\r\n"
		      "Transfer_Encoding: chunked\r\nTrailer: f\r\n"
		      "Proxy-Authorization: g\r\nContent-Length: 0\r\n\r\n");
	const struct http_head *head = &parse.head;
	static const char *const stay[] = {
		"Host", "Authorization",     "Cookie",
		"X-B",	"X-Forwarded-Thing", "Via"
	};
	static const char *const go[] = { "X-A",
					  "Connection",
					  "TE",
					  "Keep-Alive",
					  "Upgrade",
					  "HTTP2-Settings",
					  "X_C",
					  "Transfer_Encoding",
					  "Trailer",
					  "Proxy-Authorization",
					  "Content-Length" };
	for (size_t i = 0; i < LENGTH(stay); i++)
		assert_true(passes(head, stay[i]));
	for (size_t i = 0; i < LENGTH(go); i++)
		assert_false(passes(head, go[i]));
	assert_int_equal(head->n_dropped, 2);
	assert_int_equal(head->framing, HTTP_BODY_LENGTH);
	assert_false(head->keep_alive);
	assert_true(head->upgrade);
	http_parse_done(&parse);
}

TEST(keep_alive_by_version_and_option)
{
	static const struct {
		const char *version, *header;
		bool keep;
	} cases[] = {
		{ "1.1", "", true },
		{ "1.1", "Connection: Close\r\n", false },
		{ "1.1", "Connection: x\r\nConnection: a,close\r\n", false },
		{ "1.1", "Connection: keep-alive, close\r\n", false },
		{ "1.0", "", false },
		{ "1.0", "Connection: Keep-Alive\r\n", true },
		{ "1.0", "Connection: keep-alive,close\r\n", false },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct http_parse parse;
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "GET / HTTP/%s\r\nHost: a\r\n%s\r\n",
			       cases[i].version, cases[i].header);
		parse_request(&parse, text);
		assert_int_equal(parse.head.keep_alive, cases[i].keep);
		http_parse_done(&parse);
	}
}

TEST(expectations)
{
	struct http_parse parse;

	parse_request(&parse, "GET / HTTP/1.1\r\nHost: a\r\n"
			      "Expect: 100-Continue\r\n\r\n");
	assert_true(parse.head.expect_continue);
	http_parse_done(&parse);
	parse_request(&parse, "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
	assert_false(parse.head.expect_continue);
	http_parse_done(&parse);
}

/* A request that was pipelined waits, and the head stays until then. */
TEST(pipelined_bytes_wait_for_next)
{
	struct http_parse parse;
	struct str in = STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
			    "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n");

	http_parse_init_request(&parse);
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	for (int i = 0; i < 3; i++)
		assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_DONE);
	assert_int_equal(in.n, 28);
	assert_str(parse.head.target, "/1");
	http_parse_next(&parse);
	assert_false(http_parse_started(&parse));
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	assert_str(parse.head.target, "/2");
	assert_str(parse.head.host, "b");
	assert_int_equal(in.n, 0);
	http_parse_done(&parse);
}

TEST(bodies_over_the_callers_limit)
{
	static const char *const bodies[] = {
		"Content-Length: 6\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n",
	};

	for (size_t i = 0; i < LENGTH(bodies); i++) {
		struct http_parse parse;

		http_parse_init_request(&parse);
		parse.body_max = 5;
		(void)feed(&parse, "POST / HTTP/1.1\r\nHost: a\r\n");
		assert_int_equal(feed(&parse, bodies[i]), HTTP_PARSE_BAD);
		assert_int_equal(parse.status, 413);
		http_parse_done(&parse);
	}
}

TEST(a_response_to_head_states_a_length_but_has_no_body)
{
	struct http_parse parse;

	http_parse_init_response(&parse);
	parse.to_head = true;
	assert_int_equal(feed(&parse, "HTTP/1.1 200 Fine\r\n"
				      "Content-Length: 9\r\n\r\n"),
			 HTTP_PARSE_DONE);
	assert_int_equal(parse.head.framing, HTTP_BODY_NONE);
	assert_true(parse.head.has_length);
	assert_int_equal(parse.head.length, 9);
	assert_int_equal(parse.head.status, 200);
	assert_str(parse.head.reason, "Fine");
	http_parse_done(&parse);
}

TEST(informational_heads_come_one_by_one)
{
	struct http_parse parse;
	struct str in = STR("HTTP/1.1 100 Continue\r\n\r\n"
			    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
			    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n"
			    "\r\n");

	http_parse_init_response(&parse);
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	assert_int_equal(parse.head.status, 100);
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	assert_int_equal(parse.head.status, 103);
	assert_str(http_head_find(&parse.head, "link"), "x");
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_HEAD);
	assert_int_equal(parse.head.status, 201);
	assert_int_equal(http_parse_feed(&parse, &in), HTTP_PARSE_DONE);
	http_parse_done(&parse);
}

TEST(bytes_behind_a_response_are_a_desync)
{
	struct http_parse parse;
	struct str more = STR("H");

	http_parse_init_response(&parse);
	assert_int_equal(feed(&parse, "HTTP/1.1 204 No Content\r\n\r\n"),
			 HTTP_PARSE_DONE);
	assert_false(parse.desync);
	assert_int_equal(http_parse_feed(&parse, &more), HTTP_PARSE_BAD);
	assert_true(parse.desync);
	http_parse_done(&parse);
}

TEST(the_end_of_the_connection)
{
	static const struct {
		const char *text;
		enum http_parse_event event;
	} cases[] = {
		{ "", HTTP_PARSE_MORE },
		{ "H", HTTP_PARSE_BAD },
		{ "HTTP/1.1 100 Continue\r\n\r\n", HTTP_PARSE_BAD },
		{ "HTTP/1.1 200 OK\r\n\r\nabc", HTTP_PARSE_DONE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		  HTTP_PARSE_BAD },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
		  HTTP_PARSE_MORE },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct http_parse parse;

		http_parse_init_response(&parse);
		(void)feed(&parse, cases[i].text);
		assert_int_equal(http_parse_eof(&parse), cases[i].event);
		http_parse_done(&parse);
	}
}

/* Every byte that is no token, before, in and behind the word and the name:
 * such a coding is never taken for chunked and never let through. */
static void assert_refused(const char *shape, char byte)
{
	static const char start[] = "POST / HTTP/1.1\r\nHost: a\r\n";
	struct http_parse parse;
	char text[256];
	int n = snprintf(text, sizeof(text), "%s%s\r\n\r\n0\r\n\r\n", start,
			 shape);
	char *mark = strchr(text, '@');

	assert_non_null(mark);
	*mark = byte;
	struct str in = { text, (size_t)n };
	http_parse_init_request(&parse);
	if (http_parse_feed(&parse, &in) != HTTP_PARSE_BAD)
		fail_msg("%s with byte %02x", shape, (unsigned char)byte);
	http_parse_done(&parse);
}

TEST(no_mutation_of_chunked_passes)
{
	static const char *const shapes[] = {
		"Transfer-Encoding: @chunked", "Transfer-Encoding: chunked@",
		"Transfer-Encoding: chun@ked", "Transfer-Encoding@: chunked",
		"Transfer-Encoding:@chunked",  "Transfer@Encoding: chunked",
		"@Transfer-Encoding: chunked",
	};

	for (size_t s = 0; s < LENGTH(shapes); s++) {
		for (int c = 0; c < 256; c++) {
			if (c == '\t' || (c >= ' ' && c < 0x7f))
				continue;
			assert_refused(shapes[s], (char)c);
		}
	}
}

TEST(every_known_field_is_found_by_its_name)
{
	for (int f = 1; f < HTTP_FIELD_N; f++) {
		enum http_field field = (enum http_field)f;
		struct str name = str_of(http_field_name(field));

		assert_int_equal(http_field_of(name), f);
		name.n--;
		assert_int_not_equal(http_field_of(name), f);
	}
	assert_int_equal(http_field_of(STR("")), HTTP_FIELD_OTHER);
	assert_int_equal(http_field_of(STR("cOOKIE")), HTTP_FIELD_COOKIE);
}

TEST(methods_and_statuses_have_names)
{
	for (int m = 1; m <= HTTP_METHOD_OPTIONS; m++) {
		enum http_method method = (enum http_method)m;

		assert_int_equal(
			http_method_of(str_of(http_method_name(method))), m);
	}
	assert_int_equal(http_method_of(STR("get")), HTTP_METHOD_NONE);
	assert_int_equal(http_method_of(STR("")), HTTP_METHOD_NONE);
	assert_string_equal(http_status_text(431),
			    "Request Header Fields Too Large");
	assert_string_equal(http_status_text(299), "");
}

TEST(tokens_by_the_grammar)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z');

		assert_int_equal(http_is_token((struct str){ &byte, 1 }),
				 alnum || (c && strchr(marks, c)));
	}
	assert_false(http_is_token(STR("")));
}

RUN(CASE(a_head_taken_apart), CASE(absolute_form_is_reduced),
    CASE(what_ends_here_is_marked), CASE(keep_alive_by_version_and_option),
    CASE(expectations), CASE(pipelined_bytes_wait_for_next),
    CASE(bodies_over_the_callers_limit),
    CASE(a_response_to_head_states_a_length_but_has_no_body),
    CASE(informational_heads_come_one_by_one),
    CASE(bytes_behind_a_response_are_a_desync), CASE(the_end_of_the_connection),
    CASE(no_mutation_of_chunked_passes),
    CASE(every_known_field_is_found_by_its_name),
    CASE(methods_and_statuses_have_names), CASE(tokens_by_the_grammar))
