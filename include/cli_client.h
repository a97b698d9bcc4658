/* SPDX-License-Identifier: MIT */
/*
 * Asks agents over HTTP, several at the same time. JSON in and out; knows nothing of what it says.
 */
#ifndef XENBALLOON_CLI_CLIENT_H
#define XENBALLOON_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct proof;
struct way;
struct client_private;

/* The longest answer that is taken, in bytes. */
#define CLIENT_ANSWER_MAX (64 << 20)

/* Once, before all else. *proof must stay. False: the HTTP library can't start. */
bool client_open(const struct proof *proof);
void client_close(void);

/* One request and its answer; zeroed but for what is set. */
struct client_call {
	const struct way *way;
	const char *method;
	char path[1024];     /* see client_path() */
	struct json_t *send; /* NULL: no body; stays the caller's */

	/*
	 * For an answer without an end: bytes are handed over as they come (no body is kept of a
	 * 2xx), and no time is set for the whole.
	 */
	void (*data)(void *context, const char *bytes, size_t len);
	void *context;

	bool stranger; /* show no proof and ask for none: only to look at the certificate */

	int status;	       /* HTTP status; 0: no answer */
	char error[256];       /* why there is none, for people */
	bool unresolved;       /* the name of its host is not known here */
	bool refused;	       /* nobody listens there */
	struct json_t *answer; /* NULL: none, or not JSON; given back by client_free() */
	const char *body;      /* the same as text, NULL: none; until client_free() */
	size_t body_len;
	int64_t certificate_s; /* Unix seconds: when the agent's certificate ends; 0: no TLS */
	struct client_private *private;
};

/* Sets the path, with the guest's name or number, escaped, for its %s. */
void client_path(struct client_call *call, const char *format, const char *id);

/* Adds ?name=value or &name=value to the path, escaped. */
void client_query(struct client_call *call, const char *name, const char *value);

/* Asks all at the same time and waits for the last answer. */
void client_run(struct client_call *calls, size_t count);
void client_free(struct client_call *calls, size_t count);

/*
 * The same without waiting: after client_begin(), client_step() until it says that all have ended.
 * It returns after timeout_ms at the latest, or when there is something to read on descriptor fd
 * (-1: none). client_free() may come before all have ended.
 */
void client_begin(struct client_call *calls, size_t count);
bool client_step(int timeout_ms, int fd);

/* Whether this call has ended, well or not. */
bool client_ended(const struct client_call *call);

#endif
