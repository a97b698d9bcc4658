/* SPDX-License-Identifier: MIT */
/*
 * A bulk walk that does nothing with what it gets but count, so that the agent is what is measured
 * and not the client. walker PORT COMMUNITY OID REPETITIONS WALKS: SNMPv2c to 127.0.0.1; prints
 * varbinds and microseconds of the quickest walk.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX    65536
#define NAME_MAX_BYTES 200

struct bytes {
	const uint8_t *at, *end;
};

/* One element: its tag, and what is inside; false at the end or where it makes no sense. */
static bool element(struct bytes *from, uint8_t *tag, struct bytes *inside)
{
	size_t len, more = 0;

	if (from->end - from->at < 2)
		return false;
	*tag = *from->at++;
	len = *from->at++;
	if (len & 0x80) {
		more = len & 0x7f;
		len = 0;
	}
	for (; more && from->at < from->end; more--)
		len = len << 8 | *from->at++;
	if (more || len > (size_t)(from->end - from->at))
		return false;
	inside->at = from->at;
	inside->end = from->at + len;
	from->at += len;
	return true;
}

static size_t wrap(uint8_t *to, uint8_t tag, const uint8_t *inside, size_t len)
{
	to[0] = tag;
	to[1] = 0x82;
	to[2] = (uint8_t)(len >> 8);
	to[3] = (uint8_t)len;
	memmove(to + 4, inside, len);
	return len + 4;
}

/* GETBULK of what follows the encoded name. */
static size_t request(uint8_t *to, const char *community, const uint8_t *name, size_t len,
		      uint8_t repetitions)
{
	uint8_t a[1024], b[1024], pdu[1024];
	const uint8_t null[] = { 0x05, 0x00 };
	size_t used = wrap(a, 0x06, name, len), head;

	memcpy(a + used, null, sizeof(null));
	used = wrap(b, 0x30, a, used + sizeof(null));
	used = wrap(a, 0x30, b, used);
	memcpy(pdu, (const uint8_t[]){ 2, 1, 1, 2, 1, 0, 2, 1, repetitions }, 9);
	memcpy(pdu + 9, a, used);
	used = wrap(a, 0xa5, pdu, used + 9);
	memcpy(b, (const uint8_t[]){ 2, 1, 1, 4, (uint8_t)strlen(community) }, 5);
	memcpy(b + 5, community, strlen(community));
	head = 5 + strlen(community);
	memcpy(b + head, a, used);
	return wrap(to, 0x30, b, head + used);
}

/* Counts the varbinds below the root, and keeps the last name. False: the walk has ended. */
static bool count(struct bytes message, const uint8_t *root, size_t root_len, uint8_t *name,
		  size_t *len, unsigned long *varbinds)
{
	struct bytes inside, list, varbind, oid, value;
	uint8_t tag;

	if (!element(&message, &tag, &inside) || !element(&inside, &tag, &value) ||
	    !element(&inside, &tag, &value) || !element(&inside, &tag, &list) || tag != 0xa2)
		exit(EXIT_FAILURE);
	for (int i = 0; i < 3; i++)
		if (!element(&list, &tag, &value))
			exit(EXIT_FAILURE);
	if (!element(&list, &tag, &inside))
		exit(EXIT_FAILURE);
	while (element(&inside, &tag, &varbind)) {
		if (!element(&varbind, &tag, &oid) || !element(&varbind, &tag, &value))
			exit(EXIT_FAILURE);
		*len = (size_t)(oid.end - oid.at);
		if (*len < root_len || *len > NAME_MAX_BYTES ||
		    memcmp(oid.at, root, root_len) != 0 || tag == 0x82)
			return false;
		memcpy(name, oid.at, *len);
		(*varbinds)++;
	}
	return true;
}

static unsigned long walk(int fd, const char *community, const uint8_t *root, size_t root_len,
			  uint8_t repetitions)
{
	static uint8_t message[MESSAGE_MAX];
	uint8_t name[NAME_MAX_BYTES];
	size_t len = root_len;
	unsigned long varbinds = 0;
	ssize_t got;

	memcpy(name, root, root_len);
	do {
		size_t size = request(message, community, name, len, repetitions);

		if (send(fd, message, size, 0) < 0)
			exit(EXIT_FAILURE);
		got = recv(fd, message, sizeof(message), 0);
		if (got <= 0) {
			perror("no answer");
			exit(EXIT_FAILURE);
		}
	} while (count((struct bytes){ message, message + got }, root, root_len, name, &len,
		       &varbinds));
	return varbinds;
}

static size_t encode(const char *text, uint8_t *to)
{
	char *rest;
	unsigned long first = strtoul(text, &rest, 10), number;
	size_t len = 0;

	number = first * 40 + strtoul(rest + 1, &rest, 10);
	to[len++] = (uint8_t)number;
	while (*rest == '.') {
		number = strtoul(rest + 1, &rest, 10);
		for (int shift = 28; shift > 0; shift -= 7)
			if (number >> shift)
				to[len++] = (uint8_t)(0x80 | (number >> shift & 0x7f));
		to[len++] = number & 0x7f;
	}
	return len;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timeval patience = { .tv_sec = 10 };
	uint8_t root[NAME_MAX_BYTES];
	unsigned long varbinds = 0;
	int64_t least = INT64_MAX;
	size_t len;
	int fd;

	if (argc != 6)
		return EXIT_FAILURE;
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = encode(argv[3], root);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return EXIT_FAILURE;
	for (int i = 0; i < atoi(argv[5]); i++) {
		int64_t start = now_us();

		varbinds = walk(fd, argv[2], root, len, (uint8_t)atoi(argv[4]));
		if (now_us() - start < least)
			least = now_us() - start;
	}
	printf("%lu %lld\n", varbinds, (long long)least);
	return EXIT_SUCCESS;
}
