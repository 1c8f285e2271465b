#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { BACKLOG = 1024 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool host_parse(const char *host, uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(port);
		return true;
	}
	return false;
}

/* host:port, the host in brackets when it holds colons. */
static bool address_parse(const char *text, union address *ret)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	uint64_t port;

	if (!colon || !str_to_u64(str_of(colon + 1), &port) || port > 65535)
		return false;
	struct str name = { text, (size_t)(colon - text) };
	if (name.n > 2 && name.at[0] == '[' && name.at[name.n - 1] == ']')
		name = (struct str){ name.at + 1, name.n - 2 };
	else if (memchr(name.at, ':', name.n))
		return false;
	if (str_eqs(name, "localhost"))
		name = STR("127.0.0.1");
	if (name.n == 0 || name.n >= sizeof(host))
		return false;
	memcpy(host, name.at, name.n);
	host[name.n] = '\0';
	return host_parse(host, (uint16_t)port, ret);
}

static socklen_t address_size(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4)
						 : sizeof(address->v6);
}

static int refuse(const struct http_listen *how, int number, struct err *err)
{
	const char *setting = how->setting, *address = how->address;

	switch (number) {
	case EADDRINUSE:
		return err_set(err, ERR_CONFIG,
			       "%s: %s is in use: stop the program that "
			       "listens there or set %s to a free port",
			       setting, address, setting);
	case EADDRNOTAVAIL:
		return err_set(err, ERR_CONFIG,
			       "%s: %s is not an address of this machine: "
			       "use one of `ip addr`, or 0.0.0.0 for all",
			       setting, address);
	case EACCES:
		return err_set(err, ERR_CONFIG,
			       "%s: may not listen on %s: use a port from "
			       "1024 on, or grant CAP_NET_BIND_SERVICE",
			       setting, address);
	case EMFILE:
	case ENFILE:
		return err_set(err, ERR_LIMIT,
			       "%s: no file descriptor left for %s: raise "
			       "LimitNOFILE",
			       setting, address);
	default:
		return err_set(err, ERR_CONFIG, "%s: cannot listen on %s: %s",
			       setting, address, strerror(number));
	}
}

/* 0, or the errno of what failed. */
static int start(int fd, const struct http_listen *how, union address *address)
{
	socklen_t size = address_size(address);
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (how->reuse_port &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0))
		return errno;
	if (bind(fd, &address->any, size) != 0)
		return errno;
	if (listen(fd, BACKLOG) != 0)
		return errno;
	if (getsockname(fd, &address->any, &size) != 0)
		return errno;
	return 0;
}

int http_listen(const struct http_listen *how, int *ret_fd, uint16_t *ret_port,
		struct err *err)
{
	union address address;

	if (!address_parse(how->address, &address))
		return err_set(err, ERR_CONFIG,
			       "%s: \"%s\" is not host:port; give a numeric "
			       "host, as in 127.0.0.1:9187 or [::1]:9187",
			       how->setting, how->address);
	int fd = socket(address.any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(how, errno, err);
	int failed = start(fd, how, &address);
	if (failed) {
		(void)close(fd);
		return refuse(how, failed, err);
	}
	*ret_fd = fd;
	*ret_port =
		ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port
						       : address.v6.sin6_port);
	return 0;
}
