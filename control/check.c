/* SPDX-License-Identifier: MIT */
/*
 * May this be done? Who asks, whom it concerns, every hard and soft limit, each a rule of its own
 * in one list per action. Pure: knows a snapshot and no store. Called by every way in and by the
 * pipeline.
 */
#include <inttypes.h>
#include <string.h>

#include "answer.h"
#include "principal_file.h"
#include "size.h"
#include "state.h"
#include "tag.h"

#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

/* One request with what it is held against. */
struct ask {
	const struct snapshot *snapshot;
	const struct control_limits *limits;
	const struct control_request *request;
	const struct domain *domain;
	bool selfballoon;	  /* as it will be when this request takes effect */
	uint64_t *spoken_for_kib; /* growth of the requests before it in the same call */
};

/* RESULT_OK, or a refusal that is written into *answer. */
typedef enum control_result rule(struct ask *ask, struct control_answer *answer);

static uint64_t value_of(const struct domain *domain, enum domain_value value)
{
	return domain->value[value].state == READING_OK ? domain->value[value].value : 0;
}

static bool known(const struct domain *domain, enum domain_value value)
{
	return domain->value[value].state == READING_OK;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
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
	if (!ask->request->subject[0])
		return answer_refuse(answer, RESULT_MALFORMED, NULL,
				     "no domain is named: give a domid, a name or a UUID");
	if (ask->request->action != CONTROL_SELFBALLOON || ask->request->value <= 1)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_MALFORMED, NULL,
			     "selfballoon is either on (1) or off (0), not %" PRIu64,
			     ask->request->value);
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

static enum control_result found(struct ask *ask, struct control_answer *answer)
{
	bool ambiguous;

	ask->domain = snapshot_lookup(ask->snapshot, ask->request->subject, &ambiguous);
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
				     "several guests bear this name: give a domid or a UUID");
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

/* The lowest and the highest target that pass every rule without force; lowest > highest: none. */
struct range {
	uint64_t lowest, highest;
};

/* A whole MiB, or half of one, that passes and is easier to say than the nearest KiB. */
static uint64_t round_kib(const struct range *range, uint64_t nearest)
{
	static const uint64_t steps[] = { 1024, 512 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t down = nearest / steps[i] * steps[i], up = down + steps[i];

		if (nearest == down || (nearest == range->highest && down >= range->lowest))
			return down;
		if (nearest == range->lowest && up <= range->highest)
			return up;
	}
	return nearest;
}

static enum control_result static_max_known(struct ask *ask, struct control_answer *answer)
{
	if (known(ask->domain, VALUE_STATIC_MAX) &&
	    value_of(ask->domain, VALUE_STATIC_MAX) >= CONTROL_TARGET_MIN_KIB)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
			     "its maximum is not known: the toolstack has to write "
			     "memory/static-max");
}

static enum control_result not_selfballooning(struct ask *ask, struct control_answer *answer)
{
	if (!ask->selfballoon)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_SELFBALLOONING, "selfballoon",
			     "selfballooning is on: turn it off first, then set a target");
}

/* minimum_target() of the 2008 patch: what a guest of that size needs to live. */
static uint64_t floor_2008_kib(uint64_t max_kib)
{
	static const struct {
		uint64_t below_mib;
		uint64_t base_mib;
		unsigned int divisor;
	} steps[] = { { 128, 8, 2 }, { 512, 40, 4 }, { 2048, 104, 8 }, { UINT64_MAX, 296, 32 } };
	size_t i = 0;

	while (max_kib / 1024 >= steps[i].below_mib)
		i++;
	return steps[i].base_mib * 1024 + max_kib / steps[i].divisor;
}

/*
 * The lowest target that is safe. What the guest says counts unless it can't be true: above its
 * static max it would refuse every target.
 */
static uint64_t lowest_safe_kib(const struct domain *domain, bool *said)
{
	uint64_t most = value_of(domain, VALUE_STATIC_MAX), lowest;

	*said = known(domain, VALUE_MINIMUM) && value_of(domain, VALUE_MINIMUM) <= most;
	if (*said)
		return value_of(domain, VALUE_MINIMUM);
	lowest = lesser(floor_2008_kib(most), most);
	return known(domain, VALUE_TARGET) ? lesser(lowest, value_of(domain, VALUE_TARGET))
					   : lowest;
}

/* What the host has for this guest to grow by: free, above the reserve, not yet spoken for. */
static uint64_t room_kib(const struct ask *ask)
{
	uint64_t free_kib = ask->snapshot->host[HOST_FREE].value;
	uint64_t kept = ask->limits->reserve_kib + *ask->spoken_for_kib;

	return free_kib > kept ? free_kib - kept : 0;
}

/* A target that is lowered, or kept, asks the host for nothing that it hadn't been asked. */
static struct range passing_range(const struct ask *ask)
{
	bool said;
	uint64_t lowest = lowest_safe_kib(ask->domain, &said);
	uint64_t now = value_of(ask->domain, VALUE_TARGET);
	uint64_t reach = state_held_kib(ask->domain) + room_kib(ask);
	struct range range = { .lowest = lowest > CONTROL_TARGET_MIN_KIB ? lowest
									 : CONTROL_TARGET_MIN_KIB,
			       .highest = value_of(ask->domain, VALUE_STATIC_MAX) };

	if (ask->snapshot->host[HOST_FREE].state == READING_OK)
		range.highest = lesser(range.highest, reach > now ? reach : now);
	return range;
}

/* Names the nearest target that passes, if any does; a refusal that names one ends with this. */
static void name_passing(const struct ask *ask, struct control_answer *answer)
{
	const struct range range = passing_range(ask);
	uint64_t nearest = ask->request->value;

	if (range.lowest > range.highest)
		return;
	nearest = nearest < range.lowest ? range.lowest : lesser(nearest, range.highest);
	answer->would_pass = (struct reading){ READING_OK, nearest };
	answer->would_say = (struct reading){ READING_OK, round_kib(&range, nearest) };
}

static enum control_result at_most_static_max(struct ask *ask, struct control_answer *answer)
{
	char asked[SIZE_TEXT], limit[SIZE_TEXT];
	uint64_t most = value_of(ask->domain, VALUE_STATIC_MAX);

	if (ask->request->value <= most)
		return RESULT_OK;
	name_passing(ask, answer);
	size_texts(asked, ask->request->value, limit, most);
	return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
			     "a target of %s is above its maximum of %s, what the guest booted for",
			     asked, limit);
}

static enum control_result at_least_lowest(struct ask *ask, struct control_answer *answer)
{
	char asked[SIZE_TEXT], limit[SIZE_TEXT];

	if (ask->request->value >= CONTROL_TARGET_MIN_KIB)
		return RESULT_OK;
	name_passing(ask, answer);
	size_texts(asked, ask->request->value, limit, CONTROL_TARGET_MIN_KIB);
	return answer_refuse(answer, RESULT_HARD_LIMIT, "lowest_target",
			     "a target of %s is below %s, the lowest for any guest", asked, limit);
}

static enum control_result at_least_minimum(struct ask *ask, struct control_answer *answer)
{
	char asked[SIZE_TEXT], limit[SIZE_TEXT];
	bool said;
	uint64_t lowest = lowest_safe_kib(ask->domain, &said);
	const char *whose =
		said ? "it says it needs" : "a guest of its size needs, as it reports no minimum";

	if (ask->request->value >= lowest)
		return RESULT_OK;
	size_texts(asked, ask->request->value, limit, lowest);
	if (ask->request->force) {
		answer_warn(answer, "Forced below the %s that %s: it may run out of memory.", limit,
			    whose);
		return RESULT_OK;
	}
	name_passing(ask, answer);
	return answer_refuse(answer, RESULT_SOFT_LIMIT, "minimum",
			     "a target of %s is below the %s %s", asked, limit, whose);
}

static enum control_result within_host_free(struct ask *ask, struct control_answer *answer)
{
	char need[SIZE_TEXT], there[SIZE_TEXT];
	uint64_t room = room_kib(ask), held = state_held_kib(ask->domain);
	uint64_t growth = ask->request->value > held ? ask->request->value - held : 0;

	if (ask->request->value <= value_of(ask->domain, VALUE_TARGET) ||
	    ask->snapshot->host[HOST_FREE].state != READING_OK)
		return RESULT_OK;
	if (growth <= room || ask->request->force)
		*ask->spoken_for_kib += growth;
	if (growth <= room)
		return RESULT_OK;
	if (ask->request->force) {
		answer_warn(answer, "Forced beyond the host's free memory: it may wait for "
				    "others to give some back.");
		return RESULT_OK;
	}
	name_passing(ask, answer);
	size_texts(need, growth, there, room);
	return answer_refuse(answer, RESULT_SOFT_LIMIT, "host_free",
			     "not enough free memory: needs %s, %s free above the reserve", need,
			     there);
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
	else if (domain->state == STATE_NO_AGENT || !known(domain, VALUE_LAST_REPORT))
		answer_warn(answer, "No guest daemon has reported from this guest: it keeps its "
				    "size until one runs there.");
	else if (domain->state == STATE_SILENT)
		answer_warn(answer, "The guest daemon has fallen silent: the guest keeps its size "
				    "until it runs again.");
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

static rule *const selfballoon_rules[] = { authenticated,
					   operator, sensible,
					   not_dom0,
					   host_up,
					   found,
					   within_reach,
					   as_seen,
					   unmanaged,
					   static_max_known,
					   tell_of_run,
					   tell_of_silence,
					   NULL };
static rule *const target_rules[] = { authenticated,
				      operator,
				      sensible,
				      not_dom0,
				      host_up,
				      found,
				      within_reach,
				      as_seen,
				      unmanaged,
				      static_max_known,
				      not_selfballooning,
				      at_most_static_max,
				      at_least_lowest,
				      at_least_minimum,
				      within_host_free,
				      tell_of_no_driver,
				      tell_of_run,
				      NULL };
static rule *const *const rules[CONTROL_ACTION_COUNT] = {
	[CONTROL_SELFBALLOON] = selfballoon_rules,
	[CONTROL_TARGET] = target_rules,
};
static const enum domain_value concerned[CONTROL_ACTION_COUNT] = {
	[CONTROL_SELFBALLOON] = VALUE_SELFBALLOON,
	[CONTROL_TARGET] = VALUE_TARGET,
};

/* The value of selfballoon once all the requests are in force; the switches are checked already. */
static bool selfballoon_after(const struct snapshot *snapshot,
			      const struct control_request *request,
			      const struct control_request *requests,
			      const struct control_answer *answers, size_t count)
{
	bool ambiguous;
	const struct domain *domain = snapshot_lookup(snapshot, request->subject, &ambiguous);
	bool enabled = domain && value_of(domain, VALUE_SELFBALLOON) == 1;

	for (size_t i = 0; domain && i < count; i++)
		if (requests[i].action == CONTROL_SELFBALLOON && answers[i].domid == domain->domid)
			enabled = requests[i].value;
	return enabled;
}

static enum control_result check(struct ask *ask, struct control_answer *answer)
{
	const struct control_request *request = ask->request;
	enum control_result result = RESULT_OK;

	memset(answer, 0, sizeof(*answer));
	if ((unsigned int)request->action >= CONTROL_ACTION_COUNT)
		return answer_refuse(answer, RESULT_MALFORMED, NULL,
				     "there is no such action: say selfballoon or target");
	for (rule *const *next = rules[request->action]; *next && result == RESULT_OK; next++)
		result = (*next)(ask, answer);
	if (ask->domain) {
		answer->before = ask->domain->value[concerned[request->action]];
		answer->after = answer->before;
	}
	if (result == RESULT_OK)
		answer->after = (struct reading){ READING_OK, request->value };
	return result;
}

bool control_check_all(const struct snapshot *snapshot, const struct control_limits *limits,
		       const struct control_request *requests, struct control_answer *answers,
		       size_t count)
{
	uint64_t spoken_for_kib = 0;
	bool passed = true;

	for (size_t i = 0; i < count; i++) {
		struct ask ask = { snapshot, limits, &requests[i], NULL, false, &spoken_for_kib };

		if (requests[i].action != CONTROL_TARGET)
			passed &= check(&ask, &answers[i]) == RESULT_OK;
	}
	for (size_t i = 0; i < count; i++) {
		struct ask ask = { snapshot, limits, &requests[i], NULL, false, &spoken_for_kib };

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
