/* SPDX-License-Identifier: MIT */
/*
 * Starts and stops the HTTP servers, one for each address of TCP and one for the Unix socket. An
 * address that can't be opened is tried again by main's turns. Knows no request.
 */
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "http_call.h"
#include "listener.h"
#include "log.h"

/* One of http.listen: its server, once it could be opened. */
struct door {
	char address[LISTENER_TEXT];
	struct MHD_Daemon *server;
};

static struct door doors[LISTENERS_MAX];
static unsigned int door_count;
static bool tls;
static int64_t tried_ms;

static struct MHD_Daemon *local;
static int local_fd = -1;
static char socket_path[sizeof(((struct config *)0)->http_socket)]; /* "": none was opened */

static void open_door(struct door *door)
{
	int fd = http_listen(door->address);

	if (fd >= 0) {
		door->server = http_serve(fd, VIA_HTTP, tls, door_count);
		if (!door->server) {
			close(fd);
			fd = -ENOMEM;
		}
	}
	listener_note(LISTENER_HTTP, door->address, fd < 0 ? fd : 0);
}

/* IPv4 first, so that all of IPv6 leaves it alone where both are listed. */
static void open_doors(void)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned int i = 0; i < door_count; i++)
			if (!doors[i].server && (*doors[i].address == '[') == v6)
				open_door(&doors[i]);
}

int http_open(void)
{
	const struct config *config = config_acquire();
	const char *path = config->http_socket;

	if (*path) {
		local_fd = http_socket_open(path, config->http_socket_group);
		if (local_fd >= 0)
			snprintf(socket_path, sizeof(socket_path), "%s", path);
	}
	config_release(config);
	return *path && local_fd < 0 ? local_fd : 0;
}

static int serve_local(void)
{
	if (local_fd < 0)
		return 0;
	local = http_serve(local_fd, VIA_UNIX, false, 1);
	if (!local) {
		log_error("http: the server thread can't be started");
		return -ENOMEM;
	}
	local_fd = -1;
	log_info("http: listening on %s", socket_path);
	return 0;
}

int http_start(void (*reload)(void))
{
	const struct config *config = config_acquire();
	const char *list = config->http_listen;
	int rc;

	route_set_reload(reload);
	http_wait_begin();
	events_start();
	tls = config->tls;
	while (door_count < LISTENERS_MAX && listener_next(&list, doors[door_count].address))
		door_count++;
	config_release(config);
	open_doors();
	rc = serve_local();
	if (rc)
		http_stop();
	return rc;
}

void http_sweep(int64_t now_ms)
{
	http_connection_sweep(now_ms);
	if (now_ms - tried_ms < LISTENER_RETRY_MS)
		return;
	tried_ms = now_ms;
	open_doors();
}

void http_close(void)
{
	if (local_fd >= 0)
		close(local_fd);
	local_fd = -1;
	if (*socket_path)
		http_socket_remove(socket_path);
	*socket_path = '\0';
}

void http_stop(void)
{
	/* libmicrohttpd aborts the program when a connection is still suspended. */
	http_wait_end();
	http_password_end();
	events_stop();
	for (unsigned int i = 0; i < door_count; i++)
		if (doors[i].server)
			MHD_stop_daemon(doors[i].server);
	memset(doors, 0, sizeof(doors));
	door_count = 0;
	if (local)
		MHD_stop_daemon(local);
	local = NULL;
	http_close();
}
