#include "tests/unit/router/faulty.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/defs.h"

struct peer {
	struct faulty *server;
	int fd;
};

static const char *const names[] = {
#define NAME(mode) #mode,
	FAULTY_MODES(NAME)
#undef NAME
};

const char *faulty_mode_name(enum faulty_mode mode)
{
	return names[mode];
}

static void send_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

static void say(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

/* Up to the empty line; false at the end of the connection. */
static bool head_read(int fd, char *head, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && recv(fd, head + n, 1, 0) == 1) {
		head[++n] = '\0';
		if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

static long body_read(int fd, long left)
{
	char part[16384];
	long got = 0;

	while (got < left) {
		long want = left - got;
		ssize_t n = recv(fd, part,
				 want < (long)sizeof(part) ? (size_t)want
							   : sizeof(part),
				 0);

		if (n <= 0)
			break;
		got += n;
	}
	return got;
}

/* Chunks, by their sizes alone. */
static long chunks_read(int fd)
{
	long got = 0;

	for (;;) {
		char line[32];
		size_t n = 0;
		long size;

		while (n < sizeof(line) - 1 && recv(fd, line + n, 1, 0) == 1 &&
		       line[n++] != '\n')
			;
		line[n] = '\0';
		size = strtol(line, NULL, 16);
		if (size <= 0) {
			(void)body_read(fd, 2);
			return got;
		}
		got += body_read(fd, size);
		(void)body_read(fd, 2);
	}
}

static void reset(int fd)
{
	struct linger now = { 1, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void say_ok(const struct peer *peer, const char *extra)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
			 "X-Peer: %s\r\n\r\n%s%s",
			 strlen(peer->server->name), peer->server->name,
			 peer->server->name, extra);

	send_all(peer->fd, text, (size_t)n);
}

static void say_big(const struct peer *peer)
{
	static char part[100000];
	char text[128];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
			 FAULTY_BIG_BYTES);

	send_all(peer->fd, text, (size_t)n);
	memset(part, 'b', sizeof(part));
	for (size_t i = 0; i < FAULTY_BIG_BYTES / sizeof(part); i++)
		send_all(peer->fd, part, sizeof(part));
}

static void say_chunked(const struct peer *peer, bool whole)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "%zx\r\n%s\r\n%s",
			 strlen(peer->server->name) + (whole ? 0 : 50),
			 peer->server->name, whole ? "0\r\n\r\n" : "");

	send_all(peer->fd, text, (size_t)n);
}

/* False: the connection is over. */
static bool fault(const struct peer *peer, enum faulty_mode mode)
{
	int fd = peer->fd;

	switch ((int)mode) {
	case FAULTY_RESET:
		reset(fd);
		break;
	case FAULTY_HALF_HEAD:
		say(fd, "HTTP/1.1 20");
		break;
	case FAULTY_HALF_BODY:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
		usleep(20000); /* so that the half arrives by itself */
		break;
	case FAULTY_HALF_CHUNK:
		say_chunked(peer, false);
		break;
	case FAULTY_NO_LENGTH:
		say(fd, "HTTP/1.1 200 OK\r\n\r\n");
		say(fd, peer->server->name);
		break;
	case FAULTY_JUNK:
		say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
		break;
	case FAULTY_SWITCH:
		say(fd, "HTTP/1.1 101 Switching Protocols\r\n"
			"Connection: upgrade\r\nUpgrade: x\r\n\r\n");
		usleep(20000);
		break;
	case FAULTY_BOTH:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
		break;
	case FAULTY_STALE:
		say_ok(peer, "");
		break;
	default:
		break;
	}
	return false;
}

static bool answer(const struct peer *peer, enum faulty_mode mode)
{
	int fd = peer->fd;

	switch ((int)mode) {
	case FAULTY_SLOW:
		usleep(FAULTY_SLOW_MS * 1000);
		say_ok(peer, "");
		return true;
	case FAULTY_OK:
		say_ok(peer, "");
		return true;
	case FAULTY_EXTRA:
		say_ok(peer,
		       "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL");
		return true;
	case FAULTY_CHUNKED:
		say_chunked(peer, true);
		return true;
	case FAULTY_BIG:
		say_big(peer);
		return true;
	case FAULTY_ERROR_500:
		say(fd, "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh");
		return true;
	case FAULTY_ERROR_503:
		say(fd, "HTTP/1.1 503 Oh\r\nContent-Length: 2\r\n\r\noh");
		return true;
	case FAULTY_NOT_FOUND:
		say(fd, "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
		return true;
	default:
		return fault(peer, mode);
	}
}

static void body_take(const struct peer *peer, const char *head)
{
	const char *length = strcasestr(head, "\r\nContent-Length: ");
	long n = 0;

	if (strcasestr(head, "\r\nTransfer-Encoding: chunked"))
		n = chunks_read(peer->fd);
	else if (length)
		n = body_read(peer->fd, strtol(length + 18, NULL, 10));
	atomic_fetch_add(&peer->server->body_bytes, n);
}

/* Connections have a thread each; whoever reads it has its answer. */
static void head_keep(struct faulty *server, const char *head, size_t size)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	memcpy(server->last_head, head, size);
	pthread_mutex_unlock(&lock);
}

static void *peer_main(void *arg)
{
	struct peer *peer = arg;
	struct faulty *server = peer->server;
	char head[16384];
	bool more = true;

	while (more && head_read(peer->fd, head, sizeof(head))) {
		enum faulty_mode mode =
			(enum faulty_mode)atomic_load(&server->mode);

		head_keep(server, head, sizeof(head));
		atomic_fetch_add(&server->requests, 1);
		if (mode == FAULTY_EARLY) {
			say(peer->fd, "HTTP/1.1 413 Big\r\nContent-Length: 3"
				      "\r\n\r\nbig");
			usleep(300000);
			break;
		}
		body_take(peer, head);
		more = answer(peer, mode);
	}
	(void)close(peer->fd);
	free(peer);
	return NULL;
}

static void *server_main(void *arg)
{
	struct faulty *server = arg;

	for (;;) {
		struct peer *peer = malloc(sizeof(*peer));
		pthread_t thread;

		if (!peer)
			abort();
		peer->server = server;
		peer->fd = accept(server->fd, NULL, NULL);
		atomic_fetch_add(&server->connections, 1);
		if (pthread_create(&thread, NULL, peer_main, peer) != 0)
			abort();
		(void)pthread_detach(thread);
	}
	return NULL;
}

void faulty_start(struct faulty *server, const char *name)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr =
					       htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(address);
	pthread_t thread;

	server->name = name;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 ||
	    bind(server->fd, (struct sockaddr *)&address, n) < 0 ||
	    listen(server->fd, 128) < 0 ||
	    getsockname(server->fd, (struct sockaddr *)&address, &n) < 0)
		abort();
	server->port = ntohs(address.sin_port);
	if (pthread_create(&thread, NULL, server_main, server) != 0)
		abort();
	(void)pthread_detach(thread);
}

void faulty_set(struct faulty *server, enum faulty_mode mode)
{
	atomic_store(&server->mode, mode);
	atomic_store(&server->connections, 0);
	atomic_store(&server->requests, 0);
	atomic_store(&server->body_bytes, 0);
}
