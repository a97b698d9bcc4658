/* SPDX-License-Identifier: MIT */
/*
 * Opens the listening socket. Knows no HTTP. Called by http.c.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_call.h"
#include "log.h"

static bool is_loopback(const struct sockaddr *address)
{
	struct in6_addr six;
	struct in_addr four;

	if (address->sa_family == AF_INET) {
		four = ((const struct sockaddr_in *)(const void *)address)->sin_addr;
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	six = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

/* Splits ADDRESS:PORT or [V6]:PORT in place. */
static bool split(char *text, const char **host, const char **port)
{
	char *colon = strrchr(text, ':');

	if (!colon || !colon[1])
		return false;
	*colon = 0;
	*host = text;
	*port = colon + 1;
	if (*text == '[') {
		if (colon == text || colon[-1] != ']')
			return false;
		colon[-1] = 0;
		*host = text + 1;
	} else if (strchr(text, ':')) {
		return false;
	}
	return **host;
}

static int open_socket(const struct addrinfo *found)
{
	const int on = 1;
	int rc, fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, SOMAXCONN)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int http_listen(const char *address, bool *loopback)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	const char *host, *port;
	uint64_t number;
	char text[160];
	int fd;

	snprintf(text, sizeof(text), "%s", address);
	/* getaddrinfo() takes 65537 for 1. */
	if (!split(text, &host, &port) ||
	    !contract_parse_number(port, strlen(port), UINT16_MAX, &number) ||
	    getaddrinfo(host, port, &hints, &found)) {
		log_error("http.listen \"%s\" is no address; right would be 127.0.0.1:10047 or "
			  "[::1]:10047",
			  address);
		return -EINVAL;
	}
	*loopback = is_loopback(found->ai_addr);
	fd = open_socket(found);
	freeaddrinfo(found);
	if (fd < 0)
		log_error("http: can't listen on %s: %s", address, strerror(-fd));
	return fd;
}
