/* SPDX-License-Identifier: MIT */
/*
 * One connection of this guest with xenstored, by paths and bytes; xenbus.h gives them a meaning.
 * Two sources keep this contract, and a program is linked with one of them: guest/conn_lib.c by
 * libxenstore, guest/conn_wire.c by the wire protocol itself. XENSTORED_PATH in the environment
 * names another device or socket for both.
 *
 * Calls return 0 or what the server answered as a negative errno (ENOENT, EACCES, EPERM, EROFS,
 * ENOSPC, E2BIG, EAGAIN, EBUSY). -ENOTCONN: the connection is of no more use; close it.
 * -ETIMEDOUT, from conn_wire.c only: the server has not answered in time. The connection sends
 * nothing more. Each further call is -ETIMEDOUT, and -ENOTCONN once the late answer is there. One
 * thread per connection.
 */
#ifndef XENBALLOON_CONN_H
#define XENBALLOON_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest value and longest path that an event gives, without their terminators, in bytes. */
#define CONN_VALUE_MAX 4096
#define CONN_PATH_MAX  63

struct conn;

struct conn_value {
	size_t len;
	char text[CONN_VALUE_MAX + 1]; /* with a terminator behind len bytes */
};

/* On failure *conn is NULL and the errno is that of the device or socket. */
int conn_open(struct conn **conn);
/* NULL is taken. */
void conn_close(struct conn *conn);

/* Polls readable when the server has sent something. */
int conn_fd(const struct conn *conn);

int conn_watch(struct conn *conn, const char *path);

/* True if an event was taken in already, so that conn_fd() need not poll readable for it. */
bool conn_has_event(const struct conn *conn);

/*
 * Takes one event without blocking: 1 with its path, cut after CONN_PATH_MAX bytes; 0 if there is
 * none. After too many events the path "memory" stands for those that were lost.
 */
int conn_event(struct conn *conn, char path[CONN_PATH_MAX + 1]);

/* t is 0 outside of transactions. *value is empty on failure. */
int conn_read(struct conn *conn, uint32_t t, const char *path, struct conn_value *value);
int conn_write(struct conn *conn, uint32_t t, const char *path, const char *text);
int conn_begin(struct conn *conn, uint32_t *t);
/* -EAGAIN: another writer came between; begin again. */
int conn_end(struct conn *conn, uint32_t t, bool commit);

#endif
