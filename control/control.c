/* SPDX-License-Identifier: MIT */
/*
 * The pipeline: check, dry run or queue, apply on the collector thread, audit, count, answer. Knows
 * no interface. HTTP, SNMP and the command line call it from their own threads.
 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "audit.h"
#include "collector.h"
#include "config.h"
#include "feed.h"
#include "log.h"
#include "plan.h"
#include "restore.h"

/* The last action is none: a refusal that came before one was known. */
static atomic_uint_least64_t counts[VIA_COUNT][CONTROL_ACTION_COUNT + 1][RESULT_COUNT];

/* A call on its way through the collector's queue. */
struct call {
	struct command command; /* first: the queue hands this back */
	size_t count;
	struct control_request *requests;
	struct control_answer *answers; /* run() writes them */
	struct control_answer *late;	/* what is said when the deadline passes first */
	struct control_undo *undos;
	bool reverting; /* undos are what to put back, not what was replaced */
	bool ran;
	bool timed_out;
	uint64_t line; /* the last one of the audit that is about it */
	control_done *done;
	void *context;
};

/* What a dry run finds out is no refusal: it was asked what would be. Who may not ask is refused.
 */
static enum control_result counted_as(const struct control_request *request,
				      const struct control_answer *answer)
{
	static const bool found_out[RESULT_COUNT] = {
		[RESULT_NOT_FOUND] = true,  [RESULT_AMBIGUOUS] = true,
		[RESULT_HARD_LIMIT] = true, [RESULT_SOFT_LIMIT] = true,
		[RESULT_FOREIGN] = true,    [RESULT_SELFBALLOONING] = true,
		[RESULT_STALE] = true,	    [RESULT_DEPENDENCY] = true,
	};

	return request->dry_run && found_out[answer->result] ? RESULT_CHECKED : answer->result;
}

static int record(const struct control_request *request, const struct control_answer *answer)
{
	enum control_interface via = request->who.via;
	int error = audit_write(request, answer);

	if (answer->result == RESULT_OK)
		feed_put(request, answer);
	if ((unsigned int)via < VIA_COUNT && (unsigned int)request->action <= CONTROL_ACTION_COUNT)
		atomic_fetch_add(&counts[via][request->action][counted_as(request, answer)], 1);
	return error;
}

/* Strangers change nothing, and a flood of them must not keep the disk busy. */
static void secure(const struct control_request *request)
{
	if (request->who.role != ROLE_NONE)
		audit_sync(audit_latest());
}

void control_refused(const struct control_request *request, const struct control_answer *answer)
{
	record(request, answer);
	secure(request);
}

uint64_t control_count(enum control_interface via, enum control_action action,
		       enum control_result result)
{
	return atomic_load(&counts[via][action][result]);
}

static void finish(const struct control_request *requests, const struct control_answer *answers,
		   const struct control_undo *undos, size_t count, control_done *done,
		   void *context)
{
	for (size_t i = 0; i < count; i++)
		record(&requests[i], &answers[i]);
	if (count)
		secure(requests);
	done(context, answers, undos, count);
}

static void refuse_all(struct control_answer *answers, size_t count, enum control_result result,
		       const char *detail)
{
	for (size_t i = 0; i < count; i++) {
		answer_unchanged(&answers[i]);
		answer_refuse(&answers[i], result, NULL, "%s", detail);
	}
}

static void call_free(struct call *call)
{
	if (!call)
		return;
	free(call->requests);
	free(call->answers);
	free(call->late);
	free(call->undos);
	free(call);
}

static bool given_up(void *context)
{
	return command_expired(context);
}

static void put_back(struct call *call, struct store *store, struct hypervisor *hypervisor)
{
	int error = store && hypervisor
			    ? restore_undone(store, hypervisor, call->undos, call->count)
			    : -ENOTCONN;

	for (size_t i = 0; i < call->count; i++)
		if (error)
			answer_refuse(&call->answers[i], RESULT_FAILED, NULL,
				      "can't be put back: %s", strerror(-error));
		else
			answer_detail(&call->answers[i], "put back, as the whole request was "
							 "taken back");
}

static void run(struct command *command, struct store *store, struct hypervisor *hypervisor)
{
	struct call *call = (struct call *)command;

	call->ran = true;
	if (call->reverting)
		put_back(call, store, hypervisor);
	else
		control_apply(store, hypervisor, call->requests, call->answers, call->undos,
			      call->count, given_up, command);
	for (size_t i = 0; i < call->count; i++)
		collector_touch(call->answers[i].domid);
}

static bool took_effect(const struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->answers[i].result != RESULT_OK)
			return false;
	return call->ran;
}

/* What has been put back stays so: it is as it was before there was anything to decide. */
static void take_back(struct command *command, struct store *store, struct hypervisor *hypervisor,
		      int error)
{
	struct call *call = (struct call *)command;
	const char *undone = "nothing has changed";
	char why[128];

	if (!took_effect(call))
		return;
	if (call->reverting)
		undone = "it may not outlive the host";
	else if (!store || !hypervisor ||
		 restore_unkept(store, hypervisor, call->undos, call->count))
		undone = "and it can't be undone";
	else
		memset(call->undos, 0, call->count * sizeof(*call->undos));
	snprintf(why, sizeof(why), "it can't be kept in state.directory (%s); %s", strerror(-error),
		 undone);
	refuse_all(call->answers, call->count, RESULT_FAILED, why);
}

static void conclude(struct command *command)
{
	struct call *call = (struct call *)command;

	for (size_t i = 0; i < call->count; i++)
		if (record(&call->requests[i], &call->answers[i]))
			answer_warn(&call->answers[i], "The audit line of this is lost.");
	call->line = audit_latest();
}

/* Done, and now nobody can be sure to learn of it. */
static void tell_unaccounted(struct call *call, int error)
{
	const struct config *config = config_acquire();

	for (size_t i = 0; i < call->count; i++)
		if (!config->audit_required)
			answer_warn(&call->answers[i], "The audit line of this may be lost.");
		else if (call->answers[i].result == RESULT_OK)
			answer_refuse(
				&call->answers[i], RESULT_FAILED, NULL,
				"it is done, but its audit line is not on disk (%s), and "
				"audit.required is true: nothing more is changed until it can "
				"be",
				strerror(-error));
	config_release(config);
}

/* What was concluded with this one goes to the disk with it. */
static void answer(struct command *command, int status)
{
	struct call *call = (struct call *)command;
	int error;

	call->timed_out = status;
	if (status) {
		finish(call->requests, call->late, NULL, call->count, call->done, call->context);
		return;
	}
	error = audit_sync(call->line);
	if (error)
		tell_unaccounted(call, error);
	call->done(call->context, call->answers, call->undos, call->count);
}

/* The deadline may pass between the last look at it and the end: the audit must still be true. */
static void release(struct command *command)
{
	struct call *call = (struct call *)command;

	if (call->timed_out && took_effect(call)) {
		log_warn("a change took effect after its caller had been told it took too long");
		for (size_t i = 0; i < call->count; i++)
			record(&call->requests[i], &call->answers[i]);
	}
	call_free(call);
}

static struct call *call_new(size_t count, int timeout_ms, control_done *done, void *context)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->requests = calloc(count, sizeof(*call->requests));
	call->answers = calloc(count, sizeof(*call->answers));
	call->late = calloc(count, sizeof(*call->late));
	call->undos = calloc(count, sizeof(*call->undos));
	if (!call->requests || !call->answers || !call->late || !call->undos) {
		call_free(call);
		return NULL;
	}
	call->command = (struct command){ .run = run,
					  .take_back = take_back,
					  .conclude = conclude,
					  .answer = answer,
					  .release = release,
					  .deadline_ms = clock_ms() + timeout_ms };
	call->count = count;
	call->done = done;
	call->context = context;
	return call;
}

/* Queues the call; it is given away on success. */
static int queue(struct call *call)
{
	memcpy(call->late, call->answers, call->count * sizeof(*call->late));
	refuse_all(call->late, call->count, RESULT_UNAVAILABLE,
		   "xenstored or the hypervisor did not answer in time; nothing stays changed, "
		   "try again later");
	return collector_submit(&call->command);
}

static bool check(const struct control_request *requests, struct control_answer *answers,
		  size_t count)
{
	const struct snapshot *snapshot = snapshot_acquire();
	const struct config *config = config_acquire();
	struct control_limits limits = { config->control_reserve_kib };
	bool passed = control_check_all(snapshot, &limits, requests, answers, count);

	config_release(config);
	snapshot_release(snapshot);
	return passed;
}

static bool dry_run(const struct control_request *requests, struct control_answer *answers,
		    size_t count)
{
	bool dry = false;

	for (size_t i = 0; i < count; i++)
		dry |= requests[i].dry_run;
	for (size_t i = 0; i < count && dry; i++) {
		answers[i].result = RESULT_CHECKED;
		answer_detail(&answers[i], "would be done; nothing has changed");
	}
	return dry;
}

/* What nobody could ever account for is not done. */
static bool accountable(struct control_answer *answers, size_t count)
{
	const struct config *config = config_acquire();
	bool required = config->audit_required;
	int error = required ? audit_try(count) : 0;
	char why[160];

	config_release(config);
	if (!error)
		return true;
	snprintf(why, sizeof(why),
		 "the audit can't be written (%s), and audit.required is true: nothing is changed "
		 "until it can",
		 strerror(-error));
	refuse_all(answers, count, RESULT_UNAVAILABLE, why);
	return false;
}

/* True if the call is on its way; else its answers say why not. */
static bool submit_checked(const struct control_request *requests, struct control_answer *answers,
			   size_t count, int timeout_ms, control_done *done, void *context)
{
	struct call *call = call_new(count, timeout_ms, done, context);
	const char *why = "out of memory; try again later";

	if (call) {
		memcpy(call->requests, requests, count * sizeof(*requests));
		memcpy(call->answers, answers, count * sizeof(*answers));
		if (!queue(call))
			return true;
		why = "too many changes are waiting already; try again later";
	}
	call_free(call);
	refuse_all(answers, count, RESULT_UNAVAILABLE, why);
	return false;
}

void control_submit(const struct control_request *requests, size_t count, int timeout_ms,
		    control_done *done, void *context)
{
	struct control_answer *answers = calloc(count + 1, sizeof(*answers));

	if (!answers) {
		static const struct control_answer none = { .result = RESULT_UNAVAILABLE };

		for (size_t i = 0; i < count; i++)
			record(&requests[i], &none);
		done(context, NULL, NULL, 0);
		return;
	}
	if (count > CONTROL_REQUESTS_MAX) {
		refuse_all(answers, count, RESULT_MALFORMED,
			   "more requests in one call than 4096; split them");
		finish(requests, answers, NULL, count, done, context);
	} else if (count == 0 || !check(requests, answers, count) ||
		   dry_run(requests, answers, count) || !accountable(answers, count) ||
		   !submit_checked(requests, answers, count, timeout_ms, done, context)) {
		finish(requests, answers, NULL, count, done, context);
	}
	free(answers);
}

/* One who waits in control_call() or control_revert(). */
struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over;
	size_t count;
	struct control_answer *answers; /* may be NULL, as undos */
	struct control_undo *undos;
	enum control_result worst;
};

static void wake(void *context, const struct control_answer *answers,
		 const struct control_undo *undos, size_t count)
{
	struct waiter *waiter = context;

	pthread_mutex_lock(&waiter->lock);
	waiter->worst = count ? RESULT_OK : RESULT_UNAVAILABLE;
	for (size_t i = 0; i < count; i++)
		if (answers[i].result != RESULT_OK)
			waiter->worst = answers[i].result;
	if (waiter->answers && count)
		memcpy(waiter->answers, answers, count * sizeof(*answers));
	if (waiter->undos && undos)
		memcpy(waiter->undos, undos, count * sizeof(*undos));
	waiter->over = true;
	pthread_cond_signal(&waiter->ended);
	pthread_mutex_unlock(&waiter->lock);
}

static void wait_for(struct waiter *waiter)
{
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->over)
		pthread_cond_wait(&waiter->ended, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
	pthread_cond_destroy(&waiter->ended);
	pthread_mutex_destroy(&waiter->lock);
}

void control_call(const struct control_request *requests, struct control_answer *answers,
		  struct control_undo *undos, size_t count, int timeout_ms)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER,
				 .ended = PTHREAD_COND_INITIALIZER,
				 .answers = answers,
				 .undos = undos };

	memset(answers, 0, count * sizeof(*answers));
	refuse_all(answers, count, RESULT_UNAVAILABLE, "out of memory; try again later");
	if (undos)
		memset(undos, 0, count * sizeof(*undos));
	control_submit(requests, count, timeout_ms, wake, &waiter);
	wait_for(&waiter);
}

/* What putting one change back looks like as a request, for the audit. */
static void describe(const struct control_undo *undo, const struct principal *who,
		     struct control_request *request, struct control_answer *reply)
{
	struct reading old = plan_number(undo, plan_node(undo->action));

	request->who = *who;
	request->action = undo->action;
	request->value = old.value;
	snprintf(request->subject, sizeof(request->subject), "%u", undo->domid);
	reply->domid = undo->domid;
	memcpy(reply->uuid, undo->uuid, sizeof(reply->uuid));
	reply->after = old;
	if (undo->action == CONTROL_POLICY) {
		memcpy(request->policy, undo->node[NODE_POLICY].bytes, sizeof(request->policy));
		memcpy(reply->policy_after, request->policy, sizeof(reply->policy_after));
	}
}

int control_revert(const struct control_undo *undos, size_t count, const struct principal *who,
		   int timeout_ms)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER,
				 .ended = PTHREAD_COND_INITIALIZER };
	struct call *call;
	size_t valid = 0;

	for (size_t i = 0; i < count; i++)
		valid += undos[i].valid;
	if (valid == 0)
		return 0;
	if (who->role != ROLE_OPERATOR)
		return -EACCES;
	call = call_new(valid, timeout_ms, wake, &waiter);
	if (!call)
		return -ENOMEM;
	call->reverting = true;
	for (size_t i = 0, at = 0; i < count; i++)
		if (undos[i].valid) {
			call->undos[at] = undos[i];
			describe(&undos[i], who, &call->requests[at], &call->answers[at]);
			at++;
		}
	if (queue(call)) {
		call_free(call);
		return -EAGAIN;
	}
	wait_for(&waiter);
	return waiter.worst == RESULT_OK ? 0 : -EIO;
}
