/* SPDX-License-Identifier: MIT */
/*
 * Judges requests by their headers: shapes that two programs could read differently, then path and
 * method, then which page and who asks, then what the body will be. Called by http_request.c before
 * a body is read, so who may not ask can't make the agent store anything.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_call.h"
#include "problem.h"
#include "web_config.h"

static const char *header(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

/* Headers that a request may have once at most; libmicrohttpd takes the first and says nothing. */
static const char *const singular[] = { "Host",		  "Authorization", "Content-Length",
					"Content-Type",	  "Origin",	   "Transfer-Encoding",
					"Sec-Fetch-Site", "If-Match",	   HTTP_TOKEN_HEADER };

#define SINGULAR_COUNT (sizeof(singular) / sizeof(*singular))

struct shape {
	unsigned int counts[SINGULAR_COUNT];
	bool folded;
};

/*
 * libmicrohttpd before 0.9.77.1 glues a folded line to the name of its header,
 * "Transfer-Encodingchunked", and a proxy may do otherwise. A later one refuses it by itself. Names
 * and values lie where the client's bytes were read, so between a name and its value there is
 * nothing but the colon, a NUL by now, and blanks, unless it has glued.
 */
static bool is_folded(const char *name, const char *value)
{
	const char *end = name + strlen(name) + 1;

	if (name[strcspn(name, " \t:")])
		return true;
	return value < end || strspn(end, " \t") < (size_t)(value - end);
}

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
				      const char *value)
{
	struct shape *shape = context;

	(void)kind;
	for (size_t i = 0; i < SINGULAR_COUNT; i++)
		shape->counts[i] += !strcasecmp(singular[i], name);
	shape->folded |= value && is_folded(name, value);
	return MHD_YES;
}

/* Where a proxy and we could disagree on where the request ends or for whom it is. */
static bool check_shape(const struct http_call *call, const char *version, struct reply *reply)
{
	struct shape shape = { .folded = false };
	const char *encoding = header(call, "Transfer-Encoding");

	MHD_get_connection_values(call->connection, MHD_HEADER_KIND, look_at_header, &shape);
	for (size_t i = 0; i < SINGULAR_COUNT; i++)
		if (shape.counts[i] > 1) {
			problem_reply(reply, 400, "The header %s was sent %u times; send it once.",
				      singular[i], shape.counts[i]);
			return false;
		}
	if (shape.folded) {
		problem_reply(reply, 400, "A header goes on in the next line; send it in one.");
		return false;
	}
	if (strcmp(version, "HTTP/1.0") && !header(call, "Host")) {
		problem_reply(reply, 400, "The header Host is missing.");
		return false;
	}
	if (encoding && header(call, "Content-Length")) {
		problem_reply(reply, 400,
			      "Both Content-Length and Transfer-Encoding were sent; send one.");
		return false;
	}
	if (encoding && strcasecmp(encoding, "chunked")) {
		problem_reply(reply, 400, "The only Transfer-Encoding understood is chunked.");
		return false;
	}
	return true;
}

static bool check_route(struct http_call *call, const char *method, const char *path,
			struct reply *reply)
{
	struct exchange *exchange = &call->exchange;
	const char *allow;

	switch (route_find(method, path, &exchange->route, exchange->id, &allow)) {
	case ROUTE_FOUND:
		return true;
	case ROUTE_NO_METHOD:
		problem_reply(reply, 405, "Here only %s is possible.", allow);
		reply->allow = allow;
		return false;
	case ROUTE_BAD_ID:
		problem_reply(reply, 400,
			      "The guest in the path must have 1 to %d bytes, %%XX for those that "
			      "have a meaning in a path, and no NUL.",
			      SNAPSHOT_NAME_MAX);
		return false;
	case ROUTE_NO_PATH:
		break;
	}
	problem_reply(reply, 404, "There is nothing at this path; / lists what there is.");
	return false;
}

static bool refuse(const struct http_call *call, struct reply *reply, enum control_result result,
		   const char *detail)
{
	http_refuse(call, reply, result, detail);
	return false;
}

/* The role that a route takes as the agent is configured. */
static enum control_role role_needed(const struct route *route, const struct config *config)
{
	bool open = config->http_read == HTTP_READ_OPEN;

	if (route->door == DOOR_METRICS && config->http_metrics != HTTP_METRICS_AS_READ)
		open = config->http_metrics == HTTP_METRICS_OPEN;
	return route->role == ROLE_VIEWER && open ? ROLE_NONE : route->role;
}

/* Why nobody was proved. */
static const char *unproved(enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_EXPIRED:
		return "The credential has expired; ask for a new one.";
	case AUTH_WRONG:
		return "The credential is not valid; send Authorization: Bearer with a token of "
		       "the agent's principals file, or Basic with a user of web.config.yml.";
	default:
		return "A credential is needed: send Authorization: Bearer with a token of the "
		       "agent's principals file, or Basic with a user of web.config.yml.";
	}
}

static bool check_role(struct http_call *call, const struct config *config, struct reply *reply)
{
	const struct route *route = call->exchange.route;
	const struct principal *who = &call->exchange.who;
	bool wrong = call->verdict == AUTH_WRONG || call->verdict == AUTH_EXPIRED;
	char detail[160];

	if (who->role >= role_needed(route, config) && !(wrong && route->door == DOOR_SELF))
		return true;
	if (call->verdict == AUTH_WRONG) {
		http_refuse_wrong(call, reply, unproved(AUTH_WRONG));
		return false;
	}
	if (who->role == ROLE_NONE)
		return refuse(call, reply, RESULT_UNAUTHENTICATED, unproved(call->verdict));
	snprintf(detail, sizeof(detail), "This takes the role %s; %s has the role %s.",
		 control_role_name(route->role), who->name, control_role_name(who->role));
	return refuse(call, reply, RESULT_FORBIDDEN, detail);
}

/* Only the agent's own page may change anything. */
static bool check_origin(struct http_call *call, const struct config *config, struct reply *reply)
{
	const char *origin = header(call, "Origin"), *host = header(call, "Host");
	char detail[512];

	if (http_origin_own(config->http_names, header(call, "Sec-Fetch-Site"), origin, host))
		return true;
	snprintf(detail, sizeof(detail),
		 "The request comes from another site's page: its Origin is %.100s, its Host "
		 "%.100s. Behind a proxy, have it pass the Host on (nginx: proxy_set_header Host "
		 "$http_host) or name the page's host in http.names; else ask from the agent's own "
		 "page.",
		 origin ? origin : "not sent", host ? host : "not sent");
	return refuse(call, reply, RESULT_FORBIDDEN, detail);
}

static bool is_type(const char *type, const char *wanted)
{
	size_t len = strcspn(type, "; \t");

	return len == strlen(wanted) && !strncasecmp(type, wanted, len);
}

static bool check_body(struct http_call *call, struct reply *reply)
{
	const char *length = header(call, "Content-Length");
	const char *type = header(call, "Content-Type");

	/* libmicrohttpd has refused a length that is no number. */
	if (length && strtoull(length, NULL, 10) > HTTP_BODY_MAX) {
		http_refuse_length(call, reply);
		return false;
	}
	call->exchange.form = type && is_type(type, "application/x-www-form-urlencoded");
	if (!call->exchange.route->body || call->exchange.form ||
	    (type && is_type(type, "application/json")))
		return true;
	http_refuse_body(call, reply, 415,
			 "The body must be JSON or a form: send Content-Type: application/json or "
			 "application/x-www-form-urlencoded.");
	return false;
}

/* Whether it matters who asks; where it doesn't, nobody's password is looked at. */
static bool identifies(const struct route *route)
{
	return route->role != ROLE_NONE || route->door == DOOR_SELF;
}

static enum http_verdict check_asker(struct http_call *call, const struct config *config,
				     struct reply *reply)
{
	enum http_proof proof = HTTP_PROVED;

	if (identifies(call->exchange.route))
		proof = http_prove(call, config);
	if (proof == HTTP_PROVING)
		return HTTP_WAITS;
	if (proof == HTTP_BUSY) {
		http_refuse(call, reply, RESULT_UNAVAILABLE,
			    "Too many passwords are being checked just now; try again.");
		return HTTP_REFUSED;
	}
	return check_role(call, config, reply) && check_body(call, reply) ? HTTP_PASSES
									  : HTTP_REFUSED;
}

/* rate_limit is one for all who ask over TCP, whoever they are, as in the toolkit. */
static bool check_rate(const struct http_call *call, const struct config *config,
		       struct reply *reply)
{
	unsigned int wait_s;

	if (call->exchange.who.via == VIA_UNIX || !config->web)
		return true;
	wait_s = http_rate_wait(config->web->rate_ns, config->web->rate_burst);
	if (!wait_s)
		return true;
	problem_reply(reply, 429, "More requests than rate_limit of http.web_config lets pass.");
	reply->retry_after_s = wait_s;
	return false;
}

enum http_verdict http_check(struct http_call *call, const char *method, const char *path,
			     const char *version, struct reply *reply, bool *close)
{
	enum http_verdict verdict = HTTP_REFUSED;
	const struct config *config;

	*close = !check_shape(call, version, reply);
	if (*close || !check_route(call, method, path, reply))
		return HTTP_REFUSED;
	config = config_acquire();
	http_find_asker(call);
	if (!check_rate(call, config, reply)) {
		config_release(config);
		return HTTP_REFUSED;
	}
	if (call->exchange.route->role != ROLE_OPERATOR || check_origin(call, config, reply))
		verdict = check_asker(call, config, reply);
	config_release(config);
	return verdict;
}

enum http_verdict http_check_proved(struct http_call *call, struct reply *reply)
{
	const struct config *config = config_acquire();
	enum http_verdict verdict = check_asker(call, config, reply);

	config_release(config);
	return verdict;
}
