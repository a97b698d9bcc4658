/* SPDX-License-Identifier: MIT */
/*
 * Starts and stops the HTTP server. Knows no request. Called by main.
 */
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <unistd.h>

#include "http_call.h"
#include "log.h"

static struct MHD_Daemon *server;

static int start(const char *address)
{
	int fd = http_listen(address);

	if (fd < 0)
		return fd;
	http_wait_begin();
	server = http_serve(fd);
	if (!server) {
		log_error("http: the server thread can't be started");
		close(fd);
		return -ENOMEM;
	}
	log_info("http: listening on %s", address);
	return 0;
}

int http_start(void (*reload)(void))
{
	const struct config *config = config_acquire();
	int rc = 0;

	route_set_reload(reload);
	if (*config->http_listen)
		rc = start(config->http_listen);
	config_release(config);
	return rc;
}

void http_stop(void)
{
	if (!server)
		return;
	/* libmicrohttpd aborts the program when a connection is still suspended. */
	http_wait_end();
	MHD_stop_daemon(server);
	server = NULL;
}
