/* SPDX-License-Identifier: MIT */
/*
 * Answers who wants to follow what happens. Knows neither the HTTP library nor what is sent. Its
 * function is a row of routes[].
 */
#include "events.h"
#include "problem.h"
#include "route.h"

bool get_events(struct exchange *exchange, struct reply *reply)
{
	/* Who changed what is for those who have said who they are. */
	reply->events = events_listen(exchange->who.role != ROLE_NONE);
	if (!reply->events) {
		problem_reply(reply, 503, "Already %d listen to events; that is the most.",
			      EVENTS_LISTENERS_MAX);
		return true;
	}
	reply->status = 200;
	reply->type = "text/event-stream";
	return true;
}
