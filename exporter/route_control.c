/* SPDX-License-Identifier: MIT */
/*
 * Answers requests to change one guest: reads the body, hands it to the control path, tells how it
 * ended. Judges nothing itself. Its functions are rows of routes[].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "json.h"
#include "problem.h"
#include "route_control.h"

void route_malformed(struct exchange *exchange, struct reply *reply, const char *detail)
{
	struct control_request request = { .who = exchange->who,
					   .action = exchange->route->action,
					   .unsaid = true };
	struct control_answer answer = { .result = RESULT_MALFORMED };

	snprintf(request.subject, sizeof(request.subject), "%s", exchange->id);
	snprintf(answer.detail, sizeof(answer.detail), "%s", detail);
	control_refused(&request, &answer);
	problem_result(reply, RESULT_MALFORMED, detail);
}

bool route_body(const struct exchange *exchange, enum json_kind kind, struct json_change *change,
		char *error, size_t size)
{
	return (exchange->form ? json_change_parse_form : json_change_parse)(
		exchange->body, exchange->body_len, kind, change, error, size);
}

int route_timeout_ms(void)
{
	const struct config *config = config_acquire();
	int timeout_ms = (int)config->control_timeout_ms;

	config_release(config);
	return timeout_ms;
}

/* A request under way: lives from the handler's call to done(). */
struct change {
	struct exchange *exchange;
	struct control_request request;
};

static void done(void *context, const struct control_answer *answers,
		 const struct control_undo *undos, size_t count)
{
	struct change *change = context;
	struct reply reply = { 0 };

	(void)undos;
	if (!count) {
		problem_reply(&reply, 500, "Out of memory.");
	} else if (route_succeeded(answers[0].result)) {
		reply.status = control_results[answers[0].result].http_status;
		reply.type = "application/json";
		json_put_open(&reply.text, NULL, '{');
		json_put_answer(&reply.text, &change->request, &answers[0]);
		json_put_close(&reply.text, '}');
	} else {
		problem_answer(&reply, &change->request, &answers[0]);
	}
	exchange_answer(change->exchange, &reply);
	free(change);
}

static bool submit(struct exchange *exchange, struct reply *reply, const struct json_change *body,
		   uint64_t value)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change) {
		problem_reply(reply, 500, "Out of memory.");
		return true;
	}
	change->exchange = exchange;
	change->request = (struct control_request){ .who = exchange->who,
						    .action = exchange->route->action,
						    .value = value,
						    .dry_run = body->dry_run,
						    .force = body->force,
						    .restore = body->restore };
	snprintf(change->request.subject, sizeof(change->request.subject), "%s", exchange->id);
	memcpy(change->request.policy, body->policy, sizeof(body->policy));
	snprintf(change->request.match, sizeof(change->request.match), "%s",
		 exchange->match ? exchange->match : "");
	if (!exchange_wait(exchange)) {
		free(change);
		problem_reply(reply, 503, "The agent is stopping.");
		return true;
	}
	control_submit(&change->request, 1, route_timeout_ms(), done, change);
	return false;
}

/* A precondition that is not understood must not be taken for fulfilled. */
static bool match_valid(const struct exchange *exchange, char *error, size_t size)
{
	const char *match = exchange->match;

	if (!match ||
	    (strlen(match) < sizeof(((struct control_request *)0)->match) && tag_list_valid(match)))
		return true;
	snprintf(error, size, "If-Match must be * or the ETag that the guest was shown with.");
	return false;
}

static bool post_one(struct exchange *exchange, struct reply *reply, enum json_kind kind)
{
	struct json_change body = { 0 };
	char error[256];
	bool answered = true;

	if (match_valid(exchange, error, sizeof(error)) &&
	    route_body(exchange, kind, &body, error, sizeof(error)))
		answered = submit(exchange, reply, &body,
				  kind == JSON_TARGET ? body.target_kib : body.enabled);
	else
		route_malformed(exchange, reply, error);
	json_change_free(&body);
	return answered;
}

bool post_selfballoon(struct exchange *exchange, struct reply *reply)
{
	return post_one(exchange, reply, JSON_SELFBALLOON);
}

bool post_target(struct exchange *exchange, struct reply *reply)
{
	return post_one(exchange, reply, JSON_TARGET);
}

bool post_policy(struct exchange *exchange, struct reply *reply)
{
	return post_one(exchange, reply, JSON_POLICY);
}

bool route_succeeded(enum control_result result)
{
	return result == RESULT_OK || result == RESULT_CHECKED;
}
