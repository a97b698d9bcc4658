/* SPDX-License-Identifier: MIT */
/*
 * conn.h by libxenstore, of which this is the guest's one user. Its calls block without time-out,
 * and the first watch starts a thread of its own.
 */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

/* libxenstore knows its handle only as a pointer to it: so does this. */
static struct xs_handle *handle_of(const struct conn *conn)
{
	return (struct xs_handle *)conn;
}

/* What the server answers; any other error means that it didn't. */
static int failed(void)
{
	static const int answers[] = { ENOENT, EACCES, EPERM, EROFS, ENOSPC, E2BIG, EAGAIN, EBUSY };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (errno == answers[i])
			return -errno;
	return -ENOTCONN;
}

int conn_open(struct conn **conn)
{
	*conn = (struct conn *)xs_open(0);
	if (*conn)
		return 0;
	return errno ? -errno : -ENOTCONN;
}

void conn_close(struct conn *conn)
{
	if (conn)
		xs_close(handle_of(conn));
}

int conn_fd(const struct conn *conn)
{
	return xs_fileno(handle_of(conn));
}

int conn_watch(struct conn *conn, const char *path)
{
	return xs_watch(handle_of(conn), path, path) ? 0 : failed();
}

bool conn_has_event(const struct conn *conn)
{
	(void)conn;
	return false;
}

int conn_event(struct conn *conn, char path[CONN_PATH_MAX + 1])
{
	char **event = xs_check_watch(handle_of(conn));

	if (!event)
		return errno == EAGAIN ? 0 : -ENOTCONN;
	snprintf(path, CONN_PATH_MAX + 1, "%s", event[XS_WATCH_PATH]);
	free(event);
	return 1;
}

int conn_read(struct conn *conn, uint32_t t, const char *path, struct conn_value *value)
{
	unsigned int len = 0;
	char *text = xs_read(handle_of(conn), t, path, &len);
	int err = text ? 0 : failed();

	/* libxenstore leaves the length of the error's text there. */
	value->len = !text ? 0 : len < CONN_VALUE_MAX ? len : CONN_VALUE_MAX;
	memcpy(value->text, text ? text : "", value->len);
	value->text[value->len] = '\0';
	free(text);
	return err;
}

int conn_write(struct conn *conn, uint32_t t, const char *path, const char *text)
{
	return xs_write(handle_of(conn), t, path, text, (unsigned int)strlen(text)) ? 0 : failed();
}

int conn_begin(struct conn *conn, uint32_t *t)
{
	*t = xs_transaction_start(handle_of(conn));
	return *t ? 0 : failed();
}

int conn_end(struct conn *conn, uint32_t t, bool commit)
{
	return xs_transaction_end(handle_of(conn), t, !commit) ? 0 : failed();
}
