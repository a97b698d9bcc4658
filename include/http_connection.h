/* SPDX-License-Identifier: MIT */
/*
 * The server's connections: what each began with, and how long it may take for what it does.
 */
#ifndef XENBALLOON_HTTP_CONNECTION_H
#define XENBALLOON_HTTP_CONNECTION_H

#include "control.h"

struct MHD_Connection;

/* What a connection is at; each phase has a time that no trickle of bytes prolongs. */
enum http_phase {
	HTTP_PHASE_HEADERS, /* from its start, a TLS handshake included */
	HTTP_PHASE_BODY,
	HTTP_PHASE_ANSWER,
	HTTP_PHASE_STREAM, /* an answer without an end has no time of its own */
	HTTP_PHASE_IDLE,   /* between two requests */
	HTTP_PHASE_COUNT
};

struct http_connection;

/* The record of a connection, valid while it is open; NULL if there was no memory for one. */
struct http_connection *http_connection_of(struct MHD_Connection *connection);

/* NULL is allowed. */
void http_connection_enter(struct http_connection *connection, enum http_phase phase);

/* The name in a verified client certificate; false if there is none. See tls.h. */
bool http_connection_name(const struct http_connection *connection, char *name, size_t size);

/* How many connections may be open at once by one way in. */
unsigned int http_connections_max(void);

/*
 * Cuts off connections whose time is over; when more than half of all are in use, those that wait
 * for their client sooner. To be called a few times a second, from any thread.
 */
void http_connection_sweep(int64_t now_ms);

#endif
