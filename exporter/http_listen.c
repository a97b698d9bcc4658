/* SPDX-License-Identifier: MIT */
/*
 * Opens the listening socket. Knows no HTTP. Called by http.c.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_call.h"
#include "log.h"

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

int http_listen(const char *address)
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
	fd = open_socket(found);
	freeaddrinfo(found);
	if (fd < 0)
		log_error("http: can't listen on %s: %s", address, strerror(-fd));
	return fd;
}
