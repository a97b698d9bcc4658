/* SPDX-License-Identifier: MIT */
/*
 * conn.h by the wire protocol: over the device that Linux gives a guest, or over a socket. At most
 * one request is under way. Replies and events come in one stream, so events that precede a reply
 * are kept. What the server sends is checked; what breaks the protocol ends the connection.
 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

/* A busy xenstored with a thousand guests takes a tenth of a second. */
#define ANSWER_MS 10000

/* Far more than dom0 causes while one request is under way. */
#define EVENTS_MAX 64

/* Stands for events that found no room. */
#define ANY_PATH "memory"

struct conn {
	int fd;
	bool socket;
	bool waiting; /* a request is under way */
	bool late;    /* and its answer did not come in time */
	bool lost;    /* events found no room */
	unsigned int first, count;
	char events[EVENTS_MAX][CONN_PATH_MAX + 1];
	struct wire_message out;
	struct wire_reader in;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- open and close --- */

static const char *place(void)
{
	static const char device[] = "/dev/xen/xenbus", older[] = "/proc/xen/xenbus";
	const char *named = getenv("XENSTORED_PATH");

	if (named && *named)
		return named;
	return access(device, F_OK) != 0 && access(older, F_OK) == 0 ? older : device;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int open_place(const char *path, bool *socket)
{
	struct stat found;
	int fd;

	if (stat(path, &found) != 0)
		return -errno;
	*socket = S_ISSOCK(found.st_mode);
	if (*socket)
		return open_socket(path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int conn_open(struct conn **conn)
{
	struct conn *new = calloc(1, sizeof(*new));

	*conn = NULL;
	if (!new)
		return -ENOMEM;
	new->fd = open_place(place(), &new->socket);
	if (new->fd < 0) {
		int err = new->fd;

		free(new);
		return err;
	}
	*conn = new;
	return 0;
}

void conn_close(struct conn *conn)
{
	if (!conn)
		return;
	close(conn->fd);
	free(conn);
}

int conn_fd(const struct conn *conn)
{
	return conn->fd;
}

/* --- what comes in --- */

static void copy_path(char to[CONN_PATH_MAX + 1], const char *path)
{
	size_t len = strnlen(path, CONN_PATH_MAX);

	memcpy(to, path, len);
	to[len] = '\0';
}

static int keep_event(struct conn *conn)
{
	const char *path = wire_event_path(&conn->in.message);

	if (!path)
		return -ENOTCONN;
	if (conn->count == EVENTS_MAX)
		conn->lost = true;
	else
		copy_path(conn->events[(conn->first + conn->count++) % EVENTS_MAX], path);
	return 0;
}

/* 1 for the answer to the request that is under way, 0 for an event, which is kept. */
static int sort_message(struct conn *conn)
{
	const struct wire_message *message = &conn->in.message;

	if (message->type == WIRE_WATCH_EVENT)
		return keep_event(conn);
	if (!conn->waiting || message->req_id != conn->out.req_id ||
	    (message->type != conn->out.type && message->type != WIRE_ERROR))
		return -ENOTCONN;
	conn->waiting = false;
	return 1;
}

/* Takes bytes in without blocking: 1 with the answer, 0 without, -EAGAIN if nothing has come. */
static int take(struct conn *conn)
{
	ssize_t len = read(conn->fd, wire_room(&conn->in), wire_wants(&conn->in));
	int whole;

	if (len < 0 && errno == EINTR)
		return 0;
	if (len < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (len <= 0)
		return -ENOTCONN;
	whole = wire_got(&conn->in, (size_t)len);
	if (whole < 0)
		return -ENOTCONN;
	return whole ? sort_message(conn) : 0;
}

/* An answer that came too late ends the connection: what it granted is unknown to the caller. */
static int take_late(struct conn *conn)
{
	int got;

	do
		got = take(conn);
	while (got == 0);
	return got == -EAGAIN ? -ETIMEDOUT : -ENOTCONN;
}

bool conn_has_event(const struct conn *conn)
{
	return !conn->late && (conn->count > 0 || conn->lost);
}

static void pop_event(struct conn *conn, char path[CONN_PATH_MAX + 1])
{
	if (conn->count == 0) {
		conn->lost = false;
		copy_path(path, ANY_PATH);
		return;
	}
	copy_path(path, conn->events[conn->first]);
	conn->first = (conn->first + 1) % EVENTS_MAX;
	conn->count--;
}

int conn_event(struct conn *conn, char path[CONN_PATH_MAX + 1])
{
	int got = 0;

	if (conn->late)
		return take_late(conn) == -ETIMEDOUT ? 0 : -ENOTCONN;
	while (got == 0 && !conn_has_event(conn))
		got = take(conn);
	if (!conn_has_event(conn))
		return got == -EAGAIN ? 0 : -ENOTCONN;
	pop_event(conn, path);
	return 1;
}

/* --- requests --- */

/* False when the time has come. */
static bool wait_for(const struct conn *conn, short events, int64_t until)
{
	struct pollfd fd = { .fd = conn->fd, .events = events };
	int64_t left = until - now_ms();

	if (left <= 0)
		return false;
	poll(&fd, 1, (int)left);
	return true;
}

static ssize_t put(const struct conn *conn, const char *bytes, size_t len)
{
	/* A device takes no send(), and a server that has gone must not end this program. */
	return conn->socket ? send(conn->fd, bytes, len, MSG_NOSIGNAL)
			    : write(conn->fd, bytes, len);
}

/* In one write(), as the device wants it; a socket whose buffer is full takes the rest later. */
static int send_message(const struct conn *conn, int64_t until)
{
	const char *bytes = (const char *)&conn->out;
	size_t left = wire_size(&conn->out);

	while (left > 0) {
		ssize_t len = put(conn, bytes, left);

		if (len > 0) {
			bytes += len;
			left -= (size_t)len;
		} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
			return -ENOTCONN;
		} else if (!wait_for(conn, POLLOUT, until)) {
			return -ENOTCONN; /* half a message: nothing can follow it */
		}
	}
	return 0;
}

static int await(struct conn *conn, int64_t until)
{
	int got;

	while ((got = take(conn)) <= 0) {
		if (got == -ENOTCONN)
			return got;
		if (got == -EAGAIN ? !wait_for(conn, POLLIN, until) : now_ms() >= until) {
			conn->late = true;
			return -ETIMEDOUT;
		}
	}
	return conn->in.message.type == WIRE_ERROR ? -wire_error(&conn->in.message) : 0;
}

/* Sends what conn->out holds and waits for its answer, which conn->in.message then is. */
static int ask(struct conn *conn)
{
	int64_t until = now_ms() + ANSWER_MS;
	int err;

	conn->waiting = true;
	err = send_message(conn, until);
	return err ? err : await(conn, until);
}

/* Begins conn->out with a text, its terminator included. */
static int prepare(struct conn *conn, enum wire_type type, uint32_t t, const char *text)
{
	if (conn->late)
		return take_late(conn);
	wire_begin(&conn->out, type, conn->out.req_id + 1, t);
	return wire_add(&conn->out, text, strlen(text) + 1) ? 0 : -E2BIG;
}

int conn_watch(struct conn *conn, const char *path)
{
	int err = prepare(conn, WIRE_WATCH, 0, path);

	if (!err && !wire_add(&conn->out, path, strlen(path) + 1))
		err = -E2BIG;
	return err ? err : ask(conn);
}

int conn_read(struct conn *conn, uint32_t t, const char *path, struct conn_value *value)
{
	const struct wire_message *reply = &conn->in.message;
	int err = prepare(conn, WIRE_READ, t, path);

	if (!err)
		err = ask(conn);
	value->len = err ? 0 : reply->len;
	memcpy(value->text, reply->payload, value->len);
	value->text[value->len] = '\0';
	return err;
}

int conn_write(struct conn *conn, uint32_t t, const char *path, const char *text)
{
	int err = prepare(conn, WIRE_WRITE, t, path);

	if (!err && !wire_add(&conn->out, text, strlen(text)))
		err = -E2BIG;
	return err ? err : ask(conn);
}

int conn_begin(struct conn *conn, uint32_t *t)
{
	int err = prepare(conn, WIRE_TRANSACTION_START, 0, "");

	if (!err)
		err = ask(conn);
	*t = err ? 0 : wire_transaction(&conn->in.message);
	return err || *t ? err : -ENOTCONN;
}

int conn_end(struct conn *conn, uint32_t t, bool commit)
{
	int err = prepare(conn, WIRE_TRANSACTION_END, t, commit ? "T" : "F");

	return err ? err : ask(conn);
}
