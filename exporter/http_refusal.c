/* SPDX-License-Identifier: MIT */
/*
 * Refuses requests before they reach a handler, and has each refusal audited and counted, within
 * bounds. Judges nothing itself. Called by http_check.c and http_request.c.
 */
#include <stdio.h>

#include "clock.h"
#include "http_call.h"
#include "log.h"
#include "problem.h"

/*
 * So many refusals of strangers are recorded at once, and so many each second after that: a flood
 * must not fill the disk. Who has a valid token is not bounded, so nobody is locked out by others.
 */
#define RECORDED_BURST 1000
#define MS_PER_RECORD  100

#define TELL_MS 10000

/* A refusal of a change is a decision: audited and counted, with what is known of the request. */
static void note(const struct exchange *exchange, enum control_result result, const char *detail)
{
	const struct principal *who = &exchange->who;
	struct control_request request = { .who = *who,
					   .action = exchange->route->action,
					   .unsaid = true };
	struct control_answer answer = { .result = result };

	snprintf(request.subject, sizeof(request.subject), "%s", exchange->id);
	snprintf(answer.detail, sizeof(answer.detail), "%s", detail);
	if (exchange->route->action != CONTROL_ACTION_COUNT)
		control_refused(&request, &answer);
	else if (exchange->route->role == ROLE_OPERATOR)
		log_warn("refused %s to %s from %s: %s", exchange->route->path,
			 *who->name ? who->name : "nobody", who->address, detail);
}

/* Requests to change something that were refused without an audit line. */
static unsigned long long unrecorded;

static void tell_of_unrecorded(int64_t now_ms)
{
	static unsigned long long told;
	static int64_t last_ms;

	if (unrecorded == told || now_ms - last_ms < TELL_MS)
		return;
	log_warn("http: %llu requests to change something came too fast without a valid credential "
		 "to be recorded one by one",
		 unrecorded - told);
	last_ms = now_ms;
	told = unrecorded;
}

/* A bucket of RECORDED_BURST that fills by one each MS_PER_RECORD. HTTP thread only. */
static bool recordable(void)
{
	static int64_t empty_ms; /* when the bucket was, or would have been, empty */
	int64_t now_ms = clock_ms(), full_ms = now_ms - (int64_t)RECORDED_BURST * MS_PER_RECORD;
	bool room;

	if (empty_ms < full_ms)
		empty_ms = full_ms;
	room = empty_ms + MS_PER_RECORD <= now_ms;
	if (room)
		empty_ms += MS_PER_RECORD;
	else
		unrecorded++;
	tell_of_unrecorded(now_ms);
	return room;
}

void http_refuse(const struct http_call *call, struct reply *reply, enum control_result result,
		 const char *detail)
{
	bool change = call->exchange.route->role == ROLE_OPERATOR;

	if (change && call->exchange.who.role == ROLE_NONE && !recordable()) {
		problem_reply(reply, 429,
			      "Too many requests without a valid credential; send one or wait.");
		reply->retry_after_s = 1;
		return;
	}
	note(&call->exchange, result, detail);
	problem_result(reply, result, detail);
}

void http_refuse_wrong(const struct http_call *call, struct reply *reply, const char *detail)
{
	const struct principal *who = &call->exchange.who;
	/* On the socket a credential can only take away: there is nothing to guess. */
	unsigned int wait_s = who->via == VIA_UNIX ? 0 : http_guard_wrong(who->address);

	if (!wait_s) {
		http_refuse(call, reply, RESULT_UNAUTHENTICATED, detail);
		return;
	}
	if (call->exchange.route->role == ROLE_OPERATOR) {
		unrecorded++;
		tell_of_unrecorded(clock_ms());
	}
	problem_reply(reply, 429,
		      "Too many wrong credentials came from your address; a right one passes at "
		      "any time.");
	reply->retry_after_s = wait_s;
}

void http_refuse_body(const struct http_call *call, struct reply *reply, int status,
		      const char *detail)
{
	note(&call->exchange, RESULT_MALFORMED, detail);
	problem_reply(reply, status, "%s", detail);
}

void http_refuse_length(const struct http_call *call, struct reply *reply)
{
	char detail[64];

	snprintf(detail, sizeof(detail), "The body may have at most %d bytes.", HTTP_BODY_MAX);
	http_refuse_body(call, reply, 413, detail);
}
