/* SPDX-License-Identifier: MIT */
/*
 * Sends events over a connection for as long as it lasts: suspended while there is nothing to say.
 * Knows no event. Called by http_response.c.
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "events.h"
#include "http_call.h"

/* One write of chunked coding. */
#define BLOCK_SIZE 8192

struct stream {
	struct MHD_Connection *connection;
	int fd;
	struct events_listener *listener;
};

static void pause_stream(void *context)
{
	const struct stream *stream = context;

	MHD_suspend_connection(stream->connection);
}

static void resume_stream(void *context)
{
	const struct stream *stream = context;

	MHD_resume_connection(stream->connection);
}

/* libmicrohttpd does not look at a suspended connection; nor does it close one. */
static bool peer_gone(void *context)
{
	const struct stream *stream = context;
	struct pollfd peer = { .fd = stream->fd, .events = POLLRDHUP };

	return poll(&peer, 1, 0) > 0;
}

/* libmicrohttpd asks again at once after 0, unless the connection was suspended meanwhile. */
static ssize_t read_events(void *context, uint64_t position, char *bytes, size_t size)
{
	const struct stream *stream = context;
	ssize_t got = events_read(stream->listener, bytes, size);

	(void)position;
	if (got == EVENTS_OVER)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

static void leave(void *context)
{
	struct stream *stream = context;

	events_leave(stream->listener);
	free(stream);
}

/* A peer that has vanished without a word must not hold its place for the quarter of an hour. */
static void bound_silence(int fd)
{
	const unsigned int limit_ms = HTTP_IDLE_S * 1000;

	/* Fails on a Unix socket, whose peers can't vanish. */
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

struct MHD_Response *http_stream(struct http_call *call, struct events_listener *listener)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct stream *stream = malloc(sizeof(*stream));
	struct MHD_Response *response = NULL;

	if (stream && info) {
		*stream = (struct stream){ call->connection, info->connect_fd, listener };
		events_attach(listener, &(struct events_flow){ pause_stream, resume_stream,
							       peer_gone, stream });
		bound_silence(stream->fd);
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE,
							     read_events, stream, leave);
	}
	/* Else nginx keeps events back until it has some KiB of them. */
	if (response)
		MHD_add_response_header(response, "X-Accel-Buffering", "no");
	if (!response) {
		events_leave(listener);
		free(stream);
	}
	return response;
}
