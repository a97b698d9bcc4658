/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The table of policies and the rules that no policy can override, on any thread. Must not know
 * where a view comes from or how a target is reached.
 */
#include "policy.h"

#include <string.h>

#include "kib.h"

const struct policy *const policies[] = { &policy_committed, &policy_pressure, &policy_workingset };
const size_t policy_count = sizeof(policies) / sizeof(policies[0]);

const struct policy *policy_find(const char *name)
{
	for (size_t i = 0; i < policy_count; i++)
		if (strcmp(policies[i]->name, name) == 0)
			return policies[i];
	return NULL;
}

uint64_t policy_sum_kib(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs)
{
	struct term terms[POLICY_TERMS] = { { NULL, 0 } };
	uint64_t sum = 0;

	policy->terms(view, knobs, terms);
	for (size_t i = 0; i < POLICY_TERMS; i++)
		sum += terms[i].kib;
	return sum;
}

/* How low one step may go: half of what is available can be given, no more. */
static uint64_t deepest(const struct view *view)
{
	return kib_less(view->current_kib, view->available_kib / 2);
}

bool policy_pressed(const struct view *view, const struct policy_knobs *knobs)
{
	return (view->steal_kib || view->stalls) &&
	       (view->stall_us > (uint64_t)knobs->pressure_ms * 1000 ||
		view->hurt_kib > knobs->refault_kib);
}

static uint64_t ahead(const struct view *view)
{
	if (view->taken_kib < POLICY_RISE_KIB)
		return 0;
	return kib_smaller(view->taken_kib * POLICY_AHEAD, view->max_kib / POLICY_AHEAD_PART);
}

uint64_t policy_relief_kib(const struct view *view)
{
	uint64_t current = view->current_kib;

	return current + kib_larger(kib_percent(current, POLICY_RELIEF_PERCENT),
				    kib_smaller(view->hurt_kib, current / 2));
}

/* What no policy overrides, on the way up: need, what is being taken, and pressure. */
static void raise(struct decision *decision, const struct view *view,
		  const struct policy_knobs *knobs)
{
	uint64_t *const sizes[] = { &decision->goal_kib, &decision->target_kib };

	for (size_t i = 0; i < 2; i++) {
		*sizes[i] = kib_larger(*sizes[i], decision->floor_kib) + ahead(view);
		if (policy_pressed(view, knobs))
			*sizes[i] = kib_larger(*sizes[i], policy_relief_kib(view));
	}
}

/* And on the way down. */
static void brake(struct decision *decision, const struct view *view)
{
	uint64_t least = view->holds ? view->current_kib : deepest(view);

	if (decision->target_kib < view->current_kib)
		decision->target_kib = kib_larger(decision->target_kib, least);
}

static uint64_t settle(const struct view *view, uint64_t kib)
{
	return kib_smaller(kib_whole_pages(kib, view->page_kib), view->max_kib);
}

void policy_decide(const struct policy *policy, const struct policy_knobs *knobs,
		   const struct view *view, struct decision *decision)
{
	*decision = (struct decision){
		.policy = policy,
		.minimum_kib = policy_minimum_kib(view, knobs),
		.floor_kib = policy_floor_kib(view, knobs, policy_headroom_kib(policy, view, knobs))
	};
	policy->decide(view, knobs, decision);
	raise(decision, view, knobs);
	brake(decision, view);
	decision->goal_kib = settle(view, decision->goal_kib);
	decision->target_kib = settle(view, decision->target_kib);
}

uint64_t policy_kept_kib(const struct decision *decision, const struct view *view, uint64_t held)
{
	uint64_t current = view->current_kib;
	uint64_t wanted =
		kib_smaller(decision->goal_kib, kib_larger(decision->target_kib, current));

	if (decision->goal_kib > held)
		held = kib_larger(held, wanted);
	if (held < current)
		held = kib_larger(held, settle(view, view->holds ? current : deepest(view)));
	return settle(view, kib_larger(held, decision->floor_kib));
}

static void relieve(struct pace *pace, const struct decision *decision, const struct view *view)
{
	pace->held_kib =
		kib_larger(kib_larger(pace->held_kib, pace->before_kib), decision->target_kib);
	pace->held_kib = kib_smaller(pace->held_kib, view->max_kib);
	pace->before_kib = 0;
	pace->rest = POLICY_REST;
}

static void take_step(struct pace *pace, const struct decision *decision)
{
	if (decision->target_kib >= pace->held_kib) {
		pace->before_kib = 0;
		pace->held_kib = decision->target_kib;
	} else if (pace->rest > 0) {
		pace->rest--;
	} else {
		pace->before_kib = pace->held_kib;
		pace->held_kib = decision->target_kib;
	}
}

/* One n-th of the way at each step that is due, the last one undone under pressure. */
static bool plain_pace(struct pace *pace, const struct decision *decision, const struct view *view,
		       const struct policy_knobs *knobs, bool due)
{
	bool pressed = policy_pressed(view, knobs);

	if (pressed)
		relieve(pace, decision, view);
	else if (due)
		take_step(pace, decision);
	else
		pace->held_kib = policy_kept_kib(decision, view, pace->held_kib);
	return pressed || due;
}

bool policy_pace(struct pace *pace, const struct decision *decision, const struct view *view,
		 const struct policy_knobs *knobs, bool due)
{
	bool (*step)(struct pace *, const struct decision *, const struct view *,
		     const struct policy_knobs *, bool) =
		decision->policy->pace ? decision->policy->pace : plain_pace;
	bool first = pace->held_kib == 0;

	/* The first look has measured nothing yet: no step down before the next one is due. */
	if (first)
		pace->held_kib = settle(view, kib_larger(view->current_kib, decision->floor_kib));
	return step(pace, decision, view, knobs, due && !first) || first;
}

uint64_t policy_lowered(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs, uint64_t to_kib)
{
	uint64_t floor = policy_floor_kib(view, knobs, policy_least_headroom_kib(policy, knobs));
	uint64_t step = kib_larger(kib_larger(to_kib, floor), deepest(view));

	if (view->holds)
		step = kib_larger(step, view->current_kib);
	return settle(view, step);
}
