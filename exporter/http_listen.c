/* SPDX-License-Identifier: MIT */
/*
 * Opens listening sockets. Knows no HTTP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "http_call.h"
#include "inherit.h"

static int open_socket(const struct sockaddr *address, socklen_t len, int v6_only)
{
	const int on = 1;
	int rc, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (address->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only))) ||
	    bind(fd, address, len) || listen(fd, SOMAXCONN)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int open_v4(const char *host, unsigned int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, host, &address.sin_addr);
	return open_socket((const struct sockaddr *)&address, sizeof(address), 0);
}

/* All of IPv6 takes IPv4 along, unless another socket has the port of that. */
static int open_v6(const char *host, unsigned int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
					.sin6_port = htons((uint16_t)port) };
	int fd;

	inet_pton(AF_INET6, host, &address.sin6_addr);
	fd = open_socket((const struct sockaddr *)&address, sizeof(address), 0);
	if (fd == -EADDRINUSE)
		fd = open_socket((const struct sockaddr *)&address, sizeof(address), 1);
	return fd;
}

int http_listen(const char *text)
{
	struct address address;
	int fd = inherit_open(text);

	if (fd >= 0)
		return fd;
	if (!address_parse_listen(text, &address))
		return -EINVAL;
	if (address.v6)
		return open_v6(address.host, address.port);
	if (*address.host)
		return open_v4(address.host, address.port);
	/* A host without IPv6 has all of IPv4. */
	fd = open_v6("::", address.port);
	return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? open_v4("0.0.0.0", address.port) : fd;
}
