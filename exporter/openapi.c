/* SPDX-License-Identifier: MIT */
/*
 * Describes the HTTP API from its route table: paths, parameters, bodies, answers, credentials.
 * What routes[] doesn't say of a route is a row here. Called by a route.
 */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "problem.h"
#include "route.h"

#define JSON "application/json"
#define TEXT "text/plain"

static const struct answer {
	const char *path; /* with the method, one row of routes[] */
	const char *method, *tag, *name;
	const char *type;   /* of a good answer */
	const char *schema; /* of a good answer and of the body; NULL: text, or none */
	const char *body;
	int good;
	int also; /* another status that it may have, or 0 */
} answers[] = {
	{ "/", "GET", "page", "page", "text/html", NULL, NULL, 200, 0 },
	{ "/page/{id}", "GET", "page", "pageFile", "*/*", NULL, NULL, 200, 404 },
	{ "/metrics", "GET", "monitoring", "metrics", TEXT, NULL, NULL, 200, 0 },
	{ "/-/healthy", "GET", "monitoring", "healthy", TEXT, NULL, NULL, 200, 0 },
	{ "/-/ready", "GET", "monitoring", "ready", TEXT, NULL, NULL, 200, 503 },
	{ "/-/reload", "POST", "agent", "reload", JSON, OPENAPI_SCHEMA("Reload"), NULL, 202, 0 },
	{ "/api/v1/whoami", "GET", "agent", "whoami", JSON, OPENAPI_SCHEMA("Whoami"), NULL, 200,
	  0 },
	{ "/api/v1/host", "GET", "memory", "host", JSON, OPENAPI_SCHEMA("Host"), NULL, 200, 0 },
	{ "/api/v1/domains", "GET", "memory", "domains", JSON, OPENAPI_SCHEMA("Domains"), NULL, 200,
	  0 },
	{ "/api/v1/domains/{id}", "GET", "memory", "domain", JSON, OPENAPI_SCHEMA("Domain"), NULL,
	  200, 404 },
	{ "/api/v1/events", "GET", "memory", "events", "text/event-stream", NULL, NULL, 200, 503 },
	{ "/api/v1/history", "GET", "memory", "history", JSON, OPENAPI_SCHEMA("History"), NULL, 200,
	  0 },
	{ "/api/v1/domains/{id}/history", "GET", "memory", "domainHistory", JSON,
	  OPENAPI_SCHEMA("DomainHistory"), NULL, 200, 404 },
	{ "/api/v1/audit", "GET", "audit", "audit", JSON, OPENAPI_SCHEMA("Audit"), NULL, 200, 0 },
	{ "/api/v1/openapi.json", "GET", "agent", "openapi", JSON, "{\"type\":\"object\"}", NULL,
	  200, 0 },
	{ "/api/v1/domains/{id}/selfballoon", "POST", "changes", "setSelfballoon", JSON,
	  OPENAPI_SCHEMA("Answer"), OPENAPI_SCHEMA("SetSelfballoon"), 200, 0 },
	{ "/api/v1/domains/{id}/target", "POST", "changes", "setTarget", JSON,
	  OPENAPI_SCHEMA("Answer"), OPENAPI_SCHEMA("SetTarget"), 200, 0 },
	{ "/api/v1/domains/{id}/policy", "POST", "changes", "setPolicy", JSON,
	  OPENAPI_SCHEMA("Answer"), OPENAPI_SCHEMA("SetPolicy"), 200, 0 },
	{ "/api/v1/selfballoon", "POST", "changes", "setSelfballoonMany", JSON,
	  OPENAPI_SCHEMA("Batch"), OPENAPI_SCHEMA("SetSelfballoonMany"), 200, 207 },
};

static const struct parameter {
	const char *path, *in, *name, *schema, *help;
} parameters[] = {
	{ "/page/{id}", "path", "id", "{\"type\":\"string\"}", "The file's name." },
	{ "/api/v1/audit", "query", "limit",
	  "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":100}",
	  "How many entries at most." },
	{ "/api/v1/audit", "query", "before", "{\"type\":\"integer\",\"minimum\":1}",
	  "Only entries with a lower serial: `next` of the page before." },
	{ "/api/v1/audit", "query", "action", OPENAPI_SCHEMA("Action"), "Only of this action." },
	{ "/api/v1/audit", "query", "result", OPENAPI_SCHEMA("Result"), "Only with this result." },
	{ "/api/v1/audit", "query", "principal", "{\"type\":\"string\"}", "Only by this one." },
	{ "/api/v1/audit", "query", "dry_run", "{\"type\":\"boolean\"}",
	  "Only dry runs, or none." },
	{ "/api/v1/audit", "query", "domain", "{\"type\":\"string\"}",
	  "Only about the guest with this domid, UUID or name, or those whose name fits a pattern "
	  "such as web*." },
	{ "/api/v1/domains/{id}/selfballoon", "header", "If-Match", "{\"type\":\"string\"}",
	  "The guest's ETag: refused if it has changed since." },
	{ "/api/v1/domains/{id}/target", "header", "If-Match", "{\"type\":\"string\"}",
	  "The guest's ETag: refused if it has changed since." },
	{ "/api/v1/domains/{id}/policy", "header", "If-Match", "{\"type\":\"string\"}",
	  "The guest's ETag: refused if it has changed since." },
};

#define DOMAIN_PATH "/api/v1/domains/{id}"

static bool is_about_domain(const struct route *route)
{
	return !strncmp(route->path, DOMAIN_PATH, strlen(DOMAIN_PATH));
}

static void put_parameter(struct text *text, const struct parameter *parameter)
{
	json_put_open(text, NULL, '{');
	json_put_string(text, "name", parameter->name);
	json_put_string(text, "in", parameter->in);
	json_put_bool(text, "required", !strcmp(parameter->in, "path"));
	json_put_string(text, "description", parameter->help);
	json_put_raw(text, "schema", parameter->schema);
	json_put_close(text, '}');
}

static void put_parameters(struct text *text, const struct route *route)
{
	static const struct parameter domain = { NULL, "path", "id",
						 "{\"type\":\"string\",\"minLength\":1}",
						 "Domid, name or UUID of the guest." };

	json_put_open(text, "parameters", '[');
	if (is_about_domain(route))
		put_parameter(text, &domain);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++)
		if (!strcmp(parameters[i].path, route->path))
			put_parameter(text, &parameters[i]);
	json_put_close(text, ']');
}

static void put_content(struct text *text, const char *type, const char *schema)
{
	json_put_open(text, type, '{');
	json_put_raw(text, "schema", schema ? schema : "{\"type\":\"string\"}");
	json_put_close(text, '}');
}

static void put_body(struct text *text, const struct answer *answer)
{
	json_put_open(text, "requestBody", '{');
	json_put_bool(text, "required", true);
	json_put_open(text, "content", '{');
	put_content(text, JSON, answer->body);
	put_content(text, "application/x-www-form-urlencoded", answer->body);
	json_put_close(text, '}');
	json_put_close(text, '}');
}

static bool needs_credential(const struct route *route)
{
	return route->role != ROLE_NONE || route->door == DOOR_SELF;
}

/* Whether a request by this route can be answered so, besides what its row in answers[] says. */
static bool may_fail(const struct route *route, int status)
{
	bool change = route->action != CONTROL_ACTION_COUNT;

	switch (status) {
	case 400:
	case 500:
		return true;
	case 401:
	case 429:
		return needs_credential(route);
	case 403:
		return route->role == ROLE_OPERATOR;
	case 409:
		return is_about_domain(route) || change;
	case 413:
	case 415:
		return route->body;
	}
	for (size_t i = 0; change && i < RESULT_COUNT; i++)
		if (control_results[i].http_status == status)
			return true;
	return false;
}

static void put_failures(struct text *text, const struct route *route, const struct answer *answer)
{
	char key[8], reference[64];

	for (int status = 400; status < 600; status++) {
		if (!may_fail(route, status) && answer->also != status)
			continue;
		snprintf(key, sizeof(key), "%d", status);
		snprintf(reference, sizeof(reference), "#/components/responses/%d", status);
		json_put_open(text, key, '{');
		json_put_string(text, "$ref", reference);
		json_put_close(text, '}');
	}
}

static void put_good(struct text *text, const struct route *route, const struct answer *answer,
		     int status)
{
	char key[8];

	snprintf(key, sizeof(key), "%d", status);
	json_put_open(text, key, '{');
	json_put_string(text, "description",
			status == 207 ? "Not all alike: look at each answer." : route->help);
	if (!strcmp(route->path, DOMAIN_PATH))
		json_put_raw(text, "headers",
			     "{\"ETag\":{\"description\":\"Another one whenever what a change "
			     "touches has changed; for If-Match.\",\"schema\":{\"type\":"
			     "\"string\"}}}");
	json_put_open(text, "content", '{');
	put_content(text, answer->type, answer->schema);
	if (!strcmp(route->path, "/metrics"))
		put_content(text, "application/openmetrics-text", NULL);
	json_put_close(text, '}');
	json_put_close(text, '}');
}

static void put_security(struct text *text, const struct route *route)
{
	static const char *const schemes[] = { "bearer", "tokenHeader", "basic", "certificate" };

	json_put_open(text, "security", '[');
	/* Reading is open where the configuration says so. */
	if (route->role != ROLE_OPERATOR)
		json_put_raw(text, NULL, "{}");
	for (size_t i = 0; needs_credential(route) && i < sizeof(schemes) / sizeof(*schemes); i++) {
		json_put_open(text, NULL, '{');
		json_put_raw(text, schemes[i], "[]");
		json_put_close(text, '}');
	}
	json_put_close(text, ']');
}

static const char *who_may(const struct route *route)
{
	if (route->role == ROLE_OPERATOR)
		return "For operators.";
	if (!needs_credential(route) || route->door == DOOR_SELF)
		return "For anyone.";
	return route->door == DOOR_METRICS
		       ? "For anyone, or for viewers and operators: http.metrics says which."
		       : "For anyone, or for viewers and operators: http.read says which.";
}

static void put_operation(struct text *text, const struct route *route, const struct answer *answer)
{
	json_put_open(text, strcmp(route->method, "GET") ? "post" : "get", '{');
	json_put_string(text, "operationId", answer->name);
	json_put_string(text, "summary", route->help);
	json_put_string(text, "description", who_may(route));
	json_put_open(text, "tags", '[');
	json_put_string(text, NULL, answer->tag);
	json_put_close(text, ']');
	put_parameters(text, route);
	if (route->body)
		put_body(text, answer);
	json_put_open(text, "responses", '{');
	put_good(text, route, answer, answer->good);
	if (answer->also && answer->also < 400)
		put_good(text, route, answer, answer->also);
	put_failures(text, route, answer);
	json_put_close(text, '}');
	put_security(text, route);
	json_put_close(text, '}');
}

static const struct answer *answer_of(const struct route *route)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (!strcmp(answers[i].path, route->path) &&
		    !strcmp(answers[i].method, route->method))
			return &answers[i];
	return NULL;
}

/* A path has one method, so each row is a path of its own. */
static void put_paths(struct text *text)
{
	json_put_open(text, "paths", '{');
	for (size_t i = 0; i < route_count; i++) {
		const struct answer *answer = answer_of(&routes[i]);

		if (!answer)
			continue;
		json_put_open(text, routes[i].path, '{');
		put_operation(text, &routes[i], answer);
		json_put_close(text, '}');
	}
	json_put_close(text, '}');
}

static void put_header(struct text *text, int status)
{
	if (status == 429 || status == 503)
		json_put_raw(text, "headers",
			     "{\"Retry-After\":{\"description\":\"Seconds to wait.\",\"schema\":{"
			     "\"type\":\"integer\"}}}");
	else if (status == 401)
		json_put_raw(text, "headers",
			     "{\"WWW-Authenticate\":{\"description\":\"How to prove who you are.\","
			     "\"schema\":{\"type\":\"string\"}}}");
}

static void put_responses(struct text *text)
{
	static const int statuses[] = { 400, 401, 403, 404, 409, 412, 413,
					415, 422, 424, 429, 500, 503 };
	char key[8];

	json_put_open(text, "responses", '{');
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		snprintf(key, sizeof(key), "%d", statuses[i]);
		json_put_open(text, key, '{');
		json_put_string(text, "description", problem_title(statuses[i]));
		put_header(text, statuses[i]);
		json_put_open(text, "content", '{');
		put_content(text, "application/problem+json", OPENAPI_SCHEMA("Problem"));
		json_put_close(text, '}');
		json_put_close(text, '}');
	}
	json_put_close(text, '}');
}

static void put_tags(struct text *text)
{
	static const char *const tags[][2] = {
		{ "memory", "Sizes and states of the host and its guests, now and lately." },
		{ "changes", "What operators may change; checked, and written into the audit." },
		{ "audit", "Who decided what." },
		{ "monitoring", "For Prometheus and service managers." },
		{ "agent", "The agent itself." },
		{ "page", "The live page." },
	};

	json_put_open(text, "tags", '[');
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		json_put_open(text, NULL, '{');
		json_put_string(text, "name", tags[i][0]);
		json_put_string(text, "description", tags[i][1]);
		json_put_close(text, '}');
	}
	json_put_close(text, ']');
}

void openapi_put(struct text *text)
{
	json_put_open(text, NULL, '{');
	json_put_string(text, "openapi", "3.1.0");
	json_put_open(text, "info", '{');
	json_put_string(text, "title", "xenballoon-agent");
	json_put_string(text, "version", XENBALLOON_VERSION);
	json_put_string(
		text, "description",
		"Shows the memory of a Xen host's guests and lets operators steer it. Every "
		"GET is also answered as HEAD. Over the Unix socket the kernel says who asks.");
	json_put_raw(text, "license", "{\"name\":\"MIT\",\"identifier\":\"MIT\"}");
	json_put_close(text, '}');
	/* Relative to this document, so that a path that a proxy puts before it counts. */
	json_put_raw(text, "servers",
		     "[{\"url\":\"../..\",\"description\":\"The agent that serves this "
		     "document.\"}]");
	put_tags(text);
	put_paths(text);
	json_put_open(text, "components", '{');
	openapi_put_schemas(text);
	put_responses(text);
	json_put_raw(
		text, "securitySchemes",
		"{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"tokenHeader\":{\"type\":"
		"\"apiKey\",\"in\":\"header\",\"name\":\"X-Xenballoon-Token\"},"
		"\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"},\"certificate\":{\"type\":"
		"\"mutualTLS\"}}");
	json_put_close(text, '}');
	json_put_close(text, '}');
}
