/* SPDX-License-Identifier: MIT */
/*
 * Answers who the agent takes the asker for. A row of routes[].
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "json.h"
#include "route.h"

static void put_domains(struct text *text, const char *domains)
{
	char pattern[sizeof(((struct principal *)0)->domains)];

	if (!*domains) {
		json_put_null(text, "domains");
		return;
	}
	json_put_open(text, "domains", '[');
	for (const char *end; domains; domains = *end ? end + 1 : NULL) {
		end = domains + strcspn(domains, ",");
		snprintf(pattern, sizeof(pattern), "%.*s", (int)(end - domains), domains);
		json_put_string(text, NULL, pattern);
	}
	json_put_close(text, ']');
}

bool get_whoami(struct exchange *exchange, struct reply *reply)
{
	const struct principal *who = &exchange->who;
	const struct config *config = config_acquire();
	bool open = config->http_read == HTTP_READ_OPEN;
	struct text *text = &reply->text;

	config_release(config);
	reply->status = 200;
	reply->type = "application/json";
	json_put_open(text, NULL, '{');
	if (*who->name)
		json_put_string(text, "name", who->name);
	else
		json_put_null(text, "name");
	json_put_string(text, "role", control_role_name(who->role));
	json_put_string(text, "interface", control_interface_name(who->via));
	put_domains(text, who->domains);
	json_put_string(text, "read", open ? "open" : "viewer");
	json_put_close(text, '}');
	return true;
}
