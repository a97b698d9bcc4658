/* SPDX-License-Identifier: MIT */
/* What xenstored sends a guest: message by message, and to a connection that waits for an answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "fuzz.h"
#include "wire.h"

/* --- the messages --- */

static bool holds(const uint8_t *data, size_t size, const char *bytes, size_t len)
{
	return len == 0 || memmem(data, size, bytes, len) != NULL;
}

static void decoded(const struct wire_message *message)
{
	const char *path = wire_event_path(message);
	uint32_t t = wire_transaction(message);
	char text[16];
	int err = wire_error(message);

	MUST(message->len <= WIRE_PAYLOAD_MAX);
	MUST(err > 0);
	if (path)
		MUST(*path && strlen(path) + 2 <= message->len);
	if (t) {
		snprintf(text, sizeof(text), "%u", t);
		MUST(strtoul(message->payload, NULL, 10) == t);
		MUST(strlen(text) < message->len);
	}
}

/* In pieces of 1 to 64 bytes; each whole message must be the bytes that were given. */
static void by_messages(const uint8_t *data, size_t size, uint8_t step)
{
	static struct wire_reader reader;
	size_t at = 0, begun = 0;
	int got = 0;

	memset(&reader, 0xa5, sizeof(reader));
	reader.have = 0;
	while (at < size && got >= 0) {
		size_t len = wire_wants(&reader);

		MUST(len > 0 && reader.have + len <= sizeof(reader.message));
		len = len < step % 64u + 1 ? len : step % 64u + 1;
		len = len < size - at ? len : size - at;
		memcpy(wire_room(&reader), data + at, len);
		at += len;
		got = wire_got(&reader, len);
		MUST(got == 0 || got == 1 || got == -EBADMSG);
		if (got != 1)
			continue;
		MUST(wire_size(&reader.message) == at - begun);
		MUST(memcmp(&reader.message, data + begun, at - begun) == 0);
		decoded(&reader.message);
		begun = at;
	}
}

/* --- the connection --- */

static int listener(void)
{
	static int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd >= 0)
		return fd;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/xenballoon-fuzz.%d",
		 (int)getpid());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(address.sun_path);
	MUST(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
	setenv("XENSTORED_PATH", address.sun_path, 1);
	return fd;
}

static bool is_answer(int err)
{
	static const int answers[] = { 0,      ENOENT, EACCES, EPERM, EROFS,
				       ENOSPC, E2BIG,  EAGAIN, EBUSY, ENOTCONN };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (err == -answers[i])
			return true;
	return false;
}

static void by_connection(const uint8_t *data, size_t size)
{
	int fd = listener(), server, n, err;
	char path[CONN_PATH_MAX + 1];
	struct conn_value value;
	struct conn *conn;
	uint32_t t;

	MUST(conn_open(&conn) == 0);
	server = accept(fd, NULL, NULL);
	MUST(write(server, data, size) == (ssize_t)size && shutdown(server, SHUT_WR) == 0);
	err = conn_read(conn, 0, "memory/target", &value);
	MUST(is_answer(err) && (err == 0 || value.len == 0) && value.len <= CONN_VALUE_MAX);
	MUST(holds(data, size, value.text, value.len) && value.text[value.len] == '\0');
	err = conn_begin(conn, &t);
	MUST(is_answer(err) && (err == 0) == (t != 0));
	while ((n = conn_event(conn, path)) > 0)
		MUST(*path &&
		     (holds(data, size, path, strlen(path)) || strcmp(path, "memory") == 0));
	MUST(n == -ENOTCONN);
	conn_close(conn);
	close(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	by_messages(data + 1, size - 1, data[0]);
	by_connection(data + 1, size - 1);
	return 0;
}
