/* SPDX-License-Identifier: MIT */
/*
 * Malformed SNMP messages, made of real ones.
 *   snmp record PORT AGENT FILE       passes on what comes to PORT, and keeps it
 *   snmp mutate AGENT FILE COUNT SEED sends COUNT mutations of what was kept
 * Every so many, one of the messages kept is sent as it was, and an answer has to come: an agent
 * that hangs or is gone ends the run with a failure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX  4096
#define MESSAGES_MAX 512
#define PROBE_EVERY  50
#define ANSWER_MS    5000

struct message {
	uint16_t len;
	uint8_t bytes[MESSAGE_MAX];
};

static struct message kept[MESSAGES_MAX];
static size_t kept_count;
static uint64_t seed;

/* xorshift64*: the same messages for the same seed, everywhere. */
static uint32_t dice(uint32_t sides)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1d) >> 33) % sides;
}

static struct sockaddr_in local(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int open_to(const char *port)
{
	struct sockaddr_in to = local(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror(port);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void keep(FILE *file, const uint8_t *bytes, ssize_t got)
{
	uint16_t len = (uint16_t)got;

	fwrite(&len, sizeof(len), 1, file);
	fwrite(bytes, 1, len, file);
	fflush(file);
}

static int record(const char *port, const char *agent, const char *path)
{
	struct sockaddr_in here = local(port), client = { 0 };
	socklen_t size = sizeof(client);
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = open_to(agent);
	struct pollfd fds[] = { { .fd = in, .events = POLLIN }, { .fd = out, .events = POLLIN } };
	FILE *file = fopen(path, "ab");
	uint8_t bytes[65536];
	ssize_t got;

	if (in < 0 || !file || bind(in, (struct sockaddr *)&here, sizeof(here)) < 0) {
		perror(path);
		return EXIT_FAILURE;
	}
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents & POLLIN) {
			got = recvfrom(in, bytes, sizeof(bytes), 0, (struct sockaddr *)&client,
				       &size);
			if (got > 0 && got <= MESSAGE_MAX) {
				keep(file, bytes, got);
				send(out, bytes, (size_t)got, 0);
			}
		}
		if (fds[1].revents & POLLIN) {
			got = recv(out, bytes, sizeof(bytes), 0);
			if (got > 0)
				sendto(in, bytes, (size_t)got, 0, (struct sockaddr *)&client, size);
		}
	}
	return EXIT_FAILURE;
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");

	while (file && kept_count < MESSAGES_MAX) {
		struct message *message = &kept[kept_count];

		if (fread(&message->len, sizeof(message->len), 1, file) != 1 ||
		    message->len > MESSAGE_MAX ||
		    fread(message->bytes, 1, message->len, file) != message->len)
			break;
		kept_count++;
	}
	if (file)
		fclose(file);
}

static void flip(struct message *message)
{
	message->bytes[dice(message->len)] ^= (uint8_t)(1u << dice(8));
}

/* Lengths, signs, tags and what borders on them. */
static void overwrite(struct message *message)
{
	static const uint8_t odd[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x30, 0x40,
				       0x41, 0x46, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88,
				       0xa0, 0xa1, 0xa3, 0xa5, 0xfe, 0xff };

	message->bytes[dice(message->len)] = odd[dice(sizeof(odd))];
}

static void cut(struct message *message)
{
	message->len = (uint16_t)(1 + dice(message->len));
}

static void take_out(struct message *message)
{
	uint32_t at = dice(message->len), len = 1 + dice(16);

	if (at + len >= message->len)
		return;
	memmove(message->bytes + at, message->bytes + at + len, message->len - at - len);
	message->len = (uint16_t)(message->len - len);
}

static void put_in(struct message *message)
{
	uint32_t at = dice(message->len), len = 1 + dice(64);
	uint8_t fill = (uint8_t)dice(256);

	if (message->len + len > MESSAGE_MAX)
		return;
	memmove(message->bytes + at + len, message->bytes + at, message->len - at);
	memset(message->bytes + at, fill, len);
	message->len = (uint16_t)(message->len + len);
}

/* The head of one message, the tail of another. */
static void splice(struct message *message)
{
	const struct message *other = &kept[dice((uint32_t)kept_count)];
	uint32_t at = dice(message->len), from = dice(other->len);

	if (at + other->len - from > MESSAGE_MAX)
		return;
	memcpy(message->bytes + at, other->bytes + from, other->len - from);
	message->len = (uint16_t)(at + other->len - from);
	if (message->len == 0)
		message->len = 1;
}

static void mutate(struct message *message)
{
	static void (*const ways[])(struct message *) = { flip,	     flip,	overwrite,
							  overwrite, overwrite, cut,
							  take_out,  put_in,	splice };

	for (uint32_t times = 1 + dice(4); times > 0; times--)
		ways[dice(sizeof(ways) / sizeof(ways[0]))](message);
}

static void drain(int fd)
{
	uint8_t bytes[65536];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 || errno == ECONNREFUSED)
		if (errno == ECONNREFUSED)
			break;
}

/* The first message kept is one that anybody gets an answer to. */
static bool answers(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	uint8_t bytes[65536];

	drain(fd);
	return send(fd, kept[0].bytes, kept[0].len, 0) == kept[0].len &&
	       poll(&waiting, 1, ANSWER_MS) == 1 && recv(fd, bytes, sizeof(bytes), 0) > 0;
}

static int send_all(const char *agent, unsigned long count)
{
	int fd = open_to(agent), probe = open_to(agent);

	for (unsigned long i = 0; i < count; i++) {
		struct message message = kept[dice((uint32_t)kept_count)];

		mutate(&message);
		send(fd, message.bytes, message.len, 0);
		if (i % PROBE_EVERY != PROBE_EVERY - 1)
			continue;
		drain(fd);
		if (!answers(probe)) {
			printf("no answer after message %lu\n", i + 1);
			return EXIT_FAILURE;
		}
	}
	printf("%lu messages sent, made of %zu\n", count, kept_count);
	return answers(probe) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "record") == 0)
		return record(argv[2], argv[3], argv[4]);
	if (argc != 6 || strcmp(argv[1], "mutate") != 0) {
		fprintf(stderr,
			"usage: snmp record PORT AGENT FILE | mutate AGENT FILE COUNT SEED\n");
		return EXIT_FAILURE;
	}
	seed = strtoull(argv[5], NULL, 10) | 1;
	load(argv[3]);
	if (kept_count == 0) {
		fprintf(stderr, "%s: nothing was kept\n", argv[3]);
		return EXIT_FAILURE;
	}
	printf("seed %s\n", argv[5]);
	return send_all(argv[2], strtoul(argv[4], NULL, 10));
}
