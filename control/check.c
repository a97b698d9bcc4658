/* SPDX-License-Identifier: MIT */
/*
 * May this be done? Who asks, whom it concerns, the limits of limit.c, each a rule of its own in
 * one list per action. Pure: knows a snapshot and no store. Called by every way in and by the
 * pipeline.
 */
#include <inttypes.h>
#include <string.h>

#include "answer.h"
#include "check.h"
#include "policy_text.h"
#include "principal_file.h"
#include "tag.h"

#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

uint64_t check_value(const struct domain *domain, enum domain_value value)
{
	return domain->value[value].state == READING_OK ? domain->value[value].value : 0;
}

bool check_known(const struct domain *domain, enum domain_value value)
{
	return domain->value[value].state == READING_OK;
}

static enum control_result authenticated(struct ask *ask, struct control_answer *answer)
{
	if (ask->request->who.role != ROLE_NONE)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_UNAUTHENTICATED, NULL,
			     "changing a guest needs a credential with the role operator");
}

static enum control_result operator(struct ask *ask, struct control_answer *answer) {
	if (ask->request->who.role == ROLE_OPERATOR) return RESULT_OK;
	return answer_refuse(answer, RESULT_FORBIDDEN, NULL,
			     "the role %s may only read; changing a guest needs the role operator",
			     control_role_name(ask->request->who.role));
}

static enum control_result sensible(struct ask *ask, struct control_answer *answer)
{
	bool switches_on = ask->request->action == CONTROL_SELFBALLOON && ask->request->value;

	if (!ask->request->subject[0])
		return answer_refuse(answer, RESULT_MALFORMED, NULL,
				     "no domain is named: give a domid, a name or a UUID");
	if (ask->request->restore && (switches_on || ask->request->action != CONTROL_SELFBALLOON))
		return answer_refuse(answer, RESULT_MALFORMED, NULL,
				     "restore goes with turning selfballooning off: it gives the "
				     "target back from before it was turned on");
	if (!switches_on || ask->request->value <= 1)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_MALFORMED, NULL,
			     "selfballoon is either on (1) or off (0), not %" PRIu64,
			     ask->request->value);
}

/* By the table of a guest's own settings. */
static enum control_result policy_valid(struct ask *ask, struct control_answer *answer)
{
	char error[200];

	if (policy_text_valid(ask->request->policy, error, sizeof(error)))
		return RESULT_OK;
	return answer_refuse(answer, RESULT_MALFORMED, NULL, "%s", error);
}

static enum control_result not_dom0(struct ask *ask, struct control_answer *answer)
{
	const char *subject = ask->request->subject;
	uint64_t domid;

	if (strcmp(subject, "Domain-0") && strcmp(subject, DOM0_UUID) &&
	    !contract_parse_number(subject, strlen(subject), 0, &domid))
		return RESULT_OK;
	return answer_refuse(answer, RESULT_DOM0, NULL,
			     "domain 0 is the host's own and never changed from here");
}

static enum control_result host_up(struct ask *ask, struct control_answer *answer)
{
	if (!ask->snapshot->store_up)
		return answer_refuse(answer, RESULT_UNAVAILABLE, NULL,
				     "xenstored does not answer; try again when it does");
	if (!ask->snapshot->hypervisor_up)
		return answer_refuse(answer, RESULT_UNAVAILABLE, NULL,
				     "the hypervisor does not answer; try again when it does");
	return RESULT_OK;
}

static const struct domain *meant(const struct snapshot *snapshot,
				  const struct control_request *request, bool *ambiguous)
{
	const struct domain *domain;

	if (!request->domid)
		return snapshot_lookup(snapshot, request->subject, ambiguous);
	*ambiguous = false;
	domain = snapshot_find(snapshot, request->domid);
	return domain && !strcmp(domain->uuid, request->uuid) ? domain : NULL;
}

static enum control_result found(struct ask *ask, struct control_answer *answer)
{
	bool ambiguous;

	ask->domain = meant(ask->snapshot, ask->request, &ambiguous);
	if (ask->domain) {
		answer->domid = ask->domain->domid;
		memcpy(answer->name, ask->domain->name, sizeof(answer->name));
		memcpy(answer->uuid, ask->domain->uuid, sizeof(answer->uuid));
		if (ask->domain->run != RUN_DYING)
			return RESULT_OK;
		return answer_refuse(answer, RESULT_NOT_FOUND, NULL,
				     "this guest is being destroyed, so nothing of it can change");
	}
	if (ambiguous)
		return answer_refuse(answer, RESULT_AMBIGUOUS, NULL,
				     "several guests bear this name or UUID: give a domid");
	return answer_refuse(answer, RESULT_NOT_FOUND, NULL,
			     "no guest has this domid, name or UUID");
}

static enum control_result within_reach(struct ask *ask, struct control_answer *answer)
{
	const struct principal *who = &ask->request->who;

	if (principal_domains_match(who->domains, ask->domain->name, ask->domain->uuid))
		return RESULT_OK;
	return answer_refuse(answer, RESULT_FORBIDDEN, NULL,
			     "%s may change only domains that match %.120s, and domain %" PRIu32
			     " does not",
			     who->name, who->domains, answer->domid);
}

/* What is decided for it is kept by UUID: it would be put in force in the other one, too. */
static enum control_result unshared(struct ask *ask, struct control_answer *answer)
{
	if (!snapshot_shares_uuid(ask->snapshot, ask->domain))
		return RESULT_OK;
	return answer_refuse(answer, RESULT_AMBIGUOUS, "uuid",
			     "another guest has the UUID %s, too: give each its own, or wait until "
			     "its migration within this host has ended",
			     ask->domain->uuid);
}

static enum control_result as_seen(struct ask *ask, struct control_answer *answer)
{
	char tag[TAG_SIZE];

	tag_of_domain(ask->domain, tag);
	if (!*ask->request->match || tag_list_has(ask->request->match, tag))
		return RESULT_OK;
	return answer_stale(answer);
}

static enum control_result unmanaged(struct ask *ask, struct control_answer *answer)
{
	if (!ask->domain->manager)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_FOREIGN, "manager",
			     "%s owns the target of domain %" PRIu32
			     ": change it there, or stop %s first",
			     ask->domain->manager, answer->domid, ask->domain->manager);
}

static enum control_result not_selfballooning(struct ask *ask, struct control_answer *answer)
{
	if (!ask->selfballoon)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_SELFBALLOONING, "selfballoon",
			     "selfballooning is on: turn it off first, then set a target");
}

/* No rule of refusal: it is done, and the operator told why nothing comes of it for now. */
static enum control_result tell_of_run(struct ask *ask, struct control_answer *answer)
{
	static const char *const notes[] = {
		[RUN_RUNNING] = NULL,
		[RUN_PAUSED] =
			"The guest is paused in dom0: it keeps its size until it runs again.",
		[RUN_SHUTTING_DOWN] = "The guest has shut down: it keeps its size until it is "
				      "destroyed.",
		[RUN_SUSPENDED] = "The guest is suspended: it keeps its size until it is resumed.",
		[RUN_CRASHED] = "The guest has crashed: it keeps its size until it is destroyed.",
		[RUN_DYING] = NULL,
	};

	if (notes[ask->domain->run])
		answer_warn(answer, "%s", notes[ask->domain->run]);
	return RESULT_OK;
}

/* Likewise: on is done, and may not do what was hoped for. */
static enum control_result tell_of_silence(struct ask *ask, struct control_answer *answer)
{
	const struct domain *domain = ask->domain;

	if (!ask->request->value || domain->run != RUN_RUNNING)
		return RESULT_OK;
	if (domain->state == STATE_UNKNOWN)
		answer_warn(answer,
			    "The guest was not seen to report yet: it keeps its size unless "
			    "its guest daemon runs.");
	else if (domain->state == STATE_NO_AGENT || !check_known(domain, VALUE_LAST_REPORT))
		answer_warn(answer, "No guest daemon has reported from this guest: it keeps its "
				    "size until one runs there.");
	else if (domain->state == STATE_SILENT)
		answer_warn(answer, "The guest daemon is silent: until it runs again the guest "
				    "gives nothing back, and may grow.");
	else if (domain->state == STATE_REFUSED)
		answer_warn(answer, "The guest %s. It keeps its size until that is mended.",
			    domain->reason);
	else if (!domain->has_swap)
		answer_warn(answer, "The guest reports no swap: a sudden need for memory has "
				    "nowhere to go while it grows.");
	return RESULT_OK;
}

/* Nor is this: the target stands in xenstore, where a driver finds it once there is one. */
static enum control_result tell_of_no_driver(struct ask *ask, struct control_answer *answer)
{
	if (ask->domain->state == STATE_REFUSED && ask->domain->driver == DRIVER_ABSENT)
		answer_warn(answer, "The guest %s: no target moves it.", ask->domain->reason);
	return RESULT_OK;
}

enum control_result check_follow(rule *const *list, struct ask *ask, struct control_answer *answer)
{
	enum control_result result = RESULT_OK;

	for (; *list && result == RESULT_OK; list++)
		result = (*list)(ask, answer);
	return result;
}

/* A policy is kept in xenstore, and here, for a guest that can't take it just now. */
static enum control_result tell_of_policy(struct ask *ask, struct control_answer *answer)
{
	if (*ask->request->policy && !*ask->domain->policy)
		answer_warn(answer, "The guest has not said which policy it works by: this one "
				    "counts once its guest daemon runs.");
	return RESULT_OK;
}

static rule *const selfballoon_rules[] = {
	authenticated,	operator, sensible, not_dom0,	     host_up,	found,
	within_reach,	unshared,	    as_seen,	     unmanaged, limit_known,
	limit_restored, tell_of_run,	    tell_of_silence, NULL
};
static rule *const target_rules[] = {
	authenticated,	    operator, sensible, not_dom0,	   host_up,	found,
	within_reach,	    unshared,		as_seen,	   unmanaged,	limit_known,
	not_selfballooning, limit_target,	tell_of_no_driver, tell_of_run, NULL
};
static rule *const policy_rules[] = {
	authenticated, operator, sensible, policy_valid, not_dom0,  host_up,	    found,
	within_reach,  unshared,	   as_seen,	 unmanaged, tell_of_policy, NULL
};
static rule *const *const rules[CONTROL_ACTION_COUNT] = {
	[CONTROL_SELFBALLOON] = selfballoon_rules,
	[CONTROL_TARGET] = target_rules,
	[CONTROL_POLICY] = policy_rules,
};

/* The value of selfballoon once all the requests are in force; the switches are checked already. */
static bool selfballoon_after(const struct snapshot *snapshot,
			      const struct control_request *request,
			      const struct control_request *requests,
			      const struct control_answer *answers, size_t count)
{
	bool ambiguous;
	const struct domain *domain = meant(snapshot, request, &ambiguous);
	bool enabled = domain && check_value(domain, VALUE_SELFBALLOON) == 1;

	for (size_t i = 0; domain && i < count; i++)
		if (requests[i].action == CONTROL_SELFBALLOON && answers[i].domid == domain->domid)
			enabled = requests[i].value;
	return enabled;
}

/* What it is, and what it would be. */
static void compare_values(const struct ask *ask, struct control_answer *answer)
{
	static const enum domain_value concerned[CONTROL_ACTION_COUNT] = {
		[CONTROL_SELFBALLOON] = VALUE_SELFBALLOON,
		[CONTROL_TARGET] = VALUE_TARGET,
	};

	answer->before = answer->after = ask->domain->value[concerned[ask->request->action]];
	if (answer->result == RESULT_OK)
		answer->after = (struct reading){ READING_OK, ask->request->value };
}

static void compare_policies(const struct ask *ask, struct control_answer *answer)
{
	memcpy(answer->policy_before, ask->domain->policy_ordered, sizeof(answer->policy_before));
	policy_text_tidy(answer->result == RESULT_OK ? ask->request->policy
						     : ask->domain->policy_ordered,
			 answer->policy_after);
}

static enum control_result check(struct ask *ask, struct control_answer *answer)
{
	const struct control_request *request = ask->request;
	enum control_result result;

	memset(answer, 0, sizeof(*answer));
	if ((unsigned int)request->action >= CONTROL_ACTION_COUNT)
		return answer_refuse(answer, RESULT_MALFORMED, NULL,
				     "there is no such action: say selfballoon, target or policy");
	ask->target_kib = request->value;
	result = check_follow(rules[request->action], ask, answer);
	if (ask->domain && request->action == CONTROL_POLICY)
		compare_policies(ask, answer);
	else if (ask->domain)
		compare_values(ask, answer);
	return result;
}

bool control_check_all(const struct snapshot *snapshot, const struct control_limits *limits,
		       const struct control_request *requests, struct control_answer *answers,
		       size_t count)
{
	uint64_t spoken_for_kib = 0;
	bool passed = true;

	for (size_t i = 0; i < count; i++) {
		struct ask ask = { .snapshot = snapshot,
				   .limits = limits,
				   .request = &requests[i],
				   .spoken_for_kib = &spoken_for_kib };

		if (requests[i].action != CONTROL_TARGET)
			passed &= check(&ask, &answers[i]) == RESULT_OK;
	}
	for (size_t i = 0; i < count; i++) {
		struct ask ask = { .snapshot = snapshot,
				   .limits = limits,
				   .request = &requests[i],
				   .spoken_for_kib = &spoken_for_kib };

		if (requests[i].action != CONTROL_TARGET)
			continue;
		ask.selfballoon =
			selfballoon_after(snapshot, &requests[i], requests, answers, count);
		passed &= check(&ask, &answers[i]) == RESULT_OK;
	}
	if (!passed)
		answer_abandon(answers, count);
	return passed;
}

enum control_result control_check(const struct snapshot *snapshot,
				  const struct control_limits *limits,
				  const struct control_request *request,
				  struct control_answer *answer)
{
	control_check_all(snapshot, limits, request, answer, 1);
	return answer->result;
}
