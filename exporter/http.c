/* SPDX-License-Identifier: MIT */
/*
 * Starts and stops the HTTP servers, one for TCP and one for the Unix socket. Knows no request.
 * Called by main.
 */
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

#include "events.h"
#include "http_call.h"
#include "log.h"

static struct MHD_Daemon *tcp, *local;
static char socket_path[sizeof(((struct config *)0)->http_socket)]; /* "": none was opened */

static int serve(int fd, enum control_interface via, bool tls, const char *address,
		 struct MHD_Daemon **server)
{
	if (fd < 0)
		return fd;
	*server = http_serve(fd, via, tls);
	if (!*server) {
		log_error("http: the server thread can't be started");
		close(fd);
		return -ENOMEM;
	}
	log_info("%s: listening on %s", tls ? "https" : "http", address);
	return 0;
}

static int serve_tcp(const struct config *config)
{
	const char *address = config->http_listen;

	return *address ? serve(http_listen(address), VIA_HTTP, config->tls, address, &tcp) : 0;
}

static int serve_local(const struct config *config)
{
	const char *path = config->http_socket;
	int fd;

	if (!*path)
		return 0;
	fd = http_socket_open(path, config->http_socket_group);
	if (fd >= 0)
		snprintf(socket_path, sizeof(socket_path), "%s", path);
	return serve(fd, VIA_UNIX, false, path, &local);
}

int http_start(void (*reload)(void))
{
	const struct config *config = config_acquire();
	int rc;

	route_set_reload(reload);
	http_wait_begin();
	events_start();
	rc = serve_tcp(config);
	if (!rc)
		rc = serve_local(config);
	config_release(config);
	if (rc)
		http_stop();
	return rc;
}

void http_sweep(int64_t now_ms)
{
	http_connection_sweep(now_ms);
}

void http_stop(void)
{
	/* libmicrohttpd aborts the program when a connection is still suspended. */
	http_wait_end();
	http_password_end();
	events_stop();
	if (tcp)
		MHD_stop_daemon(tcp);
	if (local)
		MHD_stop_daemon(local);
	tcp = local = NULL;
	if (*socket_path)
		http_socket_remove(socket_path);
	*socket_path = '\0';
}
