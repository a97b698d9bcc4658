/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server on libmicrohttpd's own epoll thread: metrics, health, the JSON API.
 */
#ifndef XENBALLOON_HTTP_H
#define XENBALLOON_HTTP_H

#include <stdint.h>

/*
 * Listens where the current configuration says and starts the thread. reload (POST /-/reload by an
 * operator) must only flag the wish, as a signal handler would. 0 or a negative errno, logged.
 */
int http_start(void (*reload)(void));

/* Ends connections that take too long; to be called a few times a second. */
void http_sweep(int64_t now_ms);

/* Stops accepting, ends the thread; requests still waiting for an answer are closed. */
void http_stop(void);

#endif
