/* SPDX-License-Identifier: MIT */
/*
 * A played xenstored for one connection of conn_wire.c. It acts where the connection waits, in
 * poll(), so the order is always the same; when it has nothing to send, the time that the
 * connection would wait has passed at once.
 */
#ifndef XENBALLOON_TEST_SERVER_H
#define XENBALLOON_TEST_SERVER_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "conn.h"
#include "wire.h"

static char path[64];
static int listener, server;
static struct conn *conn;
static long long skew_ms;

/* --- the server --- */

static char script[1 << 16];
static size_t written, sent, piece; /* of the script, piece bytes at a time */
static void (*respond)(void);	    /* to what was asked, when the script is at its end */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	long ret = syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += skew_ms / 1000;
	return (int)ret;
}

static inline bool readable(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static inline void act(void)
{
	size_t len = written - sent < piece ? written - sent : piece;

	assert_int_equal(write(server, script + sent, len), len);
	sent += len;
}

/* The C library declares that poll() only writes; this one looks at what was asked for. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
int poll(struct pollfd *fds, nfds_t count, int ms)
{
	const struct timespec none = { 0 };

	if (fds->events == POLLOUT) {
		static char drain[1 << 16];

		assert_true(read(server, drain, sizeof(drain)) > 0);
	} else if (sent < written) {
		act();
	} else if (respond && readable(server)) {
		respond();
	} else {
		skew_ms += ms;
	}
	return ppoll(fds, count, &none, NULL);
}

/* Adds a message to the script. */
static inline void says(uint32_t type, uint32_t req_id, const char *payload, size_t len)
{
	const uint32_t header[] = { type, req_id, 0, (uint32_t)len };

	assert_true(written + sizeof(header) + len <= sizeof(script));
	memcpy(script + written, header, sizeof(header));
	memcpy(script + written + sizeof(header), payload, len);
	written += sizeof(header) + len;
}

static inline void says_event(const char *name)
{
	char payload[256];
	int len = snprintf(payload, sizeof(payload), "%s%c%s", name, '\0', "token");

	says(WIRE_WATCH_EVENT, 0, payload, (size_t)len + 1);
}

/* What was asked must be one message of this type and payload. */
static inline void was_asked(uint32_t type, uint32_t req_id, uint32_t t, const char *payload,
			     size_t len)
{
	struct wire_message message;
	ssize_t got = read(server, &message, sizeof(message));

	assert_int_equal(got, WIRE_HEADER + len);
	assert_int_equal(message.type, type);
	assert_int_equal(message.req_id, req_id);
	assert_int_equal(message.tx_id, t);
	assert_int_equal(message.len, len);
	assert_memory_equal(message.payload, payload, len);
}

static inline void was_asked_nothing(void)
{
	assert_false(readable(server));
}

/* --- each test has a connection of its own --- */

static inline void listen_at_path(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, sizeof(path));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 5), 0);
}

static inline int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/conn-wire-test.%d", (int)getpid());
	setenv("XENSTORED_PATH", path, 1);
	listen_at_path();
	written = sent = 0;
	piece = sizeof(script);
	respond = NULL;
	assert_int_equal(conn_open(&conn), 0);
	server = accept(listener, NULL, NULL);
	return server < 0;
}

static inline int teardown(void **state)
{
	(void)state;
	conn_close(conn);
	if (server >= 0)
		close(server);
	close(listener);
	unlink(path);
	return 0;
}

#endif
