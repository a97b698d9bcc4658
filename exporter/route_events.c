/* SPDX-License-Identifier: MIT */
/*
 * Answers who wants to follow what happens. Knows neither the HTTP library nor what is sent. Its
 * function is a row of routes[].
 */
#include "auth.h"
#include "clock.h"
#include "config.h"
#include "events.h"
#include "password.h"
#include "problem.h"
#include "route.h"

/* The kernel's word of a socket's peer stays true; a credential may expire or be revoked. */
static bool still(const struct principal *who, const struct config *config)
{
	if (!who->credential && !who->password)
		return who->via == VIA_UNIX || config->http_read == HTTP_READ_OPEN;
	return who->credential == auth_credential(config->auth, who->name, clock_unix()) &&
	       (!who->password ||
		who->password == password_credential(config->passwords, who->name));
}

static bool stands(const struct principal *who)
{
	const struct config *config = config_acquire();
	bool yes = still(who, config);

	config_release(config);
	return yes;
}

bool get_events(struct exchange *exchange, struct reply *reply)
{
	reply->events = events_listen(&exchange->who, stands);
	if (!reply->events) {
		problem_reply(reply, 503, "Already %d listen to events; that is the most.",
			      EVENTS_LISTENERS_MAX);
		return true;
	}
	reply->status = 200;
	reply->type = "text/event-stream";
	return true;
}
