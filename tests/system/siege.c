/* SPDX-License-Identifier: MIT */
/*
 * Holds so many connections to a server and treats it badly on each, in one of the ways below;
 * where it is cut off, it comes again. Writes a line of counts each second. Ends by a signal.
 *	siege PORT KIND COUNT [ADDRESSES]
 * ADDRESSES: so many of 127.0.0.2, 127.0.0.3, ... take turns as its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define POST "POST /api/v1/selfballoon HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

struct kind {
	const char *name;
	const char *first;     /* what a connection begins with */
	size_t first_len;      /* 0: up to its NUL */
	const char *more;      /* and goes on with */
	unsigned int every_ms; /* 0: as fast as it is taken */
};

#define NO_ADDRESS UINT32_MAX

static char filler[16384], header[4096];

static const struct kind kinds[] = {
	{ "silent", "", 0, "", 1000 },
	{ "slow", "GET /metrics HTTP/1.1\r\nX-a: ", 0, "b", 500 },
	{ "slow-body", POST "Content-Length: 60000\r\n\r\n", 0, " ", 500 },
	{ "tls", "\x16\x03\x01\x02\x00\x01\x00", 7, "a", 500 },
	{ "endless", "GET / HTTP/1.1\r\n", 0, header, 0 },
	{ "body", POST "Content-Length: 10485760\r\n\r\n", 0, filler, 0 },
	{ "chunks", POST "Transfer-Encoding: chunked\r\n\r\n100000\r\n", 0, filler, 0 },
	{ "smuggle",
	  POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
	  0, "", 100 },
};

struct connection {
	bool open;
	int64_t next_ms;
};

/* Who is cut off waits so long, or it would be a flood of connections that is measured. */
#define AGAIN_MS 100

static unsigned long opened, cut, refused;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int dial(uint16_t port, unsigned int own)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in self = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	self.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + own);
	if (fd >= 0 && own != NO_ADDRESS && bind(fd, (struct sockaddr *)&self, sizeof(self)))
		perror("bind");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof(server)) &&
	    errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Reads away what the server says. False: it has hung up. */
static bool drain(int fd)
{
	char bytes[4096];
	ssize_t got;

	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got > 0);
	return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool speak(int fd, struct connection *one, const struct kind *kind, int64_t now)
{
	const char *text = one->open ? kind->more : kind->first;
	size_t len = one->open || !kind->first_len ? strlen(text) : kind->first_len;

	opened += !one->open;
	one->open = true;
	one->next_ms = now + kind->every_ms;
	return !len || send(fd, text, len, MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

static void tend(struct pollfd *poll_fd, struct connection *one, const struct kind *kind,
		 int64_t now)
{
	bool good = true;

	if (poll_fd->revents & (POLLIN | POLLHUP | POLLERR))
		good = drain(poll_fd->fd);
	if (good && poll_fd->revents & POLLOUT && now >= one->next_ms)
		good = speak(poll_fd->fd, one, kind, now);
	if (good)
		return;
	*(one->open ? &cut : &refused) += 1;
	close(poll_fd->fd);
	poll_fd->fd = -1;
	*one = (struct connection){ .next_ms = now + AGAIN_MS };
}

static void tell(void)
{
	printf("opened %lu cut %lu refused %lu\n", opened, cut, refused);
	fflush(stdout);
}

static void run(uint16_t port, const struct kind *kind, unsigned int count, unsigned int addresses)
{
	struct pollfd *polls = calloc(count, sizeof(*polls));
	struct connection *connections = calloc(count, sizeof(*connections));
	int64_t told = 0;

	for (unsigned int i = 0; i < count; i++)
		polls[i].fd = -1;
	for (;;) {
		int64_t now = now_ms();

		for (unsigned int i = 0; i < count; i++) {
			bool due = now >= connections[i].next_ms;

			if (polls[i].fd < 0 && due)
				polls[i].fd = dial(port, addresses ? i % addresses : NO_ADDRESS);
			polls[i].events = due ? POLLIN | POLLOUT : POLLIN;
		}
		if (poll(polls, count, 20) < 0)
			exit(EXIT_FAILURE);
		for (unsigned int i = 0; i < count; i++)
			if (polls[i].fd >= 0 && polls[i].revents)
				tend(&polls[i], &connections[i], kind, now);
		if (now - told < 1000)
			continue;
		tell();
		told = now;
	}
}

int main(int argc, char **argv)
{
	memset(filler, ' ', sizeof(filler) - 1);
	memset(header, 'h', sizeof(header) - 1);
	memcpy(header, "X-", 2);
	memcpy(header + sizeof(header) - 6, ": b\r\n", 5);
	for (size_t i = 0; argc >= 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[2], kinds[i].name))
			run((uint16_t)atoi(argv[1]), &kinds[i], (unsigned int)atoi(argv[3]),
			    argc > 4 ? (unsigned int)atoi(argv[4]) : 0);
	fputs("usage: siege PORT KIND COUNT [ADDRESSES]\n", stderr);
	return EXIT_FAILURE;
}
