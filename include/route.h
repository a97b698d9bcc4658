/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP server can be asked: one row per method and path, with the role it takes and the
 * function that answers. Free of the HTTP library, so that handlers can be tested by calling them.
 */
#ifndef XENBALLOON_ROUTE_H
#define XENBALLOON_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"
#include "tag.h"
#include "text.h"

struct events_listener;

/* The answer to a request; zeroed, status 0: none yet. */
struct reply {
	int status;
	const char *type;	    /* Content-Type, not copied */
	const char *allow;	    /* methods, with a 405; not copied */
	const char *policy;	    /* Content-Security-Policy; NULL: nothing at all; not copied */
	unsigned int retry_after_s; /* 0: no such header */
	struct text text;
	char tag[TAG_SIZE];		/* ETag, with its quotes; "": none */
	struct events_listener *events; /* sent on and on, in place of the text */
};

struct exchange;

/*
 * Answers a request: fills *reply and returns true; or has called exchange_wait(), will call
 * exchange_answer() once, and returns false. Runs on the HTTP thread and must not block.
 */
typedef bool route_handler(struct exchange *exchange, struct reply *reply);

/* Who decides whether a viewer's row is open to all. */
enum route_door {
	DOOR_READ,    /* http.read */
	DOOR_METRICS, /* http.metrics */
	DOOR_SELF     /* nobody: it is, but a credential that proves nothing is refused even here */
};

struct route {
	const char *method;
	const char *path;	    /* may hold one segment "{id}" */
	enum control_role role;	    /* VIEWER: open to all where its door is */
	enum control_action action; /* what the audit calls it; CONTROL_ACTION_COUNT: no control */
	bool body;		    /* takes a body, JSON or a form */
	route_handler *handler;
	const char *help; /* one sentence */
	enum route_door door;
};

/* One request, as far as handlers may know it. Pointers are valid during the handler's call. */
struct exchange {
	const struct route *route;
	char id[SNAPSHOT_NAME_MAX + 1]; /* what stood for {id}, decoded */
	struct principal who;
	const char *accept; /* the Accept header, or NULL */
	const char *match;  /* the If-Match header, or NULL */
	const char *query;  /* what stood behind the path's question mark, as a form; "": nothing */
	const char *body;
	size_t body_len;
	bool form; /* the body is one, and no JSON */
};

extern const struct route routes[];
extern const size_t route_count;

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD, ROUTE_BAD_ID };

/*
 * Finds the row for a method and a path still percent-encoded, without its query; HEAD is answered
 * by GET's row. ROUTE_FOUND sets *route and fills id; ROUTE_NO_METHOD sets *allow to the methods
 * that this path has.
 */
enum route_match route_find(const char *method, const char *path, const struct route **route,
			    char id[SNAPSHOT_NAME_MAX + 1], const char **allow);

/* What POST /-/reload calls. */
void route_set_reload(void (*reload)(void));

/*
 * Keeps the request open beyond its handler's return. False: the server is stopping, answer at
 * once. After true exactly one exchange_answer() must follow, from any thread, also if the client
 * has gone; it takes over reply->text.
 */
bool exchange_wait(struct exchange *exchange);
void exchange_answer(struct exchange *exchange, struct reply *reply);

/* The handlers. */
route_handler get_index, get_page, get_history, get_domain_history;
route_handler get_index, get_metrics, get_healthy, get_ready, get_host, get_domains, get_domain,
	get_whoami, get_events, get_audit, get_openapi;
route_handler post_reload, post_selfballoon, post_target, post_policy, post_selfballoon_many;

#endif
