/* SPDX-License-Identifier: MIT */
/*
 * The table of everything that can be asked over HTTP, and how a request finds its row. Knows
 * neither the HTTP library nor what the handlers do. Called by http_request.c.
 */
#include "route.h"

#include <string.h>

#define NO_CONTROL .action = CONTROL_ACTION_COUNT

/* clang-format off */
const struct route routes[] = {
	{ "GET", "/", ROLE_NONE, NO_CONTROL, .handler = get_index,
	  .help = "The live page, for a browser." },
	{ "GET", "/page/{id}", ROLE_NONE, NO_CONTROL, .handler = get_page,
	  .help = "A file of the live page." },
	{ "GET", "/metrics", ROLE_VIEWER, NO_CONTROL, .handler = get_metrics,
	  .help = "Host, guests and agent as Prometheus text or OpenMetrics.",
	  .door = DOOR_METRICS },
	{ "GET", "/-/healthy", ROLE_NONE, NO_CONTROL, .handler = get_healthy,
	  .help = "200 while the agent runs." },
	{ "GET", "/-/ready", ROLE_NONE, NO_CONTROL, .handler = get_ready,
	  .help = "200 while what is shown is current and changes can be made, else 503." },
	{ "POST", "/-/reload", ROLE_OPERATOR, NO_CONTROL, .handler = post_reload,
	  .help = "Reads the configuration again." },
	{ "GET", "/api/v1/whoami", ROLE_NONE, NO_CONTROL, .handler = get_whoami,
	  .help = "Who the agent takes the asker for, and what they may do.", .door = DOOR_SELF },
	{ "GET", "/api/v1/host", ROLE_VIEWER, NO_CONTROL, .handler = get_host,
	  .help = "The host's memory." },
	{ "GET", "/api/v1/domains", ROLE_VIEWER, NO_CONTROL, .handler = get_domains,
	  .help = "All guests." },
	{ "GET", "/api/v1/domains/{id}", ROLE_VIEWER, NO_CONTROL, .handler = get_domain,
	  .help = "One guest, by domid, name or UUID." },
	{ "GET", "/api/v1/events", ROLE_VIEWER, NO_CONTROL, .handler = get_events,
	  .help = "What changes, as server-sent events." },
	{ "GET", "/api/v1/history", ROLE_VIEWER, NO_CONTROL, .handler = get_history,
	  .help = "All guests' sizes in the last 15 minutes." },
	{ "GET", "/api/v1/domains/{id}/history", ROLE_VIEWER, NO_CONTROL,
	  .handler = get_domain_history,
	  .help = "One guest's values in the last 15 minutes." },
	{ "GET", "/api/v1/audit", ROLE_OPERATOR, NO_CONTROL, .handler = get_audit,
	  .help = "The latest decisions, newest first." },
	{ "GET", "/api/v1/openapi.json", ROLE_NONE, NO_CONTROL, .handler = get_openapi,
	  .help = "This API, as OpenAPI 3.1." },
	{ "POST", "/api/v1/domains/{id}/selfballoon", ROLE_OPERATOR, CONTROL_SELFBALLOON, .body = true,
	  .handler = post_selfballoon, .help = "Turns selfballooning on or off in one guest." },
	{ "POST", "/api/v1/domains/{id}/target", ROLE_OPERATOR, CONTROL_TARGET, .body = true,
	  .handler = post_target, .help = "Sets one guest's balloon target." },
	{ "POST", "/api/v1/domains/{id}/policy", ROLE_OPERATOR, CONTROL_POLICY, .body = true,
	  .handler = post_policy, .help = "Orders one guest's policy; an empty one takes the order back." },
	{ "POST", "/api/v1/selfballoon", ROLE_OPERATOR, CONTROL_SELFBALLOON, .body = true,
	  .handler = post_selfballoon_many, .help = "Turns selfballooning on or off in all guests or a list." },
};
/* clang-format on */

const size_t route_count = sizeof(routes) / sizeof(*routes);

/* Decodes %XX (RFC 3986, 2.1); a NUL has no place in a name. */
static bool decode(const char *from, size_t len, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = (unsigned char)from[i];

		if (byte == '%') {
			int high = len - i > 2 ? text_hex(from[i + 1]) : -1;
			int low = high >= 0 ? text_hex(from[i + 2]) : -1;

			if (low < 0)
				return false;
			byte = high * 16 + low;
			i += 2;
		}
		if (!byte || n + 1 >= size)
			return false;
		to[n++] = (char)byte;
	}
	to[n] = 0;
	return n;
}

/* Compares a path with a row's; *id and *len tell what stands for {id}. */
static bool match(const char *pattern, const char *path, const char **id, size_t *len)
{
	const char *brace = strstr(pattern, "{id}");
	size_t before = brace ? (size_t)(brace - pattern) : 0;

	*id = NULL;
	*len = 0;
	if (!brace)
		return !strcmp(pattern, path);
	if (strncmp(pattern, path, before))
		return false;
	*id = path + before;
	*len = strcspn(*id, "/");
	return *len && !strcmp(brace + strlen("{id}"), *id + *len);
}

/* No path has more than one method (and HEAD). */
static const char *allowed(const char *method)
{
	return strcmp(method, "GET") ? method : "GET, HEAD";
}

enum route_match route_find(const char *method, const char *path, const struct route **route,
			    char id[SNAPSHOT_NAME_MAX + 1], const char **allow)
{
	const char *wanted = strcmp(method, "HEAD") ? method : "GET", *raw;
	enum route_match result = ROUTE_NO_PATH;
	size_t len;

	*id = 0;
	for (size_t i = 0; i < route_count; i++) {
		if (!match(routes[i].path, path, &raw, &len))
			continue;
		if (strcmp(routes[i].method, wanted)) {
			*allow = allowed(routes[i].method);
			result = ROUTE_NO_METHOD;
			continue;
		}
		*route = &routes[i];
		if (raw && !decode(raw, len, id, SNAPSHOT_NAME_MAX + 1)) {
			*id = 0;
			return ROUTE_BAD_ID;
		}
		return ROUTE_FOUND;
	}
	return result;
}
