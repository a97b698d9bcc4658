/* SPDX-License-Identifier: MIT */
/*
 * The limits of a target, hard and soft, and the nearest one that passes them. Pure. Called by
 * check.c.
 */
#include <inttypes.h>

#include "answer.h"
#include "check.h"
#include "size.h"
#include "state.h"

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

enum control_result limit_known(struct ask *ask, struct control_answer *answer)
{
	if (check_known(ask->domain, VALUE_STATIC_MAX) &&
	    check_value(ask->domain, VALUE_STATIC_MAX) >= CONTROL_TARGET_MIN_KIB)
		return RESULT_OK;
	return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
			     "its maximum is not known: the toolstack has to write "
			     "memory/static-max");
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
	uint64_t most = check_value(domain, VALUE_STATIC_MAX), lowest;

	*said = check_known(domain, VALUE_MINIMUM) && check_value(domain, VALUE_MINIMUM) <= most;
	if (*said)
		return check_value(domain, VALUE_MINIMUM);
	lowest = lesser(floor_2008_kib(most), most);
	return check_known(domain, VALUE_TARGET) ? lesser(lowest, check_value(domain, VALUE_TARGET))
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
	uint64_t now = check_value(ask->domain, VALUE_TARGET);
	uint64_t reach = state_held_kib(ask->domain) + room_kib(ask);
	struct range range = { .lowest = lowest > CONTROL_TARGET_MIN_KIB ? lowest
									 : CONTROL_TARGET_MIN_KIB,
			       .highest = check_value(ask->domain, VALUE_STATIC_MAX) };

	if (ask->snapshot->host[HOST_FREE].state == READING_OK)
		range.highest = lesser(range.highest, reach > now ? reach : now);
	return range;
}

/* Names the nearest target that passes, if any does; a refusal that names one ends with this. */
static void name_passing(const struct ask *ask, struct control_answer *answer)
{
	const struct range range = passing_range(ask);
	uint64_t nearest = ask->request->value;

	if (ask->request->action != CONTROL_TARGET || range.lowest > range.highest)
		return;
	nearest = nearest < range.lowest ? range.lowest : lesser(nearest, range.highest);
	answer->would_pass = (struct reading){ READING_OK, nearest };
	answer->would_say = (struct reading){ READING_OK, round_kib(&range, nearest) };
}

static enum control_result at_most_static_max(struct ask *ask, struct control_answer *answer)
{
	char asked[SIZE_TEXT], limit[SIZE_TEXT];
	uint64_t most = check_value(ask->domain, VALUE_STATIC_MAX);

	if (ask->target_kib <= most)
		return RESULT_OK;
	name_passing(ask, answer);
	size_texts(asked, ask->target_kib, limit, most);
	return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
			     "a target of %s is above its maximum of %s, what the guest booted for",
			     asked, limit);
}

static enum control_result at_least_lowest(struct ask *ask, struct control_answer *answer)
{
	char asked[SIZE_TEXT], limit[SIZE_TEXT];

	if (ask->target_kib >= CONTROL_TARGET_MIN_KIB)
		return RESULT_OK;
	name_passing(ask, answer);
	size_texts(asked, ask->target_kib, limit, CONTROL_TARGET_MIN_KIB);
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

	if (ask->target_kib >= lowest)
		return RESULT_OK;
	size_texts(asked, ask->target_kib, limit, lowest);
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
	uint64_t growth = ask->target_kib > held ? ask->target_kib - held : 0;

	if (ask->target_kib <= check_value(ask->domain, VALUE_TARGET) ||
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

enum control_result limit_target(struct ask *ask, struct control_answer *answer)
{
	static rule *const limits[] = { at_most_static_max, at_least_lowest, at_least_minimum,
					within_host_free, NULL };

	return check_follow(limits, ask, answer);
}

/* The target from before is held against the limits that a new one has. */
enum control_result limit_restored(struct ask *ask, struct control_answer *answer)
{
	struct reading former = state_former_kib(ask->domain);
	char size[SIZE_TEXT];

	if (!ask->request->restore)
		return RESULT_OK;
	if (former.state != READING_OK) {
		answer_warn(answer, "No target from before selfballooning is known: its target "
				    "stays.");
		return RESULT_OK;
	}
	ask->target_kib = former.value;
	answer_warn(answer, "Its target is to be %s, as before selfballooning.",
		    size_text(size, former.value));
	return limit_target(ask, answer);
}
