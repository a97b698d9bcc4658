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

/*
 * Tokens on a plain connection can be read by anyone on its way, so where other hosts can reach the
 * address no token may be configured; http_check() refuses changes too, should a reload bring one.
 */
static int check_tokens(const struct config *config, bool loopback)
{
	http_check_insecure(!loopback);
	if (loopback || !config->tokens)
		return 0;
	log_error("http.listen %s can be reached from other hosts and is plain HTTP, so the tokens "
		  "of http.token_file could be read on the way: listen on 127.0.0.1 or [::1], or "
		  "configure no token file (then nothing can be changed over HTTP)",
		  config->http_listen);
	return -EACCES;
}

static int start(const struct config *config)
{
	bool loopback;
	int rc, fd = http_listen(config->http_listen, &loopback);

	if (fd < 0)
		return fd;
	rc = check_tokens(config, loopback);
	if (!rc) {
		http_wait_begin();
		server = http_serve(fd);
		rc = server ? 0 : -ENOMEM;
		if (rc)
			log_error("http: the server thread can't be started");
	}
	if (rc)
		close(fd);
	else
		log_info("http: listening on %s", config->http_listen);
	return rc;
}

int http_start(void (*reload)(void))
{
	const struct config *config = config_acquire();
	int rc = 0;

	route_set_reload(reload);
	if (*config->http_listen)
		rc = start(config);
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
