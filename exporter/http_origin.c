/* SPDX-License-Identifier: MIT */
/*
 * Tells the agent's own page from another site's by the headers that browsers set themselves. Knows
 * http.names, and no route. On the HTTP threads.
 */
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "http_call.h"

/* Host and port without scheme, up to the end or a comma. */
static bool is_name(const char *item, size_t len, const char *from)
{
	size_t host = *from == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":");

	if (strncasecmp(item, from, len))
		return false;
	/* A name without a port stands for all of its ports. */
	return !from[len] || (host == len && from[len] == ':');
}

static bool is_listed(const char *names, const char *from)
{
	for (size_t len; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		if (len && is_name(names, len, from))
			return true;
	}
	return false;
}

/*
 * The agent's own page asks, or none does. No page can set these headers. Behind a proxy that
 * changes Host, Sec-Fetch-Site still says the truth; browsers send it over HTTPS and to loopback.
 */
bool http_origin_own(const char *names, const char *site, const char *origin, const char *host)
{
	const char *from = origin ? strstr(origin, "://") : NULL;

	if (site && !strcasecmp(site, "same-origin"))
		return true;
	if (site && strcasecmp(site, "none"))
		return false;
	return !origin ||
	       (from && ((host && !strcasecmp(from + 3, host)) || is_listed(names, from + 3)));
}
