/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server on libmicrohttpd's own epoll thread: metrics, health, the JSON API.
 */
#ifndef XENBALLOON_HTTP_H
#define XENBALLOON_HTTP_H

#include <stdint.h>

/*
 * Opens the Unix socket, which tells that another agent runs before anything is touched that both
 * would use. 0 or a negative errno, logged. http_close() takes it back where http_start() doesn't
 * follow.
 */
int http_open(void);
void http_close(void);

/*
 * Listens where the current configuration says and starts the threads; an address that can't be
 * opened is tried again, and is no failure. reload (POST /-/reload by an
 * operator) must only flag the wish, as a signal handler would. 0 or a negative errno, logged.
 */
int http_start(void (*reload)(void));

/* Ends connections that take too long, and opens what could not be opened; to be called a few times
 * a second. */
void http_sweep(int64_t now_ms);

/* Stops accepting, ends the thread; requests still waiting for an answer are closed. */
void http_stop(void);

#endif
