/* SPDX-License-Identifier: MIT */
/*
 * Keeps a record of each open connection: what it is at and since when, and its TLS. Knows no
 * request. libmicrohttpd tells of a connection's begin and end on the server's thread, main sweeps.
 */
#include "http_connection.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "clock.h"
#include "config.h"
#include "http_call.h"
#include "tls.h"

struct http_connection {
	enum control_interface via;
	int fd;
	struct tls *tls;
	void *session; /* NULL: plain */
	enum http_phase phase;
	int64_t since_ms;
	bool cut;
	struct http_connection *previous, *next;
};

/*
 * libmicrohttpd's own limit counts from the last byte, so a byte now and then would hold a
 * connection for ever. An answer may wait for control.timeout_ms, a minute at most.
 */
static const struct {
	int64_t most_ms;
	int64_t crowded_ms;
} limits[HTTP_PHASE_COUNT] = {
	[HTTP_PHASE_HEADERS] = { 10000, 2000 },
	[HTTP_PHASE_BODY] = { 30000, 5000 },
	[HTTP_PHASE_ANSWER] = { 120000, 120000 },
	[HTTP_PHASE_STREAM] = { INT64_MAX, INT64_MAX },
	[HTTP_PHASE_IDLE] = { HTTP_IDLE_S * 1000 + 10000, 2000 },
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_connection *connections;
static unsigned int count[VIA_COUNT];

/* So many that scrapes get through hundreds of idle ones; some descriptors are left to the rest. */
unsigned int http_connections_max(void)
{
	const unsigned int most = 1024, others = 128;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= most + others)
		return most;
	return files.rlim_cur > 2 * others ? (unsigned int)files.rlim_cur - others : others;
}

static void begin_tls(struct http_connection *record, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const struct config *config;

	if (!info || !info->tls_session)
		return;
	config = config_acquire();
	record->tls = tls_again(config->tls);
	config_release(config);
	record->session = info->tls_session;
	if (!record->tls || !tls_begin(record->tls, record->session))
		record->session = NULL;
}

static struct http_connection *record_new(enum control_interface via,
					  struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_connection *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->via = via;
	record->fd = info ? info->connect_fd : -1;
	record->since_ms = clock_ms();
	begin_tls(record, connection);
	pthread_mutex_lock(&lock);
	record->next = connections;
	if (connections)
		connections->previous = record;
	connections = record;
	count[via]++;
	pthread_mutex_unlock(&lock);
	return record;
}

/* Before the descriptor is closed, so that a sweep can't meet another connection's. */
static void record_end(struct http_connection *record)
{
	pthread_mutex_lock(&lock);
	if (record->previous)
		record->previous->next = record->next;
	else
		connections = record->next;
	if (record->next)
		record->next->previous = record->previous;
	count[record->via]--;
	pthread_mutex_unlock(&lock);
	tls_release(record->tls);
	free(record);
}

void http_on_connection(void *context, struct MHD_Connection *connection, void **record,
			enum MHD_ConnectionNotificationCode what)
{
	const enum control_interface *via = context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*record = record_new(*via, connection);
	else if (*record)
		record_end(*record);
}

struct http_connection *http_connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void http_connection_enter(struct http_connection *connection, enum http_phase phase)
{
	if (!connection)
		return;
	pthread_mutex_lock(&lock);
	connection->phase = phase;
	connection->since_ms = clock_ms();
	pthread_mutex_unlock(&lock);
}

bool http_connection_name(const struct http_connection *connection, char *name, size_t size)
{
	return connection && connection->session &&
	       tls_peer_name(connection->tls, connection->session, name, size);
}

void http_connection_sweep(int64_t now_ms)
{
	unsigned int most = http_connections_max();

	pthread_mutex_lock(&lock);
	for (struct http_connection *one = connections; one; one = one->next) {
		bool crowded = count[one->via] > most / 2;
		int64_t limit_ms =
			crowded ? limits[one->phase].crowded_ms : limits[one->phase].most_ms;

		if (one->cut || now_ms - one->since_ms < limit_ms)
			continue;
		shutdown(one->fd, SHUT_RDWR);
		one->cut = true;
	}
	pthread_mutex_unlock(&lock);
}
