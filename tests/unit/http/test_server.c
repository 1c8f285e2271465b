/* The endpoint server over loopback, by a client that writes raw bytes. */
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/server.h"

enum { WAIT_MS = 5000, TEXT_MAX = 32 * 1024 * 1024 };

static void hello(void *user, const struct http_request *request,
		  struct http_reply *reply)
{
	buf_addf(&reply->body, "%s %.*s?%.*s", (const char *)user,
		 (int)request->path.n, request->path.at, (int)request->query.n,
		 request->query.at);
}

static void echo(void *user, const struct http_request *request,
		 struct http_reply *reply)
{
	(void)user;
	reply->status = 201;
	reply->type = "application/json";
	reply->extra_name = "X-Peer";
	(void)snprintf(reply->extra_value, sizeof(reply->extra_value), "%s",
		       request->peer);
	buf_add(&reply->body, request->body.at, request->body.n);
}

static void big(void *user, const struct http_request *request,
		struct http_reply *reply)
{
	size_t n = request->query.n ? HTTP_SERVER_ANSWER_MAX + 1u : 4000000;
	char *room;

	(void)user;
	room = buf_room(&reply->body, n);
	if (!room)
		return;
	memset(room, 'x', n);
	reply->body.n += n;
}

static char hi[] = "hi";
static const struct http_route routes[] = {
	{ "/hello", HTTP_METHOD_GET, false, hello, hi },
	{ "/below", HTTP_METHOD_GET, true, hello, hi },
	{ "/echo", HTTP_METHOD_POST, false, echo, NULL },
	{ "/echo", HTTP_METHOD_PUT, false, echo, NULL },
	{ "/big", HTTP_METHOD_GET, false, big, NULL },
};

static struct http_server_thread *start(const char *address, struct err *err)
{
	struct http_server_conf conf = {
		.listen = address,
		.setting = "metrics.listen",
		.routes = routes,
		.n_routes = LENGTH(routes),
	};

	return http_server_thread_start(&conf, err);
}

static struct http_server_thread *server;
static uint16_t port;

static int set_up(void **state)
{
	struct err err = { 0 };

	(void)state;
	server = start("127.0.0.1:0", &err);
	port = server ? http_server_thread_port(server) : 0;
	if (!server)
		(void)fprintf(stderr, "%s\n", err.msg);
	return server ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	http_server_thread_stop(server);
	return 0;
}

static int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Appends what comes until `text` is in the buffer; false at the end. */
static bool hear(int fd, struct buf *in, const char *text)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char bytes[65536];

	while (!text || !strstr(buf_str(in), text)) {
		if (poll(&ready, 1, WAIT_MS) != 1)
			fail_msg("no answer; so far: %.200s", buf_str(in));
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		assert_true(n >= 0);
		if (n == 0)
			return false;
		buf_add(in, bytes, (size_t)n);
	}
	return true;
}

/* Sends, hears to the end of the connection. */
static void talk(const char *text, struct buf *ret)
{
	int fd = dial();

	buf_init(ret, TEXT_MAX);
	say(fd, text);
	assert_false(hear(fd, ret, NULL));
	assert_int_equal(close(fd), 0);
}

static void assert_talk(const char *text, const char *answer)
{
	struct buf in;

	talk(text, &in);
	assert_string_equal(buf_str(&in), answer);
	buf_done(&in);
}

TEST(a_handler_gets_path_and_query)
{
	assert_talk("GET /hello?a=1 HTTP/1.1\r\nHost: x\r\n"
		    "Connection: close\r\n\r\n",
		    "HTTP/1.1 200 OK\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\n"
		    "Content-Length: 13\r\nConnection: close\r\n\r\n"
		    "hi /hello?a=1");
}

TEST(head_gets_the_headers_of_get)
{
	assert_talk("HEAD /hello HTTP/1.1\r\nHost: x\r\n"
		    "Connection: close\r\n\r\n",
		    "HTTP/1.1 200 OK\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\n"
		    "Content-Length: 10\r\nConnection: close\r\n\r\n");
}

TEST(a_prefix_ends_at_a_segment)
{
	struct buf in;

	talk("GET /below/a/b HTTP/1.1\r\nHost: x\r\n\r\n"
	     "GET /below HTTP/1.1\r\nHost: x\r\n\r\n"
	     "GET /belowground HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	     "\r\n",
	     &in);
	const char *first = strstr(buf_str(&in), "hi /below/a/b?");
	assert_non_null(first);
	const char *second = strstr(first + 1, "hi /below?");
	assert_non_null(second);
	assert_non_null(strstr(second, "HTTP/1.1 404 Not Found\r\n"));
	buf_done(&in);
}

TEST(a_body_arrives_whole_or_in_chunks)
{
	static const char answer[] =
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
		"Content-Length: 5\r\nConnection: close\r\n"
		"X-Peer: 127.0.0.1\r\n\r\nhello";

	assert_talk("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		    "Content-Length: 5\r\n\r\nhello",
		    answer);
	assert_talk("PUT /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		    answer);
}

TEST(a_waiting_client_is_told_to_go_on)
{
	struct buf in;
	int fd = dial();

	buf_init(&in, TEXT_MAX);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_true(hear(fd, &in, "HTTP/1.1 100 Continue\r\n\r\n"));
	say(fd, "ok");
	assert_false(hear(fd, &in, NULL));
	assert_non_null(strstr(buf_str(&in), "\r\n\r\nok"));
	buf_done(&in);
	(void)close(fd);
}

TEST(a_wrong_method_names_the_right_ones)
{
	struct buf in;

	talk("DELETE /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	     &in);
	assert_non_null(strstr(buf_str(&in), "405 Method Not Allowed"));
	assert_non_null(strstr(buf_str(&in), "\r\nAllow: POST, PUT\r\n"));
	buf_done(&in);
}

TEST(a_malformed_request_is_answered_and_closed)
{
	struct buf in;

	talk("GET / HTTP/1.1\nHost: x\n\n", &in);
	assert_non_null(strstr(buf_str(&in), "HTTP/1.1 400 Bad Request\r\n"));
	assert_non_null(strstr(buf_str(&in), "Connection: close\r\n"));
	buf_done(&in);
}

TEST(an_answer_before_a_fault_still_comes)
{
	struct buf in;

	talk("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
	     "GET /a b HTTP/1.1\r\n\r\n",
	     &in);
	assert_non_null(strstr(buf_str(&in), "hi /hello?HTTP/1.1 400 "));
	buf_done(&in);
}

/* The client goes on sending; the answer must not be lost by a reset. */
TEST(a_body_over_the_limit_gets_413)
{
	static char block[50000];
	struct buf in;
	int fd = dial();

	memset(block, 'x', sizeof(block));
	buf_init(&in, TEXT_MAX);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 150000\r\n\r\n");
	for (int i = 0; i < 3; i++)
		(void)!send(fd, block, sizeof(block), MSG_NOSIGNAL);
	assert_false(hear(fd, &in, NULL));
	assert_non_null(strstr(buf_str(&in), "413 Content Too Large"));
	buf_done(&in);
	(void)close(fd);
}

TEST(a_big_answer_comes_whole)
{
	struct buf in;

	talk("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &in);
	assert_non_null(strstr(buf_str(&in), "Content-Length: 4000000\r\n"));
	assert_true(in.n > 4000000);
	buf_done(&in);
}

TEST(an_answer_over_the_limit_is_an_error)
{
	struct buf in;

	talk("GET /big?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	     &in);
	assert_non_null(strstr(buf_str(&in), "500 Internal Server Error"));
	buf_done(&in);
}

TEST(http_1_0_is_kept_open_only_when_it_asks)
{
	struct buf in;

	talk("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	     "GET /hello HTTP/1.0\r\n\r\n",
	     &in);
	const char *kept = strstr(buf_str(&in), "Connection: keep-alive\r\n");
	assert_non_null(kept);
	assert_non_null(strstr(kept, "Connection: close\r\n"));
	buf_done(&in);
}

/* Idle connections give way, so that nobody can lock operators out. */
TEST(more_clients_than_places)
{
	int idle[HTTP_SERVER_CONNS];
	struct buf in;

	for (size_t i = 0; i < LENGTH(idle); i++)
		idle[i] = dial();
	talk("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	     &in);
	assert_non_null(strstr(buf_str(&in), "hi /hello?"));
	buf_done(&in);
	for (size_t i = 0; i < LENGTH(idle); i++)
		(void)close(idle[i]);
}

TEST(a_port_in_use_is_named_with_the_cure)
{
	struct err err = { 0 };
	char address[32], text[200];

	(void)snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	(void)snprintf(text, sizeof(text),
		       "metrics.listen: %s is in use: stop the program that "
		       "listens there or set metrics.listen to a free port",
		       address);
	assert_null(start(address, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	assert_string_equal(err.msg, text);
}

TEST(addresses_that_are_none_are_refused)
{
	static const char *const bad[] = {
		"",
		"9187",
		"127.0.0.1",
		"127.0.0.1:",
		"host:80",
		"127.0.0.1:x",
		"127.0.0.1:65536",
		"::1:80",
		"[::1]",
		"[::1:80",
		":80",
		"127.0.0.1:-1",
	};

	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct err err = { 0 };

		assert_null(start(bad[i], &err));
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.msg, "is not host:port"));
	}
}

TEST(an_address_of_another_machine_is_refused)
{
	struct err err = { 0 };

	assert_null(start("192.0.2.1:13201", &err));
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "not an address of this machine"));
}

/* The stopping server cuts idle clients and frees its port at once. */
TEST(stop_and_start_again)
{
	struct err err = { 0 };
	struct buf in;
	int fd;

	buf_init(&in, TEXT_MAX);
	for (int i = 0; i < 3; i++) {
		struct http_server_thread *t = start("localhost:0", &err);

		assert_non_null(t);
		assert_int_not_equal(http_server_thread_port(t), 0);
		http_server_thread_stop(t);
	}
	fd = dial();
	say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hear(fd, &in, "hi /hello?"));
	http_server_thread_stop(server);
	assert_false(hear(fd, &in, NULL));
	server = start("127.0.0.1:0", &err);
	assert_non_null(server);
	port = http_server_thread_port(server);
	(void)close(fd);
	buf_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_handler_gets_path_and_query),
		CASE(head_gets_the_headers_of_get),
		CASE(a_prefix_ends_at_a_segment),
		CASE(a_body_arrives_whole_or_in_chunks),
		CASE(a_waiting_client_is_told_to_go_on),
		CASE(a_wrong_method_names_the_right_ones),
		CASE(a_malformed_request_is_answered_and_closed),
		CASE(an_answer_before_a_fault_still_comes),
		CASE(a_body_over_the_limit_gets_413),
		CASE(a_big_answer_comes_whole),
		CASE(an_answer_over_the_limit_is_an_error),
		CASE(http_1_0_is_kept_open_only_when_it_asks),
		CASE(more_clients_than_places),
		CASE(a_port_in_use_is_named_with_the_cure),
		CASE(addresses_that_are_none_are_refused),
		CASE(an_address_of_another_machine_is_refused),
		CASE(stop_and_start_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
