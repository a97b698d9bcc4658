/* SPDX-License-Identifier: MIT */
/*
 * From checked requests to a change of the domains they name, and from what went wrong to the
 * answers. Knows no interface, queue or audit. Called by the pipeline on the collector thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "change.h"
#include "size.h"

/* What plan() works on, besides the change. */
struct job {
	const struct control_request *requests;
	struct control_answer *answers;
	size_t *plan_of; /* of each request: index into the change's plans */
	size_t count;
	bool (*expired)(void *context);
	void *context;
};

/* The plan of the domain that a request names: a call may hold several requests for one. */
static int find_plan(struct change *change, struct job *job, size_t request)
{
	const struct control_answer *answer = &job->answers[request];
	size_t i = 0;
	int error = 0;

	while (i < change->count && change->plans[i].before.domid != answer->domid)
		i++;
	if (i == change->count)
		error = plan_read(&change->plans[i], change->store, change->hypervisor,
				  answer->domid, answer->uuid);
	if (!error && i == change->count) {
		change->count++;
		change->plans[i].before.action = job->requests[request].action;
		change->plans[i].after.action = job->requests[request].action;
	}
	job->plan_of[request] = i;
	return error;
}

static int plan_one(struct change *change, struct job *job, size_t request)
{
	struct control_answer *answer = &job->answers[request];
	int error = find_plan(change, job, request);

	if (error == -ESTALE) {
		answer_refuse(answer, RESULT_NOT_FOUND, NULL,
			      "domain %" PRIu32 " is gone, or no longer the one that was meant",
			      answer->domid);
		return -ECANCELED;
	}
	if (error)
		return error;
	return plan_add(&change->plans[job->plan_of[request]], &job->requests[request], answer) ==
			       RESULT_OK
		       ? 0
		       : -ECANCELED;
}

/* Switches before targets, as they all take effect at the same moment. */
static int plan(struct change *change, void *context)
{
	static const enum control_action order[CONTROL_ACTION_COUNT] = { CONTROL_SELFBALLOON,
									 CONTROL_TARGET,
									 CONTROL_POLICY };
	struct job *job = context;
	int error = 0;

	for (size_t pass = 0; pass < CONTROL_ACTION_COUNT && !error; pass++)
		for (size_t i = 0; i < job->count && !error; i++)
			if (job->requests[i].action == order[pass])
				error = plan_one(change, job, i);
	return error;
}

static bool expired(void *context)
{
	const struct job *job = context;

	return job->expired && job->expired(job->context);
}

static void fail(const struct change *change, struct job *job, enum control_result result,
		 const char *why)
{
	const char *undone = change->stuck ? " and could not be undone; the agent tries again when "
					     "it next meets the domain"
					   : "; nothing has changed";

	for (size_t i = 0; i < job->count; i++) {
		answer_unchanged(&job->answers[i]);
		answer_refuse(&job->answers[i], result, NULL, "%s%s", why, undone);
	}
}

static void explain(const struct change *change, struct job *job, int error)
{
	switch (error) {
	case -ECANCELED: /* refused while planning: the answer says it */
		answer_abandon(job->answers, job->count);
		break;
	case -ETIMEDOUT:
		fail(change, job, RESULT_UNAVAILABLE, "it took too long");
		break;
	case -EAGAIN:
		fail(change, job, RESULT_UNAVAILABLE,
		     "others kept writing the same keys in between");
		break;
	case -ENOTCONN:
		fail(change, job, RESULT_UNAVAILABLE, "xenstored went away");
		break;
	default:
		fail(change, job, RESULT_FAILED, strerror(-error));
		break;
	}
}

/* "limit raised from 126 MiB to 513 MiB" */
static void tell_of_limit(const struct plan *done, struct control_answer *answer)
{
	uint64_t before = done->before.cap_kib, after = done->after.cap_kib;
	char from[SIZE_TEXT], to[SIZE_TEXT];

	size_texts(from, before, to, after);
	if (before == after)
		answer_detail(answer, "the limit of %s stays", to);
	else
		answer_detail(answer, "limit %s from %s to %s",
			      after > before ? "raised" : "lowered", from, to);
}

static void succeed(const struct change *change, struct job *job, struct control_undo *undos)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct plan *done = &change->plans[job->plan_of[i]];
		struct control_answer *answer = &job->answers[i];

		answer->result = RESULT_OK;
		if (job->requests[i].action == CONTROL_POLICY)
			answer_detail(answer, "the guest hears of it at once");
		else
			tell_of_limit(done, answer);
	}
	for (size_t i = 0; undos && i < job->count; i++) {
		size_t first = 0;

		while (job->plan_of[first] != job->plan_of[i])
			first++;
		if (first == i)
			undos[i] = change->plans[job->plan_of[i]].before;
	}
}

void control_apply(struct store *store, struct hypervisor *hypervisor,
		   const struct control_request *requests, struct control_answer *answers,
		   struct control_undo *undos, size_t count, bool (*given_up)(void *),
		   void *context)
{
	struct job job = { requests, answers, NULL, count, given_up, context };
	struct change change = { .store = store,
				 .hypervisor = hypervisor,
				 .plan = plan,
				 .expired = expired,
				 .context = &job };
	int error = -ENOMEM;

	if (undos)
		memset(undos, 0, count * sizeof(*undos));
	job.plan_of = calloc(count, sizeof(*job.plan_of));
	change.plans = calloc(count, sizeof(*change.plans));
	if (!store || !hypervisor)
		error = -ENOTCONN;
	else if (job.plan_of && change.plans)
		error = change_run(&change);
	if (error)
		explain(&change, &job, error);
	else
		succeed(&change, &job, undos);
	free(change.plans);
	free(job.plan_of);
}
