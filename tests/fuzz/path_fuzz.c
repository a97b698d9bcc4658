/* SPDX-License-Identifier: MIT */
/*
 * The path of a request, the guest that it names, and which guest that is. The first byte picks the
 * method.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "json.h"
#include "route.h"

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };

/* Guests whose names look like what they are not. */
static struct snapshot *host(void)
{
	static const char *const names[] = { "web1", "7", "007", "twin",     "twin",
					     "a/b",  "%", "5",	 "\xff\xfe", "name:x" };
	static struct snapshot *host;
	const size_t count = sizeof(names) / sizeof(*names);

	if (host)
		return host;
	host = snapshot_new(count);
	MUST(host);
	for (size_t i = 0; i < count; i++) {
		struct domain *domain = &host->domain[i];

		domain->domid = (uint32_t)(i + 1);
		snprintf(domain->name, sizeof(domain->name), "%s", names[i]);
		snprintf(domain->uuid, sizeof(domain->uuid),
			 "00000000-0000-4000-8000-0000000000%02zx", i + 0xa0);
	}
	return host;
}

static void look_up(const char *id)
{
	bool ambiguous, named = !strncmp(id, "name:", 5), digits = !id[strspn(id, "0123456789")];
	const struct domain *found = snapshot_lookup(host(), id, &ambiguous);
	const char *name = named ? id + 5 : id;
	char domid[16];

	if (!found) {
		MUST(!ambiguous || strcmp(name, "twin") == 0);
		return;
	}
	snprintf(domid, sizeof(domid), "%u", found->domid);
	MUST(!ambiguous);
	MUST(digits ? !strcmp(domid, id)
		    : !strcmp(found->name, name) || !strcasecmp(found->uuid, id));
}

/* Each percent sign of the guest's has its two digits. */
static void strictly(const char *path)
{
	for (const char *at = strchr(path, '%'); at; at = strchr(at + 1, '%'))
		MUST(isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]));
}

/* Encoded again byte by byte, the same guest of the same route is named. */
static void accepted(const char *method, const struct route *route, const char *id)
{
	const char *brace = strstr(route->path, "{id}"), *allow;
	char path[128 + 3 * SNAPSHOT_NAME_MAX], again[SNAPSHOT_NAME_MAX + 1];
	const struct route *same;
	size_t len;

	MUST(strlen(id) <= SNAPSHOT_NAME_MAX && !brace == !*id);
	MUST(!strcmp(route->method, method) ||
	     (!strcmp(method, "HEAD") && !strcmp(route->method, "GET")));
	if (!brace)
		return;
	len = (size_t)snprintf(path, sizeof(path), "%.*s", (int)(brace - route->path), route->path);
	for (const char *c = id; *c; c++)
		len += (size_t)snprintf(path + len, sizeof(path) - len, "%%%02x",
					(unsigned char)*c);
	snprintf(path + len, sizeof(path) - len, "%s", brace + strlen("{id}"));
	MUST(route_find(method, path, &same, again, &allow) == ROUTE_FOUND);
	MUST(same == route && !strcmp(again, id));
	look_up(id);
}

/* Also what stood for the guest goes into answers. */
static void shown(const char *id)
{
	struct text text = { 0 };

	json_put_open(&text, NULL, '[');
	json_put_string(&text, NULL, id);
	json_put_close(&text, ']');
	fuzz_json(text.bytes, text.len);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	const char *method = methods[fuzz_byte(&input) % 4], *allow = NULL;
	char *path = fuzz_string(&input), id[SNAPSHOT_NAME_MAX + 1];
	const struct route *route = NULL;

	switch (route_find(method, path, &route, id, &allow)) {
	case ROUTE_FOUND:
		MUST(route);
		strictly(path);
		accepted(method, route, id);
		break;
	case ROUTE_NO_METHOD:
		MUST(allow && *allow);
		break;
	case ROUTE_NO_PATH:
	case ROUTE_BAD_ID:
		break;
	}
	MUST(memchr(id, '\0', sizeof(id)));
	shown(id);
	free(path);
	return 0;
}
