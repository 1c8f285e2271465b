/* The proxy over loopback, between raw bytes of a client and two servers that
 * fail on demand: `reads`, whose GETs fall back, and `magento`. */
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "router/auth.h"
#include "router/fence.h"
#include "router/loop.h"
#include "router/router.h"
#include "router/routes.h"
#include "router/routes_load.h"
#include "tests/unit/router/faulty.h"

enum { ANSWER_MAX = 12 * 1000 * 1000, WAIT_MS = 5000, DAY_MS = 86400000 };

static struct faulty reads, magento;
static struct router router;
static struct routes *routes;
static struct loop *loop;

static const char document[] =
	"kind: VirtualService\n"
	"spec:\n"
	"  http:\n"
	"  - match: [{uri: {prefix: /read}, method: {exact: GET}}]\n"
	"    route: [{destination: {host: reads}}]\n"
	"    x-ficus: {domain: catalog, auth: none}\n"
	"  - match: [{uri: {prefix: /old}}]\n"
	"    rewrite: {uri: /new}\n"
	"    route: [{destination: {host: magento}}]\n"
	"  - match: [{uri: {prefix: /quick}}]\n"
	"    timeout: 100ms\n"
	"    route: [{destination: {host: magento}}]\n";

static void start(void)
{
	struct err err = { 0 };
	char addresses[2][64];
	struct routes_conf conf = { addresses[0], addresses[1], false };

	(void)snprintf(addresses[0], 64, "127.0.0.1:%u", magento.port);
	(void)snprintf(addresses[1], 64, "reads=127.0.0.1:%u", reads.port);
	memset(&router, 0, sizeof(router));
	if (routes_parse("routes", document, sizeof(document) - 1, &conf,
			 &routes, &err) < 0)
		fail_msg("%s", err.msg);
	router.routes = routes;
	router.fences = fence_new(FENCE_SLOTS);
	router.auth = auth_new();
	router.copy_timeout_ms = 200;
	router.magento_timeout_ms = 3000;
	router.magento_most = 100;
	(void)snprintf(router.via, sizeof(router.via), "ficus-test");
	assert_int_equal(cidr_list_parse("127.0.0.1", &router.trusted, &err),
			 0);
	router.view.max_lag_ms = DAY_MS;
	router.view.flags.flag[DOMAIN_CATALOG] = (struct flag){
		.known = true, .enabled = true, .percent_bp = FLAG_PERCENT_ALL
	};
	router.view.health = (struct health_view){
		.known = true,
		.proven = true,
		.fresh = { true, true, true },
		.up = { true, true, true },
		.taken_us = clock_mono_us(),
	};
	if (loop_start(&router, "127.0.0.1:0", false, &loop, &err) < 0)
		fail_msg("%s", err.msg);
}

static void stop(void)
{
	loop_stop(loop, true);
	loop_join(loop);
	loop_free(loop);
	assert_int_equal(atomic_load(&router.magento_busy), 0);
	fence_free(router.fences);
	auth_free(router.auth);
	routes_free(routes);
}

static int setup(void **state)
{
	(void)state;
	faulty_set(&reads, FAULTY_OK);
	faulty_set(&magento, FAULTY_OK);
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop();
	return 0;
}

static int dial(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(loop_port(loop)),
				       .sin_addr.s_addr =
					       htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void put(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

static char answer[ANSWER_MAX];
static bool was_reset;

/* Everything until the end of the connection, as a text. */
static const char *drain(int fd)
{
	size_t n = 0;

	was_reset = false;
	for (;;) {
		struct pollfd wait = { fd, POLLIN, 0 };
		ssize_t got;

		if (poll(&wait, 1, WAIT_MS) <= 0)
			fail_msg("no end of the answer: %.200s", answer);
		got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);
		if (got <= 0) {
			was_reset = got < 0;
			break;
		}
		n += (size_t)got;
	}
	answer[n] = '\0';
	(void)close(fd);
	return answer;
}

static const char *ask(const char *text)
{
	int fd = dial();

	put(fd, text, strlen(text));
	return drain(fd);
}

static const char *get(const char *path)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "GET %s HTTP/1.1\r\nHost: shop\r\nConnection: close"
		       "\r\n\r\n",
		       path);
	return ask(text);
}

static const char *post(const char *path)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "POST %s HTTP/1.1\r\nHost: shop\r\nConnection: close"
		       "\r\nContent-Length: 10\r\n\r\n0123456789",
		       path);
	return ask(text);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %.600s", part, text);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %.600s", part, text);
}

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

TEST(a_request_is_passed_on_and_marked)
{
	const char *text = get("/any?x=1&y[]=%2F");

	has(text, "HTTP/1.1 200 OK\r\n");
	has(text, "X-Peer: magento\r\n");
	has(text, "X-Ficus-Route: magento;reason=no_rule\r\n");
	has(text, "Via: 1.1 ficus-test\r\n");
	has(text, "Connection: close\r\n");
	assert_true(ends(text, "\r\n\r\nmagento"));
	has(magento.last_head, "GET /any?x=1&y[]=%2F HTTP/1.1\r\n");
	has(magento.last_head, "Host: shop\r\n");
	has(magento.last_head, "X-Forwarded-For: 127.0.0.1\r\n");
	has(magento.last_head, "X-Forwarded-Proto: http\r\n");
	has(magento.last_head, "X-Forwarded-Host: shop\r\n");
	has(magento.last_head, "Via: 1.1 ficus-test\r\n");
	has(magento.last_head, "X-Request-Id: ");
	has_not(magento.last_head, "Connection:");
}

TEST(a_gated_read_goes_to_its_service)
{
	const char *text = get("/read/1");

	has(text, "X-Ficus-Route: upstream;reason=copy\r\n");
	assert_true(ends(text, "reads"));
	assert_int_equal(magento.requests, 0);
}

TEST(any_failure_of_a_read_is_answered_by_magento)
{
	static const struct {
		enum faulty_mode mode;
		const char *reason;
	} cases[] = {
		{ FAULTY_RESET, "fell_error" },
		{ FAULTY_CLOSE, "fell_error" },
		{ FAULTY_HALF_HEAD, "fell_error" },
		{ FAULTY_HALF_BODY, "fell_error" },
		{ FAULTY_HALF_CHUNK, "fell_error" },
		{ FAULTY_SLOW, "fell_timeout" },
		{ FAULTY_ERROR_500, "fell_error" },
		{ FAULTY_ERROR_503, "fell_error" },
		{ FAULTY_NOT_FOUND, "fell_not_found" },
		{ FAULTY_BOTH, "fell_error" },
		{ FAULTY_JUNK, "fell_error" },
		{ FAULTY_SWITCH, "fell_error" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *text;

		if (i > 0)
			start(); /* nobody is ejected yet */
		faulty_set(&reads, cases[i].mode);
		faulty_set(&magento, FAULTY_OK);
		text = get("/read/1");
		has(text, "HTTP/1.1 200 OK\r\n");
		has(text, cases[i].reason);
		assert_true(ends(text, "\r\n\r\nmagento"));
		assert_int_equal(reads.requests, 1);
		assert_int_equal(magento.requests, 1);
		if (i + 1 < LENGTH(cases))
			stop();
	}
}

TEST(a_service_that_keeps_failing_is_left_alone)
{
	faulty_set(&reads, FAULTY_ERROR_500);
	for (int i = 0; i < 10; i++)
		has(get("/read/1"), "200 OK");
	assert_int_equal(reads.requests, 3);
	has(get("/read/1"), "reason=upstream_down");
}

TEST(a_write_is_never_sent_twice)
{
	static const struct {
		enum faulty_mode mode;
		const char *status;
	} cases[] = {
		{ FAULTY_RESET, "502 " },     { FAULTY_CLOSE, "502 " },
		{ FAULTY_HALF_HEAD, "502 " }, { FAULTY_BOTH, "502 " },
		{ FAULTY_JUNK, "502 " },      { FAULTY_SWITCH, "502 " },
		{ FAULTY_ERROR_500, "500 " }, { FAULTY_ERROR_503, "503 " },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *text;

		/* A warm connection is in the pool. */
		faulty_set(&magento, FAULTY_OK);
		has(get("/"), "200 OK");
		faulty_set(&magento, cases[i].mode);
		text = post("/cart");
		has(text, cases[i].status);
		usleep(50000);
		assert_int_equal(magento.requests, 1);
		assert_int_equal(magento.body_bytes, 10);
	}
}

TEST(a_slow_write_times_out_unrepeated)
{
	faulty_set(&magento, FAULTY_SLOW);
	has(post("/quick/cart"), "504 ");
	usleep(FAULTY_SLOW_MS * 1000);
	assert_int_equal(magento.requests, 1);
	assert_int_equal(magento.body_bytes, 10);
}

TEST(a_connection_closed_meanwhile_costs_no_read)
{
	faulty_set(&magento, FAULTY_STALE);
	for (int i = 0; i < 50; i++)
		has(get("/x"), "200 OK");
	assert_int_equal(magento.requests, 50);
}

TEST(a_connection_closed_meanwhile_doubles_no_write)
{
	faulty_set(&magento, FAULTY_STALE);
	for (int i = 0; i < 50; i++) {
		has(post("/x"), "200 OK");
		usleep(2000); /* the close has arrived */
	}
	assert_int_equal(magento.requests, 50);
	assert_int_equal(magento.body_bytes, 500);
}

TEST(connections_to_upstreams_are_reused)
{
	for (int i = 0; i < 20; i++)
		has(get("/x"), "200 OK");
	assert_int_equal(magento.requests, 20);
	assert_int_equal(magento.connections, 1);
}

TEST(bytes_behind_a_response_reach_nobody)
{
	faulty_set(&magento, FAULTY_EXTRA);
	for (int i = 0; i < 5; i++) {
		const char *text = get("/x");

		has_not(text, "EVIL");
		assert_true(ends(text, "\r\n\r\nmagento"));
	}
	assert_int_equal(magento.connections, 5);
}

TEST(a_cut_answer_is_never_taken_for_whole)
{
	faulty_set(&magento, FAULTY_HALF_BODY);
	(void)get("/x");
	assert_true(was_reset || strstr(answer, " 502 "));
	has_not(answer, "0\r\n\r\n");
}

TEST(bodies_without_length_get_chunks)
{
	const char *text;

	faulty_set(&magento, FAULTY_NO_LENGTH);
	text = get("/x");
	has(text, "Transfer-Encoding: chunked\r\n");
	assert_true(ends(text, "7\r\nmagento\r\n0\r\n\r\n"));
	text = ask("GET /x HTTP/1.0\r\n\r\n");
	has_not(text, "chunked");
	assert_true(ends(text, "\r\n\r\nmagento"));
}

TEST(chunks_are_passed_on_and_unchunked_for_http_1_0)
{
	faulty_set(&magento, FAULTY_CHUNKED);
	assert_true(ends(get("/x"), "7\r\nmagento\r\n0\r\n\r\n"));
	assert_true(ends(ask("GET /x HTTP/1.0\r\n\r\n"), "\r\n\r\nmagento"));
}

TEST(pipelined_requests_are_answered_in_order)
{
	const char *text = ask("GET /read/1 HTTP/1.1\r\nHost: a\r\n\r\n"
			       "POST /x HTTP/1.1\r\nHost: a\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n"
			       "3\r\nabc\r\n0\r\n\r\n"
			       "GET /read/2 HTTP/1.1\r\nHost: a\r\n"
			       "Connection: close\r\n\r\n");
	const char *first = strstr(text, "\r\n\r\nreads");
	const char *second = first ? strstr(first, "\r\n\r\nmagento") : NULL;

	assert_non_null(second);
	assert_non_null(strstr(second, "\r\n\r\nreads"));
	assert_int_equal(magento.body_bytes, 3);
}

TEST(a_bad_second_request_does_not_harm_the_first)
{
	const char *text = ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
			       "GET /x HTTP/1.1\r\nHost : a\r\n\r\n");

	has(text, "200 OK");
	has(text, "\r\n\r\nmagentoHTTP/1.1 400 ");
	assert_int_equal(magento.requests, 1);
}

TEST(requests_are_taken_byte_by_byte)
{
	const char *text = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close"
			   "\r\nContent-Length: 3\r\n\r\nabc";
	int fd = dial();

	for (size_t i = 0; text[i]; i++) {
		put(fd, text + i, 1);
		usleep(200);
	}
	has(drain(fd), "200 OK");
	assert_int_equal(magento.body_bytes, 3);
}

TEST(large_bodies_stream_both_ways)
{
	static char body[FAULTY_BIG_BYTES];
	char head[128];
	int fd = dial();
	int n = snprintf(head, sizeof(head),
			 "PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
			 "Content-Length: %d\r\n\r\n",
			 FAULTY_BIG_BYTES);

	memset(body, 'u', sizeof(body));
	faulty_set(&magento, FAULTY_BIG);
	put(fd, head, (size_t)n);
	put(fd, body, sizeof(body));
	has(drain(fd), "200 OK");
	assert_int_equal(magento.body_bytes, FAULTY_BIG_BYTES);
	assert_true(strlen(strstr(answer, "\r\n\r\n")) == FAULTY_BIG_BYTES + 4);
}

TEST(an_early_answer_reaches_the_client)
{
	static char body[2000000];
	int fd = dial();
	const char *head = "PUT /x HTTP/1.1\r\nHost: a\r\n"
			   "Content-Length: 50000000\r\n\r\n";

	faulty_set(&magento, FAULTY_EARLY);
	put(fd, head, strlen(head));
	usleep(50000);
	put(fd, body, 1000);
	has(drain(fd), "HTTP/1.1 413 ");
	has(answer, "Connection: close\r\n");
}

TEST(heads_and_odd_methods)
{
	const char *text = ask("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"
			       "OPTIONS * HTTP/1.1\r\nHost: a\r\n"
			       "Connection: close\r\n\r\n");

	has(text, "Content-Length: 7\r\n");
	has(ask("TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 405 ");
	has(ask("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), "HTTP/1.1 405 ");
}

TEST(smuggled_requests_reach_nobody)
{
	has(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	    "HTTP/1.1 400 ");
	assert_int_equal(magento.requests, 0);
}

TEST(hop_by_hop_fields_end_here)
{
	has(ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close, X-A\r\n"
		"X-A: 1\r\nUpgrade: websocket\r\nTE: trailers\r\nX-B: 2\r\n"
		"Proxy-Authorization: x\r\nX-Ficus-Route: lie\r\n\r\n"),
	    "200 OK");
	has_not(magento.last_head, "X-A:");
	has_not(magento.last_head, "pgrade");
	has_not(magento.last_head, "TE:");
	has_not(magento.last_head, "Proxy-Auth");
	has_not(magento.last_head, "lie");
	has(magento.last_head, "X-B: 2\r\n");
}

TEST(a_loop_is_noticed)
{
	has(ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"Via: 1.1 ficus-test\r\n\r\n"),
	    "HTTP/1.1 508 ");
	assert_int_equal(magento.requests, 0);
}

TEST(paths_are_rewritten_with_their_query)
{
	has(get("/old/a%2Fb?q=1"), "200 OK");
	has(magento.last_head, "GET /new/a%2Fb?q=1 HTTP/1.1\r\n");
}

TEST(a_method_in_disguise_is_no_read)
{
	has(ask("GET /read/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"X-HTTP-Method-Override: DELETE\r\n\r\n"),
	    "reason=method_override");
	has(get("/read/../x"), "reason=odd_path");
	has(ask("GET /read/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"Content-Length: 1\r\n\r\nx"),
	    "reason=request_body");
	assert_int_equal(reads.requests, 0);
}

TEST(expectations_are_met)
{
	const char *head = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close"
			   "\r\nContent-Length: 3\r\n"
			   "Expect: 100-continue\r\n\r\n";
	char text[64] = "";
	int fd = dial();

	put(fd, head, strlen(head)); /* magento waits for the body: silent */
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
	put(fd, "abc", 3);
	has(drain(fd), "HTTP/1.1 200 OK");
	assert_int_equal(magento.body_bytes, 3);
}

TEST(magento_is_not_flooded)
{
	int first = dial();
	const char *text = "GET /slow HTTP/1.1\r\nHost: a\r\n"
			   "Connection: close\r\n\r\n";

	router.magento_most = 1;
	faulty_set(&magento, FAULTY_SLOW);
	put(first, text, strlen(text));
	usleep(100000);
	has(get("/x"), "HTTP/1.1 503 ");
	has(answer, "Retry-After: 1\r\n");
	has(post("/x"), "200 OK"); /* writes are never shed */
	has(drain(first), "200 OK");
}

TEST(a_write_goes_on_without_its_client)
{
	const char *text = "POST /x HTTP/1.1\r\nHost: a\r\n"
			   "Content-Length: 4\r\n\r\nabcd";
	struct linger now = { 1, 0 };
	int fd = dial();

	faulty_set(&magento, FAULTY_SLOW);
	put(fd, text, strlen(text));
	usleep(100000);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(fd);
	usleep(FAULTY_SLOW_MS * 1000);
	assert_int_equal(magento.body_bytes, 4);
	assert_int_equal(atomic_load(&router.magento_busy), 0);
	faulty_set(&magento, FAULTY_OK);
	has(get("/x"), "200 OK"); /* the connection was given back */
	assert_int_equal(magento.connections, 0);
}

TEST(idle_clients_do_not_hold_up_the_end)
{
	int idle = dial(), busy = dial();
	const char *text = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
	int64_t begin;

	faulty_set(&magento, FAULTY_SLOW);
	put(busy, text, strlen(text));
	usleep(100000);
	begin = clock_mono_ms();
	loop_stop(loop, false);
	assert_string_equal(drain(idle), "");
	has(drain(busy), "200 OK");
	loop_join(loop);
	assert_true(clock_mono_ms() - begin < 2000);
	loop_free(loop);
	fence_free(router.fences);
	auth_free(router.auth);
	routes_free(routes);
	start();
}

#define PROXY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROXY(a_request_is_passed_on_and_marked),
		PROXY(a_gated_read_goes_to_its_service),
		PROXY(any_failure_of_a_read_is_answered_by_magento),
		PROXY(a_service_that_keeps_failing_is_left_alone),
		PROXY(a_write_is_never_sent_twice),
		PROXY(a_slow_write_times_out_unrepeated),
		PROXY(a_connection_closed_meanwhile_costs_no_read),
		PROXY(a_connection_closed_meanwhile_doubles_no_write),
		PROXY(connections_to_upstreams_are_reused),
		PROXY(bytes_behind_a_response_reach_nobody),
		PROXY(a_cut_answer_is_never_taken_for_whole),
		PROXY(bodies_without_length_get_chunks),
		PROXY(chunks_are_passed_on_and_unchunked_for_http_1_0),
		PROXY(pipelined_requests_are_answered_in_order),
		PROXY(a_bad_second_request_does_not_harm_the_first),
		PROXY(requests_are_taken_byte_by_byte),
		PROXY(large_bodies_stream_both_ways),
		PROXY(an_early_answer_reaches_the_client),
		PROXY(heads_and_odd_methods),
		PROXY(smuggled_requests_reach_nobody),
		PROXY(hop_by_hop_fields_end_here),
		PROXY(a_loop_is_noticed),
		PROXY(paths_are_rewritten_with_their_query),
		PROXY(a_method_in_disguise_is_no_read),
		PROXY(expectations_are_met),
		PROXY(magento_is_not_flooded),
		PROXY(a_write_goes_on_without_its_client),
		PROXY(idle_clients_do_not_hold_up_the_end),
	};

	faulty_start(&reads, "reads");
	faulty_start(&magento, "magento");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
